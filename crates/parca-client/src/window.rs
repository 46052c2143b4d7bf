use profile_model::{TimeRange, Timestamp};

const NANOS: u32 = 1_000_000_000;

/// A range without its end as a Parca's merges and values over time take it: with both ends included (measured on Parca
/// 3b5647cd).
pub fn with_both_ends(range: TimeRange) -> TimeRange {
    TimeRange::new(range.start, before(range.end))
}

/// A range without its end as a Parca's types, labels and values take it: with both ends excluded.
///
/// A time within the first second of 1970 is none to it, and then it looks at all that it has: such a range begins, or
/// ends, at the second.
pub fn without_ends(range: TimeRange) -> TimeRange {
    let given = |instant: Timestamp| match instant.seconds() {
        0 => Timestamp::new(1, 0),
        _ => instant,
    };
    TimeRange::new(given(before(range.start)), given(range.end))
}

/// The nanosecond before.
fn before(instant: Timestamp) -> Timestamp {
    match instant.subsec_nanos() {
        0 => Timestamp::new(instant.seconds().saturating_sub(1), NANOS - 1),
        nanos => Timestamp::new(instant.seconds(), nanos - 1),
    }
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

    #[test]
    fn no_list_begins_or_ends_within_the_first_second_of_1970() {
        let check = |start: (i64, u32), end: (i64, u32), expect: [(i64, u32); 2]| {
            let at = |(seconds, nanos)| Timestamp::new(seconds, nanos);
            let TimeRange { start, end } = without_ends(TimeRange::new(at(start), at(end)));
            assert_eq!([start, end], expect.map(at));
        };
        check((1, 0), (4, 0), [(1, 0), (4, 0)]);
        check((0, 5), (0, 9), [(1, 0), (1, 0)]);
        check((0, 0), (9, 0), [(-1, 999_999_999), (9, 0)]);
        check((2, 0), (4, 0), [(1, 999_999_999), (4, 0)]);
    }
}
