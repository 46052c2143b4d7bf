use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

use crate::{TimeError, parse_span, shown};

/// A point in time in one of these forms:
///
/// - RFC 3339 with any offset: `2023-10-26T10:00:00Z`, `2023-10-26T12:00:00.5+02:00`;
/// - the same without an offset, which is taken as UTC, or only a date, which is its midnight in UTC;
/// - `now`, `now-1h30m`, `now+5m`, or only `-1h30m`, with a span as [`parse_span`] takes it;
/// - a number since the Unix epoch, by its digits: up to 11 before the point are seconds (with a fraction),
///   up to 14 milliseconds, up to 17 microseconds, up to 19 nanoseconds.
///
/// # Errors
/// If it has none of the forms, or lies outside the years -9999 to 9999.
pub fn parse_point(text: &str, now: SystemTime) -> Result<SystemTime, TimeError> {
    let trimmed = text.trim();
    let unknown = || TimeError::Point(shown(text));
    let point = if let Some(offset) = offset(trimmed) {
        shift(now, offset).map_err(|_| unknown())?
    } else if let Some(since) = epoch(trimmed) {
        SystemTime::UNIX_EPOCH.checked_add(since)
    } else {
        // The last days of the year 9999 are dates, which no clock here can hold.
        let is_a_date = || trimmed.trim_end_matches('Z').parse::<DateTime>().is_ok();
        let beyond = || if is_a_date() { TimeError::OutOfRange(shown(text)) } else { unknown() };
        Some(calendar(trimmed).ok_or_else(beyond)?.into())
    };
    // Only what can be printed again.
    point
        .filter(|point| Timestamp::try_from(*point).is_ok())
        .ok_or_else(|| TimeError::OutOfRange(shown(text)))
}

/// As RFC 3339 in UTC, with as many digits below the second as it takes.
pub fn rfc3339(point: SystemTime) -> String {
    Timestamp::try_from(point).map_or_else(|_| "out of range".to_owned(), |point| point.to_string())
}

/// What stands behind `now`, if that is what the text is about.
fn offset(text: &str) -> Option<&str> {
    match text.strip_prefix("now") {
        Some(rest) => Some(rest.trim_start()),
        None => text.starts_with('-').then_some(text),
    }
}

/// The point, or nothing if the platform cannot hold it.
fn shift(now: SystemTime, offset: &str) -> Result<Option<SystemTime>, TimeError> {
    if offset.is_empty() {
        return Ok(Some(now));
    }
    if let Some(span) = offset.strip_prefix('-') {
        return Ok(now.checked_sub(parse_span(span)?));
    }
    match offset.strip_prefix('+') {
        Some(span) => Ok(now.checked_add(parse_span(span)?)),
        None => Err(TimeError::Point(shown(offset))),
    }
}

fn epoch(text: &str) -> Option<Duration> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(fraction) || fraction.len() > 9 {
        return None;
    }
    let number = whole.parse().ok()?;
    Some(match (whole.len(), fraction.is_empty()) {
        (..=11, _) => Duration::new(number, format!("{fraction:0<9}").parse().ok()?),
        (..=14, true) => Duration::from_millis(number),
        (..=17, true) => Duration::from_micros(number),
        (..=19, true) => Duration::from_nanos(number),
        _ => return None,
    })
}

fn calendar(text: &str) -> Option<Timestamp> {
    if let Ok(point) = text.parse::<Timestamp>() {
        return Some(point);
    }
    // Without these checks the parser would take, and ignore, an annotation such as a zone's name.
    if text.contains('[') {
        return None;
    }
    let civil =
        text.parse::<DateTime>().or_else(|_| text.parse::<Date>().map(|date| date.at(0, 0, 0, 0))).ok()?;
    TimeZone::UTC.to_timestamp(civil).ok()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// 2023-10-26T10:00:00Z.
    const NOW: u64 = 1_698_314_400;

    fn now() -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(NOW)
    }

    fn check(text: &str, expect: &str) {
        let found = parse_point(text, now()).map(rfc3339);
        assert_eq!(found.as_deref(), Ok(expect), "{text}");
    }

    #[test]
    fn all_forms() {
        check("2023-10-26T10:00:00Z", "2023-10-26T10:00:00Z");
        check("2023-10-26T10:00:00.25Z", "2023-10-26T10:00:00.25Z");
        check("2023-10-26T12:00:00+02:00", "2023-10-26T10:00:00Z");
        check("2023-10-26t10:00:00z", "2023-10-26T10:00:00Z");
        check("2023-10-26 10:00:00Z", "2023-10-26T10:00:00Z");
        check("2023-10-26T10:00:00", "2023-10-26T10:00:00Z");
        check("2023-10-26", "2023-10-26T00:00:00Z");
        check("1969-12-31T23:59:59Z", "1969-12-31T23:59:59Z");
        check("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z");
        check(" now ", "2023-10-26T10:00:00Z");
        check("now-1h30m", "2023-10-26T08:30:00Z");
        check("now - 1h", "2023-10-26T09:00:00Z");
        check("now+5m", "2023-10-26T10:05:00Z");
        check("-2h", "2023-10-26T08:00:00Z");
        check("0", "1970-01-01T00:00:00Z");
        check("1698314400", "2023-10-26T10:00:00Z");
        check("1698314400.5", "2023-10-26T10:00:00.5Z");
        check("1698314400500", "2023-10-26T10:00:00.5Z");
        check("1698314400500000", "2023-10-26T10:00:00.5Z");
        check("1698314400500000000", "2023-10-26T10:00:00.5Z");
    }

    #[test]
    fn what_is_no_point() {
        let check = |text: &str| {
            assert_eq!(parse_point(text, now()), Err(TimeError::Point(text.to_owned())), "{text}");
        };
        check("");
        check("yesterday");
        check("nowish");
        check("now-");
        check("now-5");
        check("-");
        check("1h");
        check("2023-13-01T00:00:00Z");
        check("2023-10-26T10:00:00Z[Europe/Berlin]garbage");
        check("12345678901234567890");
        check("1698314400500.5");
        check("1.1234567891");
        check("1698314400,5");
    }

    #[test]
    fn too_far_away() {
        for text in ["now-999999999h", "now+999999999h", "now-99999999999999h"] {
            assert!(parse_point(text, now()).is_err(), "{text}");
        }
        assert_eq!(
            parse_point("9999-12-31T23:59:59Z", now()),
            Err(TimeError::OutOfRange("9999-12-31T23:59:59Z".to_owned()))
        );
        assert_eq!(
            parse_point("now-999999999h", now()),
            Err(TimeError::OutOfRange("now-999999999h".to_owned()))
        );
    }

    #[test]
    fn an_error_does_not_repeat_a_megabyte() {
        let error = parse_point(&"x".repeat(1 << 20), now()).unwrap_err();
        assert!(error.to_string().len() < 200);
    }

    proptest! {
        #[test]
        fn any_text_is_taken_or_refused(text in ".{0,40}") {
            let _ = parse_point(&text, now());
        }

        #[test]
        fn what_is_printed_is_read_back(seconds in -62_000_000_000_i64..250_000_000_000, nanos in 0..1_000_000_000_i32) {
            let point = SystemTime::from(Timestamp::new(seconds, nanos).unwrap());
            prop_assert_eq!(parse_point(&rfc3339(point), now()), Ok(point));
        }
    }
}
