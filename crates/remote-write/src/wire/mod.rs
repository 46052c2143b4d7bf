//! The two wire forms. Written by hand straight from the series into one buffer: a message tree
//! would first copy every string of every series. Read back through prost, so that each form has
//! two independent descriptions that the tests hold against each other.

mod messages;
mod put;
mod read;
mod v1;
mod v2;

use bytes::Bytes;

use crate::series::Series;

pub use read::{DecodeError, decode};

/// The message of a request: the protocol in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Message {
    /// `prometheus.WriteRequest`, remote write 1.0.
    V1,
    /// `io.prometheus.write.v2.Request`, remote write 2.0.
    V2,
}

impl Message {
    /// The message's full name, as Prometheus' `protobuf_message` writes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::V1 => "prometheus.WriteRequest",
            Self::V2 => "io.prometheus.write.v2.Request",
        }
    }

    /// `X-Prometheus-Remote-Write-Version`.
    pub fn version(self) -> &'static str {
        match self {
            Self::V1 => "0.1.0",
            Self::V2 => "2.0.0",
        }
    }

    /// `Content-Type`. With a space after the semicolon Prometheus reads a 2.0 body as 1.0, answers
    /// 204 and stores nothing.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::V1 => "application/x-protobuf",
            Self::V2 => "application/x-protobuf;proto=io.prometheus.write.v2.Request",
        }
    }

    /// The body of one request: the message in snappy's block format.
    ///
    /// Equal series give equal bytes, so a retry can be encoded again.
    pub(crate) fn encode(self, series: &[&Series]) -> Bytes {
        let plain = match self {
            Self::V1 => v1::encode(series),
            Self::V2 => v2::encode(series),
        };
        snap::raw::Encoder::new()
            .compress_vec(&plain)
            .expect("snappy takes 4 GiB and batches are split far below it")
            .into()
    }
}

/// At most so many bytes of uncompressed request does a series take, in either form.
pub(crate) fn bytes_at_most(series: &Series) -> usize {
    // Tag, length and, in 2.0, a reference for each string; three varints of ten bytes a sample.
    const PER_STRING: usize = 12;
    let labels: usize =
        series.labels.iter().map(|(name, value)| name.len() + value.len() + 2 * PER_STRING).sum();
    let name = series.labels.metric_name().map_or(0, str::len);
    let metadata =
        series.metadata.as_ref().map_or(0, |m| name + m.help.len() + m.unit.len() + 4 * PER_STRING);
    labels + metadata + PER_STRING + BYTES_PER_SAMPLE * series.samples.len()
}

pub(crate) const BYTES_PER_SAMPLE: usize = 36;
