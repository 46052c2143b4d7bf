//! QueryRange: profiles over time, as a metric.

use std::collections::BTreeMap;

use parca_proto::query::{MetricsSample, MetricsSeries, QueryRangeRequest, QueryRangeResponse, ValueType};
use pql::{ProfileType, Query};
use profile_model::{Labels, TimeRange, Timestamp};
use tonic::Status;

use super::{END_BEFORE_START, Mistakes, NO_DATA, label_set, parse_query, timestamp, wire_timestamp};
use crate::store::{Filter, ProfileRows, Tables};

pub(crate) fn query_range(
    tables: &Tables,
    request: &QueryRangeRequest,
) -> Result<QueryRangeResponse, Status> {
    let (query, range) = checked(request)?;
    let step = request.step.as_ref().map_or(0, step_nanos);
    let series = if query.profile_type.delta {
        delta(tables, &query, range, step, &request.sum_by)
    } else {
        snapshots(tables, &query, range, step)
    };
    if series.is_empty() { Err(Status::not_found(NO_DATA)) } else { Ok(QueryRangeResponse { series }) }
}

fn checked(request: &QueryRangeRequest) -> Result<(Query, TimeRange), Status> {
    let mut mistakes = Mistakes::default();
    mistakes.blank(!request.query.is_empty(), "query");
    mistakes.blank(request.start.is_some(), "start");
    mistakes.blank(request.end.is_some(), "end");
    let range = request.start.as_ref().zip(request.end.as_ref());
    let range = range.map(|(start, end)| TimeRange::new(timestamp(start), timestamp(end)));
    mistakes.check(range.is_none_or(|range| !range.is_empty()), "end", END_BEFORE_START);
    mistakes.done()?;
    let query = parse_query(&request.query)?;
    range.map(|range| (query, range)).ok_or_else(|| Status::internal("a blank time passed the checks"))
}

/// Negative steps work like their absolute value.
fn step_nanos(step: &prost_types::Duration) -> i64 {
    step.seconds.saturating_mul(1_000_000_000).saturating_add(i64::from(step.nanos)).saturating_abs()
}

/// The bucket that an instant falls into, counted from the epoch.
fn bucket(time_nanos: i64, step: i64) -> i64 {
    if step == 0 { 0 } else { time_nanos.div_euclid(step).saturating_mul(step) }
}

/// What one bucket of one group sums up to.
struct Bucket {
    value: i64,
    rows: i32,
    shortest: i64,
    time: i64,
    one_time: bool,
}

impl Bucket {
    fn new(time: i64) -> Self {
        Self { value: 0, rows: 0, shortest: i64::MAX, time, one_time: true }
    }

    fn add(&mut self, profile: &ProfileRows<'_>, in_periods: bool) {
        let times = if in_periods { profile.period } else { 1 };
        for value in profile.values {
            self.value = self.value.wrapping_add(value.wrapping_mul(times));
        }
        self.rows = self.rows.saturating_add(i32::try_from(profile.values.len()).unwrap_or(i32::MAX));
        self.shortest = self.shortest.min(profile.duration_nanos);
        self.one_time &= profile.time_nanos == self.time;
    }

    #[expect(clippy::cast_precision_loss, reason = "the answer has a double")]
    fn sample(&self, start: i64, step: i64, unit: &ValueType) -> MetricsSample {
        let duration = if self.one_time { self.shortest } else { step };
        let per = if is_cpu_time(unit) { duration as f64 } else { duration as f64 / 1e9 };
        MetricsSample {
            timestamp: Some(wire_timestamp(Timestamp::from_nanos(start))),
            value: self.value,
            value_per_second: if duration == 0 { 0.0 } else { self.value as f64 / per },
            duration,
            count: self.rows,
        }
    }
}

/// Nanoseconds of CPU per nanosecond of time are cores, with no factor between.
fn is_cpu_time(unit: &ValueType) -> bool {
    unit.r#type == "cpu" && unit.unit == "nanoseconds"
}

