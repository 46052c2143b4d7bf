//! What there is to ask: sources, profile types, labels and their values.

use axum::extract::{RawQuery, State};
use axum::response::Response;
use query::backend::Backend;
use query::deployments::Kind;
use serde_json::{Value, json as value};

use super::{Api, Asked, json};
use crate::refusal::Refusal;
use crate::{Source, friendly};

/// The most that a list may have, as entries and as bytes; nobody picks from a longer one.
const MAX_ENTRIES: usize = 2000;
const MAX_BYTES: usize = 256 << 10;

pub(super) async fn source(State(api): State<Api>) -> Response {
    let sources: Vec<Value> =
        api.page.sources.iter().enumerate().map(|(at, source)| listed(at, source)).collect();
    let link = |(text, href): &(String, String)| value!({ "text": text, "href": href });
    let links: Vec<Value> = api.page.links.iter().map(link).collect();
    json(value!({ "program": api.page.program, "sources": sources, "links": links }))
}

fn listed(at: usize, source: &Source) -> Value {
    let id = at.to_string();
    match source {
        Source::Server { name, deployment, backend } => {
            let kind = match backend.kind() {
                Kind::Parca => "parca",
                Kind::Pyroscope => "pyroscope",
            };
            // Credentials are in headers; an address that holds some is refused where deployments are read.
            let url = &backend.deployment().url;
            let label = backend.deployment().service_label();
            value!({ "id": id, "kind": kind, "name": name, "deployment": deployment, "url": url, "serviceLabel": label })
        }
        Source::File(file) => value!({ "id": id, "kind": "file", "name": file.name, "path": file.path }),
    }
}

pub(super) async fn types(
    State(api): State<Api>,
    RawQuery(parameters): RawQuery,
) -> Result<Response, Refusal> {
    let asked = Asked::parse(&parameters.unwrap_or_default());
    let types = match api.source(asked.get("source"))? {
        Source::Server { backend, .. } => {
            let _turn = api.list_turn().await?;
            api.in_time(server_types(backend, &asked)).await?
        }
        Source::File(file) => {
            let default = query::file::value_of(&file.profile, None).unwrap_or(0);
            let types = file.profile.sample_types.iter().enumerate();
            let listed = types.map(|(at, of)| {
                let name = friendly::sample_type_name(&of.name);
                value!({ "id": of.name, "name": name, "unit": of.unit, "isDefault": at == default })
            });
            listed.collect()
        }
    };
    Ok(json(value!({ "types": types })))
}

async fn server_types(backend: &Backend, asked: &Asked) -> Result<Vec<Value>, Refusal> {
    let mut types = backend.profile_types(None, asked.range()?).await.map_err(Refusal::server)?;
    types.sort_by_key(|of| (friendly::rank(of), of.to_string()));
    let listed = types.iter().map(|of| {
        value!({ "id": of.to_string(), "name": friendly::name(of), "unit": of.sample_unit, "isDefault": false })
    });
    Ok(listed.collect())
}

pub(super) async fn labels(
    State(api): State<Api>,
    RawQuery(parameters): RawQuery,
) -> Result<Response, Refusal> {
    let asked = Asked::parse(&parameters.unwrap_or_default());
    let Source::Server { backend, .. } = api.source(asked.get("source"))? else {
        return Ok(list("labels", []));
    };
    let (range, matchers) = (asked.range()?, matchers(&asked)?);
    let _turn = api.list_turn().await?;
    let names = async { backend.label_names(&matchers, range).await.map_err(Refusal::server) };
    Ok(list("labels", api.in_time(names).await?))
}

pub(super) async fn values(
    State(api): State<Api>,
    RawQuery(parameters): RawQuery,
) -> Result<Response, Refusal> {
    let asked = Asked::parse(&parameters.unwrap_or_default());
    let Source::Server { backend, .. } = api.source(asked.get("source"))? else {
        return Ok(list("values", []));
    };
    let label =
        asked.get("label").ok_or_else(|| Refusal::mistake("label", "expected a name, found nothing"))?;
    let (range, matchers) = (asked.range()?, matchers(&asked)?);
    let _turn = api.list_turn().await?;
    let values = async { backend.label_values(label, &matchers, range).await.map_err(Refusal::server) };
    Ok(list("values", api.in_time(values).await?))
}

/// The matchers of the query that a list is narrowed by.
fn matchers(asked: &Asked) -> Result<Vec<pql::Matcher>, Refusal> {
    match asked.get("query") {
        None => Ok(Vec::new()),
        Some(_) => Ok(asked.ask()?.matchers),
    }
}

/// As much as fits, and how many do not.
fn list(name: &str, entries: impl IntoIterator<Item = String>) -> Response {
    let (kept, left_out) = bounded(entries);
    json(value!({ name: kept, "leftOut": left_out }))
}

fn bounded(entries: impl IntoIterator<Item = String>) -> (Vec<String>, usize) {
    let (mut kept, mut bytes, mut left_out) = (Vec::new(), 0, 0);
    for entry in entries {
        bytes += entry.len();
        if kept.len() < MAX_ENTRIES && bytes <= MAX_BYTES {
            kept.push(entry);
        } else {
            left_out += 1;
        }
    }
    (kept, left_out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lists_say_how_much_is_missing() {
        let check = |entries: Vec<String>, kept: usize, left_out: usize| {
            let found = bounded(entries);
            assert_eq!((found.0.len(), found.1), (kept, left_out));
        };
        check(vec![String::new(); 3], 3, 0);
        check(vec![String::new(); MAX_ENTRIES + 2], MAX_ENTRIES, 2);
        check(vec!["x".repeat(MAX_BYTES); 3], 1, 2);
    }
}
