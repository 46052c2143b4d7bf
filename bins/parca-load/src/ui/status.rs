//! `/api/status`: how the run goes.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::HeaderValue;
use axum::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION};
use axum::response::IntoResponse;
use load_engine::{LaneStats, Latency};
use serde::Serialize;

use super::Ui;
use super::moments::{Moment, STEP, bound};

/// Bars of the picture are so many times as wide as the engine's buckets: four to a factor of two.
const WIDER: i32 = 2;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Status {
    /// The client refuses addresses with credentials, so there are none in it.
    target: String,
    protocol: &'static str,
    version: &'static str,
    ready: bool,
    /// Why the server counts as lost; nothing if it does not.
    trouble: Option<String>,
    uptime_seconds: f64,
    /// How long the moments of lanes are, in seconds.
    step: f64,
    lanes: Vec<Lane>,
}

/// Counts since the start; times are response times in seconds, absent before the first call.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Lane {
    name: String,
    planned: u64,
    started: u64,
    missed: u64,
    idle: u64,
    calls: u64,
    failed: u64,
    in_flight: usize,
    p50: Option<f64>,
    p90: Option<f64>,
    p99: Option<f64>,
    max: Option<f64>,
    codes: BTreeMap<&'static str, u64>,
    /// Calls per second in the last moment.
    rate: Option<f64>,
    last_error: Option<LastError>,
    moments: Vec<Moment>,
    /// Upper bound and count, ascending, without the empty ones.
    buckets: Vec<(f64, u64)>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct LastError {
    seconds_ago: f64,
    words: String,
}

/// The status, as a page asks for it again and again.
pub(super) async fn status(State(ui): State<Ui>) -> impl IntoResponse {
    let mut known = known(&ui);
    // Whether the server answers now: what lanes counted says it only when their calls have timed out.
    known.trouble = ui.pulse.trouble().await;
    ([(CACHE_CONTROL, "no-store")], Json(known))
}

/// The status of the lanes as a file to keep.
pub(super) async fn report(State(ui): State<Ui>) -> impl IntoResponse {
    let name = HeaderValue::from_static("attachment; filename=\"parca-load.json\"");
    ([(CONTENT_DISPOSITION, name)], Json(known(&ui)))
}

fn known(ui: &Ui) -> Status {
    let lanes = ui.hub.read(|snapshot| snapshot.lanes().iter().map(|stats| lane(ui, stats)).collect());
    Status {
        target: ui.client.url().to_owned(),
        protocol: ui.protocol,
        version: env!("CARGO_PKG_VERSION"),
        ready: ui.readiness.is_ready(),
        trouble: None,
        uptime_seconds: ui.began.elapsed().as_secs_f64(),
        step: STEP.as_secs_f64(),
        lanes,
    }
}

/// What a lane did since the start, and in its moments.
fn lane(ui: &Ui, stats: &LaneStats) -> Lane {
    let (response, counts) = (stats.response(), &stats.counts);
    let moments = ui.moments.of(&stats.name);
    let quantile = |quantile| response.quantile(quantile).as_ref().map(Duration::as_secs_f64);
    let mut codes = BTreeMap::new();
    for code in stats.ops.iter().flat_map(|op| &op.codes) {
        *codes.entry(code.code).or_default() += code.count;
    }
    Lane {
        name: stats.name.to_string(),
        planned: counts.planned,
        started: counts.started,
        missed: counts.missed,
        idle: counts.idle,
        calls: counts.calls,
        failed: counts.failed,
        in_flight: stats.in_flight,
        p50: quantile(0.5),
        p90: quantile(0.9),
        p99: quantile(0.99),
        max: response.max().as_ref().map(Duration::as_secs_f64),
        codes,
        rate: moments.last().map(|(calls, ..)| *calls as f64 / STEP.as_secs_f64()),
        last_error: ui.knowledge.last_error(&stats.name).map(|last| LastError {
            seconds_ago: last.at.elapsed().unwrap_or_default().as_secs_f64(),
            words: words::short(&last.words, 400),
        }),
        moments,
        buckets: buckets(&response),
    }
}

fn buckets(latency: &Latency) -> Vec<(f64, u64)> {
    widened(&latency.native_buckets())
        .into_iter()
        .map(|(index, count)| (bound(index * WIDER), count))
        .collect()
}

/// Bucket `i` takes those that end in `(WIDER * (i - 1), WIDER * i]`.
fn widened(buckets: &[(i32, u64)]) -> Vec<(i32, u64)> {
    let mut wide: Vec<(i32, u64)> = Vec::new();
    for (index, count) in buckets {
        let index = -(-index).div_euclid(WIDER);
        match wide.last_mut() {
            Some((last, sum)) if *last == index => *sum += count,
            _ => wide.push((index, *count)),
        }
    }
    wide
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_buckets_make_one_on_both_sides_of_a_second() {
        let check = |buckets: &[(i32, u64)], expect: &[(i32, u64)]| assert_eq!(widened(buckets), expect);
        check(&[], &[]);
        check(&[(1, 2), (2, 3), (3, 4)], &[(1, 5), (2, 4)]);
        check(&[(-3, 1), (-2, 2), (-1, 4), (0, 8)], &[(-1, 3), (0, 12)]);
    }
}
