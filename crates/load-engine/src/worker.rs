//! What the tasks of one worker thread share: its workload, its lanes, its way to record.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::clock::thread_cpu;
use crate::counts::{Counts, Sample};
use crate::hub::{Hub, LaneLive};
use crate::series::{Interned, Known};
use crate::shared::Shared;
use crate::workload::Start;
use crate::{Lane, SeriesKey, Tick, Workload, seed};

/// A lane on one worker: what the plan says, and what it shares with the lane on other workers.
pub(crate) struct WorkerLane<D> {
    pub(crate) plan: Arc<Lane<D>>,
    pub(crate) live: Arc<LaneLive>,
    /// The lane's place in the plan, which its numbers have in every snapshot.
    pub(crate) number: usize,
}

/// A worker's side of a run.
pub(crate) struct Worker<W: Workload> {
    pub(crate) index: usize,
    pub(crate) shared: Arc<Shared<W::Lane>>,
    pub(crate) lanes: Vec<Rc<WorkerLane<W::Lane>>>,
    pub(crate) workload: W,
    /// Cancelled when no new call may start: at the run's end or at shutdown.
    pub(crate) stopping: CancellationToken,
    pub(crate) start: Start,
    known: RefCell<Known>,
    /// Rounds and users that are not done.
    alive: Cell<usize>,
    quiet: Notify,
}

impl<W: Workload> Worker<W> {
    pub(crate) fn new(
        index: usize,
        shared: Arc<Shared<W::Lane>>,
        workload: W,
        stopping: CancellationToken,
        start: Start,
    ) -> Rc<Self> {
        let lane = |(number, plan): (usize, &Arc<Lane<W::Lane>>)| {
            let live = Arc::clone(shared.hub.lane(number));
            Rc::new(WorkerLane { plan: Arc::clone(plan), live, number })
        };
        Rc::new(Self {
            index,
            lanes: shared.lanes.iter().enumerate().map(lane).collect(),
            shared,
            workload,
            stopping,
            start,
            known: RefCell::default(),
            alive: Cell::new(0),
            quiet: Notify::new(),
        })
    }

    pub(crate) fn hub(&self) -> &Hub {
        &self.shared.hub
    }

    pub(crate) fn tick(&self, lane: &WorkerLane<W::Lane>, index: u64, planned: Instant) -> Tick<W::Lane> {
        let offset = planned.saturating_duration_since(self.start.instant);
        let seed = seed::mix(seed::mix(self.shared.seed, lane.number as u64), index);
        let planned_wall = self.start.wall + offset;
        Tick { lane: Arc::clone(&lane.plan), index, worker: self.index, planned, planned_wall, seed }
    }

    pub(crate) fn count(&self, lane: &WorkerLane<W::Lane>, counts: &Counts) {
        if *counts != Counts::default() {
            self.hub().with_buffer(self.index, |stats| stats.lanes[lane.number].counts.add(counts));
        }
    }

    pub(crate) fn record(&self, lane: &WorkerLane<W::Lane>, key: &SeriesKey, sample: &Sample) {
        let known = self.known.borrow().get(key, sample.code);
        let (id, own) = match known {
            Some(id) => (id, true),
            None => match self.hub().intern(key, sample.code) {
                Interned::Own(id) => {
                    self.known.borrow_mut().keep(key, sample.code, id);
                    (id, true)
                }
                Interned::Other(id) => (id, false),
            },
        };
        self.hub().with_buffer(self.index, |stats| {
            if own {
                stats.record(lane.number, key.op(), id, key, sample);
            } else {
                stats.overflowed += 1;
                stats.record(lane.number, key.op(), id, &SeriesKey::other(), sample);
            }
        });
    }

    /// Waits until no round and no user is left.
    pub(crate) async fn wait_quiet(&self) {
        while self.alive.get() > 0 {
            self.quiet.notified().await;
        }
    }

    pub(crate) fn tell_cpu(&self) {
        if let Some(cpu) = thread_cpu() {
            self.hub().set_cpu(self.index, cpu);
        }
    }
}

/// Keeps the worker waiting for as long as it lives.
pub(crate) struct Alive<W: Workload>(Rc<Worker<W>>);

impl<W: Workload> Alive<W> {
    pub(crate) fn new(worker: &Rc<Worker<W>>) -> Self {
        worker.alive.set(worker.alive.get() + 1);
        Self(worker.clone())
    }

    pub(crate) fn worker(&self) -> &Rc<Worker<W>> {
        &self.0
    }
}

impl<W: Workload> Drop for Alive<W> {
    fn drop(&mut self) {
        let left = self.0.alive.get() - 1;
        self.0.alive.set(left);
        if left == 0 {
            self.0.quiet.notify_one();
        }
    }
}
