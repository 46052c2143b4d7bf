//! What arrives: labels, values, metadata, batches.

use remote_write::{
    Counts, Destination, Metadata, MetricKind, Protocol, Sample, Series, Settings, Staleness, stale_marker,
};

use crate::messages::ReadSeries;
use crate::receiver::{Captured, Http, Receiver, Reply};
use crate::{LONG, NOW_MS, PROTOCOLS, labels, one, settings};

/// Sends one push by this protocol and returns what came, with the numbers.
async fn sent(settings: Settings, series: Vec<Series>) -> (Vec<Captured>, Counts) {
    let receiver = Receiver::storing().await;
    let destination = Destination::start(settings, Http::to(receiver.address)).unwrap();
    destination.push(&series).await.unwrap();
    let counts = destination.shutdown(LONG).await;
    assert_eq!(counts.pending, 0);
    (receiver.requests(), counts)
}

fn all(requests: &[Captured]) -> Vec<ReadSeries> {
    requests.iter().flat_map(|request| request.read().series).collect()
}

#[tokio::test]
async fn values_arrive_bit_for_bit() {
    let values = [
        1.5,
        1.0,
        0.0,
        -0.0,
        -3.0,
        f64::INFINITY,
        f64::NEG_INFINITY,
        f64::NAN,
        f64::MAX,
        f64::MIN_POSITIVE,
        5e-324,
        1e300,
        0.1 + 0.2,
        9_007_199_254_740_993.0,
        stale_marker(),
    ];
    for protocol in PROTOCOLS {
        let samples = values.iter().zip(NOW_MS..).map(|(value, at)| Sample::new(*value, at)).collect();
        let series = Series { labels: labels(&[("__name__", "m")]), samples, metadata: None };
        let (requests, _) = sent(settings(protocol), vec![series]).await;
        let found: Vec<u64> = all(&requests)[0].samples.iter().map(|s| s.value.to_bits()).collect();
        assert_eq!(found, values.map(f64::to_bits), "{protocol:?}");
    }
}

#[tokio::test]
async fn label_values_arrive_as_they_are() {
    let long = "x".repeat(10_000);
    let many: Vec<String> = (0..60).map(|n| format!("label_{n}")).collect();
    for protocol in PROTOCOLS {
        let (long_name, long_metric) = ("n".repeat(2000), format!("ns:{}_total", "m".repeat(2000)));
        let mut pairs = vec![
            ("__name__", &*long_metric),
            (&*long_name, "v"),
            ("unicode", "日本 é 🦀"),
            ("special", "\"\\\n\t{}=,\0"),
        ];
        pairs.extend([("long", &*long), ("empty", ""), (&*many[0], "v")]);
        pairs.extend(many[1..].iter().map(|name| (&**name, "same")));
        let (requests, _) = sent(settings(protocol), vec![Series::new(labels(&pairs), 1.0, NOW_MS)]).await;
        let found = &all(&requests)[0];
        for (name, value) in pairs {
            assert_eq!(found.label(name).unwrap_or_default(), value, "{name} in {protocol:?}");
        }
        assert_eq!(found.labels.len(), 65);
    }
}

#[tokio::test]
async fn metadata_arrives_with_its_family() {
    let kinds = [MetricKind::Counter, MetricKind::Gauge, MetricKind::Histogram, MetricKind::Summary];
    for protocol in PROTOCOLS {
        let series = (0..8).map(|n| {
            let kind = kinds[n / 2];
            let help = ["Time in a function.", "", "two\nlines", "quote \" and \\"][n / 2];
            let metadata = Metadata { kind, help: help.into(), unit: ["seconds", ""][n / 2 % 2].into() };
            let name = format!("m{}", n / 2);
            let labels = labels(&[("__name__", &*name), ("n", ["a", "b"][n % 2])]);
            let mut series = Series::new(labels, n as f64, NOW_MS).with_metadata(metadata);
            series.samples[0].start_ms = NOW_MS - 1000;
            series
        });
        let series: Vec<Series> = series.collect();
        let (requests, _) = sent(settings(protocol), series.clone()).await;
        for (found, sent) in all(&requests).iter().zip(&series) {
            let metadata = sent.metadata.as_ref().unwrap();
            let expect = (metadata.kind as i32, metadata.help.to_string(), metadata.unit.to_string());
            assert_eq!(found.metadata.as_ref(), Some(&expect), "{protocol:?}");
            let start = if protocol == Protocol::V2 { NOW_MS - 1000 } else { 0 };
            assert_eq!(found.samples[0].start, start);
        }
    }
}

#[tokio::test]
async fn similar_series_share_their_symbols() {
    let series = ["a", "b", "c", "d"].map(|value| {
        Series::new(
            labels(&[("__name__", "m"), ("job", "test"), ("instance", "here"), ("x", value)]),
            1.0,
            NOW_MS,
        )
    });
    let (requests, _) = sent(settings(Protocol::V2), series.to_vec()).await;
    assert_eq!(requests[0].read().v2.unwrap().symbols.len(), 12);
}

