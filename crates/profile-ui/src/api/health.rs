//! Whether the server behind answers now.

use axum::extract::{RawQuery, State};
use axum::response::Response;
use serde_json::json as value;

use super::{Api, Asked, json};
use crate::refusal::Refusal;

pub(super) async fn health(
    State(api): State<Api>,
    RawQuery(parameters): RawQuery,
) -> Result<Response, Refusal> {
    let asked = Asked::parse(&parameters.unwrap_or_default());
    let (at, _) = api.numbered(asked.get("source"))?;
    let Some(pulse) = &api.pulses[at] else { return Ok(json(value!({ "ok": true, "words": "" }))) };
    let trouble = pulse.trouble().await;
    let words = trouble.as_deref().unwrap_or("answering");
    Ok(json(value!({ "ok": trouble.is_none(), "words": words })))
}
