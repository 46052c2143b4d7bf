use parca_proto::query as wire;
use profile_model::{Labels, Timestamp, ValueType};

use super::{instant, labels};

/// Values over time that share their labels.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Series {
    /// For a delta type those of `sum_by` that the profiles have, otherwise all.
    pub labels: Labels,
    /// In order of time.
    pub samples: Vec<SeriesSample>,
    /// What the values are; nothing unless the type is delta. `samples:count` comes as the period's type.
    pub sample_type: Option<ValueType>,
    /// What the period is; nothing unless the type is delta.
    pub period_type: Option<ValueType>,
}

/// One value of a [`Series`].
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct SeriesSample {
    /// Of a delta type the start of the bucket, otherwise the time of the profile.
    pub timestamp: Timestamp,
    /// In the unit of the sample type.
    pub value: i64,
    /// Of a delta type per second, for `cpu:nanoseconds` in cores; otherwise the value.
    pub value_per_second: f64,
    /// What the value covers, in nanoseconds: the step, or less if the bucket holds one profile; otherwise 0.
    pub duration_nanos: i64,
    /// Of a delta type how many stored stacks were added up; otherwise how many profiles were in the bucket.
    pub count: i32,
}

/// The series of an answer, sorted by their labels: the server has no order.
pub(crate) fn series(answer: wire::QueryRangeResponse) -> Vec<Series> {
    let mut series: Vec<_> = answer.series.into_iter().map(one).collect();
    series.sort_by(|a, b| a.labels.cmp(&b.labels));
    series
}

fn one(series: wire::MetricsSeries) -> Series {
    Series {
        labels: labels(series.labelset),
        samples: series.samples.into_iter().map(sample).collect(),
        sample_type: series.sample_type.map(value_type),
        period_type: series.period_type.map(value_type),
    }
}

fn sample(sample: wire::MetricsSample) -> SeriesSample {
    let wire::MetricsSample { timestamp, value, value_per_second, duration, count } = sample;
    SeriesSample { timestamp: instant(timestamp), value, value_per_second, duration_nanos: duration, count }
}

fn value_type(wire: wire::ValueType) -> ValueType {
    ValueType::new(wire.r#type, wire.unit)
}
