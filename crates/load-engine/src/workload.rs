use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use crate::{Lane, SeriesKey};

/// What a lane's ticks do to the target.
///
/// A workload is made on, and never leaves, one worker thread: it can own connections and
/// `Rc`s, and its futures need not be `Send`. `tokio::spawn` and `spawn_local` both work in it.
pub trait Workload: 'static {
    /// What the plan's lanes tell the workload: [`Lane::data`](crate::Lane).
    type Lane: Send + Sync + 'static;
    /// One call, ready to be made any number of times.
    type Call: 'static;

    /// Runs once per worker before the clock starts: connections, first discovery. Given up at
    /// shutdown; otherwise it decides itself how long it takes.
    fn prepare(&self) -> impl Future<Output = ()> {
        async {}
    }

    /// The calls of the round that `tick` starts, made one after the other. None makes the round
    /// idle. Runs on the dispatching task: keep it short.
    fn calls(&self, tick: &Tick<Self::Lane>) -> Vec<Self::Call>;

    /// The series that the call is recorded in, before its code is known. Clones of a kept key
    /// are cheap.
    fn series(&self, call: &Self::Call) -> SeriesKey;

    /// Whether the call can be made, asked when its turn in the round has come: one that depends
    /// on the answer to a call before it may not. A call that cannot is counted as unmade.
    fn can_make(&self, call: &Self::Call) -> bool {
        let _ = call;
        true
    }

    /// Makes the call. Timeouts are the workload's: a call that took too long is an outcome like
    /// any other. Time spent after [`Outcome::done`] is not measured, but delays the round.
    fn call(&self, call: &Self::Call, context: &CallContext<'_, Self::Lane>)
    -> impl Future<Output = Outcome>;
}

/// A planned start of a round.
#[derive(Debug)]
pub struct Tick<D = ()> {
    /// The lane whose round it is, as it is in the plan.
    pub lane: Arc<Lane<D>>,
    /// Index of the tick in its lane, from 0. User `u` of `n` of a closed lane has `u, u + n, ...`.
    pub index: u64,
    /// The worker, from 0.
    pub worker: usize,
    /// The planned instant. In closed lanes: when the user's pause was over.
    pub planned: Instant,
    /// The planned instant on the wall clock, so that a late call still asks for its own window.
    pub planned_wall: SystemTime,
    /// A number for this tick's choices: depends on plan seed, position of the lane and index only.
    pub seed: u64,
}

impl<D> Clone for Tick<D> {
    fn clone(&self) -> Self {
        Self { lane: Arc::clone(&self.lane), ..*self }
    }
}

/// Where in its round a call stands.
#[derive(Debug)]
pub struct CallContext<'a, D = ()> {
    /// The tick that started the round.
    pub tick: &'a Tick<D>,
    /// Which call of the round, from 0.
    pub position: usize,
    /// How often this call was tried before.
    pub attempt: u32,
    /// When this attempt was planned: the tick's instant for the first call of a round, the end
    /// of its predecessor for others (open loop between rounds, closed inside), the end of the
    /// wait for retries.
    pub planned: Instant,
}

impl<D> CallContext<'_, D> {
    /// The planned instant on the wall clock.
    pub fn planned_wall(&self) -> SystemTime {
        self.tick.planned_wall + self.planned.saturating_duration_since(self.tick.planned)
    }
}

/// How a call went, as instants: the engine computes the times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// A status code's name; few, as each becomes a series.
    pub code: &'static str,
    /// What the code means for the counts and for retries.
    pub verdict: Verdict,
    /// When the request was handed to the connection.
    pub sent: Instant,
    /// When the first byte of the answer arrived, if any did.
    pub first_byte: Option<Instant>,
    /// When the last byte of the answer arrived, or the call was given up.
    pub done: Instant,
    /// Bytes of the answer.
    pub bytes_in: u64,
    /// Bytes of the request.
    pub bytes_out: u64,
}

/// What an outcome means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// An answer, even if an empty one.
    Success,
    /// A failure that another attempt would not change.
    Failure,
    /// A failure worth another attempt, where the lane asks for such.
    Transient,
}

impl Outcome {
    /// Without first byte and sizes.
    pub fn new(code: &'static str, verdict: Verdict, sent: Instant, done: Instant) -> Self {
        Self { code, verdict, sent, first_byte: None, done, bytes_in: 0, bytes_out: 0 }
    }
}

/// The instant and the wall-clock time at which the plan's offset 0 lies.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Start {
    pub(crate) instant: Instant,
    pub(crate) wall: SystemTime,
}

impl Start {
    /// Now, on both clocks, plus `delay`.
    pub(crate) fn after(delay: Duration) -> Self {
        Self { instant: Instant::now() + delay, wall: SystemTime::now() + delay }
    }
}
