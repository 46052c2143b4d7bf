//! A destination: its rules, its shards, its tasks.

use std::borrow::Cow;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use relabel::{METRIC_NAME, is_reserved};
use tokio::task::JoinSet;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::batch::{Batch, split};
use crate::counts::{Counters, Counts};
use crate::lane::{Lane, Shared};
use crate::negotiate::Negotiation;
use crate::prepare::{LeftOut, Rules, prepare};
use crate::queue::Queue;
use crate::series::Series;
use crate::settings::{Settings, SettingsError};
use crate::spool::{Spool, SpoolError};
use crate::transport::Transport;
use crate::waiting::Waiting;

/// One receiver with everything that is on its way there. Dropping it stops sending at once.
#[derive(Debug)]
pub struct Destination {
    shared: Arc<Shared>,
    shards: Vec<Arc<Waiting>>,
    tasks: Mutex<JoinSet<()>>,
    _stop: DropGuard,
}

/// Why a destination cannot start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// A setting cannot work.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The spool cannot be used.
    #[error(transparent)]
    Spool(#[from] SpoolError),
    /// An external label that no series may have; every series would be dropped.
    #[error("expected a label name in `external_labels`, found `{0}`")]
    ExternalLabel(String),
}

/// Why series were not taken.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PushError {
    /// They are not on disk; pushing them again may deliver some twice, with equal values.
    #[error(transparent)]
    Spool(#[from] SpoolError),
    /// After [`Destination::shutdown`].
    #[error("expected a running destination, found `{0}` shut down")]
    ShutDown(String),
}

/// What became of a push.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Accepted {
    /// Samples that now wait to be sent; with a spool, on disk.
    pub samples: u64,
    /// Samples of this push that are not sent, and why.
    pub left_out: LeftOut,
    /// Older samples that were dropped to make room.
    pub overflowed: u64,
}

impl Destination {
    /// Opens the spool, if there is one, and starts to send what waits there.
    ///
    /// # Panics
    /// Outside a Tokio runtime with timers.
    pub fn start(settings: Settings, transport: impl Transport) -> Result<Self, StartError> {
        settings.queue.check()?;
        let Rules { external_labels, names, .. } = &settings.rules;
        let wrong = |name: &&str| !names.is_label_name(name) || is_reserved(name) || *name == METRIC_NAME;
        if let Some(name) = external_labels.iter().map(|(name, _)| name).find(wrong) {
            return Err(StartError::ExternalLabel(name.to_owned()));
        }
        let shards: Vec<Arc<Waiting>> = match &settings.spool {
            Some(spool) => vec![Arc::new(Waiting::on_disk(Spool::open(spool.clone())?))],
            None => (0..settings.shards())
                .map(|_| Arc::new(Waiting::in_memory(Queue::new(settings.queue.clone()))))
                .collect(),
        };
        let shared = Arc::new(Shared {
            negotiation: Negotiation::new(settings.protocol),
            counters: Counters::default(),
            drain: CancellationToken::new(),
            stop: CancellationToken::new(),
            settings,
        });
        let transport = Arc::new(transport);
        let mut tasks = JoinSet::new();
        for waiting in &shards {
            let (shared, waiting) = (Arc::clone(&shared), Arc::clone(waiting));
            tasks.spawn(Lane { shared, waiting, transport: Arc::clone(&transport) }.run());
        }
        let stop = shared.stop.clone().drop_guard();
        Ok(Self { shared, shards, tasks: Mutex::new(tasks), _stop: stop })
    }

    /// Takes series: applies the rules, makes requests of them and puts these in line. Never waits for
    /// the receiver. With a spool, what it accepts outlives the process.
    pub async fn push(&self, series: &[Series]) -> Result<Accepted, PushError> {
        let settings = &self.shared.settings;
        if self.shared.drain.is_cancelled() {
            return Err(PushError::ShutDown(settings.name.clone()));
        }
        let (series, left_out) = prepare(series, &settings.rules);
        self.count_left_out(left_out);
        let mut accepted = Accepted { left_out, ..Accepted::default() };
        for (shard, series) in self.shards.iter().zip(self.spread(series)) {
            let batches = split(self.shared.negotiation.message(), series, settings.queue.batch_limits());
            accepted.samples += batches.iter().map(|batch: &Batch| batch.samples).sum::<u64>();
            accepted.overflowed += shard.push(batches).await?;
        }
        self.shared.counters.lock().overflowed += accepted.overflowed;
        Ok(accepted)
    }

    /// The numbers so far.
    pub fn counts(&self) -> Counts {
        let pending: Vec<(u64, u64)> = self.shards.iter().map(|shard| shard.pending()).collect();
        let mut counts = self.shared.counters.lock().clone();
        counts.pending = pending.iter().map(|(samples, _)| samples).sum();
        counts.pending_bytes = pending.iter().map(|(_, bytes)| bytes).sum();
        counts
    }

    /// The name from the settings.
    pub fn name(&self) -> &str {
        &self.shared.settings.name
    }

    /// Takes no more, sends what waits, and stops at the deadline. The result's `pending` says what was
    /// not sent; a spool keeps it.
    pub async fn shutdown(&self, deadline: Duration) -> Counts {
        self.stop_taking();
        let mut tasks = std::mem::take(&mut *self.tasks.lock().unwrap_or_else(PoisonError::into_inner));
        let all = async { while tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(deadline, all).await.is_err() {
            self.shared.stop.cancel();
            while tasks.join_next().await.is_some() {}
        }
        self.counts()
    }

    /// Takes no more and sends what waits.
    pub(crate) fn stop_taking(&self) {
        self.shared.drain.cancel();
    }

    /// A series always goes to the same shard, so its samples stay in order.
    fn spread<'a>(&self, series: Vec<Cow<'a, Series>>) -> Vec<Vec<Cow<'a, Series>>> {
        if self.shards.len() == 1 {
            return vec![series];
        }
        let mut shards: Vec<Vec<_>> = self.shards.iter().map(|_| Vec::new()).collect();
        for one in series {
            let shard = one.labels.fingerprint() % self.shards.len() as u64;
            shards[shard as usize].push(one);
        }
        shards
    }

    fn count_left_out(&self, more: LeftOut) {
        let mut counts = self.shared.counters.lock();
        counts.left_out.relabelled += more.relabelled;
        counts.left_out.invalid += more.invalid;
        counts.left_out.duplicate += more.duplicate;
    }
}
