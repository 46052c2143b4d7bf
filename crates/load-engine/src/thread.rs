//! A worker's thread: its runtime, its start, its end.

use std::io;
use std::sync::Arc;
use std::thread;
use std::time::Instant;

use tokio::runtime::{Builder, LocalOptions};
use tokio::sync::{oneshot, watch};
use tokio_util::sync::CancellationToken;

use crate::clock::thread_cpu;
use crate::shared::Shared;
use crate::summary::WorkerUse;
use crate::worker::Worker;
use crate::workload::Start;
use crate::{InvalidPlan, Workload};

/// Why a run came to nothing.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// The plan cannot be run.
    #[error(transparent)]
    Plan(#[from] InvalidPlan),
    /// A worker's thread or runtime could not be made.
    #[error("worker {worker} could not start")]
    Start {
        /// Which.
        worker: usize,
        /// Why.
        source: io::Error,
    },
    /// A worker ended in a panic of the workload, in `make`, `prepare` or `calls`.
    #[error("worker {worker} panicked")]
    Panicked {
        /// Which.
        worker: usize,
    },
}

/// What a worker thread is given.
pub(crate) struct WorkerSetup<D> {
    pub(crate) index: usize,
    pub(crate) shared: Arc<Shared<D>>,
    pub(crate) start: watch::Receiver<Option<Start>>,
    /// Stops this worker.
    pub(crate) stopping: CancellationToken,
    /// Stops all workers of the run.
    pub(crate) all_workers: CancellationToken,
}

/// Stops all workers if this thread panics: one worker short, the plan cannot be kept any more.
struct StopAllOnPanic {
    /// Dropped as the thread's last act.
    _ended: oneshot::Sender<()>,
    all_workers: CancellationToken,
}

impl Drop for StopAllOnPanic {
    fn drop(&mut self) {
        if thread::panicking() {
            self.all_workers.cancel();
        }
    }
}

/// A worker thread, seen from the run.
pub(crate) struct WorkerThread {
    index: usize,
    thread: thread::JoinHandle<WorkerUse>,
    ready: Option<oneshot::Receiver<io::Result<()>>>,
    ended: oneshot::Receiver<()>,
}

impl WorkerThread {
    pub(crate) fn spawn<W, F>(setup: WorkerSetup<W::Lane>, make: Arc<F>) -> Result<Self, RunError>
    where
        W: Workload,
        F: Fn(usize) -> W + Send + Sync + 'static,
    {
        let index = setup.index;
        let (ready, is_ready) = oneshot::channel();
        let (ended, has_ended) = oneshot::channel();
        let all_workers = setup.all_workers.clone();
        let body = move || {
            let _stop_all = StopAllOnPanic { _ended: ended, all_workers };
            work(setup, &*make, ready)
        };
        let thread = thread::Builder::new()
            .name(format!("load-{index}"))
            .spawn(body)
            .map_err(|source| RunError::Start { worker: index, source })?;
        Ok(Self { index, thread, ready: Some(is_ready), ended: has_ended })
    }

    /// Waits until the workload is prepared.
    pub(crate) async fn ready(&mut self) -> Result<(), RunError> {
        let Some(ready) = self.ready.take() else { return Ok(()) };
        match ready.await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(source)) => Err(RunError::Start { worker: self.index, source }),
            Err(_) => Err(RunError::Panicked { worker: self.index }),
        }
    }

    /// Waits for the thread's end.
    pub(crate) async fn ended(self) -> Result<WorkerUse, RunError> {
        // The sender never sends: it is dropped as the thread's last act, so the join is short.
        let _ = self.ended.await;
        self.thread.join().map_err(|_| RunError::Panicked { worker: self.index })
    }
}

fn work<W: Workload>(
    setup: WorkerSetup<W::Lane>,
    make: &dyn Fn(usize) -> W,
    ready: oneshot::Sender<io::Result<()>>,
) -> WorkerUse {
    let runtime = match Builder::new_current_thread().enable_all().build_local(LocalOptions::default()) {
        Ok(runtime) => runtime,
        Err(error) => {
            // The receiver is gone only if nobody waits any more.
            let _ = ready.send(Err(error));
            return WorkerUse::default();
        }
    };
    let (cpu, began) = (thread_cpu(), Instant::now());
    runtime.block_on(prepare_and_run(setup, make, ready));
    // Drops the calls still in flight, whose guards record them.
    drop(runtime);
    let cpu = cpu.and_then(|before| Some(thread_cpu()?.saturating_sub(before)));
    WorkerUse { cpu, wall: began.elapsed() }
}

async fn prepare_and_run<W: Workload>(
    setup: WorkerSetup<W::Lane>,
    make: &dyn Fn(usize) -> W,
    ready: oneshot::Sender<io::Result<()>>,
) {
    let WorkerSetup { index, shared, mut start, stopping, .. } = setup;
    let workload = make(index);
    tokio::select! {
        () = workload.prepare() => {}
        () = stopping.cancelled() => {}
    }
    // Nobody listens if another worker could not start; then the start does not come either.
    let _ = ready.send(Ok(()));
    let began = match start.wait_for(Option::is_some).await {
        Ok(began) => *began,
        Err(_) => return,
    };
    if let Some(began) = began {
        crate::dispatch::run(Worker::new(index, shared, workload, stopping, began)).await;
    }
}
