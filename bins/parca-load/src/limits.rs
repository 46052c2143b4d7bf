//! What a run must keep to pass: `-max-error-rate`, `-max-p99`, and that it measured something.

use std::time::Duration;

use load_engine::Snapshot;

use crate::args::Limits;

/// Why a run does not pass, one reason a line; none: it does.
pub(crate) fn broken(limits: &Limits, once: bool, totals: &Snapshot) -> Vec<String> {
    let lanes = totals.lanes();
    let answered_or_failed: u64 = lanes.iter().map(|lane| lane.counts.calls - lane.counts.canceled).sum();
    let failed: u64 = lanes.iter().map(|lane| lane.counts.failed).sum();
    if answered_or_failed == 0 {
        return vec!["nothing was measured: no call came to its end".to_owned()];
    }
    let mut reasons = Vec::new();
    if once {
        let idle: Vec<&str> =
            lanes.iter().filter(|lane| lane.counts.calls == 0).map(|lane| lane.name.as_ref()).collect();
        if !idle.is_empty() {
            let names = idle.join(", ");
            reasons.push(format!("-once: nothing to ask for in {names}: has the server any profiles?"));
        }
        if failed > 0 && limits.error_rate.is_none() {
            reasons.push(format!("-once: {} failed", words::counted(failed, "call", "calls")));
        }
    }
    #[expect(clippy::cast_precision_loss, reason = "a share")]
    let rate = failed as f64 / answered_or_failed as f64;
    if let Some(limit) = limits.error_rate.filter(|limit| rate > *limit) {
        reasons.push(format!(
            "-max-error-rate: {failed} of {answered_or_failed} calls failed, which is {:.2} %, more than {:.2} %",
            rate * 100.0,
            limit * 100.0
        ));
    }
    if let Some(limit) = limits.p99 {
        reasons.extend(lanes.iter().filter_map(|lane| {
            let p99 = lane.response().quantile(0.99).filter(|p99| *p99 > limit)?;
            Some(slow(&lane.name, p99, limit))
        }));
    }
    reasons
}

fn slow(lane: &str, p99: Duration, limit: Duration) -> String {
    let (p99, limit) = (words::span(p99), words::span(limit));
    format!("-max-p99: the 99th percentile of {lane} is {p99}, more than {limit}")
}
