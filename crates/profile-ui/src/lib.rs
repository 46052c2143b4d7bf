//! The profile page as routes: one page in front of a Parca, a Pyroscope or files, and `GET /parcaquery`.
//!
//! The page asks for little over HTTP and does the rest in the browser:
//!
//! - `api/source`: what there is to ask, and what the program is called;
//! - `api/types`, `api/labels`, `api/values`: what a question may be made of, narrowed by the rest of it and by time;
//! - `api/series`: the values over the range; `api/history`: the sums of each function, step by step;
//! - `api/profile`: the stacks once, as flat arrays, before and after if two are compared;
//! - `api/report`: the same in any form of a report; `api/health`: whether the server behind answers.
//!
//! ```no_run
//! use profile_ui::{Page, Source};
//! use query::backend::Backend;
//! use query::deployments::{Deployment, Kind};
//!
//! # fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let backend = Backend::connect(&Deployment::at_url("http://localhost:4040", Kind::Pyroscope)?)?;
//! let mut page = Page::new("my-program");
//! page.sources.push(Source::server("prod", backend));
//! let routes: axum::Router = profile_ui::routes(page);
//! # Ok(())
//! # }
//! ```
//!
//! What it does not know: addresses and ports, credentials, and which program serves it.

mod api;
mod files;
mod friendly;
mod gateway;
mod parcaquery;
mod pulse;
mod refusal;
mod source;

use std::time::Duration;

use axum::Router;

pub use files::file;
pub use gateway::{Turns, status};
pub use parcaquery::parcaquery;
pub use pulse::Pulse;
pub use report_render::html::BASE_STYLE;
pub use source::{FileSource, Source};

/// A page: which program it belongs to, and what can be asked on it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Page {
    /// The name of the program, which stands in the corner of the page.
    pub program: String,
    /// What can be asked; the first is shown first.
    pub sources: Vec<Source>,
    /// Other pages of the program: text and address.
    pub links: Vec<(String, String)>,
    /// How long an answer may take, however many calls it takes.
    pub longest: Duration,
}

impl Page {
    /// A page without sources, whose answers may take a minute.
    pub fn new(program: impl Into<String>) -> Self {
        let longest = Duration::from_secs(60);
        Self { program: program.into(), sources: Vec::new(), links: Vec::new(), longest }
    }
}

/// `/`, what it is made of below `/ui/`, and what it asks below `/api/`.
pub fn routes(page: Page) -> Router {
    files::routes().merge(api::routes(page))
}
