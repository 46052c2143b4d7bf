//! One shard's line of batches, in memory or on disk, between those who push and the one who sends.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use tokio::task::spawn_blocking;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use crate::batch::Batch;
use crate::queue::{Next, Queue};
use crate::spool::{Spool, SpoolDamage, SpoolError};

#[derive(Debug)]
pub(crate) struct Waiting {
    store: Store,
    changed: Notify,
    /// Samples that left the queue and are not done. A spool keeps its batches until they are.
    under_way: AtomicU64,
}

#[derive(Debug)]
enum Store {
    Memory(Mutex<Queue>),
    Disk(Arc<Mutex<Spool>>),
}

impl Waiting {
    pub(crate) fn in_memory(queue: Queue) -> Self {
        Self::new(Store::Memory(Mutex::new(queue)))
    }

    pub(crate) fn on_disk(spool: Spool) -> Self {
        Self::new(Store::Disk(Arc::new(Mutex::new(spool))))
    }

    fn new(store: Store) -> Self {
        Self { store, changed: Notify::new(), under_way: AtomicU64::new(0) }
    }

    /// Adds batches and returns how many samples had to go for them.
    pub(crate) async fn push(&self, batches: Vec<Batch>) -> Result<u64, SpoolError> {
        let dropped = match &self.store {
            Store::Memory(queue) => {
                let (mut queue, now) = (lock(queue), Instant::now());
                Ok(batches.into_iter().map(|batch| queue.push(batch, now)).sum())
            }
            Store::Disk(spool) => {
                blocking(spool, move |spool| batches.iter().map(|batch| spool.append(batch)).sum()).await
            }
        };
        self.changed.notify_one();
        dropped
    }

    /// Waits for the next batch; none when all are sent after `drain` was cancelled, or after `stop`.
    ///
    /// Work on the spool is never cut off, so nobody has the spool when the caller's task has ended.
    pub(crate) async fn next(
        &self,
        drain: &CancellationToken,
        stop: &CancellationToken,
    ) -> Result<Option<(u64, Batch)>, SpoolError> {
        while !stop.is_cancelled() {
            let draining = drain.is_cancelled();
            let due = match self.take(draining).await? {
                Taken::Batch(number, batch) => return Ok(Some((number, batch))),
                Taken::Nothing if draining => return Ok(None),
                Taken::Nothing => None,
                Taken::Wait(due) => Some(due),
            };
            tokio::select! {
                () = self.changed.notified() => {}
                () = drain.cancelled() => {}
                () = stop.cancelled() => {}
                () = until(due) => {}
            }
        }
        Ok(None)
    }

    /// The batch of this number needs no more sending.
    pub(crate) async fn done(&self, number: u64) -> Result<(), SpoolError> {
        self.under_way.store(0, Ordering::Relaxed);
        match &self.store {
            Store::Memory(_) => Ok(()),
            Store::Disk(spool) => blocking(spool, move |spool| spool.done(number)).await,
        }
    }

    /// Samples and bytes that wait or are under way.
    pub(crate) fn pending(&self) -> (u64, u64) {
        match &self.store {
            Store::Memory(queue) => {
                let queue = lock(queue);
                (queue.samples() + self.under_way.load(Ordering::Relaxed), queue.bytes() as u64)
            }
            Store::Disk(spool) => {
                let spool = lock(spool);
                (spool.samples(), spool.bytes())
            }
        }
    }

    /// What could not be read from the disk.
    pub(crate) fn damage(&self) -> SpoolDamage {
        match &self.store {
            Store::Memory(_) => SpoolDamage::default(),
            Store::Disk(spool) => lock(spool).damage(),
        }
    }

    async fn take(&self, drain: bool) -> Result<Taken, SpoolError> {
        match &self.store {
            Store::Memory(queue) => {
                let mut queue = lock(queue);
                Ok(match queue.next(Instant::now(), drain) {
                    Next::Batch(batch) => {
                        self.under_way.store(batch.samples, Ordering::Relaxed);
                        Taken::Batch(0, batch)
                    }
                    Next::Wait(due) => Taken::Wait(due),
                    Next::Empty => Taken::Nothing,
                })
            }
            Store::Disk(spool) => {
                let head = blocking(spool, Spool::head).await?;
                Ok(head.map_or(Taken::Nothing, |(number, batch)| Taken::Batch(number, batch)))
            }
        }
    }
}

enum Taken {
    Batch(u64, Batch),
    Wait(Instant),
    Nothing,
}

async fn until(due: Option<Instant>) {
    match due {
        Some(due) => sleep_until(due).await,
        None => std::future::pending().await,
    }
}

async fn blocking<R: Send + 'static>(
    spool: &Arc<Mutex<Spool>>,
    work: impl FnOnce(&mut Spool) -> R + Send + 'static,
) -> R {
    let spool = Arc::clone(spool);
    match spawn_blocking(move || work(&mut lock(&spool))).await {
        Ok(done) => done,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // The runtime is going down, and this task with it.
            Err(_) => std::future::pending().await,
        },
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
