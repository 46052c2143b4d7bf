//! Lanes of calls at their pace, measured from the planned instant.
//!
//! A [`Plan`] has lanes; a [`Lane`] has a [`Pace`]. At each *tick* of its pace a lane asks the
//! [`Workload`] for a *round* of calls and makes them one after the other. Ticks do not wait for
//! rounds: a slow target meets as many calls as a fast one, and a tick that finds the lane full
//! is counted as missed. So at any time `planned = started + missed`.
//!
//! Three numbers per call, never mixed: **response** time, from the planned instant to the last
//! byte, is what an independent user feels; **service** time, from the instant the request was
//! handed over, is the target's; **lag**, from the planned instant to the one at which the engine
//! began, is the engine's own fault, and decides whether the run is [valid](Validity).
//!
//! ```
//! use std::future::Future;
//! use std::time::{Duration, Instant};
//!
//! use load_engine::{CallContext, Hub, Lane, Outcome, Pace, Plan, SeriesKey, Tick, Verdict, Workload, run};
//! use tokio_util::sync::CancellationToken;
//!
//! struct Sleeper;
//!
//! impl Workload for Sleeper {
//!     type Call = Duration;
//!     fn calls(&self, _: &Tick) -> Vec<Duration> {
//!         vec![Duration::from_millis(2)]
//!     }
//!     fn series(&self, _: &Duration) -> SeriesKey {
//!         SeriesKey::new("sleep", [("kind", "short")])
//!     }
//!     async fn call(&self, call: &Duration, _: &CallContext<'_>) -> Outcome {
//!         let sent = Instant::now();
//!         tokio::time::sleep(*call).await;
//!         Outcome::new("ok", Verdict::Success, sent, Instant::now())
//!     }
//! }
//!
//! # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
//! let mut lane = Lane::new("sleep", Pace::rate(500.0));
//! lane.max_ticks = Some(50);
//! let hub = Hub::new(Plan::new([lane]))?;
//! // A reporter calls `hub.interval()` every second, a scrape `hub.read(..)`; both at any time.
//! let summary = run(hub, |_worker| Sleeper, CancellationToken::new()).await?;
//!
//! let lane = &summary.totals.lanes()[0];
//! assert_eq!((lane.counts.planned, lane.counts.calls), (50, 50));
//! assert!(lane.ops[0].response.quantile(0.5) >= Some(Duration::from_millis(2)));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The crate knows no protocol and no target. It does not print, serve or serialise: a
//! [`Snapshot`] is plain values for those who do.

mod backoff;
mod clock;
mod counts;
mod hub;
mod latency;
mod pace;
mod plan;
mod round;
mod run;
mod schedule;
mod seed;
mod series;
mod stats;
mod summary;
mod ticker;
mod user;
mod worker;
mod workload;

pub use backoff::Backoff;
pub use counts::{CANCELED, Counts, PANICKED};
pub use hub::{Hub, Snapshot};
pub use latency::{Latency, NATIVE_SCHEMA};
pub use pace::{Arrivals, Pace};
pub use plan::{InvalidPlan, Lane, MAX_WORKERS, Plan, PlanFault};
pub use run::{RunError, run};
pub use series::SeriesKey;
pub use stats::{CodeCount, LaneStats, OpStats, SeriesStats};
pub use summary::{Reason, Summary, Validity, ValidityLimits, WorkerUse};
pub use workload::{CallContext, Outcome, Tick, Verdict, Workload};
