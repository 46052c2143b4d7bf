//! Which windows there are, and when each is due. Pure: now is an argument.

use std::time::{Duration, SystemTime};

use profile_model::{TimeRange, Timestamp};

use crate::settings::Schedule;

/// A span of time that a set of samples stands for, in milliseconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Window {
    /// The window's first millisecond.
    pub start_ms: i64,
    /// The first millisecond after it: the timestamp of its samples.
    pub end_ms: i64,
}

impl Window {
    /// The span as the server takes it, which includes both ends: windows that touch share no profile.
    pub fn range(self) -> TimeRange {
        let nanos = |ms: i64| ms.saturating_mul(1_000_000);
        TimeRange::new(
            Timestamp::from_nanos(nanos(self.start_ms)),
            Timestamp::from_nanos(nanos(self.end_ms).saturating_sub(1)),
        )
    }

    /// The span of the same length, `offset` earlier.
    pub fn earlier(self, offset: Duration) -> Self {
        let offset = millis(offset);
        Self { start_ms: self.start_ms.saturating_sub(offset), end_ms: self.end_ms.saturating_sub(offset) }
    }

    /// The window's end, for people.
    pub(crate) fn end_rfc3339(self) -> String {
        timespec::rfc3339(SystemTime::UNIX_EPOCH + Duration::from_millis(self.end_ms.max(0).unsigned_abs()))
    }

    /// How long it is.
    pub fn length(self) -> Duration {
        Duration::from_millis(self.end_ms.abs_diff(self.start_ms))
    }
}

/// Windows end at multiples of the interval since 1970, whenever the process started: so restarts and
/// replicas ask about the same windows.
impl Schedule {
    /// The newest window that is due.
    pub fn newest_due(&self, now: SystemTime) -> Window {
        let now = unix_millis(now).saturating_sub(millis(self.delay));
        self.ending_at(now.saturating_sub(now.rem_euclid(self.step())))
    }

    /// The window after the one that ended at `end_ms`, also if that was of another schedule.
    pub fn after(&self, end_ms: i64) -> Window {
        let past = end_ms.rem_euclid(self.step());
        self.ending_at(end_ms.saturating_sub(past).saturating_add(self.step()))
    }

    /// How long until the window is due; zero if it is.
    pub fn until_due(&self, window: Window, now: SystemTime) -> Duration {
        let due = window.end_ms.saturating_add(millis(self.delay));
        let wait = due.saturating_sub(unix_millis(now));
        Duration::from_millis(wait.max(0).unsigned_abs())
    }

    /// How many windows end from `from` on and before `to`.
    pub fn windows_between(&self, from: Window, to: Window) -> u64 {
        let span = to.end_ms.saturating_sub(from.end_ms).max(0);
        (span / self.step()).unsigned_abs()
    }

    /// The windows that lie wholly in a span of time, oldest first.
    pub fn within(&self, start_ms: i64, end_ms: i64) -> impl Iterator<Item = Window> + use<> {
        let schedule = *self;
        let first = schedule.after(start_ms.saturating_add(millis(schedule.window)).saturating_sub(1));
        std::iter::successors(Some(first), move |window| Some(schedule.after(window.end_ms)))
            .take_while(move |window| window.end_ms <= end_ms)
    }

    /// How many those are.
    pub fn count_within(&self, start_ms: i64, end_ms: i64) -> u64 {
        let Some(first) = self.within(start_ms, end_ms).next() else { return 0 };
        let span = end_ms.saturating_sub(first.end_ms).max(0);
        (span / self.step()).unsigned_abs() + 1
    }

    fn ending_at(&self, end_ms: i64) -> Window {
        Window { start_ms: end_ms.saturating_sub(millis(self.window)), end_ms }
    }

    fn step(&self) -> i64 {
        millis(self.interval).max(1)
    }
}

pub(crate) fn millis(span: Duration) -> i64 {
    i64::try_from(span.as_millis()).unwrap_or(i64::MAX)
}

pub(crate) fn unix_millis(time: SystemTime) -> i64 {
    Timestamp::from(time).saturating_millis()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schedule(interval: u64, window: u64, delay: u64) -> Schedule {
        let [interval, window, delay] = [interval, window, delay].map(Duration::from_secs);
        Schedule { interval, window, delay }
    }

    fn at(seconds: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
    }

    fn seconds(window: Window) -> (i64, i64) {
        (window.start_ms / 1000, window.end_ms / 1000)
    }

    #[test]
    fn windows_are_aligned_to_their_interval() {
        let check = |schedule: Schedule, now, expect| {
            assert_eq!(seconds(schedule.newest_due(at(now))), expect, "{schedule:?} at {now}");
        };
        check(schedule(20, 20, 0), 100, (80, 100));
        check(schedule(20, 20, 0), 119, (80, 100));
        check(schedule(20, 20, 5), 104, (60, 80));
        check(schedule(20, 20, 5), 105, (80, 100));
        check(schedule(10, 60, 0), 119, (50, 110));
        check(schedule(60, 10, 0), 119, (50, 60));
    }

    #[test]
    fn each_window_follows_the_one_before_without_gap_or_overlap() {
        let schedule = schedule(20, 20, 7);
        let mut window = schedule.newest_due(at(1000));
        for _ in 0..5 {
            let next = schedule.after(window.end_ms);
            assert_eq!(next.start_ms, window.end_ms);
            assert_eq!(schedule.newest_due(at(next.end_ms as u64 / 1000 + 7)), next);
            // The server includes both ends: the last nanosecond of one is not in the other.
            assert!(window.range().end < next.range().start);
            window = next;
        }
    }

    #[test]
    fn a_changed_interval_goes_on_at_its_own_multiples() {
        assert_eq!(seconds(schedule(30, 30, 0).after(100_000)), (90, 120));
        assert_eq!(seconds(schedule(7, 7, 0).after(100_000)), (98, 105));
    }

    #[test]
    fn a_window_is_due_after_its_end_and_the_delay() {
        let schedule = schedule(20, 20, 5);
        let window = schedule.after(80_000);
        assert_eq!(schedule.until_due(window, at(90)), Duration::from_secs(15));
        assert_eq!(schedule.until_due(window, at(105)), Duration::ZERO);
        assert_eq!(schedule.until_due(window, at(500)), Duration::ZERO);
        assert_eq!(schedule.windows_between(window, schedule.after(180_000)), 5);
    }

    #[test]
    fn a_span_is_filled_with_whole_windows() {
        let check = |schedule: Schedule, start: i64, end: i64, expect: &[(i64, i64)]| {
            let found: Vec<_> = schedule.within(start * 1000, end * 1000).map(seconds).collect();
            assert_eq!(found, expect, "{schedule:?}");
            assert_eq!(schedule.count_within(start * 1000, end * 1000), expect.len() as u64);
        };
        check(schedule(20, 20, 5), 100, 160, &[(100, 120), (120, 140), (140, 160)]);
        check(schedule(20, 20, 5), 101, 159, &[(120, 140)]);
        check(schedule(20, 60, 5), 100, 180, &[(100, 160), (120, 180)]);
        check(schedule(20, 20, 5), 100, 110, &[]);
    }
}
