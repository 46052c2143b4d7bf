//! Lanes as a table, live and at the end.

use std::fmt::Write;
use std::time::Duration;

use load_engine::{LaneStats, Latency, Snapshot};

/// The live table: one line per lane, of all that was recorded so far; rates of the last interval.
pub(crate) fn live(totals: &Snapshot, recent: &Snapshot) -> Vec<String> {
    let header = format!(
        "{:<13} {:>8} {:>8} {:>8} {:>9} {:>9} {:>10}  {}",
        "lane", "calls", "calls/s", "missed", "p50", "p99", "received", "errors"
    );
    let rows = totals.lanes().iter().zip(recent.lanes()).map(|(lane, recent_lane)| {
        let response = lane.response();
        format!(
            "{:<13} {:>8} {:>8.1} {:>8} {:>9} {:>9} {:>10}  {}",
            lane.name,
            lane.counts.calls,
            rate(recent_lane.counts.calls, recent.elapsed()),
            lane.counts.missed,
            quantile(&response, 0.5),
            quantile(&response, 0.99),
            bytes(received(lane)),
            errors(lane),
        )
    });
    std::iter::once(header).chain(rows).collect()
}

/// The table of the summary, with response and service times apart.
pub(crate) fn complete(totals: &Snapshot) -> String {
    let mut out = String::new();
    let header = format!(
        "{:<13} {:>8} {:>8} {:>7} {:>6} {:>8} {:>7}  {:>9} {:>9} {:>9} {:>9}  {:>11} {:>10} {:>9}",
        "lane",
        "planned",
        "started",
        "missed",
        "idle",
        "calls",
        "errors",
        "p50",
        "p90",
        "p99",
        "max",
        "service p99",
        "received",
        "calls/s",
    );
    line(&mut out, &header);
    for lane in totals.lanes() {
        let (response, service, counts) = (lane.response(), lane.service(), &lane.counts);
        let row = format!(
            "{:<13} {:>8} {:>8} {:>7} {:>6} {:>8} {:>7}  {:>9} {:>9} {:>9} {:>9}  {:>11} {:>10} {:>9.2}",
            lane.name,
            counts.planned,
            counts.started,
            counts.missed,
            counts.idle,
            counts.calls,
            counts.failed,
            quantile(&response, 0.5),
            quantile(&response, 0.9),
            quantile(&response, 0.99),
            response.max().map_or_else(|| "-".to_owned(), duration),
            quantile(&service, 0.99),
            bytes(received(lane)),
            rate(counts.calls, totals.elapsed()),
        );
        line(&mut out, &row);
    }
    out
}

fn line(out: &mut String, text: &str) {
    writeln!(out, "{}", text.trim_end()).expect("writing to a String cannot fail");
}

pub(crate) fn received(lane: &LaneStats) -> u64 {
    lane.ops.iter().map(|op| op.bytes_in).sum()
}

/// `2 unavailable, 1 deadline_exceeded`; answers without data are named in the same way, after a
/// slash, as they are no errors.
pub(crate) fn errors(lane: &LaneStats) -> String {
    let mut codes: Vec<(&str, u64)> = Vec::new();
    for code in lane.ops.iter().flat_map(|op| &op.codes).filter(|code| code.code != "ok") {
        match codes.iter_mut().find(|(known, _)| *known == code.code) {
            Some((_, count)) => *count += code.count,
            None => codes.push((code.code, code.count)),
        }
    }
    if codes.is_empty() {
        return "-".to_owned();
    }
    codes.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    codes.iter().map(|(code, count)| format!("{count} {code}")).collect::<Vec<_>>().join(", ")
}

fn quantile(latency: &Latency, quantile: f64) -> String {
    latency.quantile(quantile).map_or_else(|| "-".to_owned(), duration)
}

#[expect(clippy::cast_precision_loss, reason = "for people")]
fn rate(count: u64, elapsed: Duration) -> f64 {
    if elapsed.is_zero() { 0.0 } else { count as f64 / elapsed.as_secs_f64() }
}

/// Three digits and a unit.
pub(crate) fn duration(duration: Duration) -> String {
    let nanos = duration.as_secs_f64() * 1e9;
    let (value, unit) = match nanos {
        n if n < 1e3 => (n, "ns"),
        n if n < 1e6 => (n / 1e3, "us"),
        n if n < 1e9 => (n / 1e6, "ms"),
        n => (n / 1e9, "s"),
    };
    format!("{}{unit}", three_digits(value))
}

/// Three digits and a binary unit.
#[expect(clippy::cast_precision_loss, reason = "for people")]
pub(crate) fn bytes(bytes: u64) -> String {
    let mut value = bytes as f64;
    let mut unit = "B";
    for next in ["KiB", "MiB", "GiB", "TiB"] {
        if value < 1024.0 {
            break;
        }
        (value, unit) = (value / 1024.0, next);
    }
    format!("{}{unit}", three_digits(value))
}

fn three_digits(value: f64) -> String {
    match value {
        v if v.fract() == 0.0 && v < 1000.0 => format!("{v}"),
        v if v < 10.0 => format!("{v:.2}"),
        v if v < 100.0 => format!("{v:.1}"),
        v => format!("{v:.0}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_three_digits_and_a_unit() {
        let check = |nanos, expect: &str| assert_eq!(duration(Duration::from_nanos(nanos)), expect);
        check(0, "0ns");
        check(512, "512ns");
        check(1_234, "1.23us");
        check(12_345_678, "12.3ms");
        check(1_042_000_000, "1.04s");
        check(98_000_000_000, "98s");
        assert_eq!(bytes(0), "0B");
        assert_eq!(bytes(1023), "1023B");
        assert_eq!(bytes(611 * 1024 + 100), "611KiB");
        assert_eq!(bytes(6_500_000), "6.20MiB");
    }
}
