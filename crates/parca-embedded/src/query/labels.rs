//! ProfileTypes, Labels and Values.

use std::collections::BTreeSet;

use parca_proto::query::{
    LabelsRequest, LabelsResponse, ProfileType, ProfileTypesRequest, ProfileTypesResponse, ValuesRequest,
    ValuesResponse,
};
use pql::parse_matchers;
use profile_store::{Filter, Span, View};
use tonic::Status;

use super::{timestamp, unreadable};

pub(crate) fn profile_types(
    view: &View,
    request: &ProfileTypesRequest,
) -> Result<ProfileTypesResponse, Status> {
    let span = span(request.start.as_ref(), request.end.as_ref());
    let types = view.profile_types(span).map_err(|error| unreadable(&error))?;
    Ok(ProfileTypesResponse { types: types.into_iter().map(wire_type).collect() })
}

fn wire_type(of: pql::ProfileType) -> ProfileType {
    ProfileType {
        name: of.name,
        sample_type: of.sample_type,
        sample_unit: of.sample_unit,
        period_type: of.period_type,
        period_unit: of.period_unit,
        delta: of.delta,
    }
}

/// Names that some row has a value for. `match` counts only beside a profile type, as it does there.
pub(crate) fn labels(view: &View, request: &LabelsRequest) -> Result<LabelsResponse, Status> {
    let filter = filter(request.profile_type.as_deref(), &request.r#match)?;
    let span = span(request.start.as_ref(), request.end.as_ref());
    let sets = view.label_sets(&filter, span).map_err(|error| unreadable(&error))?;
    let names: BTreeSet<&str> = sets.iter().flat_map(|set| set.iter().map(|(name, _)| name)).collect();
    let label_names = names.into_iter().map(str::to_owned).collect();
    Ok(LabelsResponse { label_names, warnings: Vec::new() })
}

/// Values of one label. The real server ignores `match` here, so this one does, too.
pub(crate) fn values(view: &View, request: &ValuesRequest) -> Result<ValuesResponse, Status> {
    let filter = filter(request.profile_type.as_deref(), &[])?;
    let span = span(request.start.as_ref(), request.end.as_ref());
    let sets = view.label_sets(&filter, span).map_err(|error| unreadable(&error))?;
    let label_values: BTreeSet<&str> = sets.iter().filter_map(|set| set.get(&request.label_name)).collect();
    let label_values = label_values.into_iter().map(str::to_owned).collect();
    Ok(ValuesResponse { label_values, warnings: Vec::new() })
}

fn filter(profile_type: Option<&str>, matches: &[String]) -> Result<Filter, Status> {
    let Some(text) = profile_type.filter(|text| !text.is_empty()) else { return Ok(Filter::all()) };
    let profile_type: pql::ProfileType =
        text.parse().map_err(|error: pql::ProfileTypeError| Status::invalid_argument(error.to_string()))?;
    let matchers =
        parse_matchers(&matches.join(",")).map_err(|_| Status::invalid_argument("failed to parse query"))?;
    Ok(Filter::of_type(&profile_type, &matchers))
}

/// No span at all unless both ends have seconds, as there.
fn span(start: Option<&prost_types::Timestamp>, end: Option<&prost_types::Timestamp>) -> Span {
    let set = |end: &&prost_types::Timestamp| end.seconds != 0;
    match start.filter(set).zip(end.filter(set)) {
        Some((start, end)) => Span::half_open(timestamp(start), timestamp(end)),
        None => Span::ALL,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zero_end_is_no_end_and_the_last_instant_is_out() {
        let at = |seconds| prost_types::Timestamp { seconds, nanos: 0 };
        let has =
            |start, end, seconds: i64| span(Some(&at(start)), Some(&at(end))).has(seconds * 1_000_000_000);
        assert!(has(10, 20, 10) && !has(10, 20, 20) && !has(10, 20, 9));
        assert!(has(0, 20, 30));
        assert!(span(None, Some(&at(20))).has(30_000_000_000));
    }
}
