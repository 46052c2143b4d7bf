//! How many profiles there are of each size, over time.
//!
//! Slots and sizes are those of grafana/pyroscope at 3fe6a457 (`pkg/model/heatmap/range.go`).

use std::collections::BTreeMap;

use parca_proto::pyroscope::{querier as wire, types};
use profile_model::Labels;

use super::labels::pair;
use super::merge::Merge;
use super::series::Steps;
use crate::{Api, ApiError, Source, names};

/// Into how many sizes values are parted, from the smallest to the largest.
const SIZES: usize = 20;

pub(super) async fn select_heatmap<S: Source>(
    api: &Api<S>,
    request: wire::SelectHeatmapRequest,
) -> Result<wire::SelectHeatmapResponse, ApiError> {
    match request.query_type() {
        wire::HeatmapQueryType::Individual => {}
        wire::HeatmapQueryType::Span => {
            return Err(ApiError::unimplemented(
                "heat maps of spans are not served here: values are of whole profiles",
            ));
        }
        wire::HeatmapQueryType::Unspecified => {
            return Err(ApiError::invalid("queryType: expected HEATMAP_QUERY_TYPE_INDIVIDUAL, found none"));
        }
    }
    if request.start >= request.end {
        let (start, end) = (request.start, request.end);
        return Err(ApiError::invalid(format!("expected a start before the end, found {start} and {end}")));
    }
    let merge = Merge::new(&request.profile_type_id, &request.label_selector, request.start, request.end)?;
    let steps = Steps::new(request.start, request.end, request.step)?;
    let mut series = slots(&values(api, &merge, steps, &request.group_by).await?, &request.group_by);
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

/// The value of each profile by the end of its step, apart by labels.
type Values = BTreeMap<Labels, Vec<(i64, i64)>>;

async fn values<S: Source>(
    api: &Api<S>,
    merge: &Merge,
    steps: Steps,
    group_by: &[String],
) -> Result<Values, ApiError> {
    let service_labels = api.service_labels();
    let by: Vec<String> = group_by.iter().flat_map(|name| names::made_of(name, service_labels)).collect();
    let mut values = Values::new();
    for ask in api.asks(&merge.id, &merge.selectors, steps.range()).await? {
        for series in api.inner.source.profiles(ask, &by).await? {
            let whole = names::whole(&series.labels, &merge.id, service_labels);
            let labels = whole.filter(|name| group_by.iter().any(|wanted| wanted == name));
            let points = series.points.into_iter().map(|(at, value)| (steps.point(at), value));
            values.entry(labels).or_default().extend(points);
        }
    }
    values.retain(|_, points| !points.is_empty());
    Ok(values)
}

fn slots(values: &Values, group_by: &[String]) -> Vec<types::HeatmapSeries> {
    let all = || values.values().flatten().map(|(_, value)| *value);
    let Some((least, most)) = all().min().zip(all().max()) else { return Vec::new() };
    let sizes = sizes(least, most);
    let series = values.iter().map(|(labels, points)| {
        let mut slots: BTreeMap<i64, types::HeatmapSlot> = BTreeMap::new();
        for (timestamp, value) in points {
            let slot = slots.entry(*timestamp).or_insert_with(|| empty_slot(*timestamp, &sizes));
            // The first begins at the least value.
            let size = sizes.partition_point(|begin| begin <= value).saturating_sub(1);
            slot.counts[size] = slot.counts[size].saturating_add(1);
        }
        let named = group_by.iter().filter_map(|name| Some(pair((name, labels.get(name)?))));
        types::HeatmapSeries { labels: named.collect(), slots: slots.into_values().collect() }
    });
    series.collect()
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
        let values: Values =
            [(labels("a"), vec![(15, 0), (15, 9), (15, 10), (30, 200)]), (labels("b"), vec![(15, 199)])]
                .into();
        let found = slots(&values, &["pod".to_owned()]);
        let counted = |series: &types::HeatmapSeries| -> Vec<(i64, Vec<(usize, i32)>)> {
            let slot = |slot: &types::HeatmapSlot| {
                let counts = slot.counts.iter().copied().enumerate().filter(|(_, count)| *count > 0);
                (slot.timestamp, counts.collect())
            };
            series.slots.iter().map(slot).collect()
        };
        assert_eq!(counted(&found[0]), [(15, vec![(0, 2), (1, 1)]), (30, vec![(19, 1)])]);
        assert_eq!(counted(&found[1]), [(15, vec![(19, 1)])]);
        assert_eq!((found[0].slots[0].y_min[1], found[1].labels[0].value.as_str()), (10.0, "b"));
        assert!(slots(&Values::new(), &[]).is_empty());
    }

    #[test]
    fn any_values_have_sizes() {
        assert_eq!(sizes(7, 7), vec![7; SIZES]);
        assert_eq!((sizes(0, 40)[..3].to_vec(), sizes(i64::MIN, i64::MAX).len()), (vec![0, 2, 4], SIZES));
    }
}
