use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use crate::series::{Interned, Interner};
use crate::stats::Stats;
use crate::workload::Start;
use crate::{LaneStats, Pace, Plan, SeriesKey, SeriesStats};

/// Where the workers of one run record, and everyone else reads.
///
/// Each worker writes to a buffer of its own; reading swaps the buffers for empty ones and adds
/// them up, so a worker never waits for more than the swap. Memory depends on the number of
/// lanes, operations and series, not on time.
#[derive(Debug)]
pub struct Hub {
    slots: Vec<Slot>,
    lanes: Vec<Arc<LaneLive>>,
    interner: Mutex<Interner>,
    folded: Mutex<Folded>,
    start: OnceLock<Start>,
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

/// What was taken over from the workers so far: the readers' side.
#[derive(Debug)]
struct Folded {
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
    /// For one run of `plan`.
    pub(crate) fn new<D>(plan: &Plan<D>) -> Self {
        let lane = |lane: &crate::Lane<D>| {
            (Arc::from(lane.name.as_str()), !matches!(lane.pace, Pace::Closed { .. }))
        };
        let lanes: Vec<(Arc<str>, bool)> = plan.lanes.iter().map(lane).collect();
        let stats = || Stats::new(&lanes);
        let cpu = vec![Duration::ZERO; plan.workers];
        let snapshot = || Snapshot { stats: stats(), elapsed: Duration::ZERO, cpu: cpu.clone() };
        let slot = |_| Slot { active: Mutex::new(stats()), cpu_nanos: AtomicU64::new(0) };
        Self {
            slots: (0..plan.workers).map(slot).collect(),
            lanes: lanes.iter().map(|_| Arc::default()).collect(),
            interner: Mutex::new(Interner::new(plan.max_series)),
            folded: Mutex::new(Folded {
                spare: stats(),
                totals: snapshot(),
                recent: snapshot(),
                recent_since: None,
            }),
            start: OnceLock::new(),
        }
    }

    /// When the plan's clock started, on the wall clock; `None` before that.
    pub fn started(&self) -> Option<SystemTime> {
        self.start.get().map(|start| start.wall)
    }

    /// Reads what was recorded since the start, without copying it. All numbers are of one moment for
    /// each worker, so `planned = started + missed` holds in them.
    pub fn read<R>(&self, read: impl FnOnce(&Snapshot) -> R) -> R {
        let mut folded = lock(&self.folded);
        self.fold(&mut folded);
        read(&folded.totals)
    }

    /// What was recorded since the start.
    pub fn totals(&self) -> Snapshot {
        self.read(Snapshot::clone)
    }

    /// What was recorded since the last call of this function: for one reporter, once a second.
    pub fn interval(&self) -> Snapshot {
        let mut folded = lock(&self.folded);
        self.fold(&mut folded);
        let now = Instant::now();
        let since = folded.recent_since.or(self.start.get().map(|start| start.instant)).unwrap_or(now);
        folded.recent.elapsed = now.saturating_duration_since(since);
        folded.recent_since = Some(now);
        let cpu = folded.recent.cpu.clone();
        let stats = folded.recent.stats.empty_copy();
        let fresh = Snapshot { stats, elapsed: Duration::ZERO, cpu };
        std::mem::replace(&mut folded.recent, fresh)
    }

    /// Takes over what the workers have recorded.
    fn fold(&self, folded: &mut Folded) {
        for slot in &self.slots {
            std::mem::swap(&mut *lock(&slot.active), &mut folded.spare);
            folded.totals.stats.merge(&folded.spare);
            folded.recent.stats.merge(&folded.spare);
            folded.spare.clear();
        }
        let start = self.start.get().map(|start| start.instant);
        folded.totals.elapsed = start.map_or(Duration::ZERO, |start| start.elapsed());
        for snapshot in [&mut folded.totals, &mut folded.recent] {
            for (stats, live) in snapshot.stats.lanes.iter_mut().zip(&self.lanes) {
                stats.in_flight = live.in_flight.load(Ordering::Relaxed);
            }
            for (cpu, slot) in snapshot.cpu.iter_mut().zip(&self.slots) {
                *cpu = Duration::from_nanos(slot.cpu_nanos.load(Ordering::Relaxed));
            }
        }
    }

    pub(crate) fn begin(&self, start: Start) {
        // Set once: a run is started once.
        let _ = self.start.set(start);
    }

    pub(crate) fn lane(&self, lane: usize) -> &Arc<LaneLive> {
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
