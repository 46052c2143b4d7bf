//! One question, one report: of a Pyroscope, a Parca or a file, from a URL, a terminal or a program.
//!
//! - [`deployments`] says which servers there are, [`backend`] asks them, [`file`](mod@file) reads profiles from files;
//! - an [`Ask`] says which profiles are wanted, [`Changes`] what is done to their stacks, and a [`Question`] is both
//!   with the [`Form`](report::Form) of the report, read from the parameters of a URL, every mistake at once;
//! - [`Fetched`] is what came, [`Shown`] what is shown of it, and [`report::write`] writes it in any form;
//! - [`diff`] compares two profiles function by function; [`times`] reads what people type for time.
//!
//! ```no_run
//! use std::time::SystemTime;
//!
//! use query::Question;
//! use query::backend::Backend;
//! use query::deployments::{Deployment, Kind};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let parameters = [("query", r#"memory{job="api"}"#), ("start", "now-1h"), ("reportType", "folded")];
//! let question = Question::parse(parameters, SystemTime::now()).map_err(|mistakes| format!("{mistakes:?}"))?;
//!
//! let backend = Backend::connect(&Deployment::at_url("http://localhost:7070", Kind::Parca)?)?;
//! let answer = backend.answer(&question).await?;
//! answer.write(&mut std::io::stdout().lock())?;
//! # Ok(())
//! # }
//! ```
//!
//! What it does not know: HTTP, terminals, the clock (now is an argument), and how often it is asked.

mod answer;
mod ask;
pub mod backend;
mod changes;
pub mod deployments;
pub mod diff;
mod fetched;
pub mod file;
mod filter;
mod mistake;
mod parameters;
mod question;
pub mod report;
mod shown;
pub mod times;

pub use answer::{Answer, Found};
pub use ask::Ask;
pub use changes::{Changed, Changes};
pub use fetched::{Fetched, Outline, Snapshots, Stacks, Tree};
pub use filter::{FilterError, parse_filter, parse_filters};
pub use mistake::Mistake;
pub use question::Question;
pub use shown::{Content, Shown};
pub use times::rfc3339;
