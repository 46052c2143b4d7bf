//! One rule for windows on two servers: from the start up to the end, the latter excluded.

use std::time::Duration;

use profile_model::{TimeRange, Timestamp};

/// Year 2262 is the last that a Parca's nanoseconds can hold; 2200 will do.
pub(super) const EVER: TimeRange = TimeRange::new(Timestamp::new(1, 0), Timestamp::new(7_258_118_400, 0));

const NANOS: u32 = 1_000_000_000;

/// As a Parca's merges and values over time take it: with both ends included (measured on Parca 3b5647cd).
pub(super) fn with_both_ends(range: TimeRange) -> TimeRange {
    TimeRange::new(range.start, before(range.end))
}

/// As a Parca's types, labels and values take it: with both ends excluded.
pub(super) fn without_ends(range: TimeRange) -> TimeRange {
    TimeRange::new(before(range.start), range.end)
}

/// The nanosecond before.
fn before(instant: Timestamp) -> Timestamp {
    match instant.subsec_nanos() {
        0 => Timestamp::new(instant.seconds().saturating_sub(1), NANOS - 1),
        nanos => Timestamp::new(instant.seconds(), nanos - 1),
    }
}

pub(super) fn later(instant: Timestamp, by: Duration) -> Timestamp {
    let seconds = i64::try_from(by.as_secs()).unwrap_or(i64::MAX);
    Timestamp::new(instant.seconds().saturating_add(seconds), instant.subsec_nanos())
}

/// The length in whole seconds, rounded up; at least one, as a step of nothing means something else to servers.
pub(super) fn whole_step(range: TimeRange) -> Duration {
    let nanos = range.end.saturating_nanos().saturating_sub(range.start.saturating_nanos());
    Duration::from_secs(u64::try_from(nanos).unwrap_or(0).div_ceil(u64::from(NANOS)).max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_border_is_in_one_window_only() {
        let at = |seconds| Timestamp::new(seconds, 0);
        let (first, second) = (TimeRange::new(at(10), at(20)), TimeRange::new(at(20), at(30)));
        let in_merge = |range: TimeRange| with_both_ends(range).contains(at(20));
        assert_eq!((in_merge(first), in_merge(second)), (false, true));
        let in_list = |range: TimeRange, instant| {
            let TimeRange { start, end } = without_ends(range);
            start < instant && instant < end
        };
        assert_eq!((in_list(first, at(20)), in_list(second, at(20))), (false, true));
        assert!(in_list(first, at(10)));
    }
}
