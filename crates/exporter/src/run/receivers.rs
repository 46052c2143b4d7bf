//! Where series go.

use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use http_config::{Client, ConfigError, Limits};
use remote_write::{Counts, Destination, PushError, Series, StartError as DestinationError};

use super::transport::HttpTransport;
use crate::Context;
use crate::settings::Remote;
use crate::stats::Durations;

/// All receivers of a process; a reload exchanges those that changed.
#[derive(Debug, Default)]
pub struct Receivers {
    list: RwLock<Vec<Arc<Receiver>>>,
}

/// One receiver with what is on its way there.
#[derive(Debug)]
pub(crate) struct Receiver {
    pub(crate) destination: Destination,
    pub(crate) durations: Arc<Mutex<Durations>>,
    pub(crate) capacity: usize,
    capacity_bytes: usize,
    /// Bytes that the spool may have; none: it waits in memory.
    pub(crate) spool_limit: Option<u64>,
    /// What it was made from: a reload keeps what says the same.
    remote: Remote,
}

/// Why a receiver cannot be set up.
#[derive(Debug, thiserror::Error)]
#[error("cannot set up the receiver `{name}`")]
pub struct ReceiverError {
    name: String,
    #[source]
    source: ReceiverCause,
}

#[derive(Debug, thiserror::Error)]
enum ReceiverCause {
    #[error(transparent)]
    Http(#[from] ConfigError),
    #[error(transparent)]
    Destination(#[from] DestinationError),
}

impl Receivers {
    /// Sets up all of them; what waits in their spools starts to be sent.
    pub(crate) fn start(remotes: &[Remote], context: &Context) -> Result<Self, ReceiverError> {
        let list = remotes.iter().map(|remote| Receiver::start(remote, context).map(Arc::new));
        Ok(Self { list: RwLock::new(list.collect::<Result<_, _>>()?) })
    }

    pub(crate) fn list(&self) -> Vec<Arc<Receiver>> {
        self.list.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The numbers of each.
    pub(crate) fn counts(&self) -> Vec<Counts> {
        self.list().iter().map(|receiver| receiver.destination.counts()).collect()
    }

    /// How far our clock is ahead of the receiver's that differs least, in seconds; 0 if none has said.
    pub(crate) fn clock_ahead_seconds(&self) -> f64 {
        let ahead = self.counts().into_iter().filter_map(|counts| counts.clock_ahead_seconds);
        ahead.min_by(|a, b| a.abs().total_cmp(&b.abs())).unwrap_or_default()
    }

    /// Whether each receiver's queue has half of its room left.
    pub(crate) fn have_room(&self) -> bool {
        self.list().iter().all(|receiver| {
            let counts = receiver.destination.counts();
            let samples = usize::try_from(counts.pending).unwrap_or(usize::MAX);
            let bytes = usize::try_from(counts.pending_bytes).unwrap_or(usize::MAX);
            samples <= receiver.capacity / 2 && bytes <= receiver.capacity_bytes / 2
        })
    }

    /// Hands the series to each receiver. An error means that one of them may not have them.
    pub(crate) async fn push(&self, series: &[Series]) -> Result<(), PushError> {
        let mut failed = None;
        for receiver in self.list() {
            match receiver.destination.push(series).await {
                Ok(_) => {}
                Err(error) => failed = Some(error),
            }
        }
        failed.map_or(Ok(()), Err)
    }

    /// Keeps receivers whose settings did not change, flushes and ends those that are gone, sets up new ones.
    ///
    /// A changed one ends before its successor starts where both would use the same spool, which keeps
    /// what was not sent.
    pub(crate) async fn exchange(
        &self,
        remotes: &[Remote],
        context: &Context,
        grace: Duration,
    ) -> Result<(), ReceiverError> {
        let old = self.list();
        let kept = |remote: &Remote| old.iter().find(|receiver| receiver.remote.is_same(remote));
        // All clients first: a mistake there leaves everything as it is.
        for remote in remotes.iter().filter(|remote| kept(remote).is_none()) {
            Receiver::client(remote, context).map_err(|source| ReceiverError::new(remote, source))?;
        }
        let ending = old
            .iter()
            .filter(|receiver| !remotes.iter().filter_map(kept).any(|kept| Arc::ptr_eq(kept, receiver)));
        for receiver in ending.clone() {
            let counts = receiver.destination.shutdown(grace).await;
            if counts.pending > 0 && receiver.spool_limit.is_none() {
                let (name, samples) = (receiver.destination.name(), counts.pending);
                tracing::warn!(remote = name, samples, "samples for a receiver that was taken away are lost");
            }
        }
        let mut list = Vec::with_capacity(remotes.len());
        let mut failed = None;
        for remote in remotes {
            match kept(remote) {
                Some(receiver) => list.push(Arc::clone(receiver)),
                None => match Receiver::start(remote, context) {
                    Ok(receiver) => list.push(Arc::new(receiver)),
                    Err(error) => failed = Some(error),
                },
            }
        }
        *self.list.write().unwrap_or_else(PoisonError::into_inner) = list;
        failed.map_or(Ok(()), Err)
    }

    /// Takes no more, sends what waits, and gives up at the deadline.
    pub(crate) async fn shutdown(&self, deadline: Duration) -> Vec<(String, Counts)> {
        let end = tokio::time::Instant::now() + deadline;
        let list = self.list();
        let waits = list.iter().map(|receiver| async {
            let left = end.saturating_duration_since(tokio::time::Instant::now());
            (receiver.destination.name().to_owned(), receiver.destination.shutdown(left).await)
        });
        futures_util::future::join_all(waits).await
    }
}

impl ReceiverError {
    fn new(remote: &Remote, source: impl Into<ReceiverCause>) -> Self {
        Self { name: remote.write.name.clone(), source: source.into() }
    }
}

impl Receiver {
    fn client(remote: &Remote, context: &Context) -> Result<Client, ConfigError> {
        let mut limits = Limits::default();
        // Receivers explain themselves; only the beginning is read, and nothing fails over the rest.
        limits.cut_answers = true;
        limits.answer_bytes = 4 << 10;
        Client::with_limits(&remote.http, &context.environment, limits)
    }

    fn start(remote: &Remote, context: &Context) -> Result<Self, ReceiverError> {
        let client = Self::client(remote, context).map_err(|source| ReceiverError::new(remote, source))?;
        let durations = Arc::new(Mutex::new(Durations::default()));
        let transport = HttpTransport::new(client, remote.url.clone(), Arc::clone(&durations));
        let destination = Destination::start(remote.write.clone(), transport)
            .map_err(|source| ReceiverError::new(remote, source))?;
        Ok(Self {
            destination,
            durations,
            capacity: remote.write.queue.capacity,
            capacity_bytes: remote.write.queue.capacity_bytes,
            spool_limit: remote.write.spool.as_ref().map(|spool| spool.max_bytes),
            remote: remote.clone(),
        })
    }
}