fn delta(
    tables: &Tables,
    query: &Query,
    range: TimeRange,
    step: i64,
    sum_by: &[String],
) -> Vec<MetricsSeries> {
    let (sample_type, in_periods) = result_type(&query.profile_type);
    let mut groups: BTreeMap<Labels, BTreeMap<i64, Bucket>> = BTreeMap::new();
    let filter = Filter::of_query(query);
    for series in tables.select(&filter) {
        let mut profiles = series
            .profiles()
            .filter(|profile| {
                filter.takes_duration(profile) && range.contains(Timestamp::from_nanos(profile.time_nanos))
            })
            .peekable();
        if profiles.peek().is_none() {
            continue;
        }
        let labels = series.labels().filter(|name| sum_by.iter().any(|wanted| wanted == name));
        let buckets = groups.entry(labels).or_default();
        for profile in profiles {
            let start = bucket(profile.time_nanos, step);
            buckets.entry(start).or_insert_with(|| Bucket::new(profile.time_nanos)).add(&profile, in_periods);
        }
    }
    let period_type = period_type(&query.profile_type);
    let series = groups.into_iter().map(|(labels, buckets)| MetricsSeries {
        labelset: Some(label_set(&labels)),
        samples: buckets.iter().map(|(start, bucket)| bucket.sample(*start, step, &sample_type)).collect(),
        period_type: Some(period_type.clone()),
        sample_type: Some(sample_type.clone()),
    });
    series.collect()
}

/// The type of an answer's values, and whether they are counts to be multiplied by the period:
/// `samples:count` is answered in the unit of the period.
pub(super) fn result_type(profile_type: &ProfileType) -> (ValueType, bool) {
    let in_periods = profile_type.sample_type == "samples" && profile_type.sample_unit == "count";
    if in_periods { (period_type(profile_type), true) } else { (sample_type(profile_type), false) }
}

fn period_type(of: &ProfileType) -> ValueType {
    ValueType { r#type: of.period_type.clone(), unit: of.period_unit.clone() }
}

pub(super) fn sample_type(of: &ProfileType) -> ValueType {
    ValueType { r#type: of.sample_type.clone(), unit: of.sample_unit.clone() }
}

/// Series of snapshots are never summed with each other. With a step, the oldest profile of each
/// bucket stands for it (the real server takes any).
fn snapshots(tables: &Tables, query: &Query, range: TimeRange, step: i64) -> Vec<MetricsSeries> {
    let filter = Filter::of_query(query);
    let mut answer = Vec::new();
    for series in tables.select(&filter) {
        let mut by_time: BTreeMap<i64, i64> = BTreeMap::new();
        for profile in series.profiles().filter(|profile| filter.takes_duration(profile)) {
            if range.contains(Timestamp::from_nanos(profile.time_nanos)) {
                let sum = by_time.entry(profile.time_nanos).or_default();
                *sum = profile.values.iter().fold(*sum, |sum, value| sum.wrapping_add(*value));
            }
        }
        if by_time.is_empty() {
            continue;
        }
        answer.push(MetricsSeries {
            labelset: Some(label_set(series.labels())),
            samples: thinned(by_time, step),
            period_type: None,
            sample_type: None,
        });
    }
    answer
}

#[expect(clippy::cast_precision_loss, reason = "the answer has a double")]
fn thinned(by_time: BTreeMap<i64, i64>, step: i64) -> Vec<MetricsSample> {
    let mut samples: Vec<MetricsSample> = Vec::with_capacity(by_time.len());
    let mut last_bucket = None;
    for (time, value) in by_time {
        let this_bucket = bucket(time, step);
        if step != 0 && last_bucket == Some(this_bucket) {
            if let Some(sample) = samples.last_mut() {
                sample.count = sample.count.saturating_add(1);
            }
            continue;
        }
        last_bucket = Some(this_bucket);
        samples.push(MetricsSample {
            timestamp: Some(wire_timestamp(Timestamp::from_nanos(time))),
            value,
            value_per_second: value as f64,
            duration: 0,
            count: 1,
        });
    }
    samples
}
