//! What was measured, at the end: for people, and as JSON for scripts.

use std::fmt::Write;
use std::time::{Duration, SystemTime};

use load_engine::{LaneStats, Latency, Reason, SeriesStats, Summary, Validity};
use serde::Serialize;

use crate::table;

/// What the JSON is, so that readers can tell a newer one.
const SCHEMA: &str = "parca-load/summary/v1";
/// Lines of a summary that nobody's terminal bounds.
const USUAL_WIDTH: usize = 80;

/// What the summary says besides the numbers.
pub(crate) struct About<'a> {
    pub(crate) target: &'a str,
    pub(crate) protocol: &'a str,
    pub(crate) seed: u64,
    /// Why the run does not pass.
    pub(crate) failures: &'a [String],
}

/// The summary on a terminal or in a log.
pub(crate) fn text(summary: &Summary, about: &About<'_>, width: Option<usize>) -> String {
    let width = width.unwrap_or(USUAL_WIDTH);
    let mut lines = vec![
        String::new(),
        format!("parca-load: {} on {}", words::span(summary.wall), about.target),
        format!("over {}, seed {}", about.protocol, about.seed),
    ];
    lines.extend(verdict(&summary.validity, calls(summary)));
    lines.push(String::new());
    lines.extend(table::counts(&summary.totals, width));
    lines.push(String::new());
    lines.extend(table::times(&summary.totals, width));
    lines.push(String::new());
    for lane in summary.totals.lanes().iter().filter(|lane| table::errors(lane) != "-") {
        lines.push(format!("{}: {}", lane.name, table::errors(lane)));
    }
    lines.push(sums(summary));
    let mut out = String::new();
    for line in lines {
        writeln!(out, "{line}").expect("writing to a String cannot fail");
    }
    out
}

fn sums(summary: &Summary) -> String {
    let calls = words::counted(calls(summary), "call", "calls");
    let failed = words::counted(failed(summary), "error", "errors");
    let cut: u64 = summary.totals.lanes().iter().map(|lane| lane.counts.canceled).sum();
    match cut {
        0 => format!("{calls}, {failed}"),
        _ => format!("{calls}, {failed}, {cut} cut off at the end"),
    }
}

/// Whether the times tell of the server or of us.
fn verdict(validity: &Validity, calls: u64) -> Vec<String> {
    match validity.valid {
        Some(true) => vec!["valid: the generator kept its plan".to_owned()],
        Some(false) => {
            let mut lines = vec!["generator-limited: these latencies include our own delay".to_owned()];
            lines.extend(validity.reasons.iter().map(|reason| format!("  {}", words(reason))));
            lines
        }
        None if calls == 0 => vec!["not valid: nothing was measured".to_owned()],
        None => {
            let fewest = validity.unjudged.iter().map(|lane| lane.rounds).min().unwrap_or_default();
            vec![
                format!("too few rounds to judge the generator: {fewest} in the lane with fewest;"),
                "the lag of each lane is our own delay, and part of its response".to_owned(),
            ]
        }
    }
}

/// Calls of all lanes.
pub(crate) fn calls(summary: &Summary) -> u64 {
    summary.totals.lanes().iter().map(|lane| lane.counts.calls).sum()
}

/// Calls of all lanes that failed.
pub(crate) fn failed(summary: &Summary) -> u64 {
    summary.totals.lanes().iter().map(|lane| lane.counts.failed).sum()
}

fn words(reason: &Reason) -> String {
    match reason {
        Reason::Lag { lane, quantile, lag, limit } => {
            let which = if *quantile == 0.5 { "median" } else { "99th percentile" };
            let (lag, limit) = (words::span(*lag), words::span(*limit));
            format!("{lane}: rounds began {lag} late at the {which}; {limit} is fine")
        }
        Reason::Late { lane, share } => {
            format!("{lane}: {:.1} % of the rounds began more than 1ms late", share * 100.0)
        }
        Reason::Busy { worker, utilisation } => {
            format!("worker {worker} used {:.0} % of a core", utilisation * 100.0)
        }
        Reason::Panicked { lane, rounds } => {
            format!("{lane}: {rounds} rounds ended in a panic; please report it")
        }
        other => other.to_string(),
    }
}

/// The summary as JSON. Times are in microseconds, instants in Unix seconds.
pub(crate) fn json(summary: &Summary, about: &About<'_>) -> String {
    let report = Report {
        schema: SCHEMA,
        tool: Tool { name: "parca-load", version: env!("CARGO_PKG_VERSION") },
        target: Target { url: about.target, protocol: about.protocol },
        seed: about.seed,
        started: summary.started.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs_f64(),
        wall_seconds: summary.wall.as_secs_f64(),
        interrupted: summary.interrupted,
        validity: Verdict {
            valid: summary.validity.valid,
            reasons: summary.validity.reasons.iter().map(words).collect(),
            unjudged: summary.validity.unjudged.iter().map(|lane| lane.lane.clone()).collect(),
        },
        failures: about.failures.to_vec(),
        calls: calls(summary),
        errors: failed(summary),
        lanes: summary.totals.lanes().iter().map(Lane::of).collect(),
        series: summary.totals.series().map(Series::of).collect(),
    };
    pretty(&report)
}

