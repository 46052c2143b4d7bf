//! Prometheus remote write, 1.0 and 2.0, from measured values to a receiver that has them.
//!
//! A [`Destination`] takes [`Series`], applies its [`Rules`] (external labels, relabelling, names, one
//! value for each series and timestamp), makes [`Batch`]es of them and sends these in order, from memory
//! or from a [`Spool`] that outlives the process. Several destinations are several values, each on its own.
//!
//! ```
//! use std::time::Duration;
//!
//! use bytes::Bytes;
//! use http::{HeaderMap, StatusCode};
//! use relabel::Labels;
//! use remote_write::{Answer, Destination, Protocol, Series, Settings, Transport, TransportError};
//! use tokio::time::Instant;
//!
//! /// Any HTTP client; this one is a receiver that stores everything.
//! struct Everything;
//!
//! impl Transport for Everything {
//!     async fn post(&self, headers: HeaderMap, _: Bytes, _: Instant) -> Result<Answer, TransportError> {
//!         assert_eq!(headers["content-encoding"], "snappy");
//!         Ok(Answer { status: StatusCode::NO_CONTENT, headers: HeaderMap::new(), body: Bytes::new() })
//!     }
//! }
//!
//! # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(async {
//! let mut settings = Settings::new("example");
//! settings.protocol = Protocol::Auto;
//! settings.queue.sample_age_limit = Duration::ZERO;
//! let destination = Destination::start(settings, Everything).unwrap();
//!
//! let labels = Labels::new([("__name__", "cpu_seconds"), ("function", "main")]).unwrap();
//! let accepted = destination.push(&[Series::new(labels, 1.5, 1_795_000_000_000)]).await.unwrap();
//! assert_eq!(accepted.samples, 1);
//!
//! let counts = destination.shutdown(Duration::from_secs(5)).await;
//! assert_eq!((counts.sent, counts.pending), (1, 0));
//! # });
//! ```
//!
//! It knows no URL, no credentials and no TLS: the [`Transport`] does. It names no metric: a caller
//! reads [`Counts`]. It reads no clock but the one in the settings, except to wait. It sends no exemplars
//! and no native histograms.

mod answer;
mod attempt;
mod batch;
mod counts;
mod destination;
mod lane;
mod negotiate;
mod news;
mod notes;
mod prepare;
mod queue;
mod series;
mod settings;
mod shared;
mod size_limit;
mod spool;
mod staleness;
mod transport;
mod waiting;
mod wire;

pub use batch::{Batch, BatchLimits, split};
pub use counts::Counts;
pub use destination::{Accepted, Destination, PushError, StartError};
pub use prepare::{Duplicates, LeftOut, Rules, prepare};
pub use series::{Metadata, MetricKind, Sample, Series, is_stale, stale_marker};
pub use settings::{Protocol, QueueConfig, Settings, SettingsError, SpoolSettings};
pub use spool::{Spool, SpoolDamage, SpoolError};
pub use staleness::Staleness;
pub use transport::{Answer, Transport, TransportError};
pub use wire::{DecodeError, Message, decode};
