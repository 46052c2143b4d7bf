//! Which ticks of a lane fall to a worker, and which of them have come. Pure: time is an argument.

use std::time::Duration;

use crate::pace::{Cursor, Pace};
use crate::{Lane, Plan};

/// One worker's share of an open lane.
#[derive(Clone, Debug)]
pub(crate) struct Schedule {
    pub(crate) lane: usize,
    cursor: Cursor,
    stride: u64,
    max_ticks: u64,
    end: Duration,
    stopped: bool,
}

/// A tick whose instant has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Due {
    pub(crate) index: u64,
    pub(crate) at: Duration,
}

impl Schedule {
    /// `None` if none of the lane's ticks fall to this worker, or the lane is closed.
    pub(crate) fn new(plan: &Plan, lane: usize, worker: usize) -> Option<Self> {
        let Lane { pace, max_ticks, .. } = &plan.lanes[lane];
        let mut cursor = Cursor::new(*pace)?;
        let stride = match pace {
            Pace::Rate { .. } => {
                cursor.skip(worker as u64);
                plan.workers as u64
            }
            _ if lane % plan.workers != worker => return None,
            _ => 1,
        };
        let max_ticks = max_ticks.unwrap_or(u64::MAX);
        let end = plan.duration.unwrap_or(Duration::MAX);
        Some(Self { lane, cursor, stride, max_ticks, end, stopped: false })
    }

    /// The next tick's offset; `None` when there is none to come.
    pub(crate) fn next_at(&self) -> Option<Duration> {
        let at = self.cursor.at();
        (!self.stopped && self.cursor.index() < self.max_ticks && at < self.end).then_some(at)
    }

    /// The next tick, if its offset is at most `now`.
    pub(crate) fn pop_due(&mut self, now: Duration) -> Option<Due> {
        let at = self.next_at().filter(|&at| at <= now)?;
        let index = self.cursor.index();
        self.cursor.skip(self.stride);
        Some(Due { index, at })
    }

    /// No more ticks.
    pub(crate) fn stop(&mut self) {
        self.stopped = true;
    }

    /// Whether it is the run's duration that bounds this lane.
    pub(crate) fn ends_with_the_run(&self) -> bool {
        !self.stopped && self.cursor.index() < self.max_ticks && self.end < Duration::MAX
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::hub::LaneLive;

    fn plan(pace: Pace, workers: usize) -> Plan {
        let mut plan = Plan::new([Lane::new("a", pace)]);
        plan.workers = workers;
        plan
    }

    fn all(plan: &Plan, now: Duration) -> Vec<u64> {
        let mut indices: Vec<u64> = (0..plan.workers)
            .filter_map(|worker| Schedule::new(plan, 0, worker))
            .flat_map(|mut schedule| std::iter::from_fn(move || schedule.pop_due(now)).collect::<Vec<_>>())
            .map(|due| due.index)
            .collect();
        indices.sort_unstable();
        indices
    }

    #[test]
    fn workers_share_the_ticks_of_a_rate() {
        let plan = plan(Pace::rate(10.0), 3);
        assert_eq!(all(&plan, Duration::from_millis(950)), (0..10).collect::<Vec<_>>());
        let mut third = Schedule::new(&plan, 0, 2).unwrap();
        assert_eq!(third.pop_due(Duration::from_millis(199)), None);
        assert_eq!(
            third.pop_due(Duration::from_millis(200)),
            Some(Due { index: 2, at: Duration::from_millis(200) })
        );
        assert_eq!(third.next_at(), Some(Duration::from_millis(500)));
    }

    #[test]
    fn an_interval_lives_on_one_worker() {
        let plan = plan(Pace::every(Duration::from_secs(1)), 3);
        assert_eq!(all(&plan, Duration::from_millis(2500)), [0, 1, 2]);
    }

    #[test]
    fn limits_are_exact() {
        let mut limited = plan(Pace::rate(10.0), 2);
        limited.lanes[0].max_ticks = Some(7);
        assert_eq!(all(&limited, Duration::from_secs(100)).len(), 7);
        limited.lanes[0].max_ticks = None;
        limited.duration = Some(Duration::from_secs(1));
        assert_eq!(all(&limited, Duration::from_secs(100)).len(), 10);
        assert!(Schedule::new(&limited, 0, 0).unwrap().ends_with_the_run());
    }

    proptest! {
        /// The dispatcher's rule on a fake clock: whatever the clock and the target do, no tick is lost.
        #[test]
        fn planned_is_started_plus_missed(
            per_second in 1.0..1000f64,
            poisson: bool,
            workers in 1usize..4,
            max in 1usize..20,
            steps in prop::collection::vec((0u64..500, 0usize..30), 1..60),
        ) {
            let pace = if poisson { Pace::poisson(per_second, 3) } else { Pace::rate(per_second) };
            let plan = plan(pace, workers);
            let mut schedules: Vec<_> = (0..workers).filter_map(|worker| Schedule::new(&plan, 0, worker)).collect();
            let live = LaneLive::default();
            let mut plan_cursor = Cursor::new(pace).unwrap();
            let (mut started, mut missed, mut in_flight, mut now) = (0u64, 0u64, 0usize, Duration::ZERO);
            for (millis, finished) in steps {
                now += Duration::from_millis(millis);
                for schedule in &mut schedules {
                    while schedule.pop_due(now).is_some() {
                        if live.admit(max) { started += 1; in_flight += 1 } else { missed += 1 }
                        prop_assert!(in_flight <= max);
                    }
                }
                while plan_cursor.at() <= now {
                    plan_cursor.skip(1);
                }
                let planned = plan_cursor.index();
                prop_assert_eq!(planned, started + missed);
                for _ in 0..finished.min(in_flight) { live.leave(); in_flight -= 1; }
            }
        }
    }
}
