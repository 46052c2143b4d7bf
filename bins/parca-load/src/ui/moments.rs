//! What each lane did over time: one moment every few seconds, the last quarter of an hour.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use load_engine::{Hub, LaneStats, NATIVE_SCHEMA};
use tokio_util::sync::CancellationToken;

/// How long a moment is.
pub(super) const STEP: Duration = Duration::from_secs(5);
/// How many moments are kept.
const KEPT: usize = 180;

/// What a lane did in one step: calls, failed ones, and in seconds half of the response times, 99 % of them, and 99 % of
/// the engine's own lateness; times are absent where no call was answered.
pub(super) type Moment = (u64, u64, Option<f64>, Option<f64>, Option<f64>);

/// The moments of all lanes, by name. Cheap to clone; clones share.
#[derive(Clone, Debug, Default)]
pub(super) struct Moments(Arc<Mutex<HashMap<String, Lane>>>);

#[derive(Debug, Default)]
struct Lane {
    kept: VecDeque<Moment>,
    before: Sums,
}

/// What was counted up to a moment.
#[derive(Clone, Debug, Default)]
struct Sums {
    calls: u64,
    failed: u64,
    response: BTreeMap<i32, u64>,
    lag: BTreeMap<i32, u64>,
}

impl Sums {
    fn of(stats: &LaneStats) -> Self {
        Self {
            calls: stats.counts.calls,
            failed: stats.counts.failed,
            response: stats.response().native_buckets().into_iter().collect(),
            lag: stats.lag.native_buckets().into_iter().collect(),
        }
    }

    fn since(&self, before: &Self) -> Moment {
        let response = |quantile| self::quantile(&self.response, &before.response, quantile);
        let calls = self.calls.saturating_sub(before.calls);
        let failed = self.failed.saturating_sub(before.failed);
        (calls, failed, response(0.5), response(0.99), quantile(&self.lag, &before.lag, 0.99))
    }
}

impl Moments {
    /// Notes a moment every step, until `stop`.
    pub(super) async fn note(self, hub: Arc<Hub>, stop: CancellationToken) {
        let mut ticks = tokio::time::interval(STEP);
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                _ = ticks.tick() => hub.read(|snapshot| self.add(snapshot.lanes())),
            }
        }
    }

    fn add(&self, lanes: &[LaneStats]) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for stats in lanes {
            let lane = known.entry(stats.name.to_string()).or_default();
            lane.push(Sums::of(stats));
        }
    }

    /// The moments of a lane, the oldest first.
    pub(super) fn of(&self, lane: &str) -> Vec<Moment> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(lane).map(|lane| lane.kept.iter().copied().collect()).unwrap_or_default()
    }
}

impl Lane {
    fn push(&mut self, now: Sums) {
        if self.kept.len() == KEPT {
            self.kept.pop_front();
        }
        self.kept.push_back(now.since(&self.before));
        self.before = now;
    }
}

/// The end of a bucket of a native histogram, in seconds.
pub(super) fn bound(index: i32) -> f64 {
    (f64::from(index) / f64::from(1 << NATIVE_SCHEMA)).exp2()
}

/// A quantile of what was added to buckets, as the end of the bucket that it is in.
fn quantile(now: &BTreeMap<i32, u64>, before: &BTreeMap<i32, u64>, quantile: f64) -> Option<f64> {
    let added = |(index, count): (&i32, &u64)| {
        (*index, count.saturating_sub(before.get(index).copied().unwrap_or_default()))
    };
    let buckets: Vec<(i32, u64)> = now.iter().map(added).collect();
    let total: u64 = buckets.iter().map(|(_, count)| count).sum();
    let wanted = (total as f64 * quantile).ceil().max(1.0) as u64;
    let mut seen = 0;
    buckets.into_iter().find_map(|(index, count)| {
        seen += count;
        (total > 0 && seen >= wanted).then(|| bound(index))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_what_was_added() {
        let sums = |calls, buckets: &[(i32, u64)]| Sums {
            calls,
            failed: 0,
            response: buckets.iter().copied().collect(),
            lag: BTreeMap::new(),
        };
        let mut lane = Lane::default();
        lane.push(sums(10, &[(0, 10)]));
        // Slow calls of this moment are seen, however many fast ones there were before.
        lane.push(sums(14, &[(0, 11), (8, 13)]));
        lane.push(sums(14, &[(0, 11), (8, 13)]));
        let kept: Vec<Moment> = lane.kept.into_iter().collect();
        assert_eq!(kept[0], (10, 0, Some(1.0), Some(1.0), None));
        assert_eq!(kept[1], (4, 0, Some(2.0), Some(2.0), None));
        assert_eq!(kept[2], (0, 0, None, None, None));
    }

    #[test]
    fn old_moments_go() {
        let mut lane = Lane::default();
        for calls in 0..=KEPT as u64 {
            lane.push(Sums { calls: calls * 2, ..Sums::default() });
        }
        assert_eq!((lane.kept.len(), lane.kept[0].0), (KEPT, 2));
    }
}
