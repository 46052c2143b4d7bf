//! What was measured, at the end: for people, and as JSON for scripts.

use std::fmt::Write;
use std::time::{Duration, SystemTime};

use load_engine::{LaneStats, Latency, Reason, SeriesStats, Summary};
use serde::Serialize;

use crate::table;

/// What the JSON is, so that readers can tell a newer one.
const SCHEMA: &str = "parca-load/summary/v1";

/// What the summary says besides the numbers.
pub(crate) struct About<'a> {
    pub(crate) target: &'a str,
    pub(crate) protocol: &'a str,
    pub(crate) seed: u64,
}

/// The summary on a terminal or in a log.
pub(crate) fn text(summary: &Summary, about: &About<'_>) -> String {
    let mut out = String::new();
    let wall = table::duration(summary.wall);
    line(
        &mut out,
        format_args!("\nparca-load: {wall} on {} over {}, seed {}", about.target, about.protocol, about.seed),
    );
    if summary.validity.valid {
        line(&mut out, format_args!("valid: the generator kept its plan"));
    } else {
        line(&mut out, format_args!("generator-limited: these latencies include our own delay"));
        for reason in &summary.validity.reasons {
            line(&mut out, format_args!("  {}", words(reason)));
        }
    }
    out.push_str(&table::complete(&summary.totals));
    for lane in summary.totals.lanes().iter().filter(|lane| table::errors(lane) != "-") {
        line(&mut out, format_args!("{}: {}", lane.name, table::errors(lane)));
    }
    let (calls, failed) = (calls(summary), failed(summary));
    line(&mut out, format_args!("{calls} calls, {failed} errors"));
    out
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
        Reason::Lag { lane, p99, limit } => {
            format!(
                "{lane}: rounds started {} late at the 99th percentile, at most {} is fine",
                table::duration(*p99),
                table::duration(*limit)
            )
        }
        Reason::Late { lane, share } => {
            format!("{lane}: {:.1} % of the rounds started more than 1ms late", share * 100.0)
        }
        Reason::Busy { worker, utilisation } => {
            format!("worker {worker} used {:.0} % of a core", utilisation * 100.0)
        }
        Reason::Panicked { lane, rounds } => {
            format!("{lane}: {rounds} rounds ended in a panic; please report it")
        }
        other => format!("{other:?}"),
    }
}

fn line(out: &mut String, arguments: std::fmt::Arguments<'_>) {
    out.write_fmt(arguments).expect("writing to a String cannot fail");
    out.push('\n');
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
        validity: Validity {
            valid: summary.validity.valid,
            reasons: summary.validity.reasons.iter().map(words).collect(),
        },
        calls: calls(summary),
        errors: failed(summary),
        lanes: summary.totals.lanes().iter().map(Lane::of).collect(),
        series: summary.totals.series().map(Series::of).collect(),
    };
    let mut text = serde_json::to_string_pretty(&report).expect("numbers and strings are always JSON");
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
    validity: Validity,
    calls: u64,
    errors: u64,
    lanes: Vec<Lane<'a>>,
    series: Vec<Series<'a>>,
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

#[derive(Serialize)]
struct Validity {
    valid: bool,
    reasons: Vec<String>,
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
    lag_us: Times,
}

impl<'a> Lane<'a> {
    fn of(lane: &'a LaneStats) -> Self {
        let counts = &lane.counts;
        let mut codes = std::collections::BTreeMap::new();
        for code in lane.ops.iter().flat_map(|op| &op.codes) {
            *codes.entry(code.code).or_default() += code.count;
        }
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
            bytes_in: table::received(lane),
            codes,
            response_us: Times::of(&lane.response()),
            service_us: Times::of(&lane.service()),
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
