//! The labels that Pyroscope has and Parca has not: of a series' type, and its service.

use pql::{MatchOp, Matcher, ProfileType};
use profile_model::Labels;

use crate::ApiError;

pub(crate) const PROFILE_TYPE: &str = "__profile_type__";
pub(crate) const SERVICE: &str = "service_name";
const SERVICE_COPY: &str = "__service_name__";
/// The service of a series that has no label to take it from, as Pyroscope names it.
pub(crate) const UNKNOWN_SERVICE: &str = "unknown_service";

/// The labels that follow from a type.
pub(crate) fn of_type(id: &ProfileType) -> [(&'static str, String); 6] {
    [
        (pql::NAME_LABEL, id.name.clone()),
        ("__period_type__", id.period_type.clone()),
        ("__period_unit__", id.period_unit.clone()),
        (PROFILE_TYPE, id.to_string()),
        ("__type__", id.sample_type.clone()),
        ("__unit__", id.sample_unit.clone()),
    ]
}

pub(crate) fn is_of_type(name: &str) -> bool {
    name == pql::NAME_LABEL
        || [PROFILE_TYPE, "__type__", "__unit__", "__period_type__", "__period_unit__"].contains(&name)
}

pub(crate) fn is_service(name: &str) -> bool {
    name == SERVICE || name == SERVICE_COPY
}

/// The service of a series: the first of the labels that it has.
pub(crate) fn service<'a>(labels: &'a Labels, service_labels: &[String]) -> &'a str {
    service_labels.iter().find_map(|name| labels.get(name)).unwrap_or(UNKNOWN_SERVICE)
}

/// All labels of a series, as Pyroscope has them, in order.
pub(crate) fn whole(labels: &Labels, id: &ProfileType, service_labels: &[String]) -> Labels {
    let service = service(labels, service_labels);
    let own = labels.iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
    let of_type = of_type(id).into_iter().map(|(name, value)| (name.to_owned(), value));
    let services = [SERVICE, SERVICE_COPY].map(|name| (name.to_owned(), service.to_owned()));
    own.chain(of_type).chain(services).filter(|(_, value)| !value.is_empty()).collect()
}

/// The labels at the source that a label of Pyroscope's is made of.
pub(crate) fn made_of(name: &str, service_labels: &[String]) -> Vec<String> {
    if is_service(name) {
        service_labels.to_vec()
    } else if is_of_type(name) {
        Vec::new()
    } else {
        vec![name.to_owned()]
    }
}

/// The selections that together are those of the services that match: for each label that a service may be taken
/// from, that none before it is there; and all are absent.
pub(crate) fn branches(
    plain: &[Matcher],
    services: &[Matcher],
    service_labels: &[String],
) -> Result<Vec<Vec<Matcher>>, ApiError> {
    if services.is_empty() {
        return Ok(vec![plain.to_vec()]);
    }
    let mut found = Vec::new();
    let mut absent: Vec<Matcher> = plain.to_vec();
    for label in service_labels {
        let mut branch = absent.clone();
        branch.push(matcher(label, MatchOp::NotEqual, "")?);
        for service in services {
            branch.push(matcher(label, service.op(), service.value())?);
        }
        found.push(branch);
        absent.push(Matcher::equal(label, ""));
    }
    if services.iter().all(|service| service.predicate().matches(UNKNOWN_SERVICE)) {
        found.push(absent);
    }
    Ok(found)
}

fn matcher(name: &str, op: MatchOp, value: &str) -> Result<Matcher, ApiError> {
    Matcher::new(name, op, value).map_err(|error| ApiError::invalid(error.to_string()))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn service_labels() -> Vec<String> {
        ["service_name", "job"].map(str::to_owned).to_vec()
    }

    #[test]
    fn a_service_is_the_first_label_that_is_there() {
        let check = |labels: &[(&str, &str)], expect: &str| {
            let labels: Labels = labels.iter().copied().collect();
            assert_eq!(service(&labels, &service_labels()), expect);
        };
        check(&[("job", "api"), ("service_name", "shop")], "shop");
        check(&[("job", "api")], "api");
        check(&[("pod", "p")], "unknown_service");
    }

    /// Every series is in one branch if it matches, in none if it does not.
    #[test]
    fn branches_select_each_series_once() {
        let sets: Vec<Labels> = [
            &[("job", "api"), ("service_name", "shop")][..],
            &[("job", "shop")],
            &[("job", "api")],
            &[("pod", "p")],
            &[("service_name", "unknown_service")],
        ]
        .iter()
        .map(|pairs| pairs.iter().copied().collect())
        .collect();
        for (op, value) in [
            (MatchOp::Equal, "shop"),
            (MatchOp::NotEqual, "shop"),
            (MatchOp::Matches, "^(?:sh.*|api)$"),
            (MatchOp::NotMatches, "^(?:sh.*|api)$"),
            (MatchOp::Equal, "unknown_service"),
            (MatchOp::NotEqual, ""),
            (MatchOp::Equal, ""),
        ] {
            let wanted = Matcher::new(SERVICE, op, value).unwrap();
            let branches = branches(&[], std::slice::from_ref(&wanted), &service_labels()).unwrap();
            for labels in &sets {
                let takes = |branch: &&Vec<Matcher>| {
                    branch
                        .iter()
                        .all(|matcher| matcher.predicate().matches(labels.get(matcher.name()).unwrap_or("")))
                };
                let expect = usize::from(wanted.predicate().matches(service(labels, &service_labels())));
                assert_eq!(branches.iter().filter(takes).count(), expect, "{wanted} {labels}");
            }
        }
    }
}
