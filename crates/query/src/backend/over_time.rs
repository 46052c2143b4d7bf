use std::collections::BTreeMap;
use std::time::Duration;

use parca_client::QueryRangeRequest;
use pql::Query;
use profile_model::Timestamp;
use pyroscope_client::{Aggregation, SeriesRequest};

use super::names::is_instant;
use super::window::with_both_ends;
use super::{Answering, Backend, Server};
use crate::Ask;

/// The values of a selection over time, all series together.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct OverTime {
    /// What was asked, as it was understood.
    pub query: Query,
    /// What one point covers.
    pub step: Duration,
    /// The unit of the values: of what is measured over a time per second, CPU time in `cores`.
    pub unit: String,
    /// Whether the values are per second of this unit.
    pub per_second: bool,
    /// The start of each step that has data, and its value; in order of time.
    pub points: Vec<(Timestamp, f64)>,
}

impl Backend {
    /// The values of one type over the range, a point for each step that has data. Of instants it is what there was in a
    /// step, of what is measured over a time what it was per second. Steps start at multiples of their length.
    ///
    /// # Errors
    /// The server's, and [`BackendError::Type`](super::BackendError::Type). Nothing at all is no error.
    pub fn over_time<'a>(&'a self, ask: &'a Ask, step: Duration) -> Answering<'a, OverTime> {
        Box::pin(async move {
            let profile_type = self.type_of(ask).await?;
            let is_instant = is_instant(self.kind(), &profile_type);
            let query = self.query_of(ask, profile_type);
            let unit = query.profile_type.sample_unit.clone();
            let mut found = OverTime { query, step, unit, per_second: !is_instant, points: Vec::new() };
            let mut sums: BTreeMap<i64, f64> = BTreeMap::new();
            let millis = i64::try_from(step.as_millis()).unwrap_or(i64::MAX).max(1);
            let start_of =
                |instant: Timestamp| instant.saturating_millis().div_euclid(millis).saturating_mul(millis);
            match &self.server {
                Server::Parca(client) => {
                    self.note("QueryRange", &found.query.to_string());
                    let request =
                        QueryRangeRequest::new(found.query.to_string(), with_both_ends(ask.range), step);
                    let series = match client.query_range(&request).await {
                        Err(error) if error.is_no_data() => Vec::new(),
                        series => series?,
                    };
                    if let Some(of) = series.iter().find_map(|one| one.sample_type.as_ref()) {
                        found.unit.clone_from(&of.unit);
                    }
                    // A Parca divides nanoseconds of CPU time by nanoseconds (seen on Parca 3b5647cd, pkg/parcacol).
                    let is_ratio = found.unit == "nanoseconds"
                        && series
                            .iter()
                            .any(|one| one.sample_type.as_ref().is_some_and(|of| of.name == "cpu"));
                    let scale = if is_ratio { 1e9 } else { 1.0 };
                    for sample in series.iter().flat_map(|one| &one.samples) {
                        *sums.entry(start_of(sample.timestamp)).or_default() +=
                            sample.value_per_second * scale;
                    }
                }
                Server::Pyroscope(client) => {
                    self.note("SelectSeries", &found.query.to_string());
                    let of = (found.query.profile_type.clone(), found.query.matchers.clone());
                    let mut request = SeriesRequest::new(of.0, of.1, ask.range, step);
                    request.aggregation = is_instant.then_some(Aggregation::Average);
                    let seconds = if is_instant { 1.0 } else { step.as_secs_f64() };
                    for point in client.select_series(&request).await?.iter().flat_map(|one| &one.points) {
                        // A point is at the end of what it covers.
                        let start = point.timestamp.saturating_millis().saturating_sub(millis);
                        *sums.entry(start).or_default() += point.value / seconds;
                    }
                }
            }
            if found.per_second && found.unit == "nanoseconds" {
                (found.unit, found.per_second) = ("cores".to_owned(), false);
                sums.values_mut().for_each(|value| *value /= 1e9);
            }
            let at = |millis: i64| Timestamp::from_nanos(millis.saturating_mul(1_000_000));
            found.points = sums.into_iter().map(|(start, value)| (at(start), value)).collect();
            Ok(found)
        })
    }
}
