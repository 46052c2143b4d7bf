//! What there is to ask for: `/api/types`, `/api/labels`, `/api/values`.

use axum::Json;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::http::header::CACHE_CONTROL;
use axum::response::{IntoResponse, Response};
use parca_client::{Client, Error, LabelsRequest, ProfileTypesRequest, ValuesRequest};
use pql::ProfileType;
use serde_json::json;
use tokio::sync::OwnedSemaphorePermit;
use url::form_urlencoded;

use super::{AT_ONCE, Ui};

/// The most that a list may have, as entries and as bytes; nobody picks from a longer one.
const MAX_ENTRIES: usize = 1000;
const MAX_BYTES: usize = 256 << 10;

/// Why there is no list.
pub(super) enum Failure {
    /// The request makes no sense.
    Wrong(String),
    Busy,
    Server(Error),
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let (status, message, hint) = match self {
            Self::Wrong(message) => (StatusCode::BAD_REQUEST, message, None),
            Self::Busy => {
                let message = format!("{AT_ONCE} lists are being fetched; ask again in a moment");
                (StatusCode::SERVICE_UNAVAILABLE, message, None)
            }
            Self::Server(error) => (web::status(error.code().as_str()), error.to_string(), error.hint()),
        };
        let said = json!({ "error": { "status": status.as_u16(), "message": message, "hint": hint } });
        (status, [(CACHE_CONTROL, "no-store")], Json(said)).into_response()
    }
}

pub(super) async fn types(State(ui): State<Ui>) -> Result<Response, Failure> {
    let (client, _turn) = ui.turn().await?;
    let types = client.profile_types(&ProfileTypesRequest::default()).await.map_err(Failure::Server)?;
    Ok(list("types", types.iter().map(ToString::to_string)))
}

pub(super) async fn labels(
    State(ui): State<Ui>,
    RawQuery(parameters): RawQuery,
) -> Result<Response, Failure> {
    let asked = Asked::parse(&parameters.unwrap_or_default())?;
    let mut request = LabelsRequest::default();
    request.profile_type = asked.profile_type;
    let (client, _turn) = ui.turn().await?;
    let labels = client.labels(&request).await.map_err(Failure::Server)?;
    Ok(list("labels", labels))
}

pub(super) async fn values(
    State(ui): State<Ui>,
    RawQuery(parameters): RawQuery,
) -> Result<Response, Failure> {
    let asked = Asked::parse(&parameters.unwrap_or_default())?;
    let label = asked.label.ok_or_else(|| Failure::Wrong("label: expected a name, found nothing".into()))?;
    let mut request = ValuesRequest::new(label);
    request.profile_type = asked.profile_type;
    let (client, _turn) = ui.turn().await?;
    let values = client.values(&request).await.map_err(Failure::Server)?;
    Ok(list("values", values))
}

impl Ui {
    /// The client, while the permit lives.
    async fn turn(&self) -> Result<(&Client, OwnedSemaphorePermit), Failure> {
        Ok((&self.client, self.turns.take().await.ok_or(Failure::Busy)?))
    }
}

/// The parameters; those not known are ignored.
#[derive(Debug, Default, PartialEq)]
struct Asked {
    profile_type: Option<ProfileType>,
    label: Option<String>,
}

impl Asked {
    fn parse(parameters: &str) -> Result<Self, Failure> {
        let mut asked = Self::default();
        for (name, value) in form_urlencoded::parse(parameters.as_bytes()) {
            match (&*name, &*value) {
                (_, "") => {}
                ("label", _) => asked.label = Some(value.into_owned()),
                ("type", id) => {
                    let id = id.parse().map_err(|error| Failure::Wrong(format!("type: {error}")))?;
                    asked.profile_type = Some(id);
                }
                _ => {}
            }
        }
        Ok(asked)
    }
}

/// As much as fits, and how many do not.
fn list(name: &str, entries: impl IntoIterator<Item = String>) -> Response {
    let (kept, left_out) = bounded(entries);
    ([(CACHE_CONTROL, "no-store")], Json(json!({ name: kept, "leftOut": left_out }))).into_response()
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
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const ID: &str = "memory:inuse_space:bytes:space:bytes";

    #[test]
    fn parameters_are_read() {
        let check = |text: &str, expect: Result<(Option<&str>, Option<&str>), &str>| {
            let found = Asked::parse(text).map_err(|failure| match failure {
                Failure::Wrong(words) => words,
                _ => "another".to_owned(),
            });
            let found = found.map(|asked| (asked.profile_type.map(|id| id.to_string()), asked.label));
            match expect {
                Ok((id, label)) => {
                    assert_eq!(found, Ok((id.map(str::to_owned), label.map(str::to_owned))), "{text}");
                }
                Err(part) => assert!(found.unwrap_err().contains(part), "{text}"),
            }
        };
        check("", Ok((None, None)));
        check("type=&label=", Ok((None, None)));
        check(&format!("type={ID}&label=a%20b&x=1"), Ok((Some(ID), Some("a b"))));
        check("type=memory", Err("type: "));
    }

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
