//! What is sent: series of samples, with what is known about their metric.

use std::sync::Arc;

use relabel::Labels;

/// One series with at least one sample, oldest first.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Series {
    /// The series' identity.
    pub labels: Labels,
    /// The series' samples, oldest first, one per timestamp.
    pub samples: Vec<Sample>,
    /// What the metric is. 1.0 carries it once per metric name and request, 2.0 with each series.
    pub metadata: Option<Arc<Metadata>>,
}

/// One measured value.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sample {
    /// The value; [`stale_marker`] says that the series ended.
    pub value: f64,
    /// Milliseconds since 1970.
    pub timestamp_ms: i64,
    /// When a counter began to count, in milliseconds since 1970; 0 is unknown. Only 2.0 carries it.
    pub start_ms: i64,
}

/// Compares values by their bits, so that a stale marker equals itself and not an ordinary NaN.
impl PartialEq for Sample {
    fn eq(&self, other: &Self) -> bool {
        self.value.to_bits() == other.value.to_bits()
            && (self.timestamp_ms, self.start_ms) == (other.timestamp_ms, other.start_ms)
    }
}

/// What a metric is.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default)]
pub struct Metadata {
    /// The metric's type.
    pub kind: MetricKind,
    /// A sentence for people; may be empty.
    pub help: Arc<str>,
    /// A base unit such as `seconds`; may be empty.
    pub unit: Arc<str>,
}

/// The type of a metric, with the numbers that both protocols use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
#[allow(missing_docs)]
#[repr(u8)]
pub enum MetricKind {
    #[default]
    Unknown = 0,
    Counter = 1,
    Gauge = 2,
    Histogram = 3,
    GaugeHistogram = 4,
    Summary = 5,
    Info = 6,
    StateSet = 7,
}

const STALE_BITS: u64 = 0x7ff0_0000_0000_0002;

/// The value that ends a series. Its timestamp must be later than the series' last sample.
///
/// It is a signalling NaN: store and compare it by bits, never compute with it.
pub fn stale_marker() -> f64 {
    f64::from_bits(STALE_BITS)
}

/// Whether `value` is the stale marker; an ordinary NaN is not.
pub fn is_stale(value: f64) -> bool {
    value.to_bits() == STALE_BITS
}

impl Series {
    /// A series of one sample.
    pub fn new(labels: Labels, value: f64, timestamp_ms: i64) -> Self {
        Self { labels, samples: vec![Sample::new(value, timestamp_ms)], metadata: None }
    }

    /// The series with metadata.
    pub fn with_metadata(mut self, metadata: impl Into<Arc<Metadata>>) -> Self {
        self.metadata = Some(metadata.into());
        self
    }
}

impl Sample {
    /// A sample of a gauge.
    pub fn new(value: f64, timestamp_ms: i64) -> Self {
        Self { value, timestamp_ms, start_ms: 0 }
    }
}

impl MetricKind {
    /// The type of a number on the wire; unknown numbers are [`MetricKind::Unknown`].
    pub(crate) fn from_number(number: i32) -> Self {
        match number {
            1 => Self::Counter,
            2 => Self::Gauge,
            3 => Self::Histogram,
            4 => Self::GaugeHistogram,
            5 => Self::Summary,
            6 => Self::Info,
            7 => Self::StateSet,
            _ => Self::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stale_marker_is_told_from_other_nans() {
        assert!(is_stale(stale_marker()));
        assert!(!is_stale(f64::NAN));
        assert_eq!(Sample::new(stale_marker(), 1), Sample::new(stale_marker(), 1));
        assert_ne!(Sample::new(stale_marker(), 1), Sample::new(f64::NAN, 1));
        assert_ne!(Sample::new(0.0, 1), Sample::new(-0.0, 1));
    }
}
