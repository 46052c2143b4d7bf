//! What the page asks.

mod asked;
mod catalog;
mod health;
mod history;
mod profile;
mod report;
mod series;

use std::sync::Arc;

use axum::http::header::CACHE_CONTROL;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde::Serialize;
use tokio::sync::OwnedSemaphorePermit;

use crate::refusal::Refusal;
use crate::{Page, Pulse, Source, Turns};
use asked::Asked;

/// Answers that are made at a time, each of which may hold some hundred megabytes.
const PROFILES_AT_ONCE: usize = 4;
/// Lists and series that a server is asked for at a time, for all pages together.
const LISTS_AT_ONCE: usize = 8;

/// What all handlers know.
#[derive(Clone)]
struct Api {
    page: Arc<Page>,
    profiles: Turns,
    lists: Turns,
    /// The pulses of the servers among the sources, at their numbers.
    pulses: Arc<[Option<Pulse>]>,
}

pub(crate) fn routes(page: Page) -> Router {
    let api = Api {
        pulses: page.sources.iter().map(pulse).collect(),
        page: Arc::new(page),
        profiles: Turns::new(PROFILES_AT_ONCE),
        lists: Turns::new(LISTS_AT_ONCE),
    };
    Router::new()
        .route("/api/source", get(catalog::source))
        .route("/api/types", get(catalog::types))
        .route("/api/labels", get(catalog::labels))
        .route("/api/values", get(catalog::values))
        .route("/api/series", get(series::series))
        .route("/api/history", get(history::history))
        .route("/api/profile", get(profile::profile))
        .route("/api/report", get(report::report))
        .route("/api/health", get(health::health))
        .with_state(api)
}

fn pulse(source: &Source) -> Option<Pulse> {
    match source {
        Source::Server { backend, .. } => Some(Pulse::of((**backend).clone())),
        Source::File(_) => None,
    }
}

impl Api {
    /// The source of this number; the first if none is named.
    fn source(&self, id: Option<&str>) -> Result<&Source, Refusal> {
        self.numbered(id).map(|(_, source)| source)
    }

    /// As [`source`](Self::source), with its number.
    fn numbered(&self, id: Option<&str>) -> Result<(usize, &Source), Refusal> {
        let at = id.map_or(Some(0), |id| id.parse::<usize>().ok());
        at.and_then(|at| Some((at, self.page.sources.get(at)?))).ok_or_else(|| {
            let most = self.page.sources.len().saturating_sub(1);
            Refusal::mistake("source", format!("expected a number from 0 to {most}"))
        })
    }

    async fn list_turn(&self) -> Result<OwnedSemaphorePermit, Refusal> {
        self.lists.take().await.ok_or(Refusal::Busy { limit: LISTS_AT_ONCE })
    }

    async fn profile_turn(&self) -> Result<OwnedSemaphorePermit, Refusal> {
        self.profiles.take().await.ok_or(Refusal::Busy { limit: PROFILES_AT_ONCE })
    }

    /// Waits for an answer as long as one may take.
    async fn in_time<T>(&self, answer: impl Future<Output = Result<T, Refusal>>) -> Result<T, Refusal> {
        let limit = self.page.longest;
        tokio::time::timeout(limit, answer).await.unwrap_or(Err(Refusal::TooSlow { limit }))
    }
}

fn json(value: impl Serialize) -> Response {
    ([(CACHE_CONTROL, "no-store")], Json(value)).into_response()
}
