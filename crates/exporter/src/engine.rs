//! All queries of a config at work.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use futures_util::future::join_all;
use http_config::Environment;
use ops::{Latch, Readiness};
use parca_client::Client;
use remote_write::Counts;
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::budget::Budget;
use crate::output::{Output, Shown};
use crate::receivers::{ReceiverError, Receivers};
use crate::settings::{QuerySettings, Settings};
use crate::stats::Stats;
use crate::task::{LONGEST_TIMEOUT, Memory, Shared, Task, WindowError, end};

/// What an exporter is given beside its settings.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Around {
    /// Variables for proxies and cloud credentials; this crate reads none itself.
    pub environment: Environment,
    /// Where it counts.
    pub stats: Stats,
    /// Held back until each query was tried once.
    pub readiness: Readiness,
    /// The clock.
    pub now: fn() -> SystemTime,
}

/// Why an exporter cannot start, or not change to other settings.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The Parca's settings are no good.
    #[error("cannot set up the client for the Parca")]
    Parca(#[from] parca_client::SettingsError),
    /// A receiver cannot be set up.
    #[error(transparent)]
    Receiver(#[from] ReceiverError),
    /// What an earlier process left cannot be read, or not be handed over.
    #[error("cannot start the query `{name}`")]
    Query {
        /// The query.
        name: String,
        /// Why not.
        #[source]
        source: WindowError,
    },
}

/// Running queries. Dropping it stops them at once; [`shutdown`](Self::shutdown) does so in order.
#[derive(Debug)]
pub struct Exporter {
    around: Around,
    settings: Settings,
    shared: Shared,
    receivers: Option<Arc<Receivers>>,
    running: BTreeMap<String, Running>,
    stop: CancellationToken,
}

#[derive(Debug)]
struct Running {
    query: Arc<QuerySettings>,
    stop: CancellationToken,
    task: JoinHandle<Memory>,
}

/// How long a receiver that a reload takes away may take to get what waits for it.
const RELOAD_GRACE: Duration = Duration::from_secs(10);

impl Around {
    /// The system's clock, no variables.
    pub fn new(stats: Stats, readiness: Readiness) -> Self {
        Self { environment: Environment::empty(), stats, readiness, now: SystemTime::now }
    }
}

impl Exporter {
    /// Sets up the receivers and starts all queries.
    ///
    /// # Panics
    /// Outside a Tokio runtime with timers.
    pub async fn start(settings: Settings, around: Around) -> Result<Self, StartError> {
        let receivers = Arc::new(Receivers::start(&settings.remotes, &around)?);
        Self::run(settings, around, Output::Send(Arc::clone(&receivers)), Some(receivers)).await
    }

    /// Starts all queries and sends nothing: their series come out of the channel. Nothing is remembered
    /// on disk, and no receiver is set up.
    pub async fn start_dry(
        mut settings: Settings,
        around: Around,
        shown: mpsc::Sender<Shown>,
    ) -> Result<Self, StartError> {
        settings.spool_dir = None;
        Self::run(settings, around, Output::Show(shown), None).await
    }

    async fn run(
        settings: Settings,
        around: Around,
        output: Output,
        receivers: Option<Arc<Receivers>>,
    ) -> Result<Self, StartError> {
        let shared = shared(&settings, &around, output)?;
        let stop = CancellationToken::new();
        let mut exporter = Self { around, settings, shared, receivers, running: BTreeMap::new(), stop };
        let latches: Vec<Latch> =
            exporter.settings.queries.iter().map(|_| exporter.around.readiness.latch()).collect();
        for (query, latch) in exporter.settings.queries.clone().into_iter().zip(latches) {
            exporter.spawn(query, None, Some(latch)).await?;
        }
        Ok(exporter)
    }

    async fn spawn(
        &mut self,
        query: Arc<QuerySettings>,
        memory: Option<Memory>,
        latch: Option<Latch>,
    ) -> Result<(), StartError> {
        let name = query.name.clone();
        let task = Task::new(Arc::clone(&query), self.shared.clone(), memory, latch).await;
        let task = task.map_err(|source| StartError::Query { name: name.clone(), source })?;
        let stop = self.stop.child_token();
        let task = tokio::spawn(task.run(stop.clone()));
        self.running.insert(name, Running { query, stop, task });
        Ok(())
    }

    /// Changes to other settings. Queries and receivers that did not change go on as if nothing
    /// happened; on an error in a client's settings everything does.
    pub async fn reload(&mut self, settings: Settings) -> Result<(), StartError> {
        let mut shared = shared(&settings, &self.around, self.shared.output.clone())?;
        if settings.parca_fingerprint == self.settings.parca_fingerprint {
            shared.client = self.shared.client.clone();
        }
        if let Some(receivers) = &self.receivers {
            receivers.exchange(&settings.remotes, &self.around, RELOAD_GRACE).await?;
        }
        let all_change = settings.differs_for_all_queries(&self.settings);
        self.shared = shared;
        let kept = |running: &Running| !all_change && settings.queries.contains(&running.query);
        let (kept, stopped): (BTreeMap<_, _>, BTreeMap<_, _>) =
            std::mem::take(&mut self.running).into_iter().partition(|(_, running)| kept(running));
        self.running = kept;
        let mut memories = stop_all(stopped).await;
        for query in &settings.queries {
            if !self.running.contains_key(&query.name) {
                let memory = memories.remove(&query.name).map(|(_, memory)| memory);
                self.spawn(Arc::clone(query), memory, None).await?;
            }
        }
        for (name, (query, memory)) in memories {
            end(&query, &self.shared, memory).await;
            self.around.stats.forget(&name);
        }
        self.settings = settings;
        Ok(())
    }

    /// Stops all queries, marks their series as ended if the settings say so, and sends what waits, for
    /// at most so long. The counts are those of the receivers by name; what is still pending is lost, or
    /// in the spool.
    pub async fn shutdown(self, deadline: Duration) -> Vec<(String, Counts)> {
        self.stop.cancel();
        let memories = stop_all(self.running).await;
        for (query, memory) in memories.into_values() {
            if self.settings.stale_on_shutdown {
                end(&query, &self.shared, memory).await;
            }
        }
        match &self.receivers {
            Some(receivers) => receivers.shutdown(deadline).await,
            None => Vec::new(),
        }
    }

    /// The receivers, for their numbers.
    pub fn receivers(&self) -> Option<Arc<Receivers>> {
        self.receivers.clone()
    }
}

async fn stop_all(stopped: BTreeMap<String, Running>) -> BTreeMap<String, (Arc<QuerySettings>, Memory)> {
    stopped.values().for_each(|running| running.stop.cancel());
    let ended = stopped.into_iter().map(|(name, running)| async move {
        match running.task.await {
            Ok(memory) => Some((name, (running.query, memory))),
            Err(error) => {
                tracing::error!(query_name = name, %error, "a query's task ended in a panic");
                None
            }
        }
    });
    join_all(ended).await.into_iter().flatten().collect()
}

fn shared(settings: &Settings, around: &Around, output: Output) -> Result<Shared, StartError> {
    let mut parca = settings.parca.clone();
    // Windows have deadlines of their own; this one only must not be in their way.
    parca.timeout = parca.timeout.max(LONGEST_TIMEOUT);
    Ok(Shared {
        client: Client::new(&parca)?,
        output,
        permits: Arc::new(Semaphore::new(settings.max_concurrent_queries)),
        budget: Arc::new(Budget::new(settings.max_series)),
        stats: around.stats.clone(),
        stale_markers: settings.stale_markers,
        progress_dir: settings.spool_dir.as_deref().map(progress_dir),
        now: around.now,
    })
}

fn progress_dir(spool_dir: &Path) -> std::path::PathBuf {
    spool_dir.join("windows")
}

/// How a single run went, by query.
#[derive(Debug)]
#[non_exhaustive]
pub struct Once {
    /// The queries in the order of the config.
    pub queries: Vec<OnceQuery>,
    /// What the receivers took, by name. Empty for a dry run.
    pub receivers: Vec<(String, Counts)>,
}

/// How one query of a single run went.
#[derive(Debug)]
#[non_exhaustive]
pub struct OnceQuery {
    /// Its name.
    pub name: String,
    /// Windows and series that were handed over.
    pub sent: Sent,
    /// Windows of these for which the Parca had nothing.
    pub empty: u64,
    /// What went wrong, by window.
    pub errors: Vec<WindowError>,
}

/// What was handed over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sent {
    /// Windows.
    pub windows: u64,
    /// Series of all of them.
    pub series: u64,
}

