//! The users of closed lanes: a loop each.

use std::rc::Rc;
use std::time::{Duration, Instant};

use crate::Workload;
use crate::counts::Counts;
use crate::round::{Permit, run_round};
use crate::worker::{Alive, Worker, WorkerLane};

/// How long a user waits after a round without calls.
const IDLE_PAUSE: Duration = Duration::from_millis(100);

/// One user of a closed lane.
pub(crate) struct User<D> {
    pub(crate) lane: Rc<WorkerLane<D>>,
    /// Of the user's next tick; at first the user's number.
    pub(crate) index: u64,
    /// Users of the lane, on all workers.
    pub(crate) users: u64,
    pub(crate) think: Duration,
}

impl<D> User<D> {
    pub(crate) async fn run<W: Workload<Lane = D>>(mut self, alive: Alive<W>) {
        let worker = alive.worker();
        pause(worker, worker.start.instant.saturating_duration_since(Instant::now())).await;
        while !self.is_over(worker) {
            let wait = self.round(worker).await;
            self.index += self.users;
            if !self.is_over(worker) {
                pause(worker, wait).await;
            }
        }
    }

    fn is_over<W: Workload<Lane = D>>(&self, worker: &Worker<W>) -> bool {
        let WorkerLane { plan, live, .. } = &*self.lane;
        plan.max_ticks.is_some_and(|max| self.index >= max)
            || plan.max_rounds.is_some_and(|max| live.rounds() >= max)
            || worker.shared.duration.is_some_and(|duration| worker.start.instant.elapsed() >= duration)
            || worker.stopping.is_cancelled()
    }

    /// Runs one round, and gives the pause after it.
    async fn round<W: Workload<Lane = D>>(&self, worker: &Rc<Worker<W>>) -> Duration {
        let lane = &self.lane;
        let tick = worker.tick(lane, self.index, Instant::now());
        let calls = worker.workload.calls(&tick);
        let idle = calls.is_empty();
        if !idle && !lane.live.claim_round(lane.plan.max_rounds) {
            return Duration::ZERO;
        }
        let counts = Counts { planned: 1, started: 1, idle: u64::from(idle), ..Counts::default() };
        worker.count(lane, &counts);
        if idle {
            return self.think.max(IDLE_PAUSE);
        }
        run_round(&Permit::unbounded(worker, lane), &tick, &calls).await;
        self.think
    }
}

/// Sleeps, but not into the shutdown; always lets others run now and then.
async fn pause<W: Workload>(worker: &Worker<W>, wait: Duration) {
    if wait.is_zero() {
        return tokio::task::coop::consume_budget().await;
    }
    tokio::select! {
        () = worker.stopping.cancelled() => {}
        () = tokio::time::sleep(wait) => {}
    }
}
