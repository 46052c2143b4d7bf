use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use crate::series::{Interned, Interner};
use crate::stats::Stats;
use crate::workload::Start;
use crate::{InvalidPlan, LaneStats, Plan, SeriesKey, SeriesStats};

/// Where the workers of one run record, and everyone else reads.
///
/// Each worker writes to a buffer of its own; reading swaps the buffers for empty ones and adds
/// them up, so a worker never waits for more than the swap. Memory depends on the number of
/// lanes, operations and series, not on time.
#[derive(Debug)]
pub struct Hub {
    plan: Plan,
    slots: Vec<Slot>,
    lanes: Vec<LaneLive>,
    interner: Mutex<Interner>,
    book: Mutex<Book>,
    start: OnceLock<Start>,
    taken: AtomicBool,
}

/// One worker's side.
#[derive(Debug)]
struct Slot {
    active: Mutex<Stats>,
    cpu_nanos: AtomicU64,
}

/// What the workers of a lane share.
#[derive(Debug, Default)]
pub(crate) struct LaneLive {
    in_flight: AtomicUsize,
    rounds: AtomicU64,
}

/// The readers' side.
#[derive(Debug)]
struct Book {
    spare: Stats,
    totals: Snapshot,
    recent: Snapshot,
    recent_since: Option<Instant>,
}

/// What was recorded up to a moment: since the start, or in an interval.
#[derive(Clone, Debug)]
pub struct Snapshot {
    stats: Stats,
    elapsed: Duration,
    cpu: Vec<Duration>,
}

impl Snapshot {
    /// The time that the counts cover.
    pub fn elapsed(&self) -> Duration {
        self.elapsed
    }

    /// The lanes, in the order of the plan.
    pub fn lanes(&self) -> &[LaneStats] {
        &self.stats.lanes
    }

    /// The series, in the order first seen; in an interval only those with calls.
    pub fn series(&self) -> impl Iterator<Item = &SeriesStats> {
        self.stats.series.iter().flatten().map(|series| &**series)
    }

    /// Calls recorded under [`SeriesKey::other`] because the plan's `max_series` was reached.
    pub fn overflowed(&self) -> u64 {
        self.stats.overflowed
    }

    /// CPU time of each worker since the start; refreshed about once a second, and at its end.
    /// Zero where the system cannot tell.
    pub fn worker_cpu(&self) -> &[Duration] {
        &self.cpu
    }
}

impl Hub {
    /// For one run of `plan`, which is checked here.
    pub fn new(plan: Plan) -> Result<Arc<Self>, InvalidPlan> {
        plan.check()?;
        let names: Vec<Arc<str>> = plan.lanes.iter().map(|lane| Arc::from(lane.name.as_str())).collect();
        let stats = || Stats::new(&names);
        let snapshot =
            || Snapshot { stats: stats(), elapsed: Duration::ZERO, cpu: vec![Duration::ZERO; plan.workers] };
        let slot = |_| Slot { active: Mutex::new(stats()), cpu_nanos: AtomicU64::new(0) };
        Ok(Arc::new(Self {
            slots: (0..plan.workers).map(slot).collect(),
            lanes: plan.lanes.iter().map(|_| LaneLive::default()).collect(),
            interner: Mutex::new(Interner::new(plan.max_series)),
            book: Mutex::new(Book {
                spare: stats(),
                totals: snapshot(),
                recent: snapshot(),
                recent_since: None,
            }),
            start: OnceLock::new(),
            taken: AtomicBool::new(false),
            plan,
        }))
    }

    /// The plan.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// When the plan's clock started, on the wall clock; `None` before that.
    pub fn started(&self) -> Option<SystemTime> {
        self.start.get().map(|start| start.wall)
    }

    /// Reads what was recorded since the start, without copying it.
    pub fn read<R>(&self, read: impl FnOnce(&Snapshot) -> R) -> R {
        let mut book = lock(&self.book);
        self.fold(&mut book);
        read(&book.totals)
    }

    /// What was recorded since the start.
    pub fn totals(&self) -> Snapshot {
        self.read(Snapshot::clone)
    }

    /// What was recorded since the last call of this function: for one reporter, once a second.
    pub fn interval(&self) -> Snapshot {
        let mut book = lock(&self.book);
        self.fold(&mut book);
        let now = Instant::now();
        let since = book.recent_since.or(self.start.get().map(|start| start.instant)).unwrap_or(now);
        book.recent.elapsed = now.saturating_duration_since(since);
        book.recent_since = Some(now);
        let names: Vec<Arc<str>> = book.recent.lanes().iter().map(|lane| lane.name.clone()).collect();
        let cpu = book.recent.cpu.clone();
        let fresh = Snapshot { stats: Stats::new(&names), elapsed: Duration::ZERO, cpu };
        std::mem::replace(&mut book.recent, fresh)
    }

    /// Takes over what the workers have recorded.
    fn fold(&self, book: &mut Book) {
        for slot in &self.slots {
            std::mem::swap(&mut *lock(&slot.active), &mut book.spare);
            book.totals.stats.merge(&book.spare);
            book.recent.stats.merge(&book.spare);
            book.spare.clear();
        }
        let start = self.start.get().map(|start| start.instant);
        book.totals.elapsed = start.map_or(Duration::ZERO, |start| start.elapsed());
        for snapshot in [&mut book.totals, &mut book.recent] {
            for (stats, live) in snapshot.stats.lanes.iter_mut().zip(&self.lanes) {
                stats.in_flight = live.in_flight.load(Ordering::Relaxed);
            }
            for (cpu, slot) in snapshot.cpu.iter_mut().zip(&self.slots) {
                *cpu = Duration::from_nanos(slot.cpu_nanos.load(Ordering::Relaxed));
            }
        }
    }

    /// Whether this is the first run on this hub.
    pub(crate) fn take(&self) -> bool {
        !self.taken.swap(true, Ordering::Relaxed)
    }

    pub(crate) fn begin(&self, start: Start) {
        // Set once: `take` lets one run through.
        let _ = self.start.set(start);
    }

    pub(crate) fn lane(&self, lane: usize) -> &LaneLive {
        &self.lanes[lane]
    }

    pub(crate) fn with_buffer<R>(&self, worker: usize, write: impl FnOnce(&mut Stats) -> R) -> R {
        write(&mut lock(&self.slots[worker].active))
    }

    pub(crate) fn intern(&self, key: &SeriesKey, code: &'static str) -> Interned {
        lock(&self.interner).intern(key, code)
    }

    pub(crate) fn set_cpu(&self, worker: usize, cpu: Duration) {
        let nanos = u64::try_from(cpu.as_nanos()).unwrap_or(u64::MAX);
        self.slots[worker].cpu_nanos.store(nanos, Ordering::Relaxed);
    }
}

impl LaneLive {
    /// Takes a place for a round, unless there are `max` in flight.
    pub(crate) fn admit(&self, max: usize) -> bool {
        let before = self.in_flight.fetch_add(1, Ordering::Relaxed);
        if before >= max {
            self.leave();
        }
        before < max
    }

    pub(crate) fn leave(&self) {
        self.in_flight.fetch_sub(1, Ordering::Relaxed);
    }

    pub(crate) fn rounds(&self) -> u64 {
        self.rounds.load(Ordering::Relaxed)
    }

    /// Counts a round with calls against the lane's limit; false if the limit was reached before.
    pub(crate) fn claim_round(&self, max: Option<u64>) -> bool {
        max.is_none_or(|max| self.rounds.fetch_add(1, Ordering::Relaxed) < max)
    }
}

/// A panic of a workload leaves the numbers as right as they were.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
