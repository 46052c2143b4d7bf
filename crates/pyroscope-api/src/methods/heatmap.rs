//! How many profiles, or spans, there are of each size, over time.
//!
//! Slots, sizes and which spans are named are those of grafana/pyroscope at 3fe6a457 (`pkg/model/heatmap/range.go`).

use std::collections::BTreeMap;

use parca_proto::pyroscope::{querier as wire, types};
use profile_model::{Labels, Timestamp};

use super::labels::pair;
use super::merge::Merge;
use super::series::Steps;
use crate::spans::SPAN;
use crate::{Api, ApiError, Source, names};

/// Into how many sizes values are parted, from the smallest to the largest.
const SIZES: usize = 20;

pub(super) async fn select_heatmap<S: Source>(
    api: &Api<S>,
    request: wire::SelectHeatmapRequest,
) -> Result<wire::SelectHeatmapResponse, ApiError> {
    let of = match request.query_type() {
        wire::HeatmapQueryType::Individual => Of::Profiles,
        wire::HeatmapQueryType::Span => {
            Of::Spans { are_named: request.exemplar_type() == types::ExemplarType::Span }
        }
        wire::HeatmapQueryType::Unspecified => {
            return Err(ApiError::invalid(
                "queryType: expected HEATMAP_QUERY_TYPE_INDIVIDUAL or HEATMAP_QUERY_TYPE_SPAN, found none",
            ));
        }
    };
    if request.start >= request.end {
        let (start, end) = (request.start, request.end);
        return Err(ApiError::invalid(format!("expected a start before the end, found {start} and {end}")));
    }
    let merge = Merge::new(&request.profile_type_id, &request.label_selector, request.start, request.end)?;
    let steps = Steps::new(request.start, request.end, request.step)?;
    let mut series = slots(&values(api, &merge, steps, &request.group_by, of).await?, &request.group_by);
    match request.limit {
        Some(limit) if limit < 0 => {
            return Err(ApiError::invalid(format!("limit: expected 0 or more, found {limit}")));
        }
        Some(limit) if limit > 0 => {
            series.sort_by_key(|series| std::cmp::Reverse(profiles(series)));
            series.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        }
        _ => {}
    }
    Ok(wire::SelectHeatmapResponse { series })
}

fn profiles(series: &types::HeatmapSeries) -> i64 {
    series.slots.iter().flat_map(|slot| &slot.counts).map(|count| i64::from(*count)).sum()
}

/// What is counted.
#[derive(Clone, Copy)]
enum Of {
    Profiles,
    Spans {
        /// Whether the greatest of each slot and size is named.
        are_named: bool,
    },
}

/// A profile or a span.
#[derive(Clone, Debug, Default)]
struct Counted {
    /// The end of its step, in milliseconds.
    slot: i64,
    /// When it was, in milliseconds.
    at: i64,
    value: i64,
    /// The span, where spans are to be named.
    span: Option<String>,
}

/// What is counted, apart by labels.
type Values = BTreeMap<Labels, Vec<Counted>>;

async fn values<S: Source>(
    api: &Api<S>,
    merge: &Merge,
    steps: Steps,
    group_by: &[String],
    of: Of,
) -> Result<Values, ApiError> {
    let service_labels = api.service_labels();
    let by: Vec<String> = group_by.iter().flat_map(|name| names::made_of(name, service_labels)).collect();
    let mut values = Values::new();
    for ask in api.asks(&merge.id, &merge.selectors, steps.range()).await? {
        let found = match of {
            Of::Profiles => api.inner.source.profiles(ask, &by).await?,
            Of::Spans { .. } => api.inner.source.span_values(ask, &by).await?,
        };
        for series in found {
            let whole = names::whole(&series.labels, &merge.id, service_labels);
            let labels = whole.filter(|name| group_by.iter().any(|wanted| wanted == name));
            let span = match of {
                Of::Spans { are_named: true } => series.labels.get(SPAN).map(str::to_owned),
                _ => None,
            };
            let counted = |(at, value): (Timestamp, i64)| Counted {
                slot: steps.point(at),
                at: at.saturating_millis(),
                value,
                span: span.clone(),
            };
            values.entry(labels).or_default().extend(series.points.into_iter().map(counted));
        }
    }
    values.retain(|_, points| !points.is_empty());
    Ok(values)
}

