//! `/metrics`: the original's families from the engine's own recorders, and what is ours.

use std::sync::Arc;

use load_engine::{Hub, LaneStats, Latency, NATIVE_SCHEMA, SeriesStats, Snapshot};
use ops::daemon::build_info;
use ops::metrics::{Family, Histogram, Kind, NativeBuckets, Registry, Sample, Value};
use parca_workload::op;

/// Upper bounds of the classic buckets, in seconds; the client's timeout is 10 s unless set.
const BOUNDS: [f64; 16] =
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0];

/// The zero bucket of the original's library.
const ZERO_THRESHOLD: f64 = 2.938_735_877_055_719e-39;

/// An operation and how the original calls it.
const ORIGINALS: [(&str, &str); 5] = [
    (op::LABELS, "Labels"),
    (op::VALUES, "Values"),
    (op::PROFILE_TYPES, "ProfileTypes"),
    (op::QUERY_RANGE, "QueryRange"),
    (op::QUERY, "Query"),
];

/// Makes what the hub has recorded part of every scrape.
pub(crate) fn register(registry: &Registry, hub: &Arc<Hub>) {
    let hub = Arc::clone(hub);
    // All families from one reading, so that sums between them hold in each scrape.
    registry.collect_with(move || hub.read(families));
    registry.collect_with(|| vec![build_info("parca_load", env!("CARGO_PKG_VERSION"))]);
}

fn families(snapshot: &Snapshot) -> Vec<Family> {
    let (lanes, series) = (snapshot.lanes(), snapshot.series().collect::<Vec<_>>());
    let mut families: Vec<Family> =
        ORIGINALS.iter().flat_map(|(op, name)| original(op, name, &series)).collect();
    families.push(responses(&series));
    families.push(lags(lanes));
    families.extend(COUNTS.iter().map(|count| counter(count, lanes)));
    families.push(in_flight(lanes));
    families
}

/// `parca_client_<op>_seconds` and `parca_client_<op>_total`: service time, as there.
fn original(op: &str, name: &str, series: &[&SeriesStats]) -> [Family; 2] {
    let mut seconds = Family::new(
        format!("parca_client_{op}_seconds"),
        format!("Seconds that {name} requests to the Parca took."),
        Kind::Histogram,
    );
    let mut total = Family::new(
        format!("parca_client_{op}_total"),
        format!("{name} requests to the Parca, by outcome."),
        Kind::Counter,
    );
    for series in series.iter().filter(|series| series.key.op() == op) {
        let labels = labels(series);
        seconds
            .samples
            .push(Sample { labels: labels.clone(), value: Value::Histogram(histogram(&series.service)) });
        total.samples.push(Sample { labels, value: Value::Counter(float(series.count())) });
    }
    [seconds, total]
}

fn labels(series: &SeriesStats) -> Vec<(String, String)> {
    let own = series.key.labels().iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
    let mut labels: Vec<_> = own.chain([("grpc_code".to_owned(), series.code.to_owned())]).collect();
    labels.sort();
    labels
}

/// From the planned instant, so with the wait that a slow server makes for those behind.
fn responses(series: &[&SeriesStats]) -> Family {
    let help = "Seconds from the planned instant of a call to its end: what users feel.";
    let mut family = Family::new("parca_load_response_seconds", help, Kind::Histogram);
    for series in series {
        let mut labels = labels(series);
        labels.push(("op".to_owned(), series.key.op().to_owned()));
        family.samples.push(Sample { labels, value: Value::Histogram(histogram(&series.response)) });
    }
    family
}

fn lags(lanes: &[LaneStats]) -> Family {
    let help = "Seconds that rounds started after their planned instant: the generator's own fault.";
    let family = Family::new("parca_load_schedule_lag_seconds", help, Kind::Histogram);
    lanes.iter().fold(family, |family, lane| {
        family.with([("lane", lane.name.as_ref())], Value::Histogram(histogram(&lane.lag)))
    })
}

fn histogram(latency: &Latency) -> Histogram {
    let native = NativeBuckets {
        schema: NATIVE_SCHEMA,
        zero_threshold: ZERO_THRESHOLD,
        zero_count: 0,
        positive: latency.native_buckets(),
    };
    Histogram {
        count: latency.count(),
        sum: latency.sum_seconds(),
        buckets: BOUNDS.into_iter().zip(latency.classic_buckets(&BOUNDS)).collect(),
        native: Some(native),
    }
}

type Count = fn(&LaneStats) -> u64;

/// What a lane counts, each a counter by lane.
const COUNTS: [(&str, &str, Count); 9] = [
    ("parca_load_planned_total", "Rounds that the plan had, by lane: started and missed together.", |lane| {
        lane.counts.planned
    }),
    ("parca_load_started_total", "Rounds that were started.", |lane| lane.counts.started),
    ("parca_load_missed_total", "Rounds that found their lane full and were not started.", |lane| {
        lane.counts.missed
    }),
    ("parca_load_idle_total", "Rounds that had nothing to ask.", |lane| lane.counts.idle),
    ("parca_load_calls_total", "Calls made, retries included.", |lane| lane.counts.calls),
    ("parca_load_failed_total", "Calls that failed; an answer without data is no failure.", |lane| {
        lane.counts.failed
    }),
    ("parca_load_canceled_total", "Calls that the end of the run cut off; they are no failures.", |lane| {
        lane.counts.canceled
    }),
    ("parca_load_retries_total", "Calls that were another attempt.", |lane| lane.counts.retries),
    ("parca_load_received_bytes_total", "Bytes of answers.", LaneStats::bytes_in),
];

fn counter((name, help, count): &(&str, &str, Count), lanes: &[LaneStats]) -> Family {
    let family = Family::new(*name, *help, Kind::Counter);
    lanes.iter().fold(family, |family, lane| {
        family.with([("lane", lane.name.as_ref())], Value::Counter(float(count(lane))))
    })
}

fn in_flight(lanes: &[LaneStats]) -> Family {
    let family = Family::new("parca_load_in_flight", "Rounds under way.", Kind::Gauge);
    lanes.iter().fold(family, |family, lane| {
        family.with([("lane", lane.name.as_ref())], Value::Gauge(float(lane.in_flight as u64)))
    })
}

#[expect(clippy::cast_precision_loss, reason = "metrics are floats")]
fn float(count: u64) -> f64 {
    count as f64
}
