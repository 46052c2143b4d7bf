//! A destination: its rules, its shards, its tasks.

use std::borrow::Cow;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use relabel::{METRIC_NAME, is_reserved};
use tokio::task::JoinSet;
use tokio_util::sync::DropGuard;

use crate::batch::{Batch, split};
use crate::counts::Counts;
use crate::lane::Lane;
use crate::prepare::{LeftOut, Rules, prepare};
use crate::queue::Queue;
use crate::series::Series;
use crate::settings::{Settings, SettingsError};
use crate::shared::Shared;
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
    /// The series are not on disk; pushing them again may deliver some twice, with equal values.
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
        let shared = Arc::new(Shared::new(settings));
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
        if accepted.overflowed > 0 {
            let dropped_so_far = {
                let mut counts = self.shared.counters.lock();
                counts.overflowed += accepted.overflowed;
                counts.overflowed
            };
            self.shared.news.overflowed(accepted.overflowed, dropped_so_far);
        }
        Ok(accepted)
    }

    /// The numbers so far.
    pub fn counts(&self) -> Counts {
        let pending: Vec<(u64, u64)> = self.shards.iter().map(|shard| shard.pending()).collect();
        let mut counts = self.shared.counters.lock().clone();
        counts.pending = pending.iter().map(|(samples, _)| samples).sum();
        counts.pending_bytes = pending.iter().map(|(_, bytes)| bytes).sum();
        counts.damage = self.shards.iter().map(|shard| shard.damage()).next().unwrap_or_default();
        counts
    }

    /// The name from the settings.
    pub fn name(&self) -> &str {
        &self.shared.settings.name
    }

    /// Takes no more, sends what waits, and stops at the deadline, or before if no attempt can come any
    /// more until then: whoever waits for a `Retry-After` beyond it tries once more and ends. The result's `pending` says what was
    /// not sent; a spool keeps it.
    pub async fn shutdown(&self, deadline: Duration) -> Counts {
        let end = tokio::time::Instant::now().checked_add(deadline);
        if let Some(end) = end {
            // The first deadline counts, as the first shutdown does.
            let _known = self.shared.deadline.set(end);
        }
        self.shared.drain.cancel();
        let mut tasks = std::mem::take(&mut *self.tasks.lock().unwrap_or_else(PoisonError::into_inner));
        let all = async { while tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(deadline, all).await.is_err() {
            self.shared.stop.cancel();
            while tasks.join_next().await.is_some() {}
        }
        self.counts()
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
