use std::time::{Duration, SystemTime};

const NANOS_PER_SECOND: i64 = 1_000_000_000;

/// A point in time, as seconds and nanoseconds since the Unix epoch.
///
/// Holds every instant that protobuf's `Timestamp` can, and more: Parca reports "never" as
/// year 1 (`seconds = -62135596800`), which an `i64` of nanoseconds cannot hold.
/// Time runs upwards with `nanos` even before 1970, so the derived order is the order in time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp {
    seconds: i64,
    nanos: u32,
}

impl Timestamp {
    /// The first instant of year 1: what Go calls the zero time, and Parca means by "never".
    pub const YEAR_ONE: Self = Self { seconds: -62_135_596_800, nanos: 0 };
    /// 1970-01-01T00:00:00Z.
    pub const EPOCH: Self = Self { seconds: 0, nanos: 0 };

    /// An instant from its parts; whole seconds in `nanos` are carried over, at the ends of the
    /// range the result saturates.
    pub const fn new(seconds: i64, nanos: u32) -> Self {
        let carry = (nanos / NANOS_PER_SECOND as u32) as i64;
        Self { seconds: seconds.saturating_add(carry), nanos: nanos % NANOS_PER_SECOND as u32 }
    }

    /// An instant from nanoseconds since the epoch.
    pub const fn from_nanos(nanos: i64) -> Self {
        Self { seconds: nanos.div_euclid(NANOS_PER_SECOND), nanos: nanos.rem_euclid(NANOS_PER_SECOND) as u32 }
    }

    /// Whole seconds since the epoch, rounded down.
    pub const fn seconds(self) -> i64 {
        self.seconds
    }

    /// Nanoseconds after [`seconds`](Self::seconds), below one thousand million.
    pub const fn subsec_nanos(self) -> u32 {
        self.nanos
    }

    /// Nanoseconds since the epoch, or nothing outside 1677..2262.
    pub const fn as_nanos(self) -> Option<i64> {
        let nanos = self.seconds as i128 * NANOS_PER_SECOND as i128 + self.nanos as i128;
        if nanos < i64::MIN as i128 || nanos > i64::MAX as i128 { None } else { Some(nanos as i64) }
    }

    /// Nanoseconds since the epoch; the nearest that an `i64` holds outside 1677..2262.
    pub const fn saturating_nanos(self) -> i64 {
        match self.as_nanos() {
            Some(nanos) => nanos,
            None if self.seconds < 0 => i64::MIN,
            None => i64::MAX,
        }
    }

    /// The platform's instant, or nothing if it cannot hold it.
    pub fn system_time(self) -> Option<SystemTime> {
        let since = Duration::from_secs(self.seconds.unsigned_abs());
        let whole = if self.seconds < 0 {
            SystemTime::UNIX_EPOCH.checked_sub(since)
        } else {
            SystemTime::UNIX_EPOCH.checked_add(since)
        };
        whole?.checked_add(Duration::from_nanos(self.nanos.into()))
    }

    /// Milliseconds since the epoch, rounded down: the unit Parca looks single profiles up by.
    pub const fn saturating_millis(self) -> i64 {
        self.seconds.saturating_mul(1000).saturating_add((self.nanos / 1_000_000) as i64)
    }
}

impl From<SystemTime> for Timestamp {
    /// Exact: the platform counts nanoseconds, too.
    fn from(time: SystemTime) -> Self {
        let seconds = |since: Duration| i64::try_from(since.as_secs()).unwrap_or(i64::MAX);
        match time.duration_since(SystemTime::UNIX_EPOCH) {
            Ok(since) => Self::new(seconds(since), since.subsec_nanos()),
            Err(before) => match before.duration() {
                before if before.subsec_nanos() == 0 => Self::new(-seconds(before), 0),
                before => Self::new(-seconds(before) - 1, 1_000_000_000 - before.subsec_nanos()),
            },
        }
    }
}

/// A span of time with both ends included, as Parca's queries have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TimeRange {
    /// The first instant of the span.
    pub start: Timestamp,
    /// The last instant of the span, itself included.
    pub end: Timestamp,
}

impl TimeRange {
    /// A span from its ends. A span that ends before it starts contains nothing.
    pub const fn new(start: Timestamp, end: Timestamp) -> Self {
        Self { start, end }
    }

    /// Whether the instant lies in the span.
    pub fn contains(&self, instant: Timestamp) -> bool {
        self.start <= instant && instant <= self.end
    }

    /// Whether the end lies before the start.
    pub fn is_empty(&self) -> bool {
        self.end < self.start
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nanoseconds_round_trip_on_both_sides_of_the_epoch() {
        for nanos in [i64::MIN, -1_000_000_001, -1, 0, 1, 999_999_999, 1_000_000_000, i64::MAX] {
            assert_eq!(Timestamp::from_nanos(nanos).as_nanos(), Some(nanos));
        }
        assert_eq!(Timestamp::from_nanos(-1), Timestamp::new(-1, 999_999_999));
    }

    #[test]
    fn far_instants_saturate() {
        assert_eq!(Timestamp::YEAR_ONE.as_nanos(), None);
        assert_eq!(Timestamp::YEAR_ONE.saturating_nanos(), i64::MIN);
        assert_eq!(Timestamp::new(i64::MAX, 0).saturating_nanos(), i64::MAX);
        assert_eq!(Timestamp::new(i64::MAX, u32::MAX).seconds(), i64::MAX);
    }

    #[test]
    fn millis_round_down() {
        assert_eq!(Timestamp::from_nanos(1_999_999).saturating_millis(), 1);
        assert_eq!(Timestamp::from_nanos(-1).saturating_millis(), -1);
    }

    #[test]
    fn order_is_order_in_time_and_ranges_are_inclusive() {
        assert!(Timestamp::YEAR_ONE < Timestamp::from_nanos(-1));
        assert!(Timestamp::from_nanos(-1) < Timestamp::EPOCH);
        let range = TimeRange::new(Timestamp::from_nanos(1), Timestamp::from_nanos(2));
        assert!(range.contains(range.start) && range.contains(range.end));
        assert!(!range.contains(Timestamp::from_nanos(3)));
        assert!(TimeRange::new(range.end, range.start).is_empty());
    }
}