fn slots(values: &Values, group_by: &[String]) -> Vec<types::HeatmapSeries> {
    let all = || values.values().flatten().map(|counted| counted.value);
    let Some((least, most)) = all().min().zip(all().max()) else { return Vec::new() };
    let sizes = sizes(least, most);
    let series = values.iter().map(|(labels, points)| {
        let mut slots: BTreeMap<i64, types::HeatmapSlot> = BTreeMap::new();
        let mut greatest: BTreeMap<(i64, usize), &Counted> = BTreeMap::new();
        for counted in points {
            let slot = slots.entry(counted.slot).or_insert_with(|| empty_slot(counted.slot, &sizes));
            // The first begins at the least value.
            let size = sizes.partition_point(|begin| *begin <= counted.value).saturating_sub(1);
            slot.counts[size] = slot.counts[size].saturating_add(1);
            let known = greatest.entry((counted.slot, size)).or_insert(counted);
            *known = if counted.value > known.value { counted } else { known };
        }
        for ((slot, _), counted) in greatest {
            slots.entry(slot).and_modify(|slot| slot.exemplars.extend(exemplar(counted)));
        }
        let named = group_by.iter().filter_map(|name| Some(pair((name, labels.get(name)?))));
        types::HeatmapSeries { labels: named.collect(), slots: slots.into_values().collect() }
    });
    series.collect()
}

fn exemplar(counted: &Counted) -> Option<types::Exemplar> {
    let (timestamp, value) = (counted.at, counted.value);
    let span_id = counted.span.clone()?;
    Some(types::Exemplar { timestamp, span_id, value, ..Default::default() })
}

#[expect(clippy::cast_precision_loss, reason = "the answer has doubles")]
fn empty_slot(timestamp: i64, sizes: &[i64]) -> types::HeatmapSlot {
    let y_min = sizes.iter().map(|begin| *begin as f64).collect();
    types::HeatmapSlot { timestamp, y_min, counts: vec![0; sizes.len()], exemplars: Vec::new() }
}

/// Where each size begins, evenly spaced.
fn sizes(least: i64, most: i64) -> Vec<i64> {
    let length = (i128::from(most) - i128::from(least)).max(1);
    let begin = |size: usize| {
        let share = length * size as i128 / SIZES as i128;
        i64::try_from(i128::from(least) + share).unwrap_or(most)
    };
    (0..SIZES).map(begin).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn profiles_are_counted_by_step_and_size() {
        let labels = |pod: &str| -> Labels { [("pod", pod)].into_iter().collect() };
        let counted = |(slot, value): (i64, i64)| Counted { slot, value, ..Counted::default() };
        let values: Values = [
            (labels("a"), [(15, 0), (15, 9), (15, 10), (30, 200)].map(counted).to_vec()),
            (labels("b"), vec![counted((15, 199))]),
        ]
        .into();
        let found = slots(&values, &["pod".to_owned()]);
        let shown = |series: &types::HeatmapSeries| -> Vec<(i64, Vec<(usize, i32)>)> {
            let slot = |slot: &types::HeatmapSlot| {
                let counts = slot.counts.iter().copied().enumerate().filter(|(_, count)| *count > 0);
                (slot.timestamp, counts.collect())
            };
            series.slots.iter().map(slot).collect()
        };
        assert_eq!(shown(&found[0]), [(15, vec![(0, 2), (1, 1)]), (30, vec![(19, 1)])]);
        assert_eq!(shown(&found[1]), [(15, vec![(19, 1)])]);
        assert_eq!((found[0].slots[0].y_min[1], found[1].labels[0].value.as_str()), (10.0, "b"));
        assert!(slots(&Values::new(), &[]).is_empty());
    }

    #[test]
    fn any_values_have_sizes() {
        assert_eq!(sizes(7, 7), vec![7; SIZES]);
        assert_eq!((sizes(0, 40)[..3].to_vec(), sizes(i64::MIN, i64::MAX).len()), (vec![0, 2, 4], SIZES));
    }
}
