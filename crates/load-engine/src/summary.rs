use std::fmt;
use std::time::{Duration, SystemTime};

use crate::hub::Snapshot;
use crate::latency::Latency;
use crate::{Pace, Plan};

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
    /// Whether the numbers tell of the target rather than of the engine.
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
        plan: &Plan,
        started: SystemTime,
        wall: Duration,
        interrupted: bool,
        workers: Vec<WorkerUse>,
    ) -> Self {
        let validity = Validity::of(&totals, plan, &workers, &ValidityLimits::default());
        Self { totals, started, wall, interrupted, workers, validity }
    }
}

/// The verdict on the generator: did it keep its own plan?
#[derive(Clone, Debug, PartialEq)]
pub struct Validity {
    /// True if there are no reasons against.
    pub valid: bool,
    /// Why the latencies include the engine's own delay.
    pub reasons: Vec<Reason>,
}

/// One sign that the engine, not the target, made calls late.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Reason {
    /// The 99th percentile of a lane's lag is over the limit.
    Lag {
        /// The lane.
        lane: String,
        /// Its lag.
        p99: Duration,
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

/// When the engine's own delay makes a run invalid (facts/load.md 2.5).
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct ValidityLimits {
    /// Lag at the 99th percentile that is always fine.
    pub lag_p99: Duration,
    /// Lag at the 99th percentile that is fine as a share of the median response.
    pub lag_of_response: f64,
    /// Share of dispatches that may be more than 1 ms late.
    pub late_share: f64,
    /// Share of a core that a worker may use.
    pub utilisation: f64,
    /// With fewer dispatches a lane's lag is not judged: one hiccup would decide.
    pub min_dispatches: u64,
}

impl Default for ValidityLimits {
    fn default() -> Self {
        Self {
            lag_p99: Duration::from_millis(1),
            lag_of_response: 0.05,
            late_share: 0.05,
            utilisation: 0.85,
            min_dispatches: 100,
        }
    }
}

impl Validity {
    /// Judges what was recorded in a run of `plan`.
    pub fn of(totals: &Snapshot, plan: &Plan, workers: &[WorkerUse], limits: &ValidityLimits) -> Self {
        let mut reasons = Vec::new();
        for (lane, settings) in totals.lanes().iter().zip(&plan.lanes) {
            let name = || lane.name.to_string();
            if !matches!(settings.pace, Pace::Closed { .. }) && lane.lag.count() >= limits.min_dispatches {
                if let Some((p99, limit)) = lag_over_limit(&lane.lag, &lane.response(), limits) {
                    reasons.push(Reason::Lag { lane: name(), p99, limit });
                }
                let share = lane.counts.late as f64 / lane.lag.count() as f64;
                let slow = limit_of(&lane.response(), limits) > limits.lag_p99;
                if share > limits.late_share && !slow {
                    reasons.push(Reason::Late { lane: name(), share });
                }
            }
            if lane.counts.panicked > 0 {
                reasons.push(Reason::Panicked { lane: name(), rounds: lane.counts.panicked });
            }
        }
        for (worker, used) in workers.iter().enumerate() {
            if let Some(utilisation) = used.utilisation().filter(|&share| share >= limits.utilisation) {
                reasons.push(Reason::Busy { worker, utilisation });
            }
        }
        Self { valid: reasons.is_empty(), reasons }
    }
}

fn lag_over_limit(
    lag: &Latency,
    response: &Latency,
    limits: &ValidityLimits,
) -> Option<(Duration, Duration)> {
    let limit = limit_of(response, limits);
    lag.quantile(0.99).filter(|&p99| p99 > limit).map(|p99| (p99, limit))
}

fn limit_of(response: &Latency, limits: &ValidityLimits) -> Duration {
    let share = response.quantile(0.5).unwrap_or_default().mul_f64(limits.lag_of_response);
    limits.lag_p99.max(share)
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reason::Lag { lane, p99, limit } => {
                write!(f, "lane `{lane}`: the 99th percentile of our own lag is {p99:.1?}, over {limit:.1?}")
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
