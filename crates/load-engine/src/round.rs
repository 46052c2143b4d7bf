//! One round: its calls in a row, their attempts, and what is recorded if it is dropped midway.

use std::rc::Rc;
use std::time::Instant;

use backoff::{Backoff, rest};

use crate::counts::{CANCELED, Counts, PANICKED, Sample};
use crate::worker::{Alive, Worker, WorkerLane};
use crate::{CallContext, Outcome, Pace, SeriesKey, Tick, Verdict, Workload, seed};

/// A round's place in its lane, given back when dropped.
pub(crate) struct Permit<W: Workload> {
    alive: Alive<W>,
    lane: Rc<WorkerLane<W::Lane>>,
}

impl<W: Workload> Permit<W> {
    /// A place, unless `max` rounds are in flight.
    pub(crate) fn within(worker: &Rc<Worker<W>>, lane: &Rc<WorkerLane<W::Lane>>, max: usize) -> Option<Self> {
        lane.live.admit(max).then(|| Self { alive: Alive::new(worker), lane: Rc::clone(lane) })
    }

    /// A place beside all others.
    pub(crate) fn unbounded(worker: &Rc<Worker<W>>, lane: &Rc<WorkerLane<W::Lane>>) -> Self {
        lane.live.admit(usize::MAX);
        Self { alive: Alive::new(worker), lane: Rc::clone(lane) }
    }

    fn worker(&self) -> &Rc<Worker<W>> {
        self.alive.worker()
    }
}

impl<W: Workload> Drop for Permit<W> {
    fn drop(&mut self) {
        self.lane.live.leave();
        if std::thread::panicking() {
            self.worker().count(&self.lane, &Counts { panicked: 1, ..Counts::default() });
        }
    }
}

pub(crate) async fn run_round<W: Workload>(permit: &Permit<W>, tick: &Tick<W::Lane>, calls: &[W::Call]) {
    let worker = permit.worker();
    for (position, call) in calls.iter().enumerate() {
        let mut planned = tick.planned;
        if position > 0 {
            if worker.stopping.is_cancelled() {
                let unmade = (calls.len() - position) as u64;
                return worker.count(&permit.lane, &Counts { unmade, ..Counts::default() });
            }
            tokio::task::coop::consume_budget().await;
            planned = Instant::now();
        }
        if !worker.workload.can_make(call) {
            worker.count(&permit.lane, &Counts { unmade: 1, ..Counts::default() });
            continue;
        }
        run_call(permit, call, CallContext { tick, position, attempt: 0, planned }).await;
    }
}

/// Makes a call, again where its lane retries.
async fn run_call<W: Workload>(permit: &Permit<W>, call: &W::Call, mut context: CallContext<'_, W::Lane>) {
    let mut retries = None;
    let mut first = None;
    loop {
        let (began, verdict) = attempt(permit, call, &context).await;
        let first = *first.get_or_insert(began);
        let Some(policy) = permit.lane.plan.retry.filter(|_| verdict == Verdict::Transient) else { return };
        let backoff = || Backoff::new(policy, seed::mix(context.tick.seed, context.position as u64));
        let Some(wait) = retries.get_or_insert_with(backoff).wait(first.elapsed()) else { return };
        if !rest(tokio::time::sleep(wait), permit.worker().stopping.cancelled()).await {
            return;
        }
        context.attempt += 1;
        context.planned = Instant::now();
    }
}

async fn attempt<W: Workload>(
    permit: &Permit<W>,
    call: &W::Call,
    context: &CallContext<'_, W::Lane>,
) -> (Instant, Verdict) {
    let worker = permit.worker();
    let guard = CallGuard {
        permit,
        context,
        key: worker.workload.series(call),
        dispatched: Instant::now(),
        recorded: false,
    };
    let dispatched = guard.dispatched;
    let outcome = worker.workload.call(call, context).await;
    let verdict = outcome.verdict;
    guard.record(&outcome);
    (dispatched, verdict)
}

/// A call in flight. Dropped without an outcome, it is recorded with its age: the slowest calls
/// of a run are the ones that are alive at its end.
struct CallGuard<'a, W: Workload> {
    permit: &'a Permit<W>,
    context: &'a CallContext<'a, W::Lane>,
    key: SeriesKey,
    dispatched: Instant,
    recorded: bool,
}

impl<W: Workload> CallGuard<'_, W> {
    fn record(mut self, outcome: &Outcome) {
        self.recorded = true;
        let sample = Sample {
            failed: outcome.verdict != Verdict::Success,
            sent: Some(outcome.sent),
            first_byte: outcome.first_byte,
            bytes_in: outcome.bytes_in,
            bytes_out: outcome.bytes_out,
            ..self.sample(outcome.code, outcome.done)
        };
        self.permit.worker().record(&self.permit.lane, &self.key, &sample);
    }

    /// A failure without an answer.
    fn sample(&self, code: &'static str, done: Instant) -> Sample {
        let CallContext { tick, position, attempt, planned } = *self.context;
        let closed = matches!(tick.lane.pace, Pace::Closed { .. });
        let dispatch = position == 0 && attempt == 0 && !closed;
        Sample {
            code,
            failed: true,
            retry: attempt > 0,
            tick: dispatch.then_some(tick.planned),
            planned,
            dispatched: self.dispatched,
            sent: None,
            first_byte: None,
            done,
            bytes_in: 0,
            bytes_out: 0,
        }
    }
}

impl<W: Workload> Drop for CallGuard<'_, W> {
    fn drop(&mut self) {
        if !self.recorded {
            let code = if std::thread::panicking() { PANICKED } else { CANCELED };
            let sample = self.sample(code, Instant::now());
            self.permit.worker().record(&self.permit.lane, &self.key, &sample);
        }
    }
}
