//! What happened so far, for `/metrics`.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use ops::metrics::Histogram;

use crate::measure::Failure;

/// Numbers of all queries and receivers of a process. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Stats {
    inner: Arc<Mutex<Inner>>,
}

#[derive(Debug, Default)]
pub(crate) struct Inner {
    pub(crate) queries: BTreeMap<String, QueryStats>,
    pub(crate) stale_markers: u64,
    /// Whether the Parca answered the newest call.
    pub(crate) parca_up: Option<bool>,
    pub(crate) reload: Option<Reload>,
}

/// One query's numbers.
#[derive(Clone, Debug)]
pub(crate) struct QueryStats {
    /// Asked, by outcome.
    pub(crate) outcomes: BTreeMap<&'static str, u64>,
    pub(crate) duration: Durations,
    pub(crate) last_success: Option<SystemTime>,
    pub(crate) last_window_end_ms: Option<i64>,
    /// Given up: too old, refused, forgotten by the Parca.
    pub(crate) windows_missed: u64,
    /// Questions that came before the Parca had anything from after the window.
    pub(crate) early: u64,
    pub(crate) panics: u64,
    pub(crate) rows: usize,
    pub(crate) bytes: usize,
    pub(crate) series: usize,
    pub(crate) over_limit: u64,
    pub(crate) invalid: u64,
}

/// How the last reload went.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reload {
    pub(crate) successful: bool,
    pub(crate) last_success: Option<SystemTime>,
}

/// Durations in buckets.
#[derive(Clone, Debug, Default)]
pub(crate) struct Durations {
    counts: [u64; BOUNDS.len()],
    count: u64,
    sum: f64,
}

const BOUNDS: [f64; 14] =
    [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];

/// Every outcome, so that a series is there before it counts.
pub(crate) const OUTCOMES: [&str; 4] = ["ok", "empty", "error", "timeout"];

impl Stats {
    /// Says how a reload of the config went.
    pub fn reloaded(&self, successful: bool, now: SystemTime) {
        let mut inner = self.lock();
        let before = inner.reload.and_then(|reload| reload.last_success);
        let last_success = if successful { Some(now) } else { before };
        inner.reload = Some(Reload { successful, last_success });
    }

    /// Numbers stay usable after a panic in the middle of an update.
    pub(crate) fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn query(&self, name: &str, change: impl FnOnce(&mut QueryStats)) {
        let mut inner = self.lock();
        match inner.queries.get_mut(name) {
            Some(query) => change(query),
            None => change(inner.queries.entry(name.to_owned()).or_default()),
        }
    }

    pub(crate) fn forget(&self, name: &str) {
        self.lock().queries.remove(name);
    }

    pub(crate) fn failed(&self, name: &str, failure: Failure, took: Duration) {
        let outcome = if failure == Failure::Slow { "timeout" } else { "error" };
        self.query(name, |query| query.asked(outcome, took));
        if failure != Failure::Final {
            self.lock().parca_up = Some(false);
        }
    }
}

impl Default for QueryStats {
    fn default() -> Self {
        Self {
            outcomes: OUTCOMES.map(|outcome| (outcome, 0)).into(),
            duration: Durations::default(),
            last_success: None,
            last_window_end_ms: None,
            windows_missed: 0,
            early: 0,
            panics: 0,
            rows: 0,
            bytes: 0,
            series: 0,
            over_limit: 0,
            invalid: 0,
        }
    }
}

impl QueryStats {
    pub(crate) fn asked(&mut self, outcome: &'static str, took: Duration) {
        *self.outcomes.entry(outcome).or_default() += 1;
        self.duration.record(took);
    }
}

impl Durations {
    pub(crate) fn record(&mut self, took: Duration) {
        let seconds = took.as_secs_f64();
        if let Some(at) = BOUNDS.iter().position(|bound| seconds <= *bound) {
            self.counts[at] += 1;
        }
        self.count += 1;
        self.sum += seconds;
    }

    pub(crate) fn histogram(&self) -> Histogram {
        let mut below = 0;
        let buckets = BOUNDS.iter().zip(self.counts).map(|(bound, count)| {
            below += count;
            (*bound, below)
        });
        Histogram { buckets: buckets.collect(), count: self.count, sum: self.sum, native: None }
    }
}
