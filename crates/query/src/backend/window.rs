//! One rule for windows on two servers: from the start up to the end, the latter excluded.

use std::time::Duration;

pub(super) use parca_client::{with_both_ends, without_ends};
use profile_model::{TimeRange, Timestamp};

/// Year 2262 is the last that a Parca's nanoseconds can hold; 2200 will do.
pub(super) const EVER: TimeRange = TimeRange::new(Timestamp::new(1, 0), Timestamp::new(7_258_118_400, 0));

const NANOS: u32 = 1_000_000_000;

pub(super) fn later(instant: Timestamp, by: Duration) -> Timestamp {
    let seconds = i64::try_from(by.as_secs()).unwrap_or(i64::MAX);
    Timestamp::new(instant.seconds().saturating_add(seconds), instant.subsec_nanos())
}

/// The length in whole seconds, rounded up; at least one, as a step of nothing means something else to servers.
pub(super) fn whole_step(range: TimeRange) -> Duration {
    let nanos = range.end.saturating_nanos().saturating_sub(range.start.saturating_nanos());
    Duration::from_secs(u64::try_from(nanos).unwrap_or(0).div_ceil(u64::from(NANOS)).max(1))
}
