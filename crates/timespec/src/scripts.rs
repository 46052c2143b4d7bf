//! Points and spans as the axiom-sre scripts and profilecli took them.
//!
//! What the rest of this crate takes is taken, too. Only what the scripts had besides is here: a bare number is
//! minutes, eleven digits are milliseconds, and eight may be a date.
//!
//! ```
//! use std::time::{Duration, SystemTime};
//!
//! let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
//! assert_eq!(timespec::scripts::parse_span("90")?, Duration::from_secs(90 * 60));
//! assert_eq!(timespec::scripts::parse_point("-2h", now)?, now - Duration::from_secs(7200));
//! assert_eq!(timespec::scripts::parse_point("1700000000000", now)?, now);
//! # Ok::<(), timespec::TimeError>(())
//! ```

use std::time::{Duration, SystemTime};

use crate::{TimeError, shown};

/// A span: `15m`, `1h30m`, or minutes as a bare number.
///
/// # Errors
/// [`TimeError::Span`].
pub fn parse_span(text: &str) -> Result<Duration, TimeError> {
    let text = text.trim();
    if !is_digits(text) {
        return crate::parse_span(text);
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
/// As [`parse_point`](crate::parse_point), and for numbers of fewer digits than 10 that are no date.
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
    crate::parse_point(text, now)
}

fn parse_number(text: &str, now: SystemTime) -> Result<SystemTime, TimeError> {
    match text.len() {
        11 => {
            let millis = text.parse().map_err(|_| TimeError::Point(shown(text)))?;
            let point = SystemTime::UNIX_EPOCH.checked_add(Duration::from_millis(millis));
            point.ok_or_else(|| TimeError::OutOfRange(shown(text)))
        }
        8 => crate::parse_point(&format!("{}-{}-{}", &text[..4], &text[4..6], &text[6..]), now)
            .map_err(|_| TimeError::Point(shown(text))),
        ..=9 => Err(TimeError::Point(shown(text))),
        _ => crate::parse_point(text, now),
    }
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
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
            let since = |point: SystemTime| point.duration_since(SystemTime::UNIX_EPOCH).unwrap();
            let found = parse_point(text, now()).ok().map(|point| since(point).as_millis() as i128);
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
}
