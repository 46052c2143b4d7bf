use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use profile_codec::pprof::{self, Limits};
use relabel::METRIC_NAME;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::counters::{Counters, DropReason, StoreCounts};
use super::deliver::Courier;
use super::queue::Queue;
use super::record::Record;
use super::server::Server;
use super::settings::{SampleLabels, StoreSettings};
use super::spool::SpoolError;
use crate::mend;
use crate::outgoing::{Outgoing, Refused};

/// A store with its queue and its sender.
#[derive(Debug)]
pub struct Store {
    settings: Arc<StoreSettings>,
    queue: QueueOf,
    counters: Arc<Counters>,
    /// From then on no profile waits for others.
    hurry: CancellationToken,
    stop: CancellationToken,
    sender: Mutex<Option<JoinHandle<()>>>,
}

struct QueueOf(Queue);

impl std::fmt::Debug for QueueOf {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Queue").field(&self.0.waiting()).finish()
    }
}

/// Why a store cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The settings of its client.
    #[error("store `{0}`")]
    Client(String, #[source] Box<dyn std::error::Error + Send + Sync>),
    /// The folder of its spool.
    #[error("open the spool of store `{0}`")]
    Spool(String, #[source] Box<dyn std::error::Error + Send + Sync>),
}

impl Store {
    /// Opens the queue and starts to send what is in it.
    ///
    /// # Errors
    /// If the client's settings are wrong or the spool cannot be opened.
    pub fn start(mut settings: StoreSettings) -> Result<Self, StoreError> {
        settings.client.timeout = settings.timeout;
        let server =
            Server::new(&settings).map_err(|error| StoreError::Client(settings.name.clone(), error))?;
        let wrong = |error: SpoolError| StoreError::Spool(settings.name.clone(), Box::new(error));
        let queue = Queue::open(&settings).map_err(wrong)?;
        let (hurry, stop) = (CancellationToken::new(), CancellationToken::new());
        let counters = Arc::new(Counters::default());
        let courier = Courier { server, settings: settings.clone(), counters: Arc::clone(&counters) };
        let work = send_all(courier, queue.clone(), hurry.clone());
        let until = stop.clone();
        let sender = tokio::spawn(async move { until.run_until_cancelled(work).await.unwrap_or_default() });
        Ok(Self {
            settings: Arc::new(settings),
            queue: QueueOf(queue),
            counters,
            hurry,
            stop,
            sender: Mutex::new(Some(sender)),
        })
    }

    /// The store's name.
    pub fn name(&self) -> &str {
        &self.settings.name
    }

    /// Whether what waits outlives the process.
    pub fn has_spool(&self) -> bool {
        self.settings.spool.is_some()
    }

    /// Puts a profile into the queue. With a spool, it is on disk when this returns.
    ///
    /// # Errors
    /// If the queue is full or the disk fails.
    pub async fn take(&self, profile: Outgoing) -> Result<(), Refused> {
        for part in self.parts(profile) {
            if !part.head.has_values.contains(&true) {
                self.counters.change(|counts| counts.empty += 1);
                continue;
            }
            let record = Record::new(&part, self.labels(&part));
            if let Err(error) = self.queue.0.push(record).await {
                self.counters.dropped(DropReason::QueueFull, 1);
                return Err(Refused(format!("store `{}`: {error}", self.settings.name)));
            }
        }
        Ok(())
    }

    /// The profile, or one for each series that labels of its samples make.
    fn parts(&self, profile: Outgoing) -> Vec<Outgoing> {
        let keys = match &self.settings.sample_labels {
            SampleLabels::Drop => return vec![profile],
            SampleLabels::Keep => None,
            SampleLabels::Only(keys) => Some(keys.as_slice()),
        };
        let Ok(whole) = pprof::decode(profile.pprof.as_ref(), &Limits::default()) else {
            return vec![profile];
        };
        let parts = mend::split(&whole, keys, self.settings.max_series_per_profile);
        let part = |(own, part): (Vec<(String, String)>, profile_model::Profile)| {
            let mut labels = profile.labels.clone();
            // The target's own labels say where it comes from; a sample's must not change that.
            for (name, value) in own {
                if labels.get(&name).is_none() && name != METRIC_NAME {
                    labels.set(name, value);
                }
            }
            let ready = mend::mended(part, &mend::Origin::at(std::time::SystemTime::now()))?;
            Ok(Outgoing { labels, pprof: ready.pprof, head: ready.head, ..profile.clone() })
        };
        let parts: Result<Vec<Outgoing>, mend::MendError> = parts.into_iter().map(part).collect();
        parts.unwrap_or_else(|_| vec![profile])
    }

    fn labels(&self, profile: &Outgoing) -> Vec<(String, String)> {
        let mut labels = profile.labels.clone();
        for (name, value) in &self.settings.external_labels {
            labels.set(name.as_str(), value.as_str());
        }
        labels.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    /// Numbers since the start.
    pub fn counts(&self) -> StoreCounts {
        let mut counts = self.counters.change(|counts| counts.clone());
        (counts.waiting, counts.waiting_bytes) = self.queue.0.waiting();
        counts
    }

    /// Waits until nothing waits any more, at most this long; whether that is so.
    pub async fn flush(&self, most: Duration) -> bool {
        self.hurry.cancel();
        self.waits_no_more(most, || false).await
    }

    async fn waits_no_more(&self, most: Duration, ends: impl Fn() -> bool) -> bool {
        let empty = async {
            while self.queue.0.waiting().0 > 0 && !ends() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(most, empty).await.is_ok() && self.queue.0.waiting().0 == 0
    }

    /// Sends what waits, for at most `grace`, and ends. What is in a spool then stays for the next process, and is not
    /// waited for while the store is away.
    pub async fn stop(&self, grace: Duration) -> StoreCounts {
        self.hurry.cancel();
        let is_away =
            || self.settings.spool.is_some() && self.counters.change(|counts| counts.error.is_some());
        self.waits_no_more(grace, is_away).await;
        self.stop.cancel();
        let sender = self.sender.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(sender) = sender {
            // It ends at its next wait; a panic of it was told where it happened.
            let _ = sender.await;
        }
        let mut counts = self.counts();
        if self.settings.spool.is_none() && counts.waiting > 0 {
            self.counters
                .dropped(DropReason::Shutdown, usize::try_from(counts.waiting).unwrap_or(usize::MAX));
            counts = self.counts();
        }
        counts
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

async fn send_all(courier: Courier, queue: Queue, hurry: CancellationToken) {
    let StoreSettings { batch_profiles, batch_bytes, linger, .. } = courier.settings;
    loop {
        queue.some().await;
        // Whether there is no hurry does not matter any more.
        let _ = tokio::time::timeout(linger, hurry.cancelled()).await;
        let batch = queue.next(batch_profiles, batch_bytes).await;
        let places = batch.places;
        courier.deliver(batch).await;
        queue.done(places).await;
    }
}
