//! Metrics in, `/metrics` out: instruments through OpenTelemetry, families that a component fills
//! itself at scrape time, and one encoder for both.

mod family;
mod negotiate;
mod protobuf;
mod registry;
mod text;

pub use family::{Family, Histogram, Kind, NativeBuckets, Sample, Value};
pub use negotiate::Format;
pub use registry::Registry;