/// The JSON of a run that was not made, so that a script finds the reason where it looks.
pub(crate) fn json_of_failure(about: &About<'_>) -> String {
    pretty(&Failure {
        schema: SCHEMA,
        tool: Tool { name: "parca-load", version: env!("CARGO_PKG_VERSION") },
        target: Target { url: about.target, protocol: about.protocol },
        calls: 0,
        validity: Verdict { valid: None, reasons: Vec::new(), unjudged: Vec::new() },
        failures: about.failures.to_vec(),
    })
}

fn pretty(report: &impl Serialize) -> String {
    let mut text = serde_json::to_string_pretty(report).expect("numbers and strings are always JSON");
    text.push('\n');
    text
}

#[derive(Serialize)]
struct Report<'a> {
    schema: &'static str,
    tool: Tool,
    target: Target<'a>,
    seed: u64,
    started: f64,
    wall_seconds: f64,
    interrupted: bool,
    validity: Verdict,
    /// Why the run does not pass; empty: it does.
    failures: Vec<String>,
    calls: u64,
    errors: u64,
    lanes: Vec<Lane<'a>>,
    series: Vec<Series<'a>>,
}

#[derive(Serialize)]
struct Failure<'a> {
    schema: &'static str,
    tool: Tool,
    target: Target<'a>,
    calls: u64,
    validity: Verdict,
    failures: Vec<String>,
}

#[derive(Serialize)]
struct Tool {
    name: &'static str,
    version: &'static str,
}

#[derive(Serialize)]
struct Target<'a> {
    url: &'a str,
    protocol: &'a str,
}

/// `valid` is null where there were too few rounds to say.
#[derive(Serialize)]
struct Verdict {
    valid: Option<bool>,
    reasons: Vec<String>,
    unjudged: Vec<String>,
}

#[derive(Serialize)]
struct Lane<'a> {
    lane: &'a str,
    planned: u64,
    started: u64,
    missed: u64,
    idle: u64,
    calls: u64,
    errors: u64,
    retries: u64,
    canceled: u64,
    unmade: u64,
    bytes_in: u64,
    codes: std::collections::BTreeMap<&'static str, u64>,
    response_us: Times,
    service_us: Times,
    failed_us: Times,
    lag_us: Times,
}

impl<'a> Lane<'a> {
    fn of(lane: &'a LaneStats) -> Self {
        let counts = &lane.counts;
        let codes = lane.codes().into_iter().map(|code| (code.code, code.count)).collect();
        Self {
            lane: &lane.name,
            planned: counts.planned,
            started: counts.started,
            missed: counts.missed,
            idle: counts.idle,
            calls: counts.calls,
            errors: counts.failed,
            retries: counts.retries,
            canceled: counts.canceled,
            unmade: counts.unmade,
            bytes_in: lane.bytes_in(),
            codes,
            response_us: Times::of(&lane.response()),
            service_us: Times::of(&lane.service()),
            failed_us: Times::of(&lane.failed()),
            lag_us: Times::of(&lane.lag),
        }
    }
}

#[derive(Serialize)]
struct Series<'a> {
    op: &'static str,
    labels: std::collections::BTreeMap<&'static str, &'a str>,
    grpc_code: &'static str,
    count: u64,
    bytes_in: u64,
    bytes_out: u64,
    response_us: Times,
    service_us: Times,
}

impl<'a> Series<'a> {
    fn of(series: &'a SeriesStats) -> Self {
        Self {
            op: series.key.op(),
            labels: series.key.labels().iter().map(|(name, value)| (*name, value.as_str())).collect(),
            grpc_code: series.code,
            count: series.count(),
            bytes_in: series.bytes_in,
            bytes_out: series.bytes_out,
            response_us: Times::of(&series.response),
            service_us: Times::of(&series.service),
        }
    }
}

/// Nothing where nothing was measured.
#[derive(Serialize)]
struct Times {
    mean: Option<f64>,
    p50: Option<f64>,
    p90: Option<f64>,
    p95: Option<f64>,
    p99: Option<f64>,
    p999: Option<f64>,
    max: Option<f64>,
}

impl Times {
    fn of(latency: &Latency) -> Self {
        let micros = |duration: Option<Duration>| duration.map(|duration| duration.as_secs_f64() * 1e6);
        let quantile = |quantile| micros(latency.quantile(quantile));
        Self {
            mean: micros(latency.mean()),
            p50: quantile(0.5),
            p90: quantile(0.9),
            p95: quantile(0.95),
            p99: quantile(0.99),
            p999: quantile(0.999),
            max: micros(latency.max()),
        }
    }
}
