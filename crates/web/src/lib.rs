//! `GET /parcaquery` as routes: one question from a URL, one report of a Parca or a Pyroscope.
//!
//! ```no_run
//! use std::time::Duration;
//!
//! use query::backend::Backend;
//! use query::deployments::{Deployment, Kind};
//!
//! # fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let backend = Backend::connect(&Deployment::at_url("http://localhost:4040", Kind::Pyroscope)?)?;
//! let routes: axum::Router = web::parcaquery(backend, Duration::from_secs(60));
//! # Ok(())
//! # }
//! ```
//!
//! What it does not know: addresses and ports, pages, and which program serves it.

mod gateway;
mod parcaquery;

pub use gateway::{Turns, status};
pub use parcaquery::parcaquery;
