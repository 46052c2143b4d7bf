use std::collections::BTreeMap;
use std::time::Duration;

use parca_proto::pyroscope::{querier as wire, types};
use pql::{Matcher, ProfileType};
use profile_model::{Labels, TimeRange, Timestamp};

use super::exemplar::{Exemplar, exemplar};
use super::selection::call_sites;
use super::{labels, selector};
use crate::method::Method;
use crate::parts::Grid;
use crate::window::{Window, instant};
use crate::{Client, Error};

/// Which values over time.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct SeriesRequest {
    /// What the values are.
    pub profile_type: ProfileType,
    /// Which series; none means all.
    pub matchers: Vec<Matcher>,
    /// When.
    pub range: TimeRange,
    /// What one point covers; whole milliseconds.
    pub step: Duration,
    /// The labels that make a series of their own; without any there is one series of all.
    pub group_by: Vec<String>,
    /// How the values of a step are put together. Storage of version 2 always sums.
    pub aggregation: Option<Aggregation>,
    /// Only stacks that begin with these functions, the root first. Storage of version 2 passes it over.
    pub call_sites: Vec<String>,
    /// Only so many series, those with the greatest sums.
    pub limit: Option<u32>,
    /// Whether points name a profile that they were made of.
    pub exemplars: bool,
}

/// How the values of a step are put together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Aggregation {
    /// The sum of the values of a step.
    Sum,
    /// The mean of the values of a step.
    Average,
}

/// Values over time that share their labels.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Series {
    /// The labels grouped by that the profiles have.
    pub labels: Labels,
    /// In order of time. Steps without data have no point.
    pub points: Vec<Point>,
}

/// One value of a [`Series`].
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Point {
    /// The end of what it covers: one step, the end included and the start not.
    pub timestamp: Timestamp,
    /// In the unit of the sample type; a sum, not a rate.
    pub value: f64,
    /// What the server notes about it.
    pub annotations: Vec<Annotation>,
    /// Profiles that it was made of.
    pub exemplars: Vec<Exemplar>,
}

/// A note of the server, such as that profiles were dropped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Annotation {
    /// What kind of note.
    pub key: String,
    /// The note.
    pub value: String,
}

impl SeriesRequest {
    /// The sum of all series.
    pub fn new(profile_type: ProfileType, matchers: Vec<Matcher>, range: TimeRange, step: Duration) -> Self {
        Self {
            profile_type,
            matchers,
            range,
            step,
            group_by: Vec::new(),
            aggregation: None,
            call_sites: Vec::new(),
            limit: None,
            exemplars: false,
        }
    }

    fn wire(&self, window: Window, step: i64, limit: Option<u32>) -> wire::SelectSeriesRequest {
        wire::SelectSeriesRequest {
            profile_type_id: self.profile_type.to_string(),
            label_selector: selector(&self.matchers),
            start: window.start,
            end: window.end,
            group_by: self.group_by.clone(),
            step: step as f64 / 1000.0,
            aggregation: self.aggregation.map(|of| types::TimeSeriesAggregationType::from(of).into()),
            stack_trace_selector: (!self.call_sites.is_empty())
                .then(|| types::StackTraceSelector { call_site: call_sites(&self.call_sites), go_pgo: None }),
            limit: limit.map(i64::from),
            exemplar_type: if self.exemplars {
                types::ExemplarType::Individual
            } else {
                types::ExemplarType::None
            }
            .into(),
        }
    }
}

impl From<Aggregation> for types::TimeSeriesAggregationType {
    fn from(aggregation: Aggregation) -> Self {
        match aggregation {
            Aggregation::Sum => Self::Sum,
            Aggregation::Average => Self::Average,
        }
    }
}

impl Client {
    /// Values over time, the series with the greatest sum first.
    ///
    /// Points lie at whole steps after the range's start. The server's answer begins with one at the
    /// start itself, of data before the range: it is left out here, so that a series adds up to what
    /// is in the range.
    pub async fn select_series(&self, request: &SeriesRequest) -> Result<Vec<Series>, Error> {
        let step = step_millis(request.step)?;
        let window = Window::of(request.range)?;
        let parts = self
            .in_parts(window, Grid::Steps(step), |part| {
                let whole = part == window;
                // A part's last step ends with the millisecond that the next part begins with.
                let asked = Window { end: part.end + i64::from(part.end < window.end), ..part };
                let limit = request.limit.filter(|_| whole);
                let message = request.wire(asked, step, limit);
                async move {
                    let answer: wire::SelectSeriesResponse =
                        self.call(Method::SELECT_SERIES, &message).await?;
                    Ok(answer.series)
                }
            })
            .await?;
        Ok(join(parts, window, request.limit))
    }
}

pub(super) fn step_millis(step: Duration) -> Result<i64, Error> {
    match i64::try_from(step.as_millis()) {
        Ok(millis @ 1..) => Ok(millis),
        _ => Err(Error::request(format!("expected a step of a millisecond or more, found {step:?}"))),
    }
}

/// The series of all parts. Of each part only those points count that end in it.
fn join(parts: Vec<(Window, Vec<types::Series>)>, window: Window, limit: Option<u32>) -> Vec<Series> {
    let mut joined: BTreeMap<Labels, Vec<Point>> = BTreeMap::new();
    for (part, series) in parts {
        let last = if part.end < window.end { part.end } else { i64::MAX };
        for series in series {
            let within = |point: &types::Point| part.start < point.timestamp && point.timestamp <= last;
            let points = series.points.into_iter().filter(within).map(point);
            joined.entry(labels(series.labels)).or_default().extend(points);
        }
    }
    let kept = joined.into_iter().filter(|(_, points)| !points.is_empty());
    let mut series: Vec<Series> = kept.map(|(labels, points)| Series { labels, points }).collect();
    for series in &mut series {
        series.points.sort_by_key(|point| point.timestamp);
    }
    series.sort_by(|a, b| b.sum().total_cmp(&a.sum()));
    series.truncate(limit.map_or(usize::MAX, |limit| limit as usize));
    series
}

impl Series {
    /// The sum of all points.
    pub fn sum(&self) -> f64 {
        self.points.iter().map(|point| point.value).sum()
    }
}

fn point(point: types::Point) -> Point {
    let annotation = |note: types::ProfileAnnotation| Annotation { key: note.key, value: note.value };
    Point {
        timestamp: instant(point.timestamp),
        value: point.value,
        annotations: point.annotations.into_iter().map(annotation).collect(),
        exemplars: point.exemplars.into_iter().map(exemplar).collect(),
    }
}
