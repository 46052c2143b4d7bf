//! Where series go.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use http_config::{Client, ConfigError, Limits};
use remote_write::{Counts, Destination, PushError, Series, StartError as DestinationError};

use crate::engine::Around;
use crate::settings::Remote;
use crate::stats::Durations;
use crate::transport::HttpTransport;

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
    fingerprint: u64,
    spool: Option<PathBuf>,
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
    pub(crate) fn start(remotes: &[Remote], around: &Around) -> Result<Self, ReceiverError> {
        let list = remotes.iter().map(|remote| Receiver::start(remote, around).map(Arc::new));
        Ok(Self { list: RwLock::new(list.collect::<Result<_, _>>()?) })
    }

    pub(crate) fn list(&self) -> Vec<Arc<Receiver>> {
        self.list.read().unwrap_or_else(PoisonError::into_inner).clone()
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
                Ok(accepted) if accepted.overflowed > 0 => {
                    let (name, samples) = (receiver.destination.name(), accepted.overflowed);
                    tracing::warn!(remote = name, samples, "the queue is full: dropped the oldest samples");
                }
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
        around: &Around,
        grace: Duration,
    ) -> Result<(), ReceiverError> {
        let old = self.list();
        let kept = |remote: &Remote| {
            old.iter().find(|receiver| {
                receiver.fingerprint == remote.fingerprint
                    && receiver.destination.name() == remote.write.name
                    && receiver.spool.as_deref() == spool_of(remote)
            })
        };
        // All clients first: a mistake there leaves everything as it is.
        for remote in remotes.iter().filter(|remote| kept(remote).is_none()) {
            Receiver::client(remote, around).map_err(|source| ReceiverError::new(remote, source))?;
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
                None => match Receiver::start(remote, around) {
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

fn spool_of(remote: &Remote) -> Option<&std::path::Path> {
    remote.write.spool.as_ref().map(|spool| spool.directory.as_path())
}

impl ReceiverError {
    fn new(remote: &Remote, source: impl Into<ReceiverCause>) -> Self {
        Self { name: remote.write.name.clone(), source: source.into() }
    }
}

impl Receiver {
    fn client(remote: &Remote, around: &Around) -> Result<Client, ConfigError> {
        let mut limits = Limits::default();
        // Receivers explain themselves; only the beginning is read, and nothing fails over the rest.
        limits.cut_answers = true;
        limits.answer_bytes = 4 << 10;
        Client::with_limits(&remote.http, &around.environment, limits)
    }

    fn start(remote: &Remote, around: &Around) -> Result<Self, ReceiverError> {
        let client = Self::client(remote, around).map_err(|source| ReceiverError::new(remote, source))?;
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
            fingerprint: remote.fingerprint,
            spool: spool_of(remote).map(ToOwned::to_owned),
        })
    }
}
