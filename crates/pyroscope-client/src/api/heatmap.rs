use std::time::Duration;

use parca_proto::pyroscope::{querier as wire, types};
use pql::{Matcher, ProfileType};
use profile_model::{Labels, TimeRange, Timestamp};

use super::exemplar::{Exemplar, exemplar};
use super::series::step_millis;
use super::{labels, selector};
use crate::method::Method;
use crate::window::{Window, instant};
use crate::{Client, Error};

/// Which distribution of values over time.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct HeatmapRequest {
    /// What the values are.
    pub profile_type: ProfileType,
    /// Which series; none means all.
    pub matchers: Vec<Matcher>,
    /// When.
    pub range: TimeRange,
    /// What one slot covers; whole milliseconds.
    pub step: Duration,
    /// The labels that make a series of their own.
    pub group_by: Vec<String>,
    /// Whether values are those of spans and not of whole profiles.
    pub of_spans: bool,
    /// Whether slots name something that they were made of.
    pub exemplars: bool,
    /// Only so many series.
    pub limit: Option<u32>,
}

/// Distributions over time that share their labels.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct HeatmapSeries {
    /// The labels grouped by.
    pub labels: Labels,
    /// In the server's order.
    pub slots: Vec<HeatmapSlot>,
}

/// The values of one step.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct HeatmapSlot {
    /// The end of the step, itself included.
    pub timestamp: Timestamp,
    /// How many values there are of each size.
    pub buckets: Vec<HeatmapBucket>,
    /// What they were made of.
    pub exemplars: Vec<Exemplar>,
}

/// How many values are at least so large, and smaller than the next bucket's.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HeatmapBucket {
    /// The least value, in the unit of the sample type.
    pub from: f64,
    /// How many.
    pub count: i32,
}

impl HeatmapRequest {
    /// The values of whole profiles, of all series together.
    pub fn new(profile_type: ProfileType, matchers: Vec<Matcher>, range: TimeRange, step: Duration) -> Self {
        Self {
            profile_type,
            matchers,
            range,
            step,
            group_by: Vec::new(),
            of_spans: false,
            exemplars: false,
            limit: None,
        }
    }
}

impl Client {
    /// Distributions of values over time; only storage of version 2 has them. The range is not split.
    pub async fn select_heatmap(&self, request: &HeatmapRequest) -> Result<Vec<HeatmapSeries>, Error> {
        let window = Window::of(request.range)?;
        let (query_type, exemplar_type) = match request.of_spans {
            true => (wire::HeatmapQueryType::Span, types::ExemplarType::Span),
            false => (wire::HeatmapQueryType::Individual, types::ExemplarType::Individual),
        };
        let message = wire::SelectHeatmapRequest {
            profile_type_id: request.profile_type.to_string(),
            label_selector: selector(&request.matchers),
            start: window.start,
            end: window.end,
            step: step_millis(request.step)? as f64 / 1000.0,
            group_by: request.group_by.clone(),
            query_type: query_type.into(),
            exemplar_type: if request.exemplars { exemplar_type } else { types::ExemplarType::None }.into(),
            limit: request.limit.map(i64::from),
        };
        let answer: wire::SelectHeatmapResponse = self.call(Method::HEATMAP, &message).await?;
        Ok(answer.series.into_iter().map(series).collect())
    }
}

fn series(series: types::HeatmapSeries) -> HeatmapSeries {
    HeatmapSeries { labels: labels(series.labels), slots: series.slots.into_iter().map(slot).collect() }
}

fn slot(slot: types::HeatmapSlot) -> HeatmapSlot {
    let buckets = slot.y_min.into_iter().zip(slot.counts);
    HeatmapSlot {
        timestamp: instant(slot.timestamp),
        buckets: buckets.map(|(from, count)| HeatmapBucket { from, count }).collect(),
        exemplars: slot.exemplars.into_iter().map(exemplar).collect(),
    }
}
