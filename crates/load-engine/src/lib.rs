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
//! use std::time::Duration;
//!
//! use load_engine::{Lane, Pace, Plan, SeriesKey, Tick, run, workload_fn};
//! use tokio_util::sync::CancellationToken;
//!
//! # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
//! let mut lane = Lane::new("sleep", Pace::rate(500.0));
//! lane.max_ticks = Some(50);
//! let key = SeriesKey::new("sleep", [("kind", "short")]);
//! let make = move |_worker| workload_fn(key.clone(), async |_: &Tick| {
//!     tokio::time::sleep(Duration::from_millis(2)).await;
//!     Ok::<_, std::io::Error>(())
//! });
//! let summary = run(Plan::new([lane]), make, CancellationToken::new()).await?;
//!
//! let lane = &summary.totals.lanes()[0];
//! assert_eq!((lane.counts.planned, lane.counts.calls), (50, 50));
//! assert!(lane.ops[0].response.quantile(0.5) >= Some(Duration::from_millis(2)));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! [`workload_fn`] is for one kind of call. A [`Workload`] of one's own makes rounds of several calls,
//! reads what each [`Lane`] brings along ([`Lane::with_data`]), and says what an answer means. To read
//! the numbers while it runs, take the [`Hub`] of a [`Run`]: a reporter calls [`Hub::interval`] every
//! second, a scrape [`Hub::read`].
//!
//! The crate knows no protocol and no target. It does not print, serve or serialise: a
//! [`Snapshot`] is plain values for those who do.

mod clock;
mod counts;
mod dispatch;
mod hub;
mod latency;
mod pace;
mod plan;
mod round;
mod run;
mod schedule;
mod seed;
mod series;
mod shared;
mod stats;
mod summary;
mod thread;
mod ticker;
mod user;
mod worker;
mod workload;
mod workload_fn;

pub use backoff::Policy as RetryPolicy;
pub use counts::{CANCELED, Counts, PANICKED};
pub use hub::{Hub, Snapshot};
pub use latency::{Latency, NATIVE_SCHEMA};
pub use pace::{Arrivals, Pace};
pub use plan::{InvalidPlan, Lane, MAX_WORKERS, Plan, PlanFault};
pub use run::{Run, run};
pub use series::SeriesKey;
pub use stats::{CodeCount, LaneStats, OpStats, SeriesStats};
pub use summary::{Reason, Summary, Unjudged, Validity, ValidityLimits, WorkerUse};
pub use thread::RunError;
pub use workload::{CallContext, Outcome, Tick, Verdict, Workload};
pub use workload_fn::{WorkloadFn, workload_fn};
