//! The pages: profiles at `/`, the load at `/load`, and what both ask.

mod assets;
mod moments;
mod status;

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::routing::get;
use load_engine::Hub;
use ops::Readiness;
use parca_client::Client;
use parca_workload::Knowledge;
use profile_ui::{Page, Pulse, Source};
use query::backend::Backend;
use tokio_util::sync::CancellationToken;

use moments::Moments;

/// What the pages show: the run, and the Parca behind it.
#[derive(Clone)]
pub(crate) struct Ui {
    client: Client,
    pulse: Pulse,
    hub: Arc<Hub>,
    readiness: Readiness,
    knowledge: Knowledge,
    /// What is spoken, as it was typed.
    protocol: &'static str,
    began: Instant,
    moments: Moments,
}

impl Ui {
    /// Begins to note what each lane does over time, until `stop`.
    pub(crate) fn start(
        client: Client,
        hub: Arc<Hub>,
        readiness: Readiness,
        knowledge: Knowledge,
        protocol: &'static str,
        stop: CancellationToken,
    ) -> Self {
        let moments = Moments::default();
        tokio::spawn(moments.clone().note(hub.clone(), stop));
        let pulse = Pulse::of(Backend::of_parca(client.clone()));
        Self { client, pulse, hub, readiness, knowledge, protocol, began: Instant::now(), moments }
    }
}

/// `/`, `/load`, `/parcaquery`, and what they ask. A question may take `longest`.
pub(crate) fn routes(ui: Ui, longest: Duration) -> Router {
    let backend = Backend::of_parca(ui.client.clone());
    let questions = profile_ui::parcaquery(backend.clone(), longest);
    let mut page = Page::new("parca-load");
    page.longest = longest;
    page.sources.push(Source::server(ui.client.url(), backend));
    page.links.push(("Load".to_owned(), "load".to_owned()));
    let status = Router::new()
        .route("/api/status", get(status::status))
        .route("/api/load-report", get(status::report))
        .with_state(ui);
    profile_ui::routes(page).merge(questions).merge(assets::routes()).merge(status)
}
