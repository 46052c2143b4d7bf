//! Some windows of each query, then the end.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use remote_write::Counts;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::exporter::{StartError, shared};
use super::output::{Output, ShownSeries};
use super::query_loop::{QueryLoop, Shared, Tried, WindowError};
use super::receivers::Receivers;
use crate::Context;
use crate::settings::{QuerySettings, Settings};

/// How a single run went.
#[derive(Debug)]
#[non_exhaustive]
pub struct OnceOutcome {
    /// The queries in the order of the config.
    pub queries: Vec<OnceQuery>,
    /// What the receivers took, by name. Empty for a dry run.
    pub receivers: Vec<(String, Counts)>,
    /// Why the run ended before all windows were asked for: the receiver refused everything.
    pub refused: Option<String>,
}

/// How one query of a single run went.
#[derive(Debug)]
#[non_exhaustive]
pub struct OnceQuery {
    /// The query's name.
    pub name: String,
    /// Windows and series that were handed over.
    pub handed: Handed,
    /// Windows for which the Parca had something.
    pub found: u64,
    /// Windows for which it had nothing; a root of 0 may have been handed over.
    pub empty: u64,
    /// Windows that cannot be judged yet: the Parca has nothing from after them.
    pub early: u64,
    /// Whether there were stacks, and the matchers took none of their functions.
    pub no_function_matches: bool,
    /// Why the Parca had nothing, where it can tell.
    pub why_empty: Option<String>,
    /// What went wrong, by window.
    pub errors: Vec<WindowError>,
}

/// What was handed over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Handed {
    /// Windows.
    pub windows: u64,
    /// Series of all of them.
    pub series: u64,
}

/// Which windows a single run is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Windows {
    /// The newest one of each query that is due.
    Newest,
    /// All that lie in this span and are due, in milliseconds since 1970; the end is not in it.
    Within {
        /// The first millisecond.
        start_ms: i64,
        /// The first millisecond after it.
        end_ms: i64,
    },
}

/// Asks for some windows of each query, hands them over, waits until the receivers have them for at most
/// `deadline`, and ends. `stop` ends it early, and so do receivers that refuse everything.
///
/// The newest window is remembered on disk as [`Exporter`](crate::Exporter) does it; a span of earlier
/// ones is not.
///
/// # Errors
/// A client or receiver cannot be set up.
pub async fn once(
    settings: &Settings,
    context: &Context,
    windows: Windows,
    shown: Option<mpsc::Sender<ShownSeries>>,
    deadline: Duration,
    stop: &CancellationToken,
) -> Result<OnceOutcome, StartError> {
    let (output, receivers) = match shown {
        Some(shown) => (Output::show(shown, &settings.remotes), None),
        None => {
            let receivers = Arc::new(Receivers::start(&settings.remotes, context)?);
            (Output::Send(Arc::clone(&receivers)), Some(receivers))
        }
    };
    let mut shared = shared(settings, context, output)?;
    if receivers.is_none() || windows != Windows::Newest {
        shared.progress = None;
    }
    let pace = Pace { receivers: receivers.clone(), longest: deadline, stop: stop.child_token() };
    let queries = settings.queries.iter().map(|query| single(query, &shared, windows, &pace));
    let queries = join_all(queries).await;
    drop(shared);
    let refused = pace.refused();
    let receivers = match receivers {
        Some(receivers) => receivers.shutdown(deadline).await,
        None => Vec::new(),
    };
    Ok(OnceOutcome { queries, receivers, refused })
}

/// Keeps windows of a long span from being asked for faster than receivers take them, or at all if they
/// take none.
struct Pace {
    receivers: Option<Arc<Receivers>>,
    /// How long a receiver may take nothing.
    longest: Duration,
    stop: CancellationToken,
}

/// So many samples refused and none taken: the rest will fare no better.
const ENOUGH_REFUSED: u64 = 100;

impl Pace {
    const LOOK: Duration = Duration::from_millis(20);

    /// Whether there is room now, or was before the time was over.
    async fn wait(&self) -> bool {
        let Some(receivers) = &self.receivers else { return !self.stop.is_cancelled() };
        let end = tokio::time::Instant::now() + self.longest;
        while !receivers.have_room() {
            if self.stop.is_cancelled() || tokio::time::Instant::now() >= end {
                return false;
            }
            tokio::time::sleep(Self::LOOK).await;
        }
        if self.refused().is_some() {
            self.stop.cancel();
        }
        !self.stop.is_cancelled()
    }

    /// What the receivers say, if each refused everything so far and there was enough of it.
    fn refused(&self) -> Option<String> {
        let counts: Vec<Counts> = self.receivers.as_ref()?.counts();
        let refuses = |counts: &Counts| counts.sent == 0 && counts.failed >= ENOUGH_REFUSED;
        let all = !counts.is_empty() && counts.iter().all(refuses);
        all.then(|| counts.iter().find_map(|counts| counts.last_error.clone()).unwrap_or_default())
    }
}

async fn single(query: &Arc<QuerySettings>, shared: &Shared, windows: Windows, pace: &Pace) -> OnceQuery {
    let mut done = OnceQuery {
        name: query.name.clone(),
        handed: Handed::default(),
        found: 0,
        empty: 0,
        early: 0,
        no_function_matches: false,
        why_empty: None,
        errors: Vec::new(),
    };
    let mut queries = match QueryLoop::new(Arc::clone(query), shared.clone(), None, None).await {
        Ok(queries) => queries,
        Err(error) => {
            done.errors.push(error);
            return done;
        }
    };
    match windows {
        Windows::Newest => {
            if let Some(tried) = queries.newest().await {
                done.add(tried);
            }
        }
        Windows::Within { start_ms, end_ms } => {
            let newest = query.schedule.newest_due((shared.now)());
            for window in query.schedule.within(start_ms, end_ms.min(newest.end_ms)) {
                if !pace.wait().await {
                    break;
                }
                done.add(queries.window(window).await);
            }
        }
    }
    done.no_function_matches = queries.no_function_matches();
    if done.found == 0 && done.empty > 0 {
        done.why_empty = crate::measure::explain(&shared.client, &query.query).await;
    }
    done
}

impl OnceQuery {
    fn add(&mut self, tried: Result<Tried, WindowError>) {
        match tried {
            Ok(Tried::Sent { series, empty }) => {
                self.handed.windows += 1;
                self.handed.series += series as u64;
                self.found += u64::from(!empty);
                self.empty += u64::from(empty);
            }
            Ok(Tried::Gap { .. }) => self.empty += 1,
            Ok(Tried::Early) => self.early += 1,
            Err(error) => self.errors.push(error),
        }
    }
}
