//! The process' own metrics, made when a scrape comes.

use std::sync::PoisonError;
use std::time::{Duration, SystemTime};

use ops::metrics::{Family, Kind, Value};

use crate::run::{Receiver, Receivers};
use crate::stats::{Inner, QueryStats, Stats};

/// The families of queries, receivers and reloads. Labels are the names of queries and receivers, which
/// the config bounds, outcomes, reasons and statuses; never a URL.
pub fn families(stats: &Stats, receivers: Option<&Receivers>) -> Vec<Family> {
    let mut families = of_queries(&stats.lock());
    if let Some(receivers) = receivers {
        families.extend(of_receivers(&receivers.list()));
    }
    families
}

fn of_queries(inner: &Inner) -> Vec<Family> {
    let counter = |name: &str, help: &str| Family::new(name, help, Kind::Counter);
    let gauge = |name: &str, help: &str| Family::new(name, help, Kind::Gauge);
    let mut asked = counter("profile_exporter_queries_total", "Windows that were asked for, by outcome.");
    let mut missed = counter(
        "profile_exporter_query_windows_missed_total",
        "Windows without a value: too old, refused, too slow again and again, or forgotten by the Parca.",
    );
    let mut early = counter(
        "profile_exporter_query_early_total",
        "Questions that came before the Parca had profiles from after the window; they are asked again.",
    );
    let mut panics = counter(
        "profile_exporter_query_panics_total",
        "Panics of a query, each a mistake of this program; the query is started again.",
    );
    let mut dropped = counter(
        "profile_exporter_series_dropped_total",
        "Series that were left out before they were queued.",
    );
    let mut duration = Family::new(
        "profile_exporter_query_duration_seconds",
        "How long windows took to ask for, comparisons included.",
        Kind::Histogram,
    );
    let mut success =
        gauge("profile_exporter_query_last_success_timestamp_seconds", "When a window was last handed over.");
    let mut window_end =
        gauge("profile_exporter_query_last_window_end_seconds", "The end of the newest window handed over.");
    let mut rows = gauge("profile_exporter_query_rows", "Rows of the last answer.");
    let mut bytes = gauge("profile_exporter_query_response_bytes", "Bytes of the last answer's report.");
    let mut series = gauge("profile_exporter_query_series", "Series of the last window.");
    for (name, query) in &inner.queries {
        let label = [("query_name", name.as_str())];
        let number = |value: usize| Value::Gauge(value as f64);
        for (outcome, count) in &query.outcomes {
            let labels = [("outcome", *outcome), ("query_name", name.as_str())];
            asked = asked.with(labels, Value::Counter(*count as f64));
        }
        for (reason, count) in reasons(query) {
            let labels = [("query_name", name.as_str()), ("reason", reason)];
            dropped = dropped.with(labels, Value::Counter(count as f64));
        }
        missed = missed.with(label, Value::Counter(query.windows_missed as f64));
        early = early.with(label, Value::Counter(query.early as f64));
        panics = panics.with(label, Value::Counter(query.panics as f64));
        duration = duration.with(label, Value::Histogram(query.duration.histogram()));
        if let Some(at) = query.last_success {
            success = success.with(label, Value::Gauge(seconds(at)));
        }
        if let Some(end_ms) = query.last_window_end_ms {
            window_end = window_end.with(label, Value::Gauge(end_ms as f64 / 1e3));
        }
        rows = rows.with(label, number(query.rows));
        bytes = bytes.with(label, number(query.bytes));
        series = series.with(label, number(query.series));
    }
    let stale =
        counter("profile_exporter_stale_markers_total", "Markers that were sent for series that ended.")
            .with([("", ""); 0], Value::Counter(inner.stale_markers as f64));
    let mut families = vec![
        asked, missed, early, panics, dropped, duration, success, window_end, rows, bytes, series, stale,
    ];
    if let Some(up) = inner.parca_up {
        let up = if up { 1.0 } else { 0.0 };
        let family = gauge("profile_exporter_parca_up", "Whether the Parca answered the last question.");
        families.push(family.with([("", ""); 0], Value::Gauge(up)));
    }
    families.extend(of_reloads(inner));
    families
}

