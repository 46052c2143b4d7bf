//! The engine with workloads that stall, fail, hang and panic. Nothing here depends on how fast
//! the machine is: what is asserted holds by construction.
#![allow(clippy::unwrap_used)]

use std::cell::Cell;
use std::collections::BTreeMap;
use std::future::{Future, pending};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use load_engine::{
    CANCELED, CallContext, Lane, LaneStats, Outcome, PANICKED, Pace, Plan, RetryPolicy, Run, RunError,
    SeriesKey, Summary, Tick, Verdict, Workload, run, workload_fn,
};
use tokio_util::sync::CancellationToken;

/// A workload of closures: how many calls a tick makes, and how a call goes.
struct Fake<C, F> {
    calls: C,
    call: F,
}

impl<C, F, R> Workload for Fake<C, F>
where
    C: Fn(Tick) -> usize + 'static,
    F: Fn(Seen) -> R + 'static,
    R: Future<Output = (&'static str, Verdict)> + 'static,
{
    type Lane = ();
    type Call = usize;

    fn calls(&self, tick: &Tick) -> Vec<usize> {
        (0..(self.calls)(tick.clone())).collect()
    }

    fn series(&self, call: &usize) -> SeriesKey {
        SeriesKey::new("fake", [("call", call.to_string())])
    }

    async fn call(&self, call: &usize, context: &CallContext<'_>) -> Outcome {
        let sent = Instant::now();
        let seen = Seen {
            index: context.tick.index,
            call: *call,
            attempt: context.attempt,
            planned: context.planned,
        };
        let (code, verdict) = (self.call)(seen).await;
        let mut outcome = Outcome::new(code, verdict, sent, Instant::now());
        (outcome.first_byte, outcome.bytes_in, outcome.bytes_out) = (Some(sent), 10, 1);
        outcome
    }
}

#[derive(Clone, Copy)]
struct Seen {
    index: u64,
    call: usize,
    attempt: u32,
    planned: Instant,
}

const OK: (&str, Verdict) = ("ok", Verdict::Success);

async fn ok(_: Seen) -> (&'static str, Verdict) {
    OK
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

fn run_plan<W: Workload<Lane = ()>>(
    plan: Plan,
    make: impl Fn(usize) -> W + Send + Sync + 'static,
) -> Summary {
    block_on(run(plan, make, CancellationToken::new())).unwrap()
}

fn plan(lane: Lane) -> Plan {
    Plan::new([lane])
}

fn ticks(name: &str, pace: Pace, max_ticks: u64) -> Lane {
    let mut lane = Lane::new(name, pace);
    lane.max_ticks = Some(max_ticks);
    lane
}

fn only_lane(summary: &Summary) -> &LaneStats {
    let lane = &summary.totals.lanes()[0];
    assert_eq!(lane.counts.planned, lane.counts.started + lane.counts.missed);
    assert_eq!(lane.in_flight, 0);
    let in_ops: u64 = lane.ops.iter().map(|op| op.calls()).sum();
    let in_series: u64 = summary.totals.series().map(|series| series.count()).sum();
    assert_eq!((in_ops, in_series), (lane.counts.calls, lane.counts.calls));
    lane
}

/// Waits for a condition, as long as a slow machine may need.
async fn until(condition: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !condition() {
        assert!(Instant::now() < deadline, "the condition did not come true within a minute");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

/// A stall of one second at 1000 planned calls a second.
#[test]
fn a_stall_shows_in_the_response_time() {
    struct Stalling(Arc<Mutex<Option<Instant>>>);
    impl Workload for Stalling {
        type Lane = ();
        type Call = ();
        fn calls(&self, _: &Tick) -> Vec<()> {
            vec![()]
        }
        fn series(&self, (): &()) -> SeriesKey {
            SeriesKey::new("stall", [("a", "b")])
        }
        /// Calls that meet the stall are answered when it is over, as by a stopped server.
        async fn call(&self, (): &(), context: &CallContext<'_>) -> Outcome {
            let sent = Instant::now();
            let began = *self.0.lock().unwrap().get_or_insert(context.tick.planned);
            let stall = began + Duration::from_secs(1)..began + Duration::from_secs(2);
            if stall.contains(&context.tick.planned) {
                tokio::time::sleep_until(stall.end.into()).await;
            }
            Outcome::new("ok", Verdict::Success, sent, Instant::now())
        }
    }
    let began = Arc::default();
    let summary = run_plan(plan(ticks("a", Pace::rate(1000.0), 3000)), move |_| Stalling(Arc::clone(&began)));
    let lane = only_lane(&summary);
    assert_eq!((lane.counts.planned, lane.counts.missed, lane.counts.calls), (3000, 0, 3000));
    // 1000 of 3000 calls waited for up to a second; 500 of them for more than half of it.
    let p99 = lane.ops[0].response.quantile(0.99).unwrap();
    assert!(p99 >= Duration::from_millis(900), "{p99:?}");
    assert!(lane.ops[0].response.quantile(0.85).unwrap() >= Duration::from_millis(500));
    assert_eq!(lane.lag.count(), 3000);
}

/// The worker itself stands still: the response has it, the service time has not, the lag tells whose fault it was.
#[test]
fn our_own_stall_is_lag() {
    let summary = run_plan(plan(ticks("a", Pace::rate(1000.0), 1000)), |_| Fake {
        calls: |tick: Tick| {
            if tick.index == 100 {
                std::thread::sleep(Duration::from_millis(500));
            }
            1
        },
        call: ok,
    });
    let lane = only_lane(&summary);
    assert_eq!(lane.counts.calls, 1000);
    assert!(lane.lag.quantile(0.9).unwrap() >= Duration::from_millis(300));
    assert!(lane.ops[0].response.max() >= Some(Duration::from_millis(480)));
    assert!(lane.ops[0].service.quantile(0.5) < lane.ops[0].response.quantile(0.9));
    assert!(lane.counts.late >= 300);
    assert_eq!(summary.validity.valid, Some(false));
}

#[test]
fn ticks_that_find_the_lane_full_are_missed() {
    let gate = CancellationToken::new();
    let (hold, release) = (gate.clone(), gate);
    let mut lane = ticks("a", Pace::rate(2000.0), 200);
    lane.max_in_flight = 5;
    let planned = Run::new(plan(lane)).unwrap();
    let hub = planned.hub();
    let summary = block_on(async {
        let make = move |_| {
            let hold = hold.clone();
            let call = move |_: Seen| {
                let hold = hold.clone();
                async move {
                    hold.cancelled().await;
                    OK
                }
            };
            Fake { calls: |_: Tick| 1, call }
        };
        let running = tokio::spawn(planned.start(make, CancellationToken::new()));
        until(|| hub.read(|totals| totals.lanes()[0].counts.planned == 200)).await;
        assert_eq!(hub.read(|totals| totals.lanes()[0].in_flight), 5);
        release.cancel();
        running.await.unwrap().unwrap()
    });
    let counts = only_lane(&summary).counts;
    assert_eq!((counts.planned, counts.started, counts.missed, counts.calls), (200, 5, 195, 5));
}

#[test]
fn calls_alive_at_the_end_of_the_grace_are_recorded_with_their_age() {
    let mut hanging = plan(ticks("a", Pace::rate(1000.0), 50));
    hanging.grace = Duration::from_millis(50);
    let planned = Run::new(hanging).unwrap();
    let hub = planned.hub();
    let shutdown = CancellationToken::new();
    let summary = block_on(async {
        let make = |_| Fake {
            calls: |_: Tick| 3,
            call: |seen: Seen| async move { if seen.index.is_multiple_of(2) { pending().await } else { OK } },
        };
        let running = tokio::spawn(planned.start(make, shutdown.clone()));
        until(|| hub.read(|totals| totals.lanes()[0].counts.calls == 75)).await;
        shutdown.cancel();
        running.await.unwrap().unwrap()
    });
    let lane = only_lane(&summary);
    assert!(summary.interrupted);
    assert_eq!((lane.counts.started, lane.counts.canceled, lane.counts.failed), (50, 25, 0));
    assert_eq!(lane.counts.calls, 100);
    let canceled: Vec<_> = summary.totals.series().filter(|series| series.code == CANCELED).collect();
    assert_eq!(canceled.iter().map(|series| series.count()).sum::<u64>(), 25);
    assert!(canceled[0].response.quantile(0.0).unwrap() >= Duration::from_millis(50));
}

#[test]
fn shutdown_keeps_the_rest_of_a_round_from_starting() {
    let planned = Run::new(plan(Lane::new("a", Pace::every(Duration::from_secs(3600))))).unwrap();
    let hub = planned.hub();
    let shutdown = CancellationToken::new();
    let summary = block_on(async {
        let gate = shutdown.clone();
        let make = move |_| {
            let gate = gate.clone();
            let call = move |_: Seen| {
                let gate = gate.clone();
                async move {
                    gate.cancelled().await;
                    OK
                }
            };
            Fake { calls: |_: Tick| 10, call }
        };
        let running = tokio::spawn(planned.start(make, shutdown.clone()));
        until(|| hub.read(|totals| totals.lanes()[0].in_flight == 1)).await;
        shutdown.cancel();
        running.await.unwrap().unwrap()
    });
    let counts = only_lane(&summary).counts;
    assert_eq!((counts.planned, counts.calls, counts.unmade, counts.canceled), (1, 1, 9, 0));
}

#[test]
fn transient_failures_are_tried_again_and_each_attempt_is_recorded() {
    let mut lane = ticks("a", Pace::every(Duration::from_millis(1)), 1);
    lane.retry = Some(RetryPolicy {
        initial: Duration::from_millis(1),
        ..RetryPolicy::within(Duration::from_secs(60))
    });
    let summary = run_plan(plan(lane), |_| Fake {
        calls: |_: Tick| 2,
        call: |seen: Seen| async move {
            match (seen.call, seen.attempt) {
                (0, 0..3) => ("unavailable", Verdict::Transient),
                (0, _) => OK,
                _ => ("not_found", Verdict::Failure),
            }
        },
    });
    let lane = only_lane(&summary);
    assert_eq!((lane.counts.calls, lane.counts.retries, lane.counts.failed), (5, 3, 4));
    let codes: BTreeMap<_, _> = lane.ops[0].codes.iter().map(|code| (code.code, code.count)).collect();
    assert_eq!(codes, BTreeMap::from([("unavailable", 3), ("ok", 1), ("not_found", 1)]));
    assert_eq!(lane.lag.count(), 1, "only the first call of a round is planned by the plan");
}

#[test]
fn shutdown_ends_a_wait_for_another_attempt() {
    let mut lane = ticks("a", Pace::rate(1000.0), 1);
    lane.retry = Some(RetryPolicy {
        initial: Duration::from_secs(3600),
        cap: Duration::MAX,
        ..RetryPolicy::within(Duration::MAX)
    });
    let planned = Run::new(plan(lane)).unwrap();
    let hub = planned.hub();
    let shutdown = CancellationToken::new();
    let summary = block_on(async {
        let call = |_: Seen| async { ("unavailable", Verdict::Transient) };
        let running =
            tokio::spawn(planned.start(move |_| Fake { calls: |_: Tick| 1, call }, shutdown.clone()));
        until(|| hub.read(|totals| totals.lanes()[0].counts.calls == 1)).await;
        shutdown.cancel();
        running.await.unwrap().unwrap()
    });
    assert_eq!(only_lane(&summary).counts.calls, 1);
}

#[test]
fn a_lane_can_wait_for_its_first_round_with_calls() {
    let mut lane = Lane::new("a", Pace::every(Duration::from_millis(1)));
    lane.max_rounds = Some(2);
    let summary =
        run_plan(plan(lane), |_| Fake { calls: |tick: Tick| usize::from(tick.index >= 3), call: ok });
    let counts = only_lane(&summary).counts;
    assert_eq!((counts.idle, counts.calls), (3, 2));
    assert_eq!(counts.started, 5);
}

#[test]
fn once_does_not_wait_for_the_next_tick() {
    let mut once = Plan::new([
        Lane::new("interval", Pace::every(Duration::from_secs(3600))),
        Lane::new("rate", Pace::rate(0.001)),
        Lane::new("closed", Pace::Closed { users: 1, think: Duration::from_secs(3600) }),
    ]);
    once.lanes.iter_mut().for_each(|lane| lane.max_rounds = Some(1));
    let summary = run_plan(once, |_| Fake { calls: |_: Tick| 2, call: ok });
    for lane in summary.totals.lanes() {
        assert_eq!((lane.counts.planned, lane.counts.calls), (1, 2), "{}", lane.name);
    }
}

#[test]
fn calls_of_a_round_follow_each_other() {
    let seen: Arc<Mutex<Vec<(usize, Instant)>>> = Arc::default();
    let log = seen.clone();
    let summary = run_plan(plan(ticks("a", Pace::rate(10.0), 1)), move |_| {
        let log = log.clone();
        let call = move |seen: Seen| {
            log.lock().unwrap().push((seen.call, seen.planned));
            async {
                tokio::time::sleep(Duration::from_millis(5)).await;
                OK
            }
        };
        Fake { calls: |_: Tick| 3, call }
    });
    let seen = seen.lock().unwrap();
    assert_eq!(seen.iter().map(|&(call, _)| call).collect::<Vec<_>>(), [0, 1, 2]);
    assert!(seen.windows(2).all(|pair| pair[1].1 >= pair[0].1 + Duration::from_millis(5)));
    assert_eq!(only_lane(&summary).ops[0].bytes_in, 30);
}

#[test]
fn closed_lanes_keep_their_users_busy() {
    let mut closed = plan(ticks("a", Pace::closed(4), 1000));
    closed.workers = 3;
    let indices: Arc<Mutex<Vec<u64>>> = Arc::default();
    let log = indices.clone();
    let summary = run_plan(closed, move |_| {
        let log = log.clone();
        let calls = move |tick: Tick| {
            log.lock().unwrap().push(tick.index);
            1
        };
        Fake { calls, call: ok }
    });
    let lane = only_lane(&summary);
    assert_eq!((lane.counts.planned, lane.counts.missed, lane.lag.count()), (1000, 0, 0));
    let mut indices = indices.lock().unwrap().clone();
    indices.sort_unstable();
    assert_eq!(indices, (0..1000).collect::<Vec<_>>());
}

#[test]
fn the_duration_bounds_the_plan_exactly() {
    let mut timed = Plan::new([
        Lane::new("even", Pace::rate(400.0)),
        Lane::new("random", Pace::poisson(400.0, 5)),
        Lane::new("interval", Pace::every(Duration::from_millis(100))),
        Lane::new("closed", Pace::Closed { users: 2, think: Duration::from_millis(20) }),
    ]);
    timed.workers = 2;
    timed.duration = Some(Duration::from_millis(500));
    let summary = run_plan(timed.clone(), |_| Fake { calls: |_: Tick| 1, call: ok });
    for (lane, settings) in summary.totals.lanes().iter().zip(&timed.lanes) {
        let counts = lane.counts;
        assert_eq!(counts.planned, counts.started + counts.missed);
        assert_eq!(counts.calls, counts.started);
        if settings.pace.at(0).is_some() {
            let in_plan = (0..).take_while(|&index| settings.pace.at(index) < timed.duration).count() as u64;
            assert_eq!(counts.planned, in_plan, "{}", lane.name);
        }
    }
    assert!(summary.wall >= Duration::from_millis(500));
}

#[test]
fn too_many_keys_are_counted_as_other() {
    let mut narrow = plan(ticks("a", Pace::rate(1000.0), 10));
    narrow.max_series = 4;
    narrow.workers = 2;
    let summary = run_plan(narrow, |_| Fake { calls: |_: Tick| 7, call: ok });
    let lane = only_lane(&summary);
    assert_eq!((lane.counts.calls, lane.ops[0].op), (70, "fake"));
    assert_eq!(summary.totals.overflowed(), 30);
    let other: Vec<_> = summary.totals.series().filter(|series| series.key == SeriesKey::other()).collect();
    assert_eq!((other.len(), other[0].count()), (1, 30));
    assert_eq!(summary.totals.series().count(), 5);
}

#[test]
fn intervals_add_up_to_the_totals() {
    let planned = Run::new(plan(ticks("a", Pace::rate(1000.0), 300))).unwrap();
    let hub = planned.hub();
    let (calls, totals) = block_on(async {
        let make = |_| Fake { calls: |_: Tick| 1, call: ok };
        let running = tokio::spawn(planned.start(make, CancellationToken::new()));
        let calls = Cell::new(0);
        let add = || {
            calls.set(calls.get() + hub.interval().lanes()[0].counts.calls);
            calls.get() == 300
        };
        until(add).await;
        running.await.unwrap().unwrap();
        (calls.get(), hub.totals())
    });
    assert_eq!((calls, totals.lanes()[0].counts.calls), (300, 300));
    let series = totals.series().next().unwrap();
    assert_eq!(series.service.native_buckets().iter().map(|&(_, count)| count).sum::<u64>(), 300);
    assert_eq!(series.service.classic_buckets(&[3600.0]), [300]);
}

#[test]
fn the_seed_of_a_tick_depends_on_the_plan_alone() {
    let seeds = |workers: usize| {
        let seeds: Arc<Mutex<BTreeMap<u64, u64>>> = Arc::default();
        let log = seeds.clone();
        let mut seeded = plan(ticks("a", Pace::rate(5000.0), 100));
        (seeded.workers, seeded.seed) = (workers, 7);
        run_plan(seeded, move |_| {
            let log = log.clone();
            let calls = move |tick: Tick| {
                log.lock().unwrap().insert(tick.index, tick.seed);
                1
            };
            Fake { calls, call: ok }
        });
        seeds.lock().unwrap().clone()
    };
    assert_eq!(seeds(1), seeds(3));
}

#[test]
fn a_panic_in_a_call_is_counted_and_the_lane_goes_on() {
    let summary = run_plan(plan(ticks("a", Pace::rate(1000.0), 10)), |_| Fake {
        calls: |_: Tick| 1,
        call: |seen: Seen| async move {
            assert!(seen.index != 3, "a fault of the workload, on purpose");
            OK
        },
    });
    let lane = only_lane(&summary);
    assert_eq!((lane.counts.calls, lane.counts.failed, lane.counts.panicked), (10, 1, 1));
    assert!(lane.ops[0].codes.iter().any(|code| code.code == PANICKED && code.count == 1));
    assert_eq!(summary.validity.valid, Some(false));
}

#[test]
fn a_panic_in_a_worker_ends_the_run() {
    let mut endless = plan(Lane::new("a", Pace::rate(100.0)));
    endless.workers = 2;
    let calls = |tick: Tick| {
        assert!(tick.index != 5, "a fault of the workload, on purpose");
        1
    };
    let result = block_on(run(endless, move |_| Fake { calls, call: ok }, CancellationToken::new()));
    assert!(matches!(result, Err(RunError::Panicked { worker: 1 })), "{result:?}");
}

#[test]
fn dropping_the_run_stops_the_workers() {
    struct Counted(Arc<AtomicU64>);
    impl Drop for Counted {
        fn drop(&mut self) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }
    let dropped = Arc::new(AtomicU64::new(0));
    let planned = Run::new(plan(Lane::new("a", Pace::rate(100.0)))).unwrap();
    let (count, hub) = (dropped.clone(), planned.hub());
    block_on(async {
        let make = move |_| {
            let counted = Counted(count.clone());
            let calls = move |_: Tick| {
                let _ = &counted;
                1
            };
            Fake { calls, call: ok }
        };
        let running = tokio::spawn(planned.start(make, CancellationToken::new()));
        until(|| hub.read(|totals| totals.lanes()[0].counts.calls > 0)).await;
        running.abort();
        until(|| dropped.load(Ordering::SeqCst) == 1).await;
    });
}

#[test]
fn a_closure_is_a_workload_whose_errors_are_failures() {
    let make =
        |_| {
            workload_fn(SeriesKey::new("get", [("path", "/")]), async |tick: &Tick| {
                if tick.index == 3 { Err("no") } else { Ok(()) }
            })
        };
    let summary = run_plan(plan(ticks("a", Pace::rate(1000.0), 10)), make);
    let lane = only_lane(&summary);
    assert_eq!((lane.counts.calls, lane.counts.failed), (10, 1));
    assert_eq!((lane.response().count(), lane.failed().count()), (9, 1));
    let codes: Vec<(&str, u64)> = lane.codes().iter().map(|code| (code.code, code.count)).collect();
    assert_eq!(codes, [("ok", 9), ("failed", 1)]);
}

/// Eight milliseconds of our own delay in nine used to be "valid", as there were no hundred rounds.
#[test]
fn few_rounds_are_judged_by_their_median_or_not_at_all() {
    let slow = |tick: Tick| {
        std::thread::sleep(Duration::from_millis(20));
        usize::from(tick.index < 20)
    };
    let mut two = Plan::new([
        ticks("a", Pace::every(Duration::from_millis(10)), 20),
        ticks("b", Pace::every(Duration::from_millis(10)), 20),
    ]);
    two.lanes.iter_mut().for_each(|lane| lane.max_in_flight = 100);
    let summary = run_plan(two, move |_| Fake { calls: slow, call: ok });
    assert_eq!(summary.validity.valid, Some(false), "{:?}", summary.validity);

    let summary =
        run_plan(plan(ticks("a", Pace::rate(1000.0), 1)), |_| Fake { calls: |_: Tick| 1, call: ok });
    assert_eq!(summary.validity.valid, None);
    assert_eq!((summary.validity.unjudged[0].lane.as_str(), summary.validity.unjudged[0].rounds), ("a", 1));

    let summary =
        run_plan(plan(ticks("a", Pace::rate(1000.0), 5)), |_| Fake { calls: |_: Tick| 0, call: ok });
    assert_eq!(summary.validity.valid, None, "nothing was measured");
}
