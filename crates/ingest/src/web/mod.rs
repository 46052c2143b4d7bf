//! What a scraper shows: a page of targets, the same as JSON, and Parca's `ScrapeService` for Parca's own page.

mod page;
mod service;

use std::sync::Arc;

use axum::Router;

use crate::outgoing::Sink;
use crate::scrape::{JobStatus, Scraper};
use crate::send::Stores;

/// What is asked for the state of a scraper.
#[derive(Clone)]
pub(crate) struct Source {
    pub(crate) jobs: Arc<dyn Fn() -> Vec<JobStatus> + Send + Sync>,
    /// Where profiles go, if that is not the process itself.
    pub(crate) stores: Option<Stores>,
}

/// `/targets` as a page and `/targets.json`.
pub fn pages<S: Sink>(scraper: Arc<Scraper<S>>, stores: Option<Stores>) -> Router {
    page::routes(Source { jobs: Arc::new(move || scraper.status()), stores })
}

/// `parca.scrape.v1alpha1.ScrapeService` over gRPC and gRPC-Web.
pub fn scrape_service<S: Sink>(scraper: Arc<Scraper<S>>) -> Router {
    service::routes(Source { jobs: Arc::new(move || scraper.status()), stores: None })
}
