use std::fmt;
use std::time::{Duration, SystemTime};

use crate::LaneStats;
use crate::hub::Snapshot;
use crate::latency::Latency;

/// A run that is over.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Summary {
    /// All that was recorded.
    pub totals: Snapshot,
    /// Offset 0 of the plan on the wall clock.
    pub started: SystemTime,
    /// From offset 0 to the end of the last worker.
    pub wall: Duration,
    /// Whether the shutdown token was cancelled before the end.
    pub interrupted: bool,
    /// What each worker cost.
    pub workers: Vec<WorkerUse>,
    /// Whether the numbers tell of the target rather than of the engine, as far as can be said.
    pub validity: Validity,
}

/// What a worker thread used, from its start to its end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WorkerUse {
    /// CPU time; `None` where the system cannot tell.
    pub cpu: Option<Duration>,
    /// Wall time.
    pub wall: Duration,
}

impl WorkerUse {
    /// The share of one core that was used.
    pub fn utilisation(&self) -> Option<f64> {
        let cpu = self.cpu?.as_secs_f64();
        (self.wall > Duration::ZERO).then(|| cpu / self.wall.as_secs_f64())
    }
}

impl Summary {
    pub(crate) fn new(
        totals: Snapshot,
        started: SystemTime,
        wall: Duration,
        interrupted: bool,
        workers: Vec<WorkerUse>,
    ) -> Self {
        let validity = Validity::of(&totals, &workers, &ValidityLimits::default());
        Self { totals, started, wall, interrupted, workers, validity }
    }
}

/// The verdict on the generator: did it keep its own plan?
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Validity {
    /// `Some(true)`: it did, on each lane. `Some(false)`: it did not, see the reasons. `None`: there were
    /// too few rounds to say.
    pub valid: Option<bool>,
    /// Why the latencies include the engine's own delay.
    pub reasons: Vec<Reason>,
    /// Paced lanes with too few rounds to be judged by all limits.
    pub unjudged: Vec<Unjudged>,
}

/// A lane with too few rounds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unjudged {
    /// The lane.
    pub lane: String,
    /// Rounds with calls that it had.
    pub rounds: u64,
}

/// One sign that the engine, not the target, made calls late.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Reason {
    /// A lane's lag is over the limit.
    Lag {
        /// The lane.
        lane: String,
        /// Which quantile of its lag: 0.99, or 0.5 where there are few rounds.
        quantile: f64,
        /// The lag at that quantile.
        lag: Duration,
        /// The most that is fine for this lane.
        limit: Duration,
    },
    /// Too large a share of a lane's dispatches was more than 1 ms late.
    Late {
        /// The lane.
        lane: String,
        /// Late dispatches, of all.
        share: f64,
    },
    /// A worker used nearly all of a core.
    Busy {
        /// The worker.
        worker: usize,
        /// Share of a core.
        utilisation: f64,
    },
    /// The workload panicked; the rounds it did so in are incomplete.
    Panicked {
        /// The lane.
        lane: String,
        /// Rounds.
        rounds: u64,
    },
}

/// When the engine's own delay makes a run invalid.
///
/// The defaults follow what a timer of this kind keeps on an idle machine (a lag of 0.1 to 0.2 ms at the
/// median, below 1 ms at the 99th percentile) with room to spare.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct ValidityLimits {
    /// A lag that is always fine.
    pub lag: Duration,
    /// A lag that is fine as a share of the median service time.
    pub lag_of_service: f64,
    /// Share of dispatches that may be more than 1 ms late.
    pub late_share: f64,
    /// Share of a core that a worker may use.
    pub utilisation: f64,
    /// With fewer rounds only the median of a lane's lag is judged: one hiccup would decide the 99th
    /// percentile.
    pub min_rounds: u64,
    /// With fewer rounds not even the median is judged.
    pub min_rounds_for_median: u64,
    /// A worker's use of its core is judged from this on.
    pub min_wall: Duration,
}

impl Default for ValidityLimits {
    fn default() -> Self {
        Self {
            lag: Duration::from_millis(1),
            lag_of_service: 0.05,
            late_share: 0.05,
            utilisation: 0.85,
            min_rounds: 100,
            min_rounds_for_median: 2,
            min_wall: Duration::from_secs(2),
        }
    }
}

impl Validity {
    /// Judges what was recorded.
    pub fn of(totals: &Snapshot, workers: &[WorkerUse], limits: &ValidityLimits) -> Self {
        let (mut reasons, mut unjudged) = (Vec::new(), Vec::new());
        for lane in totals.lanes() {
            if lane.is_paced {
                reasons.extend(late(lane, limits));
            }
            if lane.is_paced && lane.lag.count() < limits.min_rounds {
                unjudged.push(Unjudged { lane: lane.name.to_string(), rounds: lane.lag.count() });
            }
            if lane.counts.panicked > 0 {
                reasons.push(Reason::Panicked { lane: lane.name.to_string(), rounds: lane.counts.panicked });
            }
        }
        for (worker, used) in workers.iter().enumerate().filter(|(_, used)| used.wall >= limits.min_wall) {
            if let Some(utilisation) = used.utilisation().filter(|&share| share >= limits.utilisation) {
                reasons.push(Reason::Busy { worker, utilisation });
            }
        }
        let measured = totals.lanes().iter().any(|lane| lane.counts.calls > 0);
        let valid = match (reasons.is_empty(), unjudged.is_empty() && measured) {
            (false, _) => Some(false),
            (true, true) => Some(true),
            (true, false) => None,
        };
        Self { valid, reasons, unjudged }
    }
}

fn late(lane: &LaneStats, limits: &ValidityLimits) -> Vec<Reason> {
    let rounds = lane.lag.count();
    let quantile = match rounds {
        rounds if rounds >= limits.min_rounds => 0.99,
        rounds if rounds >= limits.min_rounds_for_median => 0.5,
        _ => return Vec::new(),
    };
    let limit = limit_of(&lane.service(), limits);
    let mut reasons = Vec::new();
    if let Some(lag) = lane.lag.quantile(quantile).filter(|&lag| lag > limit) {
        reasons.push(Reason::Lag { lane: lane.name.to_string(), quantile, lag, limit });
    }
    let share = lane.counts.late as f64 / rounds as f64;
    // Where calls are slow, a millisecond is nothing.
    if rounds >= limits.min_rounds && share > limits.late_share && limit <= limits.lag {
        reasons.push(Reason::Late { lane: lane.name.to_string(), share });
    }
    reasons
}

/// Of the service time: the response contains the lag that is to be judged.
fn limit_of(service: &Latency, limits: &ValidityLimits) -> Duration {
    let share = service.quantile(0.5).unwrap_or_default().mul_f64(limits.lag_of_service);
    limits.lag.max(share)
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reason::Lag { lane, quantile, lag, limit } => {
                let percent = quantile * 100.0;
                write!(f, "lane `{lane}`: percentile {percent} of our own lag is {lag:.1?}, over {limit:.1?}")
            }
            Reason::Late { lane, share } => {
                write!(f, "lane `{lane}`: {:.1} % of the calls began more than 1 ms late", share * 100.0)
            }
            Reason::Busy { worker, utilisation } => {
                write!(f, "worker {worker} used {:.0} % of a core", utilisation * 100.0)
            }
            Reason::Panicked { lane, rounds } => {
                write!(f, "lane `{lane}`: {rounds} rounds ended in a panic of the workload")
            }
        }
    }
}
