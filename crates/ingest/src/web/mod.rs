//! What a scraper shows: a page of targets, the same as JSON, and Parca's `ScrapeService` for Parca's own page.

mod json;
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
    /// What all pages of the program look alike by.
    pub(crate) style: &'static str,
}

/// `/targets` as a page and `/targets.json`. `style` is the CSS that the program's pages look alike by.
pub fn pages<S: Sink>(scraper: Arc<Scraper<S>>, stores: Option<Stores>, style: &'static str) -> Router {
    page::routes(Source { jobs: Arc::new(move || scraper.status()), stores, style })
}

/// `parca.scrape.v1alpha1.ScrapeService` over gRPC and gRPC-Web.
pub fn scrape_service<S: Sink>(scraper: Arc<Scraper<S>>) -> Router {
    service::routes(Source { jobs: Arc::new(move || scraper.status()), stores: None, style: "" })
}
