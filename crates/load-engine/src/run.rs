use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::hub::Hub;
use crate::shared::Shared;
use crate::summary::Summary;
use crate::thread::{RunError, WorkerSetup, WorkerThread};
use crate::workload::Start;
use crate::{InvalidPlan, Plan, Workload};

/// From "all workers are ready" to offset 0 of the plan, so that no worker starts late.
const HEAD_START: Duration = Duration::from_millis(2);

/// A plan that can be run, and the hub that it will be recorded in.
#[derive(Debug)]
pub struct Run<D = ()> {
    shared: Arc<Shared<D>>,
}

/// Runs a plan to its end, for those who look at the numbers only then; see [`Run::start`].
///
/// # Errors
/// [`RunError`], also for a plan that cannot be run.
pub async fn run<W, F>(plan: Plan<W::Lane>, make: F, shutdown: CancellationToken) -> Result<Summary, RunError>
where
    W: Workload,
    F: Fn(usize) -> W + Send + Sync + 'static,
{
    Run::new(plan)?.start(make, shutdown).await
}

impl<D: Send + Sync + 'static> Run<D> {
    /// Checks the plan.
    ///
    /// # Errors
    /// [`InvalidPlan`], with everything that is wrong.
    pub fn new(plan: Plan<D>) -> Result<Self, InvalidPlan> {
        plan.check()?;
        Ok(Self { shared: Arc::new(Shared::new(plan)) })
    }

    /// Where the run's numbers can be read at any time, also before it starts.
    pub fn hub(&self) -> Arc<Hub> {
        Arc::clone(&self.shared.hub)
    }

    /// Runs the plan to its end, and sums up.
    ///
    /// Each worker thread makes its workload with `make(worker)` and prepares it; when all are ready
    /// the plan's clock starts for all of them at once. The run ends when every lane has reached a
    /// limit of its own and its rounds are done (however long those take); or, with `grace` for the
    /// calls in flight, at the plan's duration or when `shutdown` is cancelled. Dropping the future
    /// shuts the workers down as well.
    ///
    /// # Errors
    /// A worker could not start, or panicked.
    pub async fn start<W, F>(self, make: F, shutdown: CancellationToken) -> Result<Summary, RunError>
    where
        W: Workload<Lane = D>,
        F: Fn(usize) -> W + Send + Sync + 'static,
    {
        let Self { shared } = self;
        let stop = shutdown.child_token();
        let _stop_on_drop = stop.clone().drop_guard();
        let make = Arc::new(make);
        let (starter, start) = watch::channel(None);
        let mut threads = Vec::new();
        for index in 0..shared.workers {
            let setup = WorkerSetup {
                index,
                shared: Arc::clone(&shared),
                start: start.clone(),
                stopping: stop.child_token(),
                all_workers: stop.clone(),
            };
            threads.push(WorkerThread::spawn(setup, make.clone())?);
        }
        for thread in &mut threads {
            thread.ready().await?;
        }
        let began = Start::after(HEAD_START);
        shared.hub.begin(began);
        starter.send_replace(Some(began));
        let mut workers = Vec::new();
        for thread in threads {
            workers.push(thread.ended().await?);
        }
        let wall = began.instant.elapsed();
        Ok(Summary::new(shared.hub.totals(), began.wall, wall, shutdown.is_cancelled(), workers))
    }
}
