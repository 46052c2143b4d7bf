//! ProfileTypes, Labels and Values.

use std::collections::BTreeSet;

use parca_proto::query::{
    LabelsRequest, LabelsResponse, ProfileType, ProfileTypesRequest, ProfileTypesResponse, ValuesRequest,
    ValuesResponse,
};
use pql::parse_matchers;
use tonic::Status;

use super::timestamp;
use crate::store::{Between, Filter, Tables};

pub(crate) fn profile_types(tables: &Tables, request: &ProfileTypesRequest) -> ProfileTypesResponse {
    let types = tables.profile_types(between(request.start.as_ref(), request.end.as_ref()));
    ProfileTypesResponse { types: types.into_iter().map(wire_type).collect() }
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
pub(crate) fn labels(tables: &Tables, request: &LabelsRequest) -> Result<LabelsResponse, Status> {
    let filter = filter(request.profile_type.as_deref(), &request.r#match)?;
    let between = between(request.start.as_ref(), request.end.as_ref());
    let mut names = BTreeSet::new();
    for series in tables.series_between(&filter, between) {
        names.extend(series.labels().iter().map(|(name, _)| name));
    }
    let label_names = names.into_iter().map(str::to_owned).collect();
    Ok(LabelsResponse { label_names, warnings: Vec::new() })
}

/// Values of one label. The real server ignores `match` here, so this one does, too.
pub(crate) fn values(tables: &Tables, request: &ValuesRequest) -> Result<ValuesResponse, Status> {
    let filter = filter(request.profile_type.as_deref(), &[])?;
    let between = between(request.start.as_ref(), request.end.as_ref());
    let found =
        tables.series_between(&filter, between).filter_map(|series| series.labels().get(&request.label_name));
    let label_values: BTreeSet<&str> = found.collect();
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

fn between(start: Option<&prost_types::Timestamp>, end: Option<&prost_types::Timestamp>) -> Between {
    Between::new(start.map(timestamp), end.map(timestamp))
}
