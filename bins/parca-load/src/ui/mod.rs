//! `/`: a page for people, and what it asks for.

mod assets;
mod catalog;
mod status;

use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::routing::get;
use load_engine::Hub;
use ops::Readiness;
use parca_client::Client;

use web::Turns;

/// Lists that the Parca is asked for at a time, for all pages together.
const AT_ONCE: usize = 4;

/// What the page shows: the run, and the Parca behind it.
#[derive(Clone)]
pub(crate) struct Ui {
    client: Client,
    hub: Arc<Hub>,
    readiness: Readiness,
    /// What is spoken, as it was typed.
    protocol: &'static str,
    began: Instant,
    turns: Turns,
}

impl Ui {
    pub(crate) fn new(client: Client, hub: Arc<Hub>, readiness: Readiness, protocol: &'static str) -> Self {
        let turns = Turns::new(AT_ONCE);
        Self { client, hub, readiness, protocol, began: Instant::now(), turns }
    }
}

/// `/`, `/ui/...`, and the `/api/...` that the page asks.
pub(crate) fn routes(ui: Ui) -> Router {
    let api = Router::new()
        .route("/api/status", get(status::status))
        .route("/api/types", get(catalog::types))
        .route("/api/labels", get(catalog::labels))
        .route("/api/values", get(catalog::values))
        .with_state(ui);
    assets::routes().merge(api)
}
