use std::io;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use tokio::runtime::{Builder, LocalOptions};
use tokio::sync::{oneshot, watch};
use tokio_util::sync::CancellationToken;

use crate::Workload;
use crate::clock::thread_cpu;
use crate::hub::Hub;
use crate::summary::{Summary, WorkerUse};
use crate::worker::Worker;
use crate::workload::Start;

/// From "all workers are ready" to offset 0 of the plan, so that no worker starts late.
const HEAD_START: Duration = Duration::from_millis(2);

/// Why a run came to nothing.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// The hub holds the numbers of another run.
    #[error("expected a fresh hub, found one that a run was recorded in")]
    HubUsed,
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

/// Runs the hub's plan to its end, and sums up.
///
/// Each worker thread makes its workload with `make(worker)` and prepares it; when all are ready
/// the plan's clock starts for all of them at once. The run ends when every lane has reached a
/// limit of its own and its rounds are done (however long those take); or, with `grace` for the
/// calls in flight, at the plan's duration or when `shutdown` is cancelled. Dropping the future
/// shuts the workers down as well.
pub async fn run<W, F>(hub: Arc<Hub>, make: F, shutdown: CancellationToken) -> Result<Summary, RunError>
where
    W: Workload,
    F: Fn(usize) -> W + Send + Sync + 'static,
{
    if !hub.take() {
        return Err(RunError::HubUsed);
    }
    let stop = shutdown.child_token();
    let _stop_on_drop = stop.clone().drop_guard();
    let make = Arc::new(make);
    let (starter, start) = watch::channel(None);
    let mut crew = Vec::new();
    for index in 0..hub.plan().workers {
        let seat = Seat {
            index,
            hub: hub.clone(),
            start: start.clone(),
            stopping: stop.child_token(),
            everyone: stop.clone(),
        };
        crew.push(Hired::new(seat, make.clone())?);
    }
    for hired in &mut crew {
        hired.ready().await?;
    }
    let began = Start::after(HEAD_START);
    hub.begin(began);
    starter.send_replace(Some(began));
    let mut workers = Vec::new();
    for hired in crew {
        workers.push(hired.done().await?);
    }
    let wall = began.instant.elapsed();
    Ok(Summary::new(hub.totals(), hub.plan(), began.wall, wall, shutdown.is_cancelled(), workers))
}

/// What a worker thread is given.
struct Seat {
    index: usize,
    hub: Arc<Hub>,
    start: watch::Receiver<Option<Start>>,
    /// Stops this worker.
    stopping: CancellationToken,
    /// Stops all workers of the run.
    everyone: CancellationToken,
}

/// A thread's last act, also in a panic: one worker short, the plan cannot be kept any more.
struct Farewell {
    _done: oneshot::Sender<()>,
    everyone: CancellationToken,
}

impl Drop for Farewell {
    fn drop(&mut self) {
        if thread::panicking() {
            self.everyone.cancel();
        }
    }
}

/// A worker thread as its employer sees it.
struct Hired {
    index: usize,
    thread: thread::JoinHandle<WorkerUse>,
    ready: Option<oneshot::Receiver<io::Result<()>>>,
    done: oneshot::Receiver<()>,
}

impl Hired {
    fn new<W, F>(seat: Seat, make: Arc<F>) -> Result<Self, RunError>
    where
        W: Workload,
        F: Fn(usize) -> W + Send + Sync + 'static,
    {
        let index = seat.index;
        let (ready, is_ready) = oneshot::channel();
        let (done, is_done) = oneshot::channel();
        let everyone = seat.everyone.clone();
        let body = move || {
            let _farewell = Farewell { _done: done, everyone };
            work(seat, &*make, ready)
        };
        let thread = thread::Builder::new()
            .name(format!("load-{index}"))
            .spawn(body)
            .map_err(|source| RunError::Start { worker: index, source })?;
        Ok(Self { index, thread, ready: Some(is_ready), done: is_done })
    }

    async fn ready(&mut self) -> Result<(), RunError> {
        let Some(ready) = self.ready.take() else { return Ok(()) };
        match ready.await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(source)) => Err(RunError::Start { worker: self.index, source }),
            Err(_) => Err(RunError::Panicked { worker: self.index }),
        }
    }

    async fn done(self) -> Result<WorkerUse, RunError> {
        // The sender never sends: it is dropped as the thread's last act, so the join is short.
        let _ = self.done.await;
        self.thread.join().map_err(|_| RunError::Panicked { worker: self.index })
    }
}

fn work<W: Workload>(
    seat: Seat,
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
    runtime.block_on(serve(seat, make, ready));
    // Drops the calls still in flight, whose guards record them.
    drop(runtime);
    let cpu = cpu.and_then(|before| Some(thread_cpu()?.saturating_sub(before)));
    WorkerUse { cpu, wall: began.elapsed() }
}

async fn serve<W: Workload>(seat: Seat, make: &dyn Fn(usize) -> W, ready: oneshot::Sender<io::Result<()>>) {
    let Seat { index, hub, mut start, stopping, .. } = seat;
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
        Worker::new(index, hub, workload, stopping, began).run().await;
    }
}
