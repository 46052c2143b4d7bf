//! What a caller asks, and its form on the wire.

mod catalog;
mod filter;
mod query;
mod query_range;
mod status;
mod write_arrow;
mod write_raw;

pub use catalog::{HasProfileDataRequest, LabelsRequest, ProfileTypesRequest, ValuesRequest};
pub use filter::{Filter, FrameCriteria, NumberCondition, StringCondition};
pub use query::{QueryRequest, ReportKind, Selection, SourceReference, Subject};
pub use query_range::QueryRangeRequest;
pub use status::{AgentsRequest, HealthRequest, TargetState, TargetsRequest};
pub use write_arrow::WriteArrowRequest;
pub use write_raw::{ExecutableInfo, LoadSegment, RawSample, RawSeries, WriteRawRequest};

use std::time::Duration;

use profile_model::Timestamp;

fn timestamp(instant: Timestamp) -> prost_types::Timestamp {
    // Below one thousand million, so it fits.
    prost_types::Timestamp { seconds: instant.seconds(), nanos: instant.subsec_nanos() as i32 }
}

fn duration(duration: Duration) -> prost_types::Duration {
    let seconds = i64::try_from(duration.as_secs()).unwrap_or(i64::MAX);
    prost_types::Duration { seconds, nanos: duration.subsec_nanos() as i32 }
}