/// Which windows a single run is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// The newest one of each query that is due.
    Newest,
    /// All that lie in this span, in milliseconds since 1970; the end is not in it.
    Within {
        /// The first millisecond.
        start_ms: i64,
        /// The first millisecond after it.
        end_ms: i64,
    },
}

/// Asks for some windows of each query, hands them over, waits until the receivers have them for at most
/// `deadline`, and ends. `stop` ends it early.
///
/// The newest window is remembered on disk as [`Exporter`] does it; a span of earlier ones is not.
pub async fn once(
    settings: &Settings,
    around: &Around,
    which: Which,
    shown: Option<mpsc::Sender<Shown>>,
    deadline: Duration,
    stop: &CancellationToken,
) -> Result<Once, StartError> {
    let (output, receivers) = match shown {
        Some(shown) => (Output::Show(shown), None),
        None => {
            let receivers = Arc::new(Receivers::start(&settings.remotes, around)?);
            (Output::Send(Arc::clone(&receivers)), Some(receivers))
        }
    };
    let mut shared = shared(settings, around, output)?;
    if receivers.is_none() || which != Which::Newest {
        shared.progress_dir = None;
    }
    let room = Room { receivers: receivers.clone(), longest: deadline };
    let queries = settings.queries.iter().map(|query| single(query, &shared, which, &room, stop));
    let queries = join_all(queries).await;
    drop(shared);
    let receivers = match receivers {
        Some(receivers) => receivers.shutdown(deadline).await,
        None => Vec::new(),
    };
    Ok(Once { queries, receivers })
}

