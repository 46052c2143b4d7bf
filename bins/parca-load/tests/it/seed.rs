//! Random choices that can be had again.

use std::collections::{BTreeMap, BTreeSet};

use parca_proto::query::ValuesRequest;
use prost::Message;
use test_support::{GrpcDouble, Reply};

use crate::fixture::run;

const LABELS: &str = "a;b;c;d;e;f;g;h";
const INTERVAL_NANOS: i64 = 50_000_000;

/// Which label was asked for in which round. The end of a request's span is its planned instant, so
/// it tells the round however the requests overtook each other.
async fn choices(seed: &str) -> BTreeMap<i64, String> {
    let double = GrpcDouble::start(|_| Reply::Message(Vec::new())).await;
    let args = ["-lanes", "values", "-values-for-labels", LABELS, "-values-interval", "50ms", "-seed", seed];
    let limits = ["-duration", "1600ms", "-max-in-flight", "1000", "-grace", "30s"];
    let exit = run(&double.url(), &[&args[..], &limits].concat()).await;
    assert_eq!(exit.code, Some(0), "{exit:#?}");
    let calls = double.calls();
    let values = calls.iter().filter(|call| call.method() == "Values");
    let asked: Vec<(i64, String)> = values
        .map(|call| {
            let request = ValuesRequest::decode(&*call.message).unwrap();
            let end = request.end.unwrap();
            (end.seconds * 1_000_000_000 + i64::from(end.nanos), request.label_name)
        })
        .collect();
    let first = asked.iter().map(|(end, _)| *end).min().unwrap();
    let round = |end: i64| (end - first + INTERVAL_NANOS / 2) / INTERVAL_NANOS;
    asked.into_iter().map(|(end, label)| (round(end), label)).collect()
}

#[tokio::test]
async fn the_same_seed_asks_the_same_and_another_does_not() {
    let (one, again, other) = tokio::join!(choices("1"), choices("1"), choices("2"));
    assert_eq!(differences(&one, &again), 0, "{one:?} {again:?}");
    // One of eight is the same by chance.
    assert!(differences(&one, &other) > 8, "{one:?} {other:?}");
    let different: BTreeSet<&String> = one.values().collect();
    assert!(different.len() > 4, "hardly a random choice: {one:?}");
}

/// Of the rounds that both made; a busy machine may miss one.
#[track_caller]
fn differences(one: &BTreeMap<i64, String>, other: &BTreeMap<i64, String>) -> usize {
    let both: Vec<_> = one.iter().filter_map(|(round, label)| Some((label, other.get(round)?))).collect();
    assert!(both.len() > 16, "{one:?} {other:?}");
    both.iter().filter(|(one, other)| one != other).count()
}
