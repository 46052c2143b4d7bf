//! The calls, by what they ask for.

mod background;
mod catalog;
mod compare;
mod exemplar;
mod heatmap;
mod merge;
mod push;
mod selection;
mod series;
mod stats;

pub use exemplar::Exemplar;
pub use heatmap::{HeatmapBucket, HeatmapRequest, HeatmapSeries, HeatmapSlot};
pub use push::{PushSample, PushSeries};
pub use selection::{Format, GoPgo, Selection};
pub use series::{Aggregation, Annotation, Point, Series, SeriesRequest};
pub use stats::{ProfileStats, QueryAnalysis, QueryImpact, QueryScope};

use parca_proto::pyroscope::types as wire;
use pql::Matcher;
use profile_model::Labels;

/// The text of matchers as a selector, which `{}` is one of.
fn selector(matchers: &[Matcher]) -> String {
    pql::Selector { metric_name: None, matchers: matchers.to_vec() }.to_string()
}

fn labels(pairs: Vec<wire::LabelPair>) -> Labels {
    pairs.into_iter().map(|pair| (pair.name, pair.value)).collect()
}
