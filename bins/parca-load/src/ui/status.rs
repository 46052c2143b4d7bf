//! `/api/status`: how the run goes.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::header::CACHE_CONTROL;
use axum::response::IntoResponse;
use load_engine::{LaneStats, Latency, NATIVE_SCHEMA};
use serde::Serialize;

use super::Ui;

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
    uptime_seconds: f64,
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
    /// Upper bound and count, ascending, without the empty ones.
    buckets: Vec<(f64, u64)>,
}

pub(super) async fn status(State(ui): State<Ui>) -> impl IntoResponse {
    let lanes = ui.hub.read(|snapshot| snapshot.lanes().iter().map(lane).collect());
    let status = Status {
        target: ui.client.url().to_owned(),
        protocol: ui.protocol,
        version: env!("CARGO_PKG_VERSION"),
        ready: ui.readiness.is_ready(),
        uptime_seconds: ui.began.elapsed().as_secs_f64(),
        lanes,
    };
    ([(CACHE_CONTROL, "no-store")], Json(status))
}

fn lane(stats: &LaneStats) -> Lane {
    let (response, counts) = (stats.response(), &stats.counts);
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
        buckets: buckets(&response),
    }
}

fn buckets(latency: &Latency) -> Vec<(f64, u64)> {
    let per_octave = f64::from(1 << NATIVE_SCHEMA) / f64::from(WIDER);
    let bound = |index: i32| (f64::from(index) / per_octave).exp2();
    widened(&latency.native_buckets()).into_iter().map(|(index, count)| (bound(index), count)).collect()
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
