//! Why a query finds nothing, as far as the Parca can tell.

use parca_client::{Client, Error, LabelsRequest, ProfileTypesRequest, ValuesRequest};
use pql::{Matcher, ProfileType, Query};

/// How many names or values are shown.
const SHOWN: usize = 10;

/// A sentence for whoever wrote the query; none if nothing is wrong with it, or the Parca cannot be asked.
pub(crate) async fn explain(client: &Client, query: &Query) -> Option<String> {
    match reason(client, query).await {
        Ok(reason) => reason,
        Err(error) => {
            tracing::debug!(%error, "cannot find out why a query finds nothing");
            None
        }
    }
}

async fn reason(client: &Client, query: &Query) -> Result<Option<String>, Error> {
    let types = client.profile_types(&ProfileTypesRequest::default()).await?;
    if !types.contains(&query.profile_type) {
        return Ok(Some(no_such_type(&query.profile_type, &types)));
    }
    for matcher in &query.matchers {
        if let Some(reason) = of_matcher(client, &query.profile_type, matcher).await? {
            return Ok(Some(reason));
        }
    }
    Ok(None)
}

fn no_such_type(wanted: &ProfileType, types: &[ProfileType]) -> String {
    if types.is_empty() {
        return "the Parca has no profiles at all".to_owned();
    }
    let mut other = wanted.clone();
    other.delta = !wanted.delta;
    if types.contains(&other) {
        return format!("the Parca has `{other}`, {} `:delta`", if other.delta { "with" } else { "without" });
    }
    let names: Vec<String> = types.iter().map(ToString::to_string).collect();
    let has = words::listed(names.iter().map(String::as_str), SHOWN);
    format!("the Parca has no type `{wanted}`; it has {has}")
}

async fn of_matcher(
    client: &Client,
    profile_type: &ProfileType,
    matcher: &Matcher,
) -> Result<Option<String>, Error> {
    let mut request = ValuesRequest::new(matcher.name());
    request.profile_type = Some(profile_type.clone());
    let values = client.values(&request).await?;
    let predicate = matcher.predicate();
    // A label that is not there is as one without a value.
    if predicate.matches("") || values.iter().any(|value| predicate.matches(value)) {
        return Ok(None);
    }
    if values.is_empty() {
        let mut request = LabelsRequest::default();
        request.profile_type = Some(profile_type.clone());
        let labels = client.labels(&request).await?;
        let has = words::listed(labels.iter().map(String::as_str), SHOWN);
        return Ok(Some(format!(
            "no profile of this type has a label `{}`; there are {has}",
            matcher.name()
        )));
    }
    let has = words::listed(values.iter().map(String::as_str), SHOWN);
    Ok(Some(format!("`{matcher}` matches nothing: {} has {has}", matcher.name())))
}
