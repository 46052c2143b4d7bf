use std::time::Duration;

use crate::{TimeError, shown};

/// Prometheus' units in the order in which a span may have them, in milliseconds. A year has 365 days.
const UNITS: [(&str, u64); 7] =
    [("y", 365 * DAY), ("w", 7 * DAY), ("d", DAY), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)];
const DAY: u64 = 86_400_000;

/// The longest span that Prometheus can hold, 292 years: it counts nanoseconds in 63 bits.
const MOST_MS: u64 = i64::MAX as u64 / 1_000_000;

/// A span as Prometheus' configuration has it: whole numbers with the units `y`, `w`, `d`, `h`, `m`, `s`
/// and `ms`, in this order and each at most once, such as `1h30m`; or `0`.
///
/// # Errors
/// [`TimeError::Span`].
pub fn parse_prometheus_span(text: &str) -> Result<Duration, TimeError> {
    if text == "0" {
        return Ok(Duration::ZERO);
    }
    let milliseconds = milliseconds(text).filter(|sum| *sum <= MOST_MS);
    milliseconds.map(Duration::from_millis).ok_or_else(|| TimeError::Span(shown(text)))
}

fn milliseconds(text: &str) -> Option<u64> {
    let (mut rest, mut units, mut sum) = (text, UNITS.as_slice(), 0_u64);
    while !rest.is_empty() || sum == 0 && units.len() == UNITS.len() {
        let unit_at = rest.find(|c: char| !c.is_ascii_digit())?;
        let (number, tail) = rest.split_at(unit_at);
        let unit_end = tail.find(|c: char| c.is_ascii_digit()).unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(unit_end);
        let index = units.iter().position(|(name, _)| *name == unit)?;
        let part = number.parse::<u64>().ok()?.checked_mul(units[index].1)?;
        sum = sum.checked_add(part)?;
        (rest, units) = (tail, &units[index + 1..]);
    }
    Some(sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_of_prometheus() {
        let check = |text: &str, milliseconds| {
            assert_eq!(parse_prometheus_span(text), Ok(Duration::from_millis(milliseconds)), "{text}");
        };
        check("0", 0);
        check("0s", 0);
        check("10s", 10_000);
        check("1h30m", 5_400_000);
        check("1y2w3d4h5m6s7ms", 365 * DAY + 17 * DAY + 4 * 3_600_000 + 306_007);
        check("007s", 7000);
        check("1d1ms", DAY + 1);
        check("292y", 292 * 365 * DAY);
    }

    #[test]
    fn what_is_no_span_of_prometheus() {
        let texts = [
            "",
            "1",
            "00",
            "s",
            "-1s",
            "1.5h",
            "1h 30m",
            " 1h",
            "30m1h",
            "1h1h",
            "1s1m",
            "1ms1s",
            "1x",
            "293y",
            "1H",
            "99999999999999999999y",
            "9999999999999999y",
            "1µs",
            "1h30",
            "é",
        ];
        for text in texts {
            assert_eq!(parse_prometheus_span(text), Err(TimeError::Span(text.to_owned())), "{text}");
        }
    }
}
