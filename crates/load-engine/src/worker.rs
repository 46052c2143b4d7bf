//! One thread: its runtime, its workload, the dispatching of its share of the lanes.

use std::cell::{Cell, RefCell};
use std::future::pending;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::clock::thread_cpu;
use crate::counts::{Counts, Sample};
use crate::hub::Hub;
use crate::pace::Pace;
use crate::round::{Permit, run_round};
use crate::schedule::{Due, Schedule};
use crate::series::{Interned, Known};
use crate::ticker::Ticker;
use crate::user::User;
use crate::workload::Start;
use crate::{SeriesKey, Tick, Workload, seed};

/// Above 5k ticks a second wake-ups are this far apart and take all ticks that are due: waking
/// costs 10 to 20 µs of CPU, a call of ours less than one.
const MIN_WAKE_GAP: Duration = Duration::from_micros(200);
/// How often a worker tells its CPU time.
const CPU_EVERY: Duration = Duration::from_secs(1);

/// What the tasks of one worker thread share.
pub(crate) struct Worker<W> {
    pub(crate) index: usize,
    pub(crate) hub: Arc<Hub>,
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
        hub: Arc<Hub>,
        workload: W,
        stopping: CancellationToken,
        start: Start,
    ) -> Rc<Self> {
        Rc::new(Self {
            index,
            hub,
            workload,
            stopping,
            start,
            known: RefCell::default(),
            alive: Cell::new(0),
            quiet: Notify::new(),
        })
    }

    /// Runs the lanes to their ends, then lets calls in flight finish. Returns when all are done
    /// or the grace is over; what is left is recorded as canceled when the runtime is dropped.
    pub(crate) async fn run(self: Rc<Self>) {
        let plan = self.hub.plan();
        let mut schedules: Vec<_> =
            (0..plan.lanes.len()).filter_map(|lane| Schedule::new(plan, lane, self.index)).collect();
        self.spawn_users();
        let alarm = tokio::spawn(end_of_run(self.stopping.clone(), self.start, plan.duration));
        self.dispatch(&mut schedules).await;
        let lasts = schedules.iter().any(Schedule::ends_with_the_run);
        let exhausted = async {
            if lasts {
                pending::<()>().await;
            }
            self.wait_quiet().await;
        };
        tokio::select! {
            () = self.stopping.cancelled() => {
                // Too late is recorded by the guards of the calls, so nothing is lost here.
                let _ = tokio::time::timeout(plan.grace, self.wait_quiet()).await;
            }
            () = exhausted => {}
        }
        alarm.abort();
        self.tell_cpu();
    }

    fn spawn_users(self: &Rc<Self>) {
        let plan = self.hub.plan();
        for (lane, settings) in plan.lanes.iter().enumerate() {
            let Pace::Closed { users, think } = settings.pace else { continue };
            for user in (0..users).filter(|&user| user as usize % plan.workers == self.index) {
                let user = User { lane, index: u64::from(user), users: u64::from(users), think };
                tokio::task::spawn_local(user.run(Alive::new(self)));
            }
        }
    }

    /// Starts the rounds of open lanes, each when its instant has come.
    async fn dispatch(self: &Rc<Self>, schedules: &mut [Schedule]) {
        let ticker = Ticker::new();
        let mut stopping = pin!(self.stopping.cancelled());
        let mut told = Instant::now();
        let mut earliest = self.start.instant;
        loop {
            let woken = Instant::now();
            if let Some(now) = woken.checked_duration_since(self.start.instant) {
                schedules.iter_mut().for_each(|schedule| self.start_due(schedule, now));
            }
            if woken.duration_since(told) >= CPU_EVERY {
                told = woken;
                self.tell_cpu();
            }
            let Some(next) = schedules.iter().filter_map(Schedule::next_at).min() else { return };
            let next = (self.start.instant + next).max(earliest);
            // From the instant waited for, not from that of waking: else lateness would add up.
            earliest = next + MIN_WAKE_GAP;
            tokio::select! {
                biased;
                () = &mut stopping => {
                    let now = self.start.instant.elapsed();
                    schedules.iter_mut().for_each(|schedule| self.miss_due(schedule, now));
                    return;
                }
                () = ticker.wait_until(next) => {}
            }
        }
    }

    fn start_due(self: &Rc<Self>, schedule: &mut Schedule, now: Duration) {
        let lane = schedule.lane;
        let max_rounds = self.hub.plan().lanes[lane].max_rounds;
        let mut counts = Counts::default();
        loop {
            if max_rounds.is_some_and(|max| self.hub.lane(lane).rounds() >= max) {
                schedule.stop();
            }
            let Some(due) = schedule.pop_due(now) else { break };
            match self.start_round(lane, due) {
                Started::Round => {}
                Started::Idle => counts.idle += 1,
                Started::Missed => {
                    counts.planned += 1;
                    counts.missed += 1;
                    continue;
                }
                Started::OverLimit => continue,
            }
            counts.planned += 1;
            counts.started += 1;
        }
        self.count(lane, &counts);
    }

    fn start_round(self: &Rc<Self>, lane: usize, due: Due) -> Started {
        let settings = &self.hub.plan().lanes[lane];
        let Some(permit) = Permit::within(self, lane, settings.max_in_flight) else {
            return Started::Missed;
        };
        let tick = self.tick(lane, due.index, self.start.instant + due.at);
        let calls = self.workload.calls(&tick);
        if calls.is_empty() {
            return Started::Idle;
        }
        if !self.hub.lane(lane).claim_round(settings.max_rounds) {
            return Started::OverLimit;
        }
        tokio::task::spawn_local(async move { run_round(&permit, &tick, &calls).await });
        Started::Round
    }

    /// Ticks whose instant came before shutdown, but not their turn.
    fn miss_due(&self, schedule: &mut Schedule, now: Duration) {
        let missed = std::iter::from_fn(|| schedule.pop_due(now)).count() as u64;
        self.count(schedule.lane, &Counts { planned: missed, missed, ..Counts::default() });
        schedule.stop();
    }

    pub(crate) fn tick(&self, lane: usize, index: u64, planned: Instant) -> Tick {
        let offset = planned.saturating_duration_since(self.start.instant);
        let seed = seed::mix(seed::mix(self.hub.plan().seed, lane as u64), index);
        let planned_wall = self.start.wall + offset;
        Tick { lane, index, worker: self.index, planned, planned_wall, seed }
    }

    pub(crate) fn count(&self, lane: usize, counts: &Counts) {
        if *counts != Counts::default() {
            self.hub.with_buffer(self.index, |stats| stats.lanes[lane].counts.add(counts));
        }
    }

    pub(crate) fn record(&self, lane: usize, key: &SeriesKey, sample: &Sample) {
        let known = self.known.borrow().get(key, sample.code);
        let (id, own) = match known {
            Some(id) => (id, true),
            None => match self.hub.intern(key, sample.code) {
                Interned::Own(id) => {
                    self.known.borrow_mut().keep(key, sample.code, id);
                    (id, true)
                }
                Interned::Other(id) => (id, false),
            },
        };
        self.hub.with_buffer(self.index, |stats| {
            if own {
                stats.record(lane, key.op(), id, key, sample);
            } else {
                stats.overflowed += 1;
                stats.record(lane, key.op(), id, &SeriesKey::other(), sample);
            }
        });
    }

    async fn wait_quiet(&self) {
        while self.alive.get() > 0 {
            self.quiet.notified().await;
        }
    }

    fn tell_cpu(&self) {
        if let Some(cpu) = thread_cpu() {
            self.hub.set_cpu(self.index, cpu);
        }
    }
}

enum Started {
    Round,
    Idle,
    Missed,
    /// Another worker started the last round that the lane may have: not part of the plan.
    OverLimit,
}

/// Keeps the worker waiting for as long as it lives.
pub(crate) struct Alive<W>(Rc<Worker<W>>);

impl<W> Alive<W> {
    pub(crate) fn new(worker: &Rc<Worker<W>>) -> Self {
        worker.alive.set(worker.alive.get() + 1);
        Self(worker.clone())
    }

    pub(crate) fn worker(&self) -> &Rc<Worker<W>> {
        &self.0
    }
}

impl<W> Drop for Alive<W> {
    fn drop(&mut self) {
        let left = self.0.alive.get() - 1;
        self.0.alive.set(left);
        if left == 0 {
            self.0.quiet.notify_one();
        }
    }
}

async fn end_of_run(stopping: CancellationToken, start: Start, duration: Option<Duration>) {
    match duration.and_then(|duration| start.instant.checked_add(duration)) {
        Some(end) => tokio::time::sleep_until(end.into()).await,
        None => pending().await,
    }
    stopping.cancel();
}
