//! Values over time, summed per step.

use std::collections::BTreeMap;
use std::time::Duration;

use parca_proto::pyroscope::{querier as wire, types};
use profile_model::{Labels, TimeRange, Timestamp};

use super::labels::pair;
use super::merge::Merge;
use crate::names;
use crate::selection::{millis, near};
use crate::{Api, ApiError, Source};

/// Points at `start + k * step`, each of what lies in the step before it; the first of what is before the range.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Steps {
    pub(crate) start: i64,
    pub(crate) end: i64,
    /// Milliseconds.
    pub(crate) step: i64,
}

/// The most points of one series.
const MOST_POINTS: i64 = 100_000;

impl Steps {
    /// Steps of this many seconds.
    pub(crate) fn new(start: i64, end: i64, seconds: f64) -> Result<Self, ApiError> {
        let [start, end] = [start, end].map(near);
        #[expect(clippy::cast_possible_truncation, reason = "out of range saturates, and is refused")]
        let step = (seconds * 1000.0) as i64;
        if step < 1 {
            return Err(ApiError::invalid(format!("step: expected at least 0.001 seconds, found {seconds}")));
        }
        if (end - start) / step > MOST_POINTS {
            let most = "expected a step that gives at most";
            return Err(ApiError::invalid(format!(
                "step: {most} {MOST_POINTS} points, found {seconds} seconds"
            )));
        }
        Ok(Self { start, end, step })
    }

    /// The point that an instant belongs to.
    pub(crate) fn point(self, at: Timestamp) -> i64 {
        // What is within a millisecond counts as at its start, as times are known by milliseconds.
        let since = at.saturating_millis().saturating_sub(self.start);
        let steps = since.div_euclid(self.step) + i64::from(since.rem_euclid(self.step) != 0);
        self.start.saturating_add(steps.saturating_mul(self.step))
    }

    /// From a step before the range.
    pub(crate) fn range(self) -> TimeRange {
        TimeRange::new(millis(self.start.saturating_sub(self.step).saturating_add(1)), millis(self.end))
    }

    /// How exactly times have to be known for points to be right. Where steps begin as a Parca's do, a step.
    fn precision(self) -> Duration {
        let step = if self.start.rem_euclid(self.step) == 0 { self.step } else { self.step / 15 };
        Duration::from_millis(step.max(1).unsigned_abs())
    }
}

/// Sums per step by label set, the largest first.
pub(crate) type Sums = Vec<(Labels, BTreeMap<i64, f64>)>;

pub(crate) async fn select<S: Source>(
    api: &Api<S>,
    merge: &Merge,
    steps: Steps,
    group_by: &[String],
) -> Result<Sums, ApiError> {
    let service_labels = api.service_labels();
    let by: Vec<String> = group_by.iter().flat_map(|name| names::made_of(name, service_labels)).collect();
    let mut sums: BTreeMap<Labels, BTreeMap<i64, f64>> = BTreeMap::new();
    for ask in api.asks(&merge.id, &merge.selectors, steps.range()).await? {
        for series in api.inner.source.series(ask, &by, steps.precision()).await? {
            let whole = names::whole(&series.labels, &merge.id, service_labels);
            let labels = whole.filter(|name| group_by.iter().any(|wanted| wanted == name));
            let points = sums.entry(labels).or_default();
            for (at, value) in series.points {
                #[expect(clippy::cast_precision_loss, reason = "the answer has doubles")]
                let value = value as f64;
                *points.entry(steps.point(at)).or_default() += value;
            }
        }
    }
    let total = |points: &BTreeMap<i64, f64>| points.values().sum::<f64>();
    let mut sums: Sums = sums.into_iter().filter(|(_, points)| !points.is_empty()).collect();
    sums.sort_by(|(a, left), (b, right)| total(right).total_cmp(&total(left)).then_with(|| a.cmp(b)));
    Ok(sums)
}

pub(super) async fn select_series<S: Source>(
    api: &Api<S>,
    request: wire::SelectSeriesRequest,
) -> Result<wire::SelectSeriesResponse, ApiError> {
    let merge = Merge::new(&request.profile_type_id, &request.label_selector, request.start, request.end)?;
    let is_below =
        request.stack_trace_selector.as_ref().is_some_and(|selector| !selector.call_site.is_empty());
    if is_below {
        return Err(ApiError::unimplemented("series of a call site are not served here"));
    }
    api.check_range(merge.range)?;
    let steps = Steps::new(request.start, request.end, request.step)?;
    let mut sums = select(api, &merge, steps, &request.group_by).await?;
    if let Some(limit) =
        request.limit.and_then(|limit| usize::try_from(limit).ok()).filter(|limit| *limit > 0)
    {
        sums.truncate(limit);
    }
    let series = sums.into_iter().map(|(labels, points)| {
        let point = |(timestamp, value)| types::Point { value, timestamp, ..Default::default() };
        // In the order that was asked for.
        let named = request.group_by.iter().filter_map(|name| Some(pair((name, labels.get(name)?))));
        types::Series { labels: named.collect(), points: points.into_iter().map(point).collect() }
    });
    Ok(wire::SelectSeriesResponse { series: series.collect() })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_point_is_the_right_edge_of_its_step() {
        let steps = Steps::new(1_000_500, 1_060_500, 15.0).unwrap();
        let check = |at: i64, expect: i64| assert_eq!(steps.point(millis(at)), expect, "{at}");
        check(1_000_500, 1_000_500);
        check(1_000_501, 1_015_500);
        check(1_015_500, 1_015_500);
        check(985_501, 1_000_500);
        assert_eq!(steps.range().start, millis(985_501));
        assert!(Steps::new(1, 2, 0.0001).is_err());
        assert!(Steps::new(1, 1_000_000_000, 0.001).is_err());
        assert!(Steps::new(i64::MIN, i64::MAX, 15.0).is_err());
    }

    #[test]
    fn precision_is_a_step_where_steps_begin_as_the_sources() {
        assert_eq!(Steps::new(30_000, 60_000, 15.0).unwrap().precision(), Duration::from_secs(15));
        assert_eq!(Steps::new(31_000, 60_000, 15.0).unwrap().precision(), Duration::from_secs(1));
    }
}
