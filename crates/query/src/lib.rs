//! One question, one report.
//!
//! A [`Question`] is read from the parameters of a URL, a form or a command line, every mistake at
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
mod content;
mod envelope;
mod error;
mod parameters;
mod question;
mod resolve;
mod view;
mod when;

pub use answer::{Answer, Found};
pub use ask::{MAX_TYPES, ask};
pub use content::Content;
pub use error::{AskError, Mistake, Searched};
pub use parameters::rfc3339;
pub use question::{Question, Shape, Target};
pub use view::View;
