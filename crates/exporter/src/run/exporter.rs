//! All queries of a config at work.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use ops::Latch;
use parca_client::Client;
use remote_write::Counts;
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::budget::Budget;
use super::output::{Output, ShownSeries};
use super::progress::ProgressPlace;
use super::query_loop::{LONGEST_TIMEOUT, Memory, QueryLoop, Shared, WindowError, end};
use super::receivers::{ReceiverError, Receivers};
use crate::Context;
use crate::settings::{QuerySettings, Settings, same_parca};

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
    context: Context,
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

impl Exporter {
    /// Sets up the receivers and starts all queries.
    ///
    /// # Panics
    /// Outside a Tokio runtime with timers.
    ///
    /// # Errors
    /// [`StartError`].
    pub async fn start(settings: Settings, context: Context) -> Result<Self, StartError> {
        let receivers = Arc::new(Receivers::start(&settings.remotes, &context)?);
        Self::run(settings, context, Output::Send(Arc::clone(&receivers)), Some(receivers)).await
    }

    /// Starts all queries and sends nothing: their series come out of the channel, as each receiver would
    /// get them. Nothing is remembered on disk, and no receiver is set up.
    ///
    /// # Errors
    /// [`StartError`].
    pub async fn start_dry(
        mut settings: Settings,
        context: Context,
        shown: mpsc::Sender<ShownSeries>,
    ) -> Result<Self, StartError> {
        settings.spool_dir = None;
        let output = Output::show(shown, &settings.remotes);
        Self::run(settings, context, output, None).await
    }

    async fn run(
        settings: Settings,
        context: Context,
        output: Output,
        receivers: Option<Arc<Receivers>>,
    ) -> Result<Self, StartError> {
        let shared = shared(&settings, &context, output)?;
        let stop = CancellationToken::new();
        let mut exporter = Self { context, settings, shared, receivers, running: BTreeMap::new(), stop };
        let first_attempt = |query: &Arc<QuerySettings>| {
            exporter.context.readiness.latch_for(format!("the query `{}` was not tried yet", query.name))
        };
        let latches: Vec<Latch> = exporter.settings.queries.iter().map(first_attempt).collect();
        for (query, latch) in exporter.settings.queries.clone().into_iter().zip(latches) {
            exporter.spawn(query, None, Some(latch)).await?;
        }
        Ok(exporter)
    }

    async fn spawn(
        &mut self,
        query: Arc<QuerySettings>,
        memory: Option<Memory>,
        first_attempt: Option<Latch>,
    ) -> Result<(), StartError> {
        let name = query.name.clone();
        let queries = QueryLoop::new(Arc::clone(&query), self.shared.clone(), memory, first_attempt).await;
        let queries = queries.map_err(|source| StartError::Query { name: name.clone(), source })?;
        let stop = self.stop.child_token();
        let task = tokio::spawn(queries.run(stop.clone()));
        self.running.insert(name, Running { query, stop, task });
        Ok(())
    }

    /// Changes to other settings. Queries and receivers that did not change go on as if nothing
    /// happened; on an error in a client's settings everything does.
    ///
    /// # Errors
    /// [`StartError`].
    pub async fn reload(&mut self, settings: Settings) -> Result<(), StartError> {
        let output = match &self.receivers {
            Some(receivers) => Output::Send(Arc::clone(receivers)),
            None => self.shared.output.clone(),
        };
        let mut shared = shared(&settings, &self.context, output)?;
        if same_parca(&settings.parca, &self.settings.parca) {
            shared.client = self.shared.client.clone();
        }
        if let Some(receivers) = &self.receivers {
            receivers.exchange(&settings.remotes, &self.context, RELOAD_GRACE).await?;
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
            self.context.stats.forget(&name);
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
                tracing::error!(query_name = name, %error, "a query ended in a panic");
                None
            }
        }
    });
    join_all(ended).await.into_iter().flatten().collect()
}

pub(super) fn shared(settings: &Settings, context: &Context, output: Output) -> Result<Shared, StartError> {
    let mut parca = settings.parca.clone();
    // Windows have deadlines of their own; this one only must not be in their way.
    parca.timeout = parca.timeout.max(LONGEST_TIMEOUT);
    Ok(Shared {
        client: Client::new(&parca)?,
        output,
        permits: Arc::new(Semaphore::new(settings.max_concurrent_queries)),
        budget: Arc::new(Budget::new(settings.max_series)),
        stats: context.stats.clone(),
        readiness: context.readiness.clone(),
        stale_markers: settings.stale_markers,
        progress: settings.spool_dir.as_deref().map(|directory| progress(directory, settings)),
        now: context.now,
    })
}

fn progress(spool_dir: &Path, settings: &Settings) -> ProgressPlace {
    let sync = settings.remotes.iter().any(|remote| remote.write.spool.as_ref().is_some_and(|one| one.fsync));
    ProgressPlace { directory: spool_dir.join("windows"), sync }
}
