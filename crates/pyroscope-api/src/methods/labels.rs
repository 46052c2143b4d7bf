//! What there is: types, label names, values and series.

use std::collections::BTreeSet;

use futures_util::{StreamExt, TryStreamExt};
use parca_proto::pyroscope::{querier as wire, types};
use pql::{Matcher, ProfileType, Query};
use profile_model::{Labels, TimeRange};
use relabel::NameRules;

use crate::names;
use crate::selection::{Selectors, millis, range};
use crate::{Api, ApiError, Source};

pub(super) async fn profile_types<S: Source>(
    api: &Api<S>,
    request: wire::ProfileTypesRequest,
) -> Result<wire::ProfileTypesResponse, ApiError> {
    // Any range, as health checks ask for 1970 and pickers for the future; none is all of time.
    let range = (request.start != 0 || request.end != 0)
        .then(|| TimeRange::new(millis(request.start), millis(request.end.max(request.start))));
    let profile_types = api.types(range).await?.into_iter().map(|listed| types::ProfileType {
        id: listed.id.to_string(),
        name: listed.id.name,
        sample_type: listed.id.sample_type,
        sample_unit: listed.id.sample_unit,
        period_type: listed.id.period_type,
        period_unit: listed.id.period_unit,
    });
    Ok(wire::ProfileTypesResponse { profile_types: profile_types.collect() })
}

pub(super) async fn label_names<S: Source>(
    api: &Api<S>,
    request: types::LabelNamesRequest,
    accepts_any_name: bool,
) -> Result<types::LabelNamesResponse, ApiError> {
    let sets = label_sets(api, &request.matchers, request.start, request.end).await?;
    let names: BTreeSet<&str> = sets.iter().flat_map(|set| set.iter().map(|(name, _)| name)).collect();
    let names = names.into_iter().filter(|name| accepts_any_name || is_plain(name)).map(str::to_owned);
    Ok(types::LabelNamesResponse { names: names.collect() })
}

pub(super) async fn label_values<S: Source>(
    api: &Api<S>,
    request: types::LabelValuesRequest,
) -> Result<types::LabelValuesResponse, ApiError> {
    if request.name.is_empty() {
        return Err(ApiError::invalid("name: expected the name of a label, found none"));
    }
    let sets = label_sets(api, &request.matchers, request.start, request.end).await?;
    let names: BTreeSet<&str> = sets.iter().filter_map(|set| set.get(&request.name)).collect();
    Ok(types::LabelValuesResponse { names: names.into_iter().map(str::to_owned).collect() })
}

pub(super) async fn series<S: Source>(
    api: &Api<S>,
    request: wire::SeriesRequest,
    accepts_any_name: bool,
) -> Result<wire::SeriesResponse, ApiError> {
    let sets = label_sets(api, &request.matchers, request.start, request.end).await?;
    let mut labels_set: Vec<types::Labels> = Vec::new();
    let mut seen = BTreeSet::new();
    for set in &sets {
        let labels: Vec<types::LabelPair> = match request.label_names.is_empty() {
            true => set.iter().filter(|(name, _)| accepts_any_name || is_plain(name)).map(pair).collect(),
            false => {
                request.label_names.iter().filter_map(|name| Some(pair((name, set.get(name)?)))).collect()
            }
        };
        let key: Vec<(String, String)> =
            labels.iter().map(|label| (label.name.clone(), label.value.clone())).collect();
        if !labels.is_empty() && seen.insert(key) {
            labels_set.push(types::Labels { labels });
        }
    }
    Ok(wire::SeriesResponse { labels_set })
}

pub(super) fn pair((name, value): (&str, &str)) -> types::LabelPair {
    types::LabelPair { name: name.to_owned(), value: value.to_owned() }
}

/// The label sets of everything that is selected, as Pyroscope has them, in order.
async fn label_sets<S: Source>(
    api: &Api<S>,
    matchers: &[String],
    start: i64,
    end: i64,
) -> Result<BTreeSet<Labels>, ApiError> {
    let range = range(start, end)?;
    api.check_range(range)?;
    let selectors = Selectors::parse(matchers.iter().map(String::as_str))?;
    let branches = api.branches(&selectors).await?;
    let types = api.types(Some(range)).await?;
    let mut queries: Vec<(ProfileType, Query)> = Vec::new();
    for listed in types.iter().filter(|listed| selectors.takes_type(&listed.id)) {
        for stored in &listed.of {
            let of = |matchers: &Vec<Matcher>| Query {
                profile_type: stored.profile_type.clone(),
                matchers: matchers.clone(),
            };
            queries.extend(branches.iter().map(|matchers| (listed.id.clone(), of(matchers))));
        }
    }
    let asked: Vec<_> = queries.into_iter().map(|(id, query)| whole_sets(api, id, query, range)).collect();
    let found: Vec<Vec<Labels>> =
        futures_util::stream::iter(asked).buffer_unordered(SIDE_BY_SIDE).try_collect().await?;
    Ok(found.into_iter().flatten().collect())
}

/// The label sets of a type, as Pyroscope has them.
async fn whole_sets<S: Source>(
    api: &Api<S>,
    id: ProfileType,
    query: Query,
    range: TimeRange,
) -> Result<Vec<Labels>, ApiError> {
    let sets = api.inner.source.label_sets(query, range).await?;
    Ok(sets.iter().map(|set| names::whole(set, &id, api.service_labels())).collect())
}

/// How many questions about labels a source is asked at a time: behind a gateway each is a way to a Parca and back.
const SIDE_BY_SIDE: usize = 4;

/// Names that every client can write without quotes; others are left out unless a client says that it takes them.
fn is_plain(name: &str) -> bool {
    NameRules::Legacy.is_label_name(name)
}
