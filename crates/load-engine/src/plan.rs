use std::collections::HashSet;
use std::fmt;
use std::time::Duration;

use backoff::Policy;

use crate::Pace;

/// What to do: lanes side by side, and the limits of the run.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Plan<D = ()> {
    /// The lanes, all starting at once.
    pub lanes: Vec<Lane<D>>,
    /// Threads, each with its own runtime and workload. Worker `k` of `n` takes the ticks
    /// `k, k + n, ...` of rate lanes; an interval lane lives on one worker; users of a closed
    /// lane are dealt out.
    pub workers: usize,
    /// Ticks planned at or after this are not part of the plan. Without it only the lanes' own
    /// limits and the shutdown token end the run.
    pub duration: Option<Duration>,
    /// How long calls in flight may go on once the duration is over or shutdown was asked for;
    /// then they are recorded as canceled, with their age.
    pub grace: Duration,
    /// Chooses the per-tick seeds and the jitter of retries.
    pub seed: u64,
    /// Most distinct combinations of series key and code; further ones are counted as `other`.
    pub max_series: usize,
}

/// One stream of rounds at one pace.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Lane<D = ()> {
    /// A name, unique in the plan.
    pub name: String,
    /// What the workload is to do on this lane; each [`Tick`](crate::Tick) brings it along.
    pub data: D,
    /// When rounds start.
    pub pace: Pace,
    /// Most rounds in flight at once, over all workers; a tick that finds so many is missed.
    /// Not used by closed lanes, whose users are the bound.
    pub max_in_flight: usize,
    /// Whether and how calls with a transient failure are tried again.
    pub retry: Option<Policy>,
    /// Until the lane had a round with calls, look this often whether there is something to ask,
    /// beside the ticks of the pace. A look that finds nothing is no tick, and is not counted.
    /// For interval lanes.
    pub first_look: Option<Duration>,
    /// Plan exactly this many ticks, whatever becomes of them.
    pub max_ticks: Option<u64>,
    /// End after this many rounds *with calls*; missed and idle ticks do not count. With 1 it is
    /// "once": a lane that has nothing to ask yet ticks on until it has.
    pub max_rounds: Option<u64>,
}

/// The most workers a plan may have.
pub const MAX_WORKERS: usize = 64;

const MAX_USERS: u32 = 100_000;
const MAX_RATE: f64 = 1e6;
/// Shorter intervals are rates.
const MIN_INTERVAL: Duration = Duration::from_millis(1);

impl<D> Plan<D> {
    /// One worker, no duration, 30 s of grace, 1024 series.
    pub fn new(lanes: impl IntoIterator<Item = Lane<D>>) -> Self {
        Self {
            lanes: lanes.into_iter().collect(),
            workers: 1,
            duration: None,
            grace: Duration::from_secs(30),
            seed: 0,
            max_series: 1024,
        }
    }

    /// Whether the plan can be run.
    ///
    /// # Errors
    /// [`InvalidPlan`], with everything that is wrong.
    pub fn check(&self) -> Result<(), InvalidPlan> {
        let mut faults = Vec::new();
        if self.lanes.is_empty() {
            faults.push(PlanFault::new(None, "expected at least one lane, found none"));
        }
        if !(1..=MAX_WORKERS).contains(&self.workers) {
            faults.push(PlanFault::new(
                None,
                format!("expected 1 to {MAX_WORKERS} workers, found {}", self.workers),
            ));
        }
        let mut names = HashSet::new();
        for lane in &self.lanes {
            if !names.insert(lane.name.as_str()) {
                faults
                    .push(PlanFault::new(Some(&lane.name), "expected names to differ, found this one twice"));
            }
            faults.extend(lane.faults().into_iter().map(|message| PlanFault::new(Some(&lane.name), message)));
        }
        if faults.is_empty() { Ok(()) } else { Err(InvalidPlan { faults }) }
    }
}

impl Lane {
    /// A lane without data, retries and limits. Interval lanes have one round in flight (a tick that
    /// finds the last round unfinished is missed), rate lanes up to 8192.
    pub fn new(name: impl Into<String>, pace: Pace) -> Self {
        Self::with_data(name, pace, ())
    }
}

impl<D> Lane<D> {
    /// A lane that tells the workload what to do on it; otherwise as [`Lane::new`].
    pub fn with_data(name: impl Into<String>, pace: Pace, data: D) -> Self {
        Self {
            name: name.into(),
            data,
            pace,
            max_in_flight: if matches!(pace, Pace::Interval { .. }) { 1 } else { 8192 },
            retry: None,
            first_look: None,
            max_ticks: None,
            max_rounds: None,
        }
    }

    fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        match self.pace {
            Pace::Interval { every } if every < MIN_INTERVAL => {
                faults.push(format!("expected an interval of at least {MIN_INTERVAL:?}, found {every:?}"));
            }
            Pace::Rate { per_second, .. } if !(per_second > 0.0 && per_second <= MAX_RATE) => {
                faults.push(format!("expected a rate above 0 and up to {MAX_RATE}, found {per_second}"));
            }
            Pace::Closed { users, .. } if !(1..=MAX_USERS).contains(&users) => {
                faults.push(format!("expected 1 to {MAX_USERS} users, found {users}"));
            }
            _ => {}
        }
        if self.first_look.is_some_and(|look| look < MIN_INTERVAL) {
            faults.push(format!("expected looks at least {MIN_INTERVAL:?} apart"));
        }
        if self.max_in_flight == 0 {
            faults.push("expected at least one round in flight, found 0".to_owned());
        }
        if self.retry.is_some_and(|retry| !retry.is_valid()) {
            faults.push("expected waits that begin above 0 and do not shrink".to_owned());
        }
        faults
    }
}

/// A plan that cannot be run, with all that is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidPlan {
    /// At least one.
    pub faults: Vec<PlanFault>,
}

/// One thing wrong with a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanFault {
    /// The lane it concerns, if one.
    pub lane: Option<String>,
    /// What was expected and found.
    pub message: String,
}

impl PlanFault {
    fn new(lane: Option<&str>, message: impl Into<String>) -> Self {
        Self { lane: lane.map(str::to_owned), message: message.into() }
    }
}

impl fmt::Display for PlanFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.lane {
            Some(lane) => write!(f, "lane `{lane}`: {}", self.message),
            None => f.write_str(&self.message),
        }
    }
}

impl fmt::Display for InvalidPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("plan is not valid: ")?;
        for (index, fault) in self.faults.iter().enumerate() {
            write!(f, "{}{fault}", if index == 0 { "" } else { "; " })?;
        }
        Ok(())
    }
}

impl std::error::Error for InvalidPlan {}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn all_faults_are_told_at_once() {
        let mut full = Lane::new("a", Pace::closed(0));
        full.max_in_flight = 0;
        let mut plan = Plan::new([
            full,
            Lane::new("b", Pace::rate(f64::NAN)),
            Lane::new("b", Pace::every(Duration::ZERO)),
        ]);
        plan.workers = 0;
        let faults = plan.check().unwrap_err().faults;
        let lanes: Vec<_> = faults.iter().map(|fault| fault.lane.as_deref()).collect();
        assert_eq!(lanes, [None, Some("a"), Some("a"), Some("b"), Some("b"), Some("b")]);
        assert!(Plan::<()>::new([]).check().is_err());
        assert!(Plan::new([Lane::new("a", Pace::rate(1.0))]).check().is_ok());
    }
}
