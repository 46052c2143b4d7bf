use profile_model::{TimeRange, Timestamp};

use crate::Error;

/// A range as Pyroscope takes it: milliseconds since the epoch, the end left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Window {
    pub(crate) start: i64,
    pub(crate) end: i64,
}

impl Window {
    /// The whole milliseconds that hold the range. The server takes a 0 for a missing time, so
    /// nothing is earlier than 1.
    pub(crate) fn of(range: TimeRange) -> Result<Self, Error> {
        let start = range.start.saturating_millis().max(1);
        let round_up = i64::from(!range.end.subsec_nanos().is_multiple_of(1_000_000));
        let end = range.end.saturating_millis().saturating_add(round_up);
        if start >= end {
            return Err(Error::request(format!(
                "expected a range that ends after its start, found {start} to {end} (milliseconds since 1970)"
            )));
        }
        Ok(Self { start, end })
    }

    pub(crate) fn length(self) -> i64 {
        self.end.saturating_sub(self.start)
    }
}

pub(crate) fn instant(millis: i64) -> Timestamp {
    let nanos = millis.rem_euclid(1000) * 1_000_000;
    Timestamp::new(millis.div_euclid(1000), u32::try_from(nanos).unwrap_or_default())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_rounded_outwards() {
        let check = |start, end, expect: Option<(i64, i64)>| {
            let range = TimeRange::new(Timestamp::from_nanos(start), Timestamp::from_nanos(end));
            let found = Window::of(range).ok().map(|window| (window.start, window.end));
            assert_eq!(found, expect, "{start}..{end}");
        };
        check(1_000_000, 2_000_000, Some((1, 2)));
        check(1_999_999, 2_000_001, Some((1, 3)));
        check(0, 5_000_000, Some((1, 5)));
        check(5_000_000, 5_000_000, None);
        check(6_000_000, 5_000_000, None);
        assert_eq!(instant(-1), Timestamp::from_nanos(-1_000_000));
        assert_eq!(instant(1_500), Timestamp::from_nanos(1_500_000_000));
    }
}
