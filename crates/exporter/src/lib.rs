//! Profiles become metrics, and no window is lost.
//!
//! Each query of [`Settings`] runs on its own: window after window it asks a Parca for the stacks of a span
//! of time, counts each function once per stack, and hands series to the receivers of Prometheus remote
//! write. Windows are aligned, touch each other and share no profile; what was missed is caught up with.
//!
//! ```
//! use std::path::Path;
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
//! // let exporter = exporter::Exporter::start(settings, around).await?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! What it does not know: arguments, files of configs, signals, terminals, and the environment.

mod budget;
mod choose;
pub mod config;
mod engine;
mod families;
mod matcher;
mod measure;
mod output;
mod progress;
mod receivers;
mod samples;
mod schedule;
mod settings;
mod show;
mod stats;
mod table;
mod tally;
mod task;
#[cfg(test)]
mod testing;
mod transport;
mod unit;

pub use engine::{Around, Exporter, Once, OnceQuery, Sent, StartError, Which, once};
pub use families::families;
pub use matcher::{Field, Matcher, Pattern, PatternError, Subject, TextMatch};
pub use measure::MeasureError;
pub use output::{OutputError, Shown};
pub use progress::ProgressError;
pub use receivers::{ReceiverError, Receivers};
pub use schedule::Window;
pub use settings::{
    Compare, Functions, GroupLabel, Metric, Metrics, QuerySettings, Rank, Remote, Schedule, Settings, Top,
    Unit, Unsymbolized, ValueKind,
};
pub use show::{write_json, write_text};
pub use stats::Stats;
pub use task::WindowError;
