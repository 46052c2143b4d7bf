//! Which ticks of a lane fall to a worker, and which of them have come. Pure: time is an argument.

use std::time::Duration;

use crate::Lane;
use crate::pace::{Cursor, Pace};

/// One worker's share of an open lane.
#[derive(Clone, Debug)]
pub(crate) struct Schedule {
    cursor: Cursor,
    stride: u64,
    max_ticks: u64,
    end: Duration,
    stopped: bool,
    look: Option<Look>,
}

/// Looks at a lane that had no round with calls yet.
#[derive(Clone, Copy, Debug)]
struct Look {
    every: Duration,
    next: Duration,
    /// Looks made so far; their indices count down from the last number, so no tick has them.
    made: u64,
}

/// A tick whose instant has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Due {
    pub(crate) index: u64,
    pub(crate) at: Duration,
    /// Beside the ticks: [`Lane::first_look`].
    pub(crate) is_look: bool,
}

impl Schedule {
    /// The ticks of a lane (its number in the plan) that fall to one worker of so many. `None` if there
    /// are none, or the lane is closed.
    pub(crate) fn new<D>(
        lane: &Lane<D>,
        (number, worker, workers): (usize, usize, usize),
        duration: Option<Duration>,
    ) -> Option<Self> {
        let mut cursor = Cursor::new(lane.pace)?;
        let stride = match lane.pace {
            Pace::Rate { .. } => {
                cursor.skip(worker as u64);
                workers as u64
            }
            _ if number % workers != worker => return None,
            _ => 1,
        };
        let max_ticks = lane.max_ticks.unwrap_or(u64::MAX);
        let end = duration.unwrap_or(Duration::MAX);
        let is_interval = matches!(lane.pace, Pace::Interval { .. });
        let look = lane.first_look.filter(|_| is_interval).map(|every| Look { every, next: every, made: 0 });
        Some(Self { cursor, stride, max_ticks, end, stopped: false, look })
    }

    /// The next tick's or look's offset; `None` when there is none to come.
    pub(crate) fn next_at(&self) -> Option<Duration> {
        [self.next_tick_at(), self.next_look_at()].into_iter().flatten().min()
    }

    fn next_tick_at(&self) -> Option<Duration> {
        let at = self.cursor.at();
        (!self.stopped && self.cursor.index() < self.max_ticks && at < self.end).then_some(at)
    }

    fn next_look_at(&self) -> Option<Duration> {
        let at = self.look?.next;
        (!self.stopped && at < self.end).then_some(at)
    }

    /// The next tick or look, if its offset is at most `now`.
    pub(crate) fn pop_due(&mut self, now: Duration) -> Option<Due> {
        let at = self.next_at().filter(|at| *at <= now)?;
        if self.next_tick_at() == Some(at) {
            if let Some(look) = &mut self.look {
                look.next = look.next.max(at + look.every);
            }
            let index = self.cursor.index();
            self.cursor.skip(self.stride);
            return Some(Due { index, at, is_look: false });
        }
        let look = self.look.as_mut()?;
        let index = u64::MAX - look.made;
        look.made += 1;
        // Looks that were slept through are not made up for.
        look.next = now + look.every;
        Some(Due { index, at: now, is_look: true })
    }

    /// The lane has something to ask: no more looks.
    pub(crate) fn had_a_round(&mut self) {
        self.look = None;
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

    fn lane(pace: Pace) -> Lane {
        Lane::new("a", pace)
    }

    fn all(lane: &Lane, workers: usize, duration: Option<Duration>, now: Duration) -> Vec<u64> {
        let mut indices: Vec<u64> = (0..workers)
            .filter_map(|worker| Schedule::new(lane, (0, worker, workers), duration))
            .flat_map(|mut schedule| std::iter::from_fn(move || schedule.pop_due(now)).collect::<Vec<_>>())
            .map(|due| due.index)
            .collect();
        indices.sort_unstable();
        indices
    }

    #[test]
    fn workers_share_the_ticks_of_a_rate() {
        let lane = lane(Pace::rate(10.0));
        assert_eq!(all(&lane, 3, None, Duration::from_millis(950)), (0..10).collect::<Vec<_>>());
        let mut third = Schedule::new(&lane, (0, 2, 3), None).unwrap();
        assert_eq!(third.pop_due(Duration::from_millis(199)), None);
        assert_eq!(
            third.pop_due(Duration::from_millis(200)),
            Some(Due { index: 2, at: Duration::from_millis(200), is_look: false })
        );
        assert_eq!(third.next_at(), Some(Duration::from_millis(500)));
    }

    #[test]
    fn an_interval_lives_on_one_worker() {
        let lane = lane(Pace::every(Duration::from_secs(1)));
        assert_eq!(all(&lane, 3, None, Duration::from_millis(2500)), [0, 1, 2]);
    }

    #[test]
    fn limits_are_exact() {
        let mut limited = lane(Pace::rate(10.0));
        limited.max_ticks = Some(7);
        assert_eq!(all(&limited, 2, None, Duration::from_secs(100)).len(), 7);
        limited.max_ticks = None;
        let duration = Some(Duration::from_secs(1));
        assert_eq!(all(&limited, 2, duration, Duration::from_secs(100)).len(), 10);
        assert!(Schedule::new(&limited, (0, 0, 2), duration).unwrap().ends_with_the_run());
    }

    #[test]
    fn looks_end_with_the_first_round() {
        let mut lane = lane(Pace::every(Duration::from_secs(10)));
        lane.first_look = Some(Duration::from_millis(500));
        let mut schedule = Schedule::new(&lane, (0, 0, 1), None).unwrap();
        let mut due = |millis| {
            let due = schedule.pop_due(Duration::from_millis(millis));
            due.map(|due| (due.is_look, due.at.as_millis()))
        };
        assert_eq!(due(0), Some((false, 0)));
        assert_eq!(due(499), None);
        assert_eq!(due(500), Some((true, 500)));
        assert_eq!((due(2600), due(2600)), (Some((true, 2600)), None));
        assert_eq!(due(9990).map(|(is_look, _)| is_look), Some(true));
        assert_eq!(due(10_000), Some((false, 10_000)));
        schedule.had_a_round();
        assert_eq!(schedule.next_at(), Some(Duration::from_secs(20)));

        // Also where the next tick would be after the end of the run.
        let mut short = Schedule::new(&lane, (0, 0, 1), Some(Duration::from_secs(3))).unwrap();
        assert!(short.pop_due(Duration::ZERO).is_some());
        assert_eq!(short.next_at(), Some(Duration::from_millis(500)));
        assert!(short.pop_due(Duration::from_millis(2900)).is_some());
        assert_eq!(short.next_at(), None);
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
            let lane = lane(pace);
            let mut schedules: Vec<_> = (0..workers).filter_map(|worker| Schedule::new(&lane, (0, worker, workers), None)).collect();
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
