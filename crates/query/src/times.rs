//! Points and spans of time as the axiom-sre scripts and profilecli took them, and windows made of
//! them.
//!
//! ```
//! use std::time::{Duration, SystemTime};
//!
//! let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
//! assert_eq!(query::times::parse_span("90")?, Duration::from_secs(90 * 60));
//! assert_eq!(query::times::parse_point("-2h", now)?, now - Duration::from_secs(7200));
//! assert_eq!(query::times::parse_point("1700000000000", now)?, now);
//! # Ok::<(), query::times::TimeError>(())
//! ```
//!
//! What `timespec` takes is taken too. Only what the scripts had and it has not is here: a bare
//! number is minutes, eleven digits are milliseconds, and eight may be a date.

use std::time::{Duration, SystemTime};

use profile_model::{TimeRange, Timestamp};

pub use timespec::TimeError;

/// A span: `15m`, `1h30m`, or minutes as a bare number.
///
/// # Errors
/// [`TimeError::Span`].
pub fn parse_span(text: &str) -> Result<Duration, TimeError> {
    let text = text.trim();
    if !is_digits(text) {
        return timespec::parse_span(text);
    }
    let minutes: Option<u64> = text.parse().ok();
    let seconds = minutes.and_then(|minutes| minutes.checked_mul(60));
    seconds.map(Duration::from_secs).ok_or_else(|| TimeError::OutOfRange(shown(text)))
}

/// A point: `now`, `-2h`, `-90` (minutes), `now-1h`, RFC 3339 (UTC if it names no zone), a date, or a
/// number since the epoch, whose unit its digits tell: 10 are seconds, 11 to 14 milliseconds, up to 17
/// microseconds, up to 19 nanoseconds; 8 are a date such as `20260117`.
///
/// # Errors
/// As `timespec::parse_point`, and for numbers of fewer digits than 10 that are no date.
pub fn parse_point(text: &str, now: SystemTime) -> Result<SystemTime, TimeError> {
    let text = text.trim();
    if let Some(back) = text.strip_prefix('-').or_else(|| text.strip_prefix("now-")) {
        if is_digits(back.trim()) {
            let back = parse_span(back)?;
            return now.checked_sub(back).ok_or_else(|| TimeError::OutOfRange(shown(text)));
        }
    } else if is_digits(text) {
        return parse_number(text, now);
    }
    timespec::parse_point(text, now)
}

fn parse_number(text: &str, now: SystemTime) -> Result<SystemTime, TimeError> {
    match text.len() {
        11 => {
            let millis = text.parse().map_err(|_| TimeError::Point(shown(text)))?;
            let point = SystemTime::UNIX_EPOCH.checked_add(Duration::from_millis(millis));
            point.ok_or_else(|| TimeError::OutOfRange(shown(text)))
        }
        8 => timespec::parse_point(&format!("{}-{}-{}", &text[..4], &text[4..6], &text[6..]), now)
            .map_err(|_| TimeError::Point(shown(text))),
        ..=9 => Err(TimeError::Point(shown(text))),
        _ => timespec::parse_point(text, now),
    }
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whoever types a megabyte does not get it back.
fn shown(text: &str) -> String {
    text.chars().take(64).collect()
}

/// A span of time to look at, and how it was typed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Window {
    /// From when to when.
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
        let [start, end] = [self.range.start, self.range.end].map(crate::rfc3339);
        format!("{start} to {end}")
    }
}

fn range(start: SystemTime, end: SystemTime) -> TimeRange {
    TimeRange::new(start.into(), end.into())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const NOW: u64 = 1_700_000_000;

    fn now() -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(NOW)
    }

    #[test]
    fn spans_are_those_of_the_scripts_and_of_timespec() {
        let check = |text: &str, expect: Option<u64>| {
            assert_eq!(parse_span(text).ok().map(|span| span.as_secs()), expect, "{text}");
        };
        check("10", Some(600));
        check("10m", Some(600));
        check("45s", Some(45));
        check("2h", Some(7200));
        check("7d", Some(604_800));
        check("1h30m", Some(5400));
        check("", None);
        check("-5m", None);
        check("ten", None);
        check("99999999999999999999", None);
        check("18446744073709551615", None);
    }

    #[test]
    fn points_are_those_of_the_scripts_and_of_timespec() {
        let check = |text: &str, expect: Option<i128>| {
            let found = parse_point(text, now()).ok().map(|point| {
                let point = Timestamp::from(point);
                i128::from(point.seconds()) * 1000 + i128::from(point.subsec_nanos() / 1_000_000)
            });
            assert_eq!(found, expect, "{text}");
        };
        let at = |seconds: i64| Some(i128::from(seconds) * 1000);
        let now = NOW as i64;
        check("now", at(now));
        check("-2h", at(now - 7200));
        check("-30", at(now - 1800));
        check("now-30", at(now - 1800));
        check("now-1h", at(now - 3600));
        check("1700000000", at(now));
        check("17000000000", Some(17_000_000_000));
        check("170000000000", Some(170_000_000_000));
        check("1700000000000", at(now));
        check("1700000000000000", at(now));
        check("1700000000000000000", at(now));
        check("2026-01-17T04:00:00Z", at(1_768_622_400));
        check("2026-01-17T04:00:00", at(1_768_622_400));
        check("20260117", at(1_768_608_000));
        check("20269917", None);
        check("12345", None);
        check("yesterday", None);
        check("-", None);
        check("--5m", None);
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
}