/// Keeps windows of a long span from being asked for faster than receivers take them.
struct Room {
    receivers: Option<Arc<Receivers>>,
    /// How long a receiver may take nothing.
    longest: Duration,
}

impl Room {
    const LOOK: Duration = Duration::from_millis(20);

    /// Whether there is room now, or was before the time was over.
    async fn wait(&self, stop: &CancellationToken) -> bool {
        let Some(receivers) = &self.receivers else { return true };
        let end = tokio::time::Instant::now() + self.longest;
        while !receivers.have_room() {
            if stop.is_cancelled() || tokio::time::Instant::now() >= end {
                return false;
            }
            tokio::time::sleep(Self::LOOK).await;
        }
        true
    }
}

async fn single(
    query: &Arc<QuerySettings>,
    shared: &Shared,
    which: Which,
    room: &Room,
    stop: &CancellationToken,
) -> OnceQuery {
    let mut done =
        OnceQuery { name: query.name.clone(), sent: Sent::default(), empty: 0, errors: Vec::new() };
    let mut task = match Task::new(Arc::clone(query), shared.clone(), None, None).await {
        Ok(task) => task,
        Err(error) => {
            done.errors.push(error);
            return done;
        }
    };
    let mut add = |outcome: Result<Option<usize>, WindowError>| match outcome {
        Ok(Some(series)) => {
            done.sent.windows += 1;
            done.sent.series += series as u64;
        }
        Ok(None) => {}
        Err(error) => done.errors.push(error),
    };
    match which {
        Which::Newest => add(task.newest().await),
        Which::Within { start_ms, end_ms } => {
            for window in query.schedule.within(start_ms, end_ms) {
                if stop.is_cancelled() || !room.wait(stop).await {
                    break;
                }
                add(task.window(window).await.map(Some));
            }
        }
    }
    done.empty = shared.stats.empty_windows(&query.name);
    done
}
