//! What a scraper finds.

use std::collections::BTreeSet;

use test_support::{Histogram, Kind, Sample, Scrape, Value, eventually, http_get};

use crate::fixture::{LANES, Load, Parca, calls};

/// The original's families at 04d9305, each with `_seconds` and `_total`, and their labels.
const ORIGINAL: [(&str, &[&str]); 5] = [
    ("parca_client_labels", &["grpc_code"]),
    ("parca_client_values", &["grpc_code", "label"]),
    ("parca_client_profiletypes", &["grpc_code"]),
    ("parca_client_queryrange", &["grpc_code", "labels", "range"]),
    ("parca_client_query", &["grpc_code", "labels", "mode", "range"]),
];

/// What client libraries tell of their process.
const PROCESS: [(&str, Kind); 6] = [
    ("process_cpu_seconds_total", Kind::Counter),
    ("process_max_fds", Kind::Gauge),
    ("process_open_fds", Kind::Gauge),
    ("process_resident_memory_bytes", Kind::Gauge),
    ("process_start_time_seconds", Kind::Gauge),
    ("process_virtual_memory_bytes", Kind::Gauge),
];

/// Ours, all of them, with every label they can have.
const OWN: [(&str, Kind, &[&str]); 13] = [
    ("parca_load_build_info", Kind::Gauge, &["version"]),
    ("parca_load_calls_total", Kind::Counter, &["lane"]),
    ("parca_load_canceled_total", Kind::Counter, &["lane"]),
    ("parca_load_failed_total", Kind::Counter, &["lane"]),
    ("parca_load_idle_total", Kind::Counter, &["lane"]),
    ("parca_load_in_flight", Kind::Gauge, &["lane"]),
    ("parca_load_missed_total", Kind::Counter, &["lane"]),
    ("parca_load_planned_total", Kind::Counter, &["lane"]),
    ("parca_load_received_bytes_total", Kind::Counter, &["lane"]),
    (
        "parca_load_response_seconds",
        Kind::Histogram,
        &["grpc_code", "label", "labels", "mode", "op", "range", "report_type"],
    ),
    ("parca_load_retries_total", Kind::Counter, &["lane"]),
    ("parca_load_schedule_lag_seconds", Kind::Histogram, &["lane"]),
    ("parca_load_started_total", Kind::Counter, &["lane"]),
];

const PROTOBUF: &str =
    "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited";