#[tokio::test]
async fn many_series_go_in_several_requests_in_order() {
    for protocol in PROTOCOLS {
        let series: Vec<Series> = (0..5000)
            .map(|n| {
                Series::new(labels(&[("__name__", "m"), ("function", &format!("f{n}"))]), n as f64, NOW_MS)
            })
            .collect();
        let (requests, counts) = sent(settings(protocol), series).await;
        assert_eq!(requests.iter().map(Captured::samples).collect::<Vec<_>>(), [2000, 2000, 1000]);
        assert!(all(&requests).iter().map(|one| one.samples[0].value as i32).eq(0..5000));
        assert_eq!((counts.sent, counts.highest_sent_ms), (5000, Some(NOW_MS)));
    }
}

#[tokio::test]
async fn large_labels_split_by_bytes() {
    let long = "x".repeat(100_000);
    let series: Vec<Series> = (0..25)
        .map(|n| Series::new(labels(&[("__name__", "m"), ("long", &format!("{long}{n}"))]), 1.0, NOW_MS))
        .collect();
    for protocol in PROTOCOLS {
        let (requests, _) = sent(settings(protocol), series.clone()).await;
        assert_eq!(requests.iter().map(Captured::samples).collect::<Vec<_>>(), [10, 10, 5]);
    }
}

#[tokio::test]
async fn shards_send_side_by_side_and_keep_each_series_in_order() {
    let receiver = Receiver::start(|number, _| match number % 5 {
        0 => Reply::Status(503, Vec::new()),
        _ => Reply::Store,
    })
    .await;
    let mut settings = settings(Protocol::V2);
    settings.queue.max_shards = 4;
    settings.queue.max_samples_per_send = 10;
    let destination = Destination::start(settings, Http::to(receiver.address)).unwrap();
    for at in 0..20 {
        let series: Vec<_> = (0..20).map(|n| one(&format!("m{n}"), 1.0, NOW_MS + at).remove(0)).collect();
        destination.push(&series).await.unwrap();
    }
    assert_eq!(destination.shutdown(LONG).await.sent, 400);
}

#[tokio::test]
async fn a_push_that_is_not_full_waits_for_the_next_but_not_for_ever() {
    let receiver = Receiver::storing().await;
    let mut settings = settings(Protocol::V2);
    settings.queue.batch_send_deadline = LONG;
    settings.queue.max_samples_per_send = 3;
    let destination = Destination::start(settings, Http::to(receiver.address)).unwrap();
    for at in 0..4 {
        destination.push(&one("m", at as f64, NOW_MS + at)).await.unwrap();
    }
    destination.shutdown(LONG).await;
    let sizes: Vec<usize> = receiver.requests().iter().map(Captured::samples).collect();
    assert_eq!(sizes, [3, 1]);
}

#[tokio::test]
async fn settings_that_cannot_work_do_not_start() {
    let check = |change: fn(&mut Settings), expect: &str| {
        let mut settings = settings(Protocol::V1);
        change(&mut settings);
        let started = Destination::start(settings, Http::to("127.0.0.1:9".parse().unwrap()));
        assert_eq!(started.unwrap_err().to_string(), expect);
    };
    check(|settings| settings.queue.max_shards = 0, "expected `max_shards` above 0");
    let text = "expected a label name in `external_labels`, found `__name__`";
    check(|settings| settings.rules.external_labels = labels(&[("__name__", "m")]), text);
    let text = "expected a label name in `external_labels`, found `a.b`";
    check(|settings| settings.rules.external_labels = labels(&[("a.b", "m")]), text);
}

#[tokio::test]
async fn a_series_that_ends_is_marked() {
    for protocol in PROTOCOLS {
        let receiver = Receiver::storing().await;
        let destination = Destination::start(settings(protocol), Http::to(receiver.address)).unwrap();
        let mut staleness = Staleness::default();
        for (at, names) in [["a", "b"], ["b", "c"], ["b", "a"]].iter().enumerate() {
            let at = NOW_MS + at as i64;
            let mut series: Vec<Series> = names.iter().flat_map(|name| one(name, 1.0, at)).collect();
            let ended = staleness.follow(&series, at);
            series.extend(ended);
            destination.push(&series).await.unwrap();
        }
        destination.push(&staleness.end(NOW_MS + 9)).await.unwrap();
        assert_eq!(destination.shutdown(LONG).await.sent, 10);
        let mut marked: Vec<(String, i64)> = Vec::new();
        for one in all(&receiver.requests()) {
            let name = one.label("__name__").unwrap();
            let markers = one.samples.iter().filter(|s| s.value.to_bits() == 0x7ff0_0000_0000_0002);
            marked.extend(markers.map(|s| (name.to_owned(), s.timestamp - NOW_MS)));
        }
        marked.sort();
        let expect = [("a", 1), ("a", 9), ("b", 9), ("c", 2)];
        assert_eq!(marked, expect.map(|(name, at)| (name.to_owned(), at)));
    }
}
