//! From a body back to series, as strictly as the specification words it.

use std::collections::HashMap;
use std::sync::Arc;

use prost::Message as _;
use relabel::{LabelError, Labels};

use super::Message;
use super::messages::{v1, v2};
use crate::series::{Metadata, MetricKind, Sample, Series};

/// The largest uncompressed message that is read; Prometheus refuses more than 32 MiB as well.
const DECODED_LIMIT: usize = 32 << 20;

/// Why a body is not a request.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// Not snappy's block format.
    #[error("expected a snappy block")]
    Snappy(#[source] snap::Error),
    /// More than 32 MiB.
    #[error("expected at most {DECODED_LIMIT} bytes, found {0}")]
    TooLarge(usize),
    /// Not the message.
    #[error("expected a protobuf message")]
    Protobuf(#[source] prost::DecodeError),
    /// The first symbol is not empty, or one comes twice.
    #[error("expected unique symbols after an empty one")]
    Symbols,
    /// An odd number of references, or one without a symbol.
    #[error("expected pairs of references below {symbols}")]
    References {
        /// How many symbols there are.
        symbols: usize,
    },
    /// A series' labels are not sorted, not unique or empty.
    #[error("expected sorted labels")]
    Order,
    /// A series' labels are no identity.
    #[error("expected labels")]
    Labels(#[from] LabelError),
    /// A series without samples.
    #[error("expected at least one sample in each series")]
    NoSamples,
}

/// Reads a request's body. Exemplars and native histograms, which this crate never sends, are skipped.
///
/// 1.0 loses start timestamps, and gives every series of a metric the metadata of its name.
pub fn decode(message: Message, body: &[u8]) -> Result<Vec<Series>, DecodeError> {
    let len = snap::raw::decompress_len(body).map_err(DecodeError::Snappy)?;
    if len > DECODED_LIMIT {
        return Err(DecodeError::TooLarge(len));
    }
    let plain = snap::raw::Decoder::new().decompress_vec(body).map_err(DecodeError::Snappy)?;
    match message {
        Message::V1 => read_v1(v1::WriteRequest::decode(&*plain).map_err(DecodeError::Protobuf)?),
        Message::V2 => read_v2(v2::Request::decode(&*plain).map_err(DecodeError::Protobuf)?),
    }
}

fn read_v1(request: v1::WriteRequest) -> Result<Vec<Series>, DecodeError> {
    let families: HashMap<String, Arc<Metadata>> = request
        .metadata
        .into_iter()
        .map(|m| {
            let kind = MetricKind::from_number(m.kind);
            (m.metric_family_name, Metadata { kind, help: m.help.into(), unit: m.unit.into() }.into())
        })
        .collect();
    let read = |one: v1::TimeSeries| {
        let labels = sorted(one.labels.into_iter().map(|l| (l.name.into(), l.value.into())).collect())?;
        let samples = one.samples.iter().map(|s| Sample::new(s.value, s.timestamp)).collect();
        let metadata = labels.metric_name().and_then(|name| families.get(name)).cloned();
        with_samples(Series { labels, samples, metadata })
    };
    request.timeseries.into_iter().map(read).collect()
}

fn read_v2(request: v2::Request) -> Result<Vec<Series>, DecodeError> {
    let symbols: Vec<Arc<str>> = request.symbols.into_iter().map(Arc::from).collect();
    let unique = symbols.iter().collect::<std::collections::HashSet<_>>().len();
    if symbols.first().is_none_or(|first| !first.is_empty()) || unique != symbols.len() {
        return Err(DecodeError::Symbols);
    }
    let out_of_range = || DecodeError::References { symbols: symbols.len() };
    let symbol = |at: &u32| symbols.get(*at as usize).cloned().ok_or_else(out_of_range);
    let read = |one: v2::TimeSeries| {
        let (pairs, odd) = one.labels_refs.as_chunks::<2>();
        if !odd.is_empty() {
            return Err(out_of_range());
        }
        let pairs: Result<Vec<_>, DecodeError> =
            pairs.iter().map(|[name, value]| Ok((symbol(name)?, symbol(value)?))).collect();
        let metadata = match one.metadata {
            None => None,
            Some(m) => Some(Arc::new(Metadata {
                kind: MetricKind::from_number(m.kind),
                help: symbol(&m.help_ref)?,
                unit: symbol(&m.unit_ref)?,
            })),
        };
        let sample = |s: &v2::Sample| Sample {
            value: s.value,
            timestamp_ms: s.timestamp,
            start_ms: s.start_timestamp,
        };
        let samples = one.samples.iter().map(sample).collect();
        with_samples(Series { labels: sorted(pairs?)?, samples, metadata })
    };
    request.timeseries.into_iter().map(read).collect()
}

fn sorted(pairs: Vec<(Arc<str>, Arc<str>)>) -> Result<Labels, DecodeError> {
    let ordered = pairs.windows(2).all(|two| two[0].0 < two[1].0);
    let filled = pairs.iter().all(|(name, value)| !name.is_empty() && !value.is_empty());
    if !ordered || !filled || pairs.is_empty() {
        return Err(DecodeError::Order);
    }
    Ok(Labels::new(pairs)?)
}

fn with_samples(series: Series) -> Result<Series, DecodeError> {
    if series.samples.is_empty() { Err(DecodeError::NoSamples) } else { Ok(series) }
}
