//! Queries at work: each in a loop of its own, with what it remembers and where its series go.

mod budget;
mod exporter;
mod once;
mod output;
mod progress;
mod query_loop;
mod receivers;
mod transport;
mod watch;

pub use exporter::{Exporter, StartError};
pub use once::{Handed, OnceOutcome, OnceQuery, Windows, once};
pub use output::{OutputError, ShownSeries};
pub use progress::ProgressError;
pub use query_loop::WindowError;
pub(crate) use receivers::Receiver;
pub use receivers::{ReceiverError, Receivers};
