//! QueryRange: profiles over time, as a metric.

use std::collections::BTreeMap;

use parca_proto::query::{MetricsSample, MetricsSeries, QueryRangeRequest, QueryRangeResponse, ValueType};
use pql::{ProfileType, Query};
use profile_model::{Labels, TimeRange, Timestamp};
use profile_store::{Filter, ProfileSum, Span, View};
use tonic::Status;

use super::{
    END_BEFORE_START, Mistakes, NO_DATA, label_set, parse_query, timestamp, unreadable, wire_timestamp,
};

pub(crate) fn query_range(view: &View, request: &QueryRangeRequest) -> Result<QueryRangeResponse, Status> {
    let (query, range) = checked(request)?;
    let step = request.step.as_ref().map_or(0, step_nanos);
    let span = Span::half_open(range.start, range.end);
    let series = if query.profile_type.delta {
        delta(view, &query, span, step, &request.sum_by)?
    } else {
        snapshots(view, &query, span, step)?
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

    fn add(&mut self, profile: &ProfileSum, in_periods: bool) {
        let times = if in_periods { profile.period } else { 1 };
        self.value = self.value.wrapping_add(profile.value.wrapping_mul(times));
        self.rows = self.rows.saturating_add(i32::try_from(profile.rows).unwrap_or(i32::MAX));
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
    view: &View,
    query: &Query,
    span: Span,
    step: i64,
    sum_by: &[String],
) -> Result<Vec<MetricsSeries>, Status> {
    let (sample_type, in_periods) = result_type(&query.profile_type);
    let mut groups: BTreeMap<Labels, BTreeMap<i64, Bucket>> = BTreeMap::new();
    let add = |labels: &Labels, profiles: &[ProfileSum]| {
        if profiles.is_empty() {
            return;
        }
        let labels = labels.filter(|name| sum_by.iter().any(|wanted| wanted == name));
        let buckets = groups.entry(labels).or_default();
        for profile in profiles {
            let start = bucket(profile.time_nanos, step);
            buckets.entry(start).or_insert_with(|| Bucket::new(profile.time_nanos)).add(profile, in_periods);
        }
    };
    view.sums(&Filter::of_query(query), span, add).map_err(|error| unreadable(&error))?;
    let period_type = period_type(&query.profile_type);
    let series = groups.into_iter().map(|(labels, buckets)| MetricsSeries {
        labelset: Some(label_set(&labels)),
        samples: buckets.iter().map(|(start, bucket)| bucket.sample(*start, step, &sample_type)).collect(),
        period_type: Some(period_type.clone()),
        sample_type: Some(sample_type.clone()),
    });
    Ok(series.collect())
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
fn snapshots(view: &View, query: &Query, span: Span, step: i64) -> Result<Vec<MetricsSeries>, Status> {
    let mut series: BTreeMap<Labels, BTreeMap<i64, i64>> = BTreeMap::new();
    let add = |labels: &Labels, profiles: &[ProfileSum]| {
        if profiles.is_empty() {
            return;
        }
        let by_time = series.entry(labels.clone()).or_default();
        for profile in profiles {
            let sum = by_time.entry(profile.time_nanos).or_default();
            *sum = sum.wrapping_add(profile.value);
        }
    };
    view.sums(&Filter::of_query(query), span, add).map_err(|error| unreadable(&error))?;
    let answer = series.into_iter().map(|(labels, by_time)| MetricsSeries {
        labelset: Some(label_set(&labels)),
        samples: thinned(by_time, step),
        period_type: None,
        sample_type: None,
    });
    Ok(answer.collect())
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
