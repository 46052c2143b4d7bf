//! The times of Pyroscope's older endpoints.

use std::time::{SystemTime, UNIX_EPOCH};

/// Milliseconds since 1970 of a `from` or `until`. Digits are seconds, or by their number milliseconds (13),
/// microseconds (16), nanoseconds (19) or a date (8); a word and a span is that long before or after now. As there,
/// what cannot be read is now.
pub(crate) fn millis(text: &str, now: SystemTime) -> i64 {
    let now = now
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| i64::try_from(since.as_millis()).unwrap_or(i64::MAX));
    let text: String = text.chars().filter(|c| !matches!(c, '_' | ',' | ' ')).collect();
    if text.is_empty() {
        return now;
    }
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        return digits(&text).unwrap_or(now);
    }
    match text.find(['-', '+']) {
        Some(at) => {
            let span = span(&text[at + 1..]).unwrap_or(0);
            if text.as_bytes()[at] == b'-' { now.saturating_sub(span) } else { now.saturating_add(span) }
        }
        None => now,
    }
}

fn digits(text: &str) -> Option<i64> {
    let number: i64 = text.parse().ok()?;
    match text.len() {
        8 => date(number).or_else(|| number.checked_mul(1000)),
        13 => Some(number),
        16 => Some(number / 1_000),
        19 => Some(number / 1_000_000),
        _ => number.checked_mul(1000),
    }
}

/// Midnight UTC of a date as YYYYMMDD, of years that profiles are from.
fn date(number: i64) -> Option<i64> {
    let (year, month, day) = (number / 10_000, number / 100 % 100, number % 100);
    let is_date = (1970..=2200).contains(&year) && (1..=12).contains(&month) && (1..=31).contains(&day);
    is_date.then(|| days(year, month, day).saturating_mul(86_400_000))
}

/// Days since 1970, in the Gregorian calendar: years begin in March, so that leap days are last.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// Milliseconds of spans such as `1h30m`.
fn span(mut text: &str) -> Option<i64> {
    let mut sum = 0_i64;
    while !text.is_empty() {
        let number_end = text.find(|c: char| !c.is_ascii_digit())?;
        let number: i64 = text[..number_end].parse().ok()?;
        let rest = &text[number_end..];
        let unit_end = rest.find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len());
        sum = sum.checked_add(number.checked_mul(unit(&rest[..unit_end])?)?)?;
        text = &rest[unit_end..];
    }
    Some(sum)
}

fn unit(name: &str) -> Option<i64> {
    let seconds = match name {
        "s" | "sec" | "second" | "seconds" => 1,
        "m" | "min" | "minute" | "minutes" => 60,
        "h" | "hour" | "hours" => 3_600,
        "d" | "day" | "days" => 86_400,
        "w" | "week" | "weeks" => 604_800,
        "M" | "mon" | "month" | "months" => 30 * 86_400,
        "y" | "year" | "years" => 365 * 86_400,
        _ => return None,
    };
    Some(seconds * 1000)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn all_forms_are_read() {
        let now = UNIX_EPOCH + Duration::from_secs(1_800_000_000);
        let check = |text: &str, expect: i64| assert_eq!(millis(text, now), expect, "{text}");
        let present = 1_800_000_000_000;
        check("1700000000", 1_700_000_000_000);
        check("1700000000123", 1_700_000_000_123);
        check("1700000000123456", 1_700_000_000_123);
        check("1700000000123456789", 1_700_000_000_123);
        check("20260117", 1_768_608_000_000);
        check("20000229", 951_782_400_000);
        check("99999999", 99_999_999_000);
        check("now", present);
        check("", present);
        check("yesterday", present);
        check("now-1h30m", present - 5_400_000);
        check("now - 1 h", present - 3_600_000);
        check("now+5m", present + 300_000);
        check("now-1fortnight", present);
        check("now-99999999999999999999d", present);
    }
}
