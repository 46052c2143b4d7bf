//! A typed client of [Parca](https://www.parca.dev): queries, series, labels and writes, over
//! gRPC-Web (through any proxy) or native gRPC, by one setting.
//!
//! ```no_run
//! use std::time::Duration;
//!
//! use parca_client::{Client, QueryRangeRequest, QueryRequest, Report, ReportKind, Settings};
//! use profile_model::{TimeRange, Timestamp};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let client = Client::new(&Settings::new("http://localhost:7070"))?;
//!
//! let query = r#"process_cpu:cpu:nanoseconds:cpu:nanoseconds:delta{job="api"}"#;
//! let range = TimeRange::new(Timestamp::new(1_760_000_000, 0), Timestamp::new(1_760_000_900, 0));
//!
//! let mut cores = QueryRangeRequest::new(query, range, Duration::from_secs(10));
//! cores.sum_by = vec!["pod".to_owned()];
//! match client.query_range(&cores).await {
//!     Ok(series) => println!("{} series", series.len()),
//!     Err(error) if error.is_no_data() => println!("nothing there"),
//!     Err(error) => return Err(error.into()),
//! }
//!
//! let answer = client.query(&QueryRequest::merge(query, range, ReportKind::Pprof)).await?;
//! if let Some(Report::Pprof(pprof)) = answer.report {
//!     std::fs::write("cpu.pb.gz", pprof)?;
//! }
//! # Ok(())
//! # }
//! ```
//!
//! Whoever measures a server builds a request once with [`Client::prepare`] and sends it with
//! [`Client::timed`], which takes the instants of a call and decodes nothing meanwhile. Typed calls
//! go the same way and decode afterwards, so both behave alike.
//!
//! # What a call promises
//! - It ends at its deadline, the wait for a connection included.
//! - It is sent once. The exception: a connection that was kept from an earlier call turns out to
//!   be closed. Then it goes out once more on another; a write only if no byte of it was sent.
//! - It never asks for what ends a Parca (a source report without its reference, the metadata of a
//!   diff with a single profile, labels or strings that are missing); see [`WriteRawRequest`].
//!
//! It does not know retries, pace, proxies of the environment, the query language (queries are
//! text; `pql` writes them) or what is inside pprof and Arrow (`profile-codec` does).

mod answer;
mod api;
mod call;
mod client;
mod error;
mod fields;
mod method;
mod settings;
mod timed;
mod transport;
mod window;

pub use answer::{
    Agent, Callgraph, CallgraphEdge, CallgraphNode, FlameNode, FlameTree, FlamegraphRecord, Frame,
    ProfileMetadata, QueryAnswer, Report, Series, SeriesSample, ServingStatus, SourceReport, TableRecord,
    Target, TargetHealth, Top, TopRow,
};
pub use api::{
    AgentsRequest, ExecutableInfo, Filter, FrameCriteria, HasProfileDataRequest, HealthRequest,
    LabelsRequest, LoadSegment, NumberCondition, ProfileTypesRequest, QueryRangeRequest, QueryRequest,
    RawSample, RawSeries, ReportKind, Selection, SourceReference, StringCondition, Subject, TargetState,
    TargetsRequest, ValuesRequest, WriteArrowRequest, WriteRawRequest,
};
pub use call::Call;
pub use client::Client;
pub use credentials::Secret;
pub use error::Error;
pub use method::Method;
pub use rpc_code::Code;
pub use settings::{
    BadToken, HttpVersion, Mistake, Protocol, Settings, SettingsError, SharedToken, TlsSettings, TlsVersion,
    Token,
};
pub use timed::{Prepared, Timed};
pub use transport::Keep;
pub use window::{with_both_ends, without_ends};
