//! One question, one report.
//!
//! For whoever asks from a terminal, a Pyroscope or a Parca: [`deployments`] says which servers there
//! are, [`backend`] asks them, [`times`] reads what people type for time, [`diff`] compares two
//! profiles function by function.
//!
//! For a Parca behind a URL with parameters: a [`Question`] is read from the parameters of a URL, a form or a command line, every mistake at
//! once. [`ask`] resolves which profile types it means, fetches them from a Parca and gives an
//! [`Answer`], which writes itself in the form asked for.
//!
//! ```no_run
//! use std::time::SystemTime;
//!
//! use parca_client::{Client, Settings};
//! use query::{Question, ask};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let parameters = [("query", r#"memory{job="api"}"#), ("start", "now-1h"), ("reportType", "folded")];
//! let question = Question::parse(parameters, SystemTime::now()).map_err(|mistakes| format!("{mistakes:?}"))?;
//!
//! let client = Client::new(&Settings::new("http://localhost:7070"))?;
//! let answer = ask(&client, &question, &[]).await?;
//! answer.write(&mut std::io::stdout().lock())?;
//! # Ok(())
//! # }
//! ```
//!
//! What it does not know: HTTP, terminals, the clock (now is an argument), and how often it is asked.

mod answer;
mod ask;
pub mod backend;
mod content;
pub mod deployments;
pub mod diff;
mod envelope;
mod error;
mod filter;
mod nearest;
mod parameters;
mod plain;
mod question;
mod resolve;
pub mod times;
mod view;
mod when;

pub use answer::{Answer, Found};
pub use ask::{MAX_TYPES, ask};
pub use content::Content;
pub use error::{AskError, Mistake, Searched};
pub use filter::{FilterError, parse_filter};
pub use parameters::rfc3339;
pub use plain::plain;
pub use question::{Question, Shape, Target};
pub use view::View;
