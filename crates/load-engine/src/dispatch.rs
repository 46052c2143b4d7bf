//! A worker's way through its share of the lanes: each round at its instant, until the end.

use std::future::pending;
use std::pin::pin;
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use crate::Workload;
use crate::counts::Counts;
use crate::pace::Pace;
use crate::round::{Permit, run_round};
use crate::schedule::{Due, Schedule};
use crate::ticker::Ticker;
use crate::user::User;
use crate::worker::{Alive, Worker, WorkerLane};
use crate::workload::Start;

/// Above 5k ticks a second wake-ups are this far apart and take all ticks that are due: waking
/// costs 10 to 20 µs of CPU, a call of ours less than one.
const MIN_WAKE_GAP: Duration = Duration::from_micros(200);
/// How often a worker tells its CPU time.
const CPU_EVERY: Duration = Duration::from_secs(1);

/// A lane with the ticks of it that fall to this worker.
struct LaneSchedule<D> {
    lane: Rc<WorkerLane<D>>,
    schedule: Schedule,
}

/// What became of a tick.
enum Started {
    Round,
    Idle,
    Missed,
    /// Another worker started the last round that the lane may have: not part of the plan.
    OverLimit,
}

/// Runs the lanes to their ends, then lets calls in flight finish. Returns when all are done
/// or the grace is over; what is left is recorded as canceled when the runtime is dropped.
pub(crate) async fn run<W: Workload>(worker: Rc<Worker<W>>) {
    let shared = &worker.shared;
    let mut schedules: Vec<_> = worker.lanes.iter().filter_map(|lane| scheduled(&worker, lane)).collect();
    spawn_users(&worker);
    let alarm = tokio::spawn(end_of_run(worker.stopping.clone(), worker.start, shared.duration));
    dispatch(&worker, &mut schedules).await;
    let lasts = schedules.iter().any(|lane| lane.schedule.ends_with_the_run());
    let exhausted = async {
        if lasts {
            pending::<()>().await;
        }
        worker.wait_quiet().await;
    };
    tokio::select! {
        () = worker.stopping.cancelled() => {
            // Too late is recorded by the guards of the calls, so nothing is lost here.
            let _ = tokio::time::timeout(shared.grace, worker.wait_quiet()).await;
        }
        () = exhausted => {}
    }
    alarm.abort();
    worker.tell_cpu();
}

fn scheduled<W: Workload>(
    worker: &Worker<W>,
    lane: &Rc<WorkerLane<W::Lane>>,
) -> Option<LaneSchedule<W::Lane>> {
    let place = (lane.number, worker.index, worker.shared.workers);
    let schedule = Schedule::new(&lane.plan, place, worker.shared.duration)?;
    Some(LaneSchedule { lane: Rc::clone(lane), schedule })
}

fn spawn_users<W: Workload>(worker: &Rc<Worker<W>>) {
    for lane in &worker.lanes {
        let Pace::Closed { users, think } = lane.plan.pace else { continue };
        for user in (0..users).filter(|&user| user as usize % worker.shared.workers == worker.index) {
            let user = User { lane: Rc::clone(lane), index: u64::from(user), users: u64::from(users), think };
            tokio::task::spawn_local(user.run(Alive::new(worker)));
        }
    }
}

/// Starts the rounds of open lanes, each when its instant has come.
async fn dispatch<W: Workload>(worker: &Rc<Worker<W>>, lanes: &mut [LaneSchedule<W::Lane>]) {
    let ticker = Ticker::new();
    let mut stopping = pin!(worker.stopping.cancelled());
    let mut told = Instant::now();
    let mut earliest = worker.start.instant;
    loop {
        let woken = Instant::now();
        if let Some(now) = woken.checked_duration_since(worker.start.instant) {
            lanes.iter_mut().for_each(|lane| start_due(worker, lane, now));
        }
        if woken.duration_since(told) >= CPU_EVERY {
            told = woken;
            worker.tell_cpu();
        }
        let Some(next) = lanes.iter().filter_map(|lane| lane.schedule.next_at()).min() else { return };
        let next = (worker.start.instant + next).max(earliest);
        // From the instant waited for, not from that of waking: else lateness would add up.
        earliest = next + MIN_WAKE_GAP;
        tokio::select! {
            biased;
            () = &mut stopping => {
                let now = worker.start.instant.elapsed();
                lanes.iter_mut().for_each(|lane| miss_due(worker, lane, now));
                return;
            }
            () = ticker.wait_until(next) => {}
        }
    }
}

fn start_due<W: Workload>(
    worker: &Rc<Worker<W>>,
    LaneSchedule { lane, schedule }: &mut LaneSchedule<W::Lane>,
    now: Duration,
) {
    let mut counts = Counts::default();
    loop {
        if lane.plan.max_rounds.is_some_and(|max| lane.live.rounds() >= max) {
            schedule.stop();
        }
        let Some(due) = schedule.pop_due(now) else { break };
        match start_round(worker, lane, due) {
            Started::Round => schedule.had_a_round(),
            Started::Idle if due.is_look => continue,
            Started::Idle => counts.idle += 1,
            Started::Missed if due.is_look => continue,
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
    worker.count(lane, &counts);
}

fn start_round<W: Workload>(worker: &Rc<Worker<W>>, lane: &Rc<WorkerLane<W::Lane>>, due: Due) -> Started {
    let Some(permit) = Permit::within(worker, lane, lane.plan.max_in_flight) else {
        return Started::Missed;
    };
    let tick = worker.tick(lane, due.index, worker.start.instant + due.at);
    let calls = worker.workload.calls(&tick);
    if calls.is_empty() {
        return Started::Idle;
    }
    if !lane.live.claim_round(lane.plan.max_rounds) {
        return Started::OverLimit;
    }
    tokio::task::spawn_local(async move { run_round(&permit, &tick, &calls).await });
    Started::Round
}

/// Counts ticks whose instant came before shutdown, but not their turn.
fn miss_due<W: Workload>(
    worker: &Worker<W>,
    LaneSchedule { lane, schedule }: &mut LaneSchedule<W::Lane>,
    now: Duration,
) {
    let due = std::iter::from_fn(|| schedule.pop_due(now));
    let missed = due.filter(|due| !due.is_look).count() as u64;
    worker.count(lane, &Counts { planned: missed, missed, ..Counts::default() });
    schedule.stop();
}

async fn end_of_run(stopping: CancellationToken, start: Start, duration: Option<Duration>) {
    match duration.and_then(|duration| start.instant.checked_add(duration)) {
        Some(end) => tokio::time::sleep_until(end.into()).await,
        None => pending().await,
    }
    stopping.cancel();
}
