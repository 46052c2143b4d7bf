//! Windows of time as people type them, and instants printed back.
//!
//! ```
//! use std::time::{Duration, SystemTime};
//!
//! let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
//! let window = query::times::Window::between("-2h", "-90", now)?;
//! assert_eq!(window.in_utc(), "2023-11-14T20:13:20Z to 2023-11-14T20:43:20Z");
//! # Ok::<(), query::times::WindowError>(())
//! ```
//!
//! Points and spans are those of [`timespec::scripts`].

use std::time::SystemTime;

use profile_model::{TimeRange, Timestamp};

pub use timespec::TimeError;
pub use timespec::scripts::{parse_point, parse_span};

/// Whoever types a megabyte does not get it back.
fn shown(text: &str) -> String {
    words::short(text, 64)
}

/// An instant as RFC 3339 in UTC, with as many digits below the second as it takes.
pub fn rfc3339(instant: Timestamp) -> String {
    instant.system_time().map_or_else(|| "out of range".to_owned(), timespec::rfc3339)
}

/// A span of time to look at, and how it was typed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Window {
    /// From the start up to the end, the latter excluded.
    pub range: TimeRange,
    /// As it was typed: `30m`, or `-2h to -1h`.
    pub typed: String,
}

/// Why there is no window.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WindowError {
    /// A text that is no time.
    #[error(transparent)]
    Time(#[from] TimeError),
    /// The ends are the wrong way round, or the same.
    #[error("expected a start before the end, found `{start}` and `{end}`{}", resolved(.at))]
    Order {
        /// The start as it was typed.
        start: String,
        /// The end as it was typed.
        end: String,
        /// What they mean, in UTC.
        at: Box<[String; 2]>,
    },
}

fn resolved(at: &[String; 2]) -> String {
    format!(" ({} and {})", at[0], at[1])
}

impl Window {
    /// The time up to now.
    ///
    /// # Errors
    /// If the text is no span, or one of nothing.
    pub fn last(span: &str, now: SystemTime) -> Result<Self, WindowError> {
        let back = parse_span(span)?;
        let start = now.checked_sub(back).ok_or_else(|| TimeError::OutOfRange(shown(span)))?;
        if back.is_zero() {
            return Err(TimeError::Span(shown(span)).into());
        }
        Ok(Self { range: range(start, now), typed: span.trim().to_owned() })
    }

    /// The time between two points.
    ///
    /// # Errors
    /// If one of them is none, or the first is not before the second.
    pub fn between(start: &str, end: &str, now: SystemTime) -> Result<Self, WindowError> {
        let (from, to) = (parse_point(start, now)?, parse_point(end, now)?);
        if from >= to {
            let at = Box::new([timespec::rfc3339(from), timespec::rfc3339(to)]);
            return Err(WindowError::Order { start: shown(start), end: shown(end), at });
        }
        Ok(Self { range: range(from, to), typed: format!("{} to {}", start.trim(), end.trim()) })
    }

    /// What `--range`, `--start` and `--end` mean together. Two points are a window; one is the end or
    /// the start of a span, which for a start reaches up to now if none was typed; none is the span up
    /// to now.
    ///
    /// # Errors
    /// As [`last`](Self::last) and [`between`](Self::between).
    pub fn of(
        span: Option<&str>,
        start: Option<&str>,
        end: Option<&str>,
        default_span: &str,
        now: SystemTime,
    ) -> Result<Self, WindowError> {
        match (start, end) {
            (None, None) => Self::last(span.unwrap_or(default_span), now),
            (Some(start), Some(end)) => Self::between(start, end, now),
            (Some(start), None) => match span {
                None => Self::between(start, "now", now),
                Some(span) => {
                    let from = parse_point(start, now)?;
                    let to = from.checked_add(parse_span(span)?).ok_or(TimeError::OutOfRange(shown(span)))?;
                    Self::between(start, &timespec::rfc3339(to), now)
                }
            },
            (None, Some(end)) => {
                let to = parse_point(end, now)?;
                let span = parse_span(span.unwrap_or(default_span))?;
                let from = to.checked_sub(span).ok_or_else(|| TimeError::OutOfRange(shown(end)))?;
                Self::between(&timespec::rfc3339(from), end, now)
            }
        }
    }

    /// How long it is, in seconds.
    pub fn seconds(&self) -> f64 {
        let [start, end] = [self.range.start, self.range.end].map(Timestamp::saturating_nanos);
        end.saturating_sub(start) as f64 / 1e9
    }

    /// Both ends in UTC: `2026-01-17T04:00:00Z to 2026-01-17T06:00:00Z`.
    pub fn in_utc(&self) -> String {
        let [start, end] = [self.range.start, self.range.end].map(rfc3339);
        format!("{start} to {end}")
    }
}

fn range(start: SystemTime, end: SystemTime) -> TimeRange {
    TimeRange::new(start.into(), end.into())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::time::Duration;

    use super::*;

    const NOW: u64 = 1_700_000_000;

    fn now() -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(NOW)
    }

    #[test]
    fn windows_are_what_was_typed() {
        let check = |span: Option<&str>, start: Option<&str>, end: Option<&str>, expect: (i64, i64)| {
            let range = Window::of(span, start, end, "10m", now()).unwrap().range;
            let now = NOW as i64;
            assert_eq!((now - range.start.seconds(), now - range.end.seconds()), expect);
        };
        check(None, None, None, (600, 0));
        check(Some("1h"), None, None, (3600, 0));
        check(None, Some("-2h"), Some("-1h"), (7200, 3600));
        check(None, Some("-2h"), None, (7200, 0));
        check(Some("30m"), Some("-2h"), None, (7200, 5400));
        check(Some("30m"), None, Some("-1h"), (5400, 3600));
        check(None, None, Some("-1h"), (4200, 3600));
    }

    #[test]
    fn a_window_the_wrong_way_round_is_a_mistake() {
        let error = Window::between("now", "-1h", now()).unwrap_err();
        assert_eq!(
            error.to_string(),
            "expected a start before the end, found `now` and `-1h` (2023-11-14T22:13:20Z and 2023-11-14T21:13:20Z)"
        );
        assert!(Window::between("-1h", "-1h", now()).is_err());
        assert!(Window::last("0s", now()).is_err());
    }

    #[test]
    fn instants_before_1970_are_exact() {
        for text in ["1969-12-31T23:59:59.75Z", "0001-01-01T00:00:00Z", "1970-01-01T00:00:00Z"] {
            let point = timespec::parse_point(text, SystemTime::UNIX_EPOCH).unwrap();
            assert_eq!(rfc3339(point.into()), text);
        }
    }
}