fn reasons(query: &QueryStats) -> [(&'static str, u64); 2] {
    [("invalid", query.invalid), ("max_series", query.over_limit)]
}

fn of_reloads(inner: &Inner) -> Vec<Family> {
    let Some(reload) = inner.reload else { return Vec::new() };
    let gauge = |name: &str, help: &str, value: f64| {
        Family::new(name, help, Kind::Gauge).with([("", ""); 0], Value::Gauge(value))
    };
    let successful = if reload.successful { 1.0 } else { 0.0 };
    let mut families = vec![gauge(
        "profile_exporter_config_last_reload_successful",
        "Whether the config was good when it was last read.",
        successful,
    )];
    families.extend(reload.last_success.map(|at| {
        gauge(
            "profile_exporter_config_last_reload_success_timestamp_seconds",
            "When a good config was last read.",
            seconds(at),
        )
    }));
    families
}

fn seconds(time: SystemTime) -> f64 {
    time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs_f64()
}

const PREFIX: &str = "profile_exporter_remote_write_";

fn of_receivers(receivers: &[std::sync::Arc<Receiver>]) -> Vec<Family> {
    let family = |name: &str, help: &str, kind| Family::new(format!("{PREFIX}{name}"), help, kind);
    let counter = |name: &str, help: &str| family(name, help, Kind::Counter);
    let gauge = |name: &str, help: &str| family(name, help, Kind::Gauge);
    let mut sent = counter("samples_total", "Samples that the receiver stored, as far as it says.");
    let mut failed = counter("samples_failed_total", "Samples that the receiver refused for good.");
    let mut retried = counter("samples_retried_total", "Samples that were sent once more, at each retry.");
    let mut dropped = counter("samples_dropped_total", "Samples that were not sent, by reason.");
    let mut requests = counter("requests_total", "Requests by status; `none` had no answer.");
    let mut bytes = counter("bytes_total", "Compressed bytes of requests, retries included.");
    let mut duration = family("send_duration_seconds", "How long requests took.", Kind::Histogram);
    let mut pending = gauge("pending_samples", "Samples that wait or are under way.");
    let mut capacity = gauge("queue_capacity", "Samples that may wait in memory.");
    let mut spool = gauge("spool_bytes", "Bytes of the spool's files.");
    let mut spool_limit =
        gauge("spool_limit_bytes", "Bytes that the spool may have; then the oldest are dropped.");
    let mut highest =
        gauge("highest_sent_timestamp_seconds", "The newest timestamp that the receiver stored.");
    let mut damaged = counter("spool_damaged_bytes_total", "Bytes of the spool that could not be read.");
    let mut lost =
        counter("spool_lost_requests_total", "Requests of the spool that could not be read, and are lost.");
    let mut ahead = gauge("clock_ahead_seconds", "How far our clock is ahead of the receiver's.");
    let mut panics = counter("panics_total", "Panics while sending; the batch is sent again.");
    let mut protocol = gauge("protocol", "1 for the message that is spoken.");
    for receiver in receivers {
        let counts = receiver.destination.counts();
        let remote = receiver.destination.name();
        let label = [("remote", remote)];
        let count = |value: u64| Value::Counter(value as f64);
        sent = sent.with(label, count(counts.sent));
        failed = failed.with(label, count(counts.failed));
        retried = retried.with(label, count(counts.retried));
        let reasons = [
            ("duplicate", counts.left_out.duplicate),
            ("invalid", counts.left_out.invalid),
            ("overflow", counts.overflowed),
            ("relabel", counts.left_out.relabelled),
            ("too_old", counts.too_old),
        ];
        for (reason, value) in reasons {
            dropped = dropped.with([("reason", reason), ("remote", remote)], count(value));
        }
        for (status, value) in &counts.answers {
            requests =
                requests.with([("code", status.to_string().as_str()), ("remote", remote)], count(*value));
        }
        requests = requests.with([("code", "none"), ("remote", remote)], count(counts.unanswered));
        bytes = bytes.with(label, count(counts.bytes));
        let durations = receiver.durations.lock().unwrap_or_else(PoisonError::into_inner).histogram();
        duration = duration.with(label, Value::Histogram(durations));
        pending = pending.with(label, Value::Gauge(counts.pending as f64));
        match receiver.spool_limit {
            Some(limit) => {
                spool = spool.with(label, Value::Gauge(counts.pending_bytes as f64));
                spool_limit = spool_limit.with(label, Value::Gauge(limit as f64));
                damaged = damaged.with(label, count(counts.damage.bytes));
                lost = lost.with(label, count(counts.damage.batches));
            }
            None => capacity = capacity.with(label, Value::Gauge(receiver.capacity as f64)),
        }
        if let Some(highest_ms) = counts.highest_sent_ms {
            highest = highest.with(label, Value::Gauge(highest_ms as f64 / 1e3));
        }
        if let Some(seconds) = counts.clock_ahead_seconds {
            ahead = ahead.with(label, Value::Gauge(seconds));
        }
        panics = panics.with(label, count(counts.panics));
        if let Some(message) = counts.message {
            protocol = protocol.with([("message", message.name()), ("remote", remote)], Value::Gauge(1.0));
        }
    }
    vec![
        sent,
        failed,
        retried,
        dropped,
        requests,
        bytes,
        duration,
        pending,
        capacity,
        spool,
        spool_limit,
        damaged,
        lost,
        ahead,
        panics,
        highest,
        protocol,
    ]
}