#[tokio::test]
async fn text_and_protobuf_have_every_family_and_label_of_the_original() {
    let parca = Parca::start().await;
    let load = Load::start(&parca.url(), &["-query-interval", "200ms", "-query-range", "15m"]).await;
    eventually("calls of every lane", || async {
        let scrape = load.scrape().await;
        // Ranges and merges ask one type after the other, so the second call is past the first type.
        LANES.iter().all(|lane| calls(&scrape, lane) >= 2.0).then_some(())
    })
    .await;

    let text = load.get("/metrics").await;
    assert_eq!(text.header("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    let scrape = Scrape::parse_text(&text.text()).unwrap();
    check_families(&scrape, check_classic);

    let protobuf = http_get(load.address, "/metrics", &[("accept", PROTOBUF)]).await.unwrap();
    assert_eq!(protobuf.header("content-type"), Some(PROTOBUF));
    check_families(&Scrape::decode_protobuf(&protobuf.body).unwrap(), check_native);
}

/// Whoever scrapes before the target answers sees zeros, so that the first call is an increase.
#[tokio::test]
async fn every_family_is_there_before_the_target_answers() {
    let load = Load::start(&format!("http://{}", test_support::unused_address()), &[]).await;
    let scrape = load.scrape().await;
    for (name, _) in ORIGINAL {
        assert_eq!(scrape.family(&format!("{name}_seconds")).kind, Kind::Histogram);
        assert_eq!(scrape.family(&format!("{name}_total")).kind, Kind::Counter);
    }
    assert_eq!(
        LANES.map(|lane| scrape.number("parca_load_planned_total", &[("lane", lane)])),
        [Some(0.0); 6]
    );
}

#[track_caller]
fn check_families(scrape: &Scrape, check_histogram: impl Fn(&str, &Histogram)) {
    for (name, labels) in ORIGINAL {
        let seconds = scrape.family(&format!("{name}_seconds"));
        let total = scrape.family(&format!("{name}_total"));
        assert_eq!((seconds.kind, total.kind), (Kind::Histogram, Kind::Counter), "{name}");
        // Single queries, which the original has no more, have labels of their own.
        let of_the_original = |sample: &&Sample| sample.labels.get("mode").is_none_or(|mode| mode == "merge");
        let sample = seconds.samples.iter().find(of_the_original).unwrap_or_else(|| panic!("no `{name}`"));
        let found: Vec<&str> = sample.labels.keys().map(String::as_str).collect();
        assert_eq!(found, labels, "{name}");
        for (label, value) in [("grpc_code", "ok"), ("range", "15m0s"), ("labels", "all"), ("mode", "merge")]
        {
            assert!(sample.labels.get(label).is_none_or(|found| found == value), "{name}: {sample:?}");
        }
        let count = sample.histogram().count;
        let same = total.samples.iter().find(|total| total.labels == sample.labels).unwrap();
        assert!(count > 0, "{name}");
        assert_eq!(same.value, Value::Number(count as f64), "{name}");
        seconds.samples.iter().for_each(|sample| check_histogram(name, sample.histogram()));
    }
    for (name, kind) in PROCESS {
        assert_eq!(scrape.family(name).kind, kind, "{name}");
        // Whole seconds of CPU may not have passed yet.
        let is_known = |number| number > 0.0 || name == "process_cpu_seconds_total";
        assert!(scrape.number(name, &[]).is_some_and(is_known), "{name}");
    }
    let own: Vec<&String> = scrape.families.keys().filter(|name| name.starts_with("parca_load_")).collect();
    assert_eq!(own, OWN.map(|(name, ..)| name));
    for (name, kind, labels) in OWN {
        assert_eq!(scrape.family(name).kind, kind, "{name}");
        assert_eq!(scrape.label_names(name), BTreeSet::from_iter(labels.iter().copied()), "{name}");
    }
}

/// Cumulative counts under growing bounds up to infinity.
#[track_caller]
fn check_classic(name: &str, histogram: &Histogram) {
    assert_eq!(histogram.native, None);
    assert!(histogram.buckets.is_sorted(), "{name}: {histogram:?}");
    assert!(histogram.buckets.is_sorted_by_key(|(_, count)| count), "{name}: {histogram:?}");
    assert!(histogram.buckets.len() > 2, "{name}");
    assert_eq!(histogram.buckets.last(), Some(&(f64::INFINITY, histogram.count)), "{name}");
}

/// The original's factor of 1.1 is schema 3; every observation is in one bucket.
#[track_caller]
fn check_native(name: &str, histogram: &Histogram) {
    let native = histogram.native.as_ref().unwrap_or_else(|| panic!("{name}: {histogram:?}"));
    assert_eq!(native.schema, 3);
    assert_eq!(histogram.buckets, []);
    assert!(native.positive.iter().all(|(_, count)| *count > 0), "{name}: {native:?}");
    let counted: i64 = native.positive.iter().map(|(_, count)| count).sum();
    assert_eq!(counted as u64 + native.zero_count, histogram.count, "{name}");
    let widest = 2f64.powf(f64::from(native.positive.last().unwrap().0) / 8.0);
    assert!(histogram.sum <= widest * histogram.count as f64, "{name}: {histogram:?}");
}

/// Each family used to read the numbers anew, so that sums between them did not hold in one scrape.
#[tokio::test]
async fn planned_is_started_plus_missed_in_every_scrape_under_load() {
    let parca = Parca::start().await;
    let args = ["-query-interval", "1ms", "-lanes", "labels,profile-types"];
    let load = Load::start(&parca.url(), &args).await;
    let mut planned = 0.0;
    for _ in 0..200 {
        let scrape = load.scrape().await;
        for lane in ["labels", "profile-types"] {
            let number = |name: &str| scrape.number(name, &[("lane", lane)]).unwrap();
            planned = number("parca_load_planned_total");
            let (started, missed) = (number("parca_load_started_total"), number("parca_load_missed_total"));
            assert_eq!(planned, started + missed, "{lane}");
        }
    }
    assert!(planned > 10.0, "{planned}");
    load.stop(test_support::Signal::TERM).await;
}
