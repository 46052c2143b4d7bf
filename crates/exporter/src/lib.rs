//! Profiles become metrics, and no window is lost.
//!
//! Each query of [`Settings`] runs on its own: window after window it asks a Parca for the stacks of a span
//! of time, counts each function once per stack, and hands series to the receivers of Prometheus remote
//! write. Windows are aligned, touch each other and share no profile; what was missed is caught up with.
//!
//! ```
//! use std::path::Path;
//! use std::time::Duration;
//!
//! let config = "
//! remote_write:
//!   url: http://localhost:9090/api/v1/write
//! parca:
//!   address: localhost:7070
//!   insecure: true
//! queries:
//! - name: WriteRawAPI
//!   query: process_cpu:samples:count:cpu:nanoseconds:delta
//!   duration: 20s
//!   matchers:
//!   - contains: ProfileColumnStore
//! ";
//! let (settings, warnings) = exporter::config::parse(config, "profile-exporter.yaml", Path::new("."))?;
//! assert!(warnings.is_empty());
//! assert_eq!(settings.queries[0].schedule.interval.as_secs(), 20);
//! # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
//! let context = exporter::Context::new();
//! let readiness = context.readiness.clone();
//! let running = exporter::Exporter::start(settings, context).await?;
//! // Until told to stop; `readiness` says when each query was tried.
//! assert!(!readiness.is_ready());
//! for (receiver, counts) in running.shutdown(Duration::ZERO).await {
//!     println!("{receiver}: {} sent, {} pending", counts.sent, counts.pending);
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The folders follow a window: `config` makes settings, `run` asks for windows, `measure` counts what a
//! Parca has, `series` makes what is sent. "The original" is Polar Signals' profile-exporter; docs/compat.md
//! says where this one differs.
//!
//! What it does not know: arguments, files of configs, signals, terminals, and the environment.

pub mod config;
mod context;
mod families;
mod matcher;
mod measure;
mod run;
mod schedule;
mod series;
mod settings;
mod stats;
#[cfg(test)]
mod testing;

pub use context::Context;
pub use families::families;
pub use matcher::{Field, Matcher, Pattern, PatternError, Subject, TextMatch};
pub use measure::{MeasureError, in_terms_of_the_config};
pub use run::{
    Exporter, Handed, OnceOutcome, OnceQuery, OutputError, ProgressError, ReceiverError, Receivers,
    ShownSeries, StartError, WindowError, Windows, once,
};
pub use schedule::Window;
pub use series::{write_json, write_text};
pub use settings::{
    Compare, EmptyWindows, Functions, GroupLabel, Metric, Metrics, QuerySettings, Rank, Remote, Schedule,
    Settings, Top, Unit, Unsymbolized, ValueKind,
};
pub use stats::Stats;

/// What these signatures name of other crates, so that nobody needs to depend on those.
pub mod parts {
    pub use http_config::{Environment, HttpClientConfig};
    pub use ops::metrics::Family;
    pub use ops::{Latch, Readiness};
    pub use parca_client::{Settings as ParcaSettings, SettingsError as ParcaSettingsError};
    pub use pql::Query;
    pub use profile_model::TimeRange;
    pub use relabel::Labels;
    pub use remote_write::{Counts, PushError, Series, Settings as WriteSettings};
}
