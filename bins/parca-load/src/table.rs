//! Lanes as tables that fit into a terminal, live and at the end.

mod columns;

use std::time::Duration;

use load_engine::{LaneStats, Latency, Snapshot};

use columns::{Column, fitted};

/// The live table: one line per lane, of all that was recorded so far; rates of the last interval.
pub(crate) fn live(totals: &Snapshot, recent: &Snapshot, width: usize) -> Vec<String> {
    let lanes = totals.lanes();
    let rates = recent.lanes().iter().map(|lane| rate(lane.counts.calls, recent.elapsed()));
    let responses: Vec<Latency> = lanes.iter().map(LaneStats::response).collect();
    let columns = [
        Column::names("lane", lanes.iter().map(|lane| lane.name.to_string())),
        Column::numbers("calls", 8, lanes.iter().map(|lane| lane.counts.calls.to_string())),
        Column::numbers("calls/s", 4, rates.map(|rate| format!("{rate:.1}"))),
        Column::numbers("missed", 3, lanes.iter().map(|lane| lane.counts.missed.to_string())),
        Column::numbers("p50", 7, responses.iter().map(|response| quantile(response, 0.5))),
        Column::numbers("p99", 6, responses.iter().map(|response| quantile(response, 0.99))),
        Column::numbers("received", 2, lanes.iter().map(|lane| words::bytes(lane.bytes_in()))),
        Column::text("not ok", 5, lanes.iter().map(errors)),
    ];
    fitted(&columns, width)
}

/// What happened, lane by lane.
pub(crate) fn counts(totals: &Snapshot, width: usize) -> Vec<String> {
    let lanes = totals.lanes();
    let count = |title, rank, count: fn(&LaneStats) -> u64| {
        Column::numbers(title, rank, lanes.iter().map(|lane| count(lane).to_string()))
    };
    let rates = lanes.iter().map(|lane| rate(lane.counts.calls, totals.elapsed()));
    let columns = [
        Column::names("lane", lanes.iter().map(|lane| lane.name.to_string())),
        count("planned", 4, |lane| lane.counts.planned),
        count("started", 3, |lane| lane.counts.started),
        count("missed", 7, |lane| lane.counts.missed),
        count("idle", 2, |lane| lane.counts.idle),
        count("calls", 9, |lane| lane.counts.calls),
        count("errors", 8, |lane| lane.counts.failed),
        count("cut off", 1, |lane| lane.counts.canceled),
        Column::numbers("received", 5, lanes.iter().map(|lane| words::bytes(lane.bytes_in()))),
        Column::numbers("calls/s", 6, rates.map(|rate| format!("{rate:.2}"))),
    ];
    fitted(&columns, width)
}

/// How long it took, lane by lane: the answered calls' response and service times, the failed calls' own,
/// and how late our rounds began.
pub(crate) fn times(totals: &Snapshot, width: usize) -> Vec<String> {
    let rows: Vec<(String, &str, Latency)> = totals.lanes().iter().flat_map(times_of).collect();
    let time = |title, rank, time: fn(&Latency) -> Option<Duration>| {
        Column::numbers(title, rank, rows.iter().map(move |(_, _, latency)| shown(time(latency))))
    };
    let columns = [
        Column::names("lane", rows.iter().map(|(lane, _, _)| lane.clone())),
        Column::text("time", 9, rows.iter().map(|(_, what, _)| (*what).to_owned())),
        time("p50", 8, |latency| latency.quantile(0.5)),
        time("p90", 5, |latency| latency.quantile(0.9)),
        time("p99", 7, |latency| latency.quantile(0.99)),
        time("max", 6, Latency::max),
    ];
    fitted(&columns, width)
}

fn times_of(lane: &LaneStats) -> Vec<(String, &'static str, Latency)> {
    let mut rows = vec![(lane.name.to_string(), "response", lane.response())];
    let mut further = |what, latency: Latency| {
        if latency.count() > 0 {
            rows.push((String::new(), what, latency));
        }
    };
    further("service", lane.service());
    further("failed", lane.failed());
    further("lag", lane.lag.clone());
    rows
}

/// `2 unavailable, 1 not_found`: how many calls ended with each code but `ok`, most first. Answers
/// without data are among them; they are no errors.
pub(crate) fn errors(lane: &LaneStats) -> String {
    let codes = lane.codes().into_iter().filter(|code| code.code != "ok");
    let codes: Vec<String> = codes.map(|code| format!("{} {}", code.count, code.code)).collect();
    if codes.is_empty() { "-".to_owned() } else { codes.join(", ") }
}

fn quantile(latency: &Latency, quantile: f64) -> String {
    shown(latency.quantile(quantile))
}

fn shown(time: Option<Duration>) -> String {
    time.map_or_else(|| "-".to_owned(), words::span)
}

#[expect(clippy::cast_precision_loss, reason = "for people")]
fn rate(count: u64, elapsed: Duration) -> f64 {
    if elapsed.is_zero() { 0.0 } else { count as f64 / elapsed.as_secs_f64() }
}
