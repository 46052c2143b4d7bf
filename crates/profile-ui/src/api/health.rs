//! Whether the server behind answers now.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use axum::extract::{RawQuery, State};
use axum::response::Response;
use profile_model::TimeRange;
use query::backend::Backend;
use serde_json::json as value;
use tokio::sync::Mutex;

use super::{Api, Asked, json};
use crate::Source;
use crate::refusal::Refusal;

/// How long a server may take to say anything. Pages ask every two seconds, so that a frozen one is seen within five.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long an answer holds, however many pages ask.
const HOLDS: Duration = Duration::from_secs(1);
/// The time whose profile types are asked for.
const LOOK_BACK: Duration = Duration::from_secs(60);

/// What each source last said, by its number.
#[derive(Clone, Debug, Default)]
pub(super) struct Pulse(Arc<Mutex<HashMap<usize, Said>>>);

/// When a source was asked, and its trouble; nothing where it is well.
type Said = (Instant, Option<String>);

pub(super) async fn health(
    State(api): State<Api>,
    RawQuery(parameters): RawQuery,
) -> Result<Response, Refusal> {
    let asked = Asked::parse(&parameters.unwrap_or_default());
    let source = api.source(asked.get("source"))?;
    let Source::Server { backend, .. } = source else { return Ok(json(value!({ "ok": true, "words": "" }))) };
    let at = asked.get("source").and_then(|id| id.parse().ok()).unwrap_or(0);
    // One page asks the server, and the others wait for what it is told.
    let mut known = api.pulse.0.lock().await;
    if let Some((when, trouble)) = known.get(&at)
        && when.elapsed() < HOLDS
    {
        return Ok(said(trouble.as_deref()));
    }
    let trouble = trouble(backend).await;
    let answer = said(trouble.as_deref());
    known.insert(at, (Instant::now(), trouble));
    Ok(answer)
}

fn said(trouble: Option<&str>) -> Response {
    json(value!({ "ok": trouble.is_none(), "words": trouble.unwrap_or("answering") }))
}

/// Why it cannot be asked; nothing if it can.
async fn trouble(backend: &Backend) -> Option<String> {
    let now = SystemTime::now();
    let range = TimeRange::new(now.checked_sub(LOOK_BACK)?.into(), now.into());
    match tokio::time::timeout(PATIENCE, backend.profile_types(None, range)).await {
        Ok(Ok(_)) => None,
        Ok(Err(error)) => Some(words::short(&error.to_string(), 160)),
        Err(_) => Some(format!("no answer for {}", words::span(PATIENCE))),
    }
}
