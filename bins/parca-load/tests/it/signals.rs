//! How a run ends.

use std::collections::BTreeSet;

use serde_json::Value;
use test_support::{GrpcDouble, Reply, Signal, eventually};

use crate::fixture::{LANES, Load, Parca, calls, lane, run, summary};

const TOP: [&str; 12] = [
    "calls",
    "errors",
    "failures",
    "interrupted",
    "lanes",
    "schema",
    "seed",
    "series",
    "started",
    "target",
    "tool",
    "validity",
];
const LANE: [&str; 16] = [
    "bytes_in",
    "calls",
    "canceled",
    "codes",
    "errors",
    "failed_us",
    "idle",
    "lag_us",
    "lane",
    "missed",
    "planned",
    "response_us",
    "retries",
    "service_us",
    "started",
    "unmade",
];
const SERIES: [&str; 8] =
    ["bytes_in", "bytes_out", "count", "grpc_code", "labels", "op", "response_us", "service_us"];
const TIMES: [&str; 7] = ["max", "mean", "p50", "p90", "p95", "p99", "p999"];

#[tokio::test]
async fn ctrl_c_ends_in_a_summary() {
    ends_in_a_summary(Signal::INT, "signal=2").await;
}

#[tokio::test]
async fn sigterm_ends_in_a_summary() {
    ends_in_a_summary(Signal::TERM, "signal=15").await;
}

async fn ends_in_a_summary(signal: Signal, named: &str) {
    let parca = Parca::start().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("summary.json");
    let args = ["-query-interval", "100ms", "-seed", "7", "-summary-json", file.to_str().unwrap()];
    let load = Load::start(&parca.url(), &args).await;
    eventually("calls of every lane", || async {
        let scrape = load.scrape().await;
        LANES.iter().all(|lane| calls(&scrape, lane) > 0.0).then_some(())
    })
    .await;
    let exit = load.stop(signal).await;

    assert_eq!(exit.code, Some(0), "{exit:#?}");
    assert!(exit.stderr.contains("stopping") && exit.stderr.contains(named), "{}", exit.stderr);
    for about in [format!("on {}\n", parca.url()), "over grpc-web, seed 7\n".to_owned()] {
        assert!(exit.stdout.contains(&about), "{}", exit.stdout);
    }
    for lane in LANES {
        assert!(exit.stdout.lines().any(|line| line.starts_with(lane)), "{lane}: {}", exit.stdout);
    }
    let json: Value = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
    let last = format!("{} calls, 0 errors", json["calls"]);
    assert_eq!(exit.stdout.lines().last(), Some(last.as_str()), "{}", exit.stdout);
    assert_eq!(json["interrupted"], true);
    check_summary(&json);
}

/// Names and sums.
#[track_caller]
fn check_summary(json: &Value) {
    check_keys(json, &TOP.iter().chain(&["wall_seconds"]).copied().collect::<Vec<_>>());
    assert_eq!(json["schema"], "parca-load/summary/v1");
    let (lanes, series) = (list(json, "lanes"), list(json, "series"));
    for lane in lanes {
        check_keys(lane, &LANE);
        check_keys(&lane["response_us"], &TIMES);
        assert_eq!(number(lane, "planned"), number(lane, "started") + number(lane, "missed"), "{lane:#}");
        let codes: u64 =
            lane["codes"].as_object().unwrap().values().map(|count| count.as_u64().unwrap()).sum();
        assert_eq!(codes, number(lane, "calls"), "{lane:#}");
    }
    for series in series {
        check_keys(series, &SERIES);
        check_keys(&series["service_us"], &TIMES);
    }
    let sum = |list: &[Value], key| list.iter().map(|item| number(item, key)).sum::<u64>();
    assert_eq!(sum(lanes, "calls"), number(json, "calls"));
    assert_eq!(sum(series, "count"), number(json, "calls"));
    assert_eq!(sum(series, "bytes_in"), sum(lanes, "bytes_in"));
    assert_eq!(sum(lanes, "errors"), number(json, "errors"));
}

#[track_caller]
fn check_keys(object: &Value, expect: &[&str]) {
    let found: BTreeSet<&str> = object.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(found, BTreeSet::from_iter(expect.iter().copied()));
}

#[track_caller]
fn list<'a>(object: &'a Value, key: &str) -> &'a [Value] {
    object[key].as_array().unwrap()
}

#[track_caller]
fn number(object: &Value, key: &str) -> u64 {
    object[key].as_u64().unwrap_or_else(|| panic!("no number `{key}` in {object:#}"))
}

/// A script reads stdout, a person stderr.
#[tokio::test]
async fn json_on_stdout_has_nothing_beside_it() {
    let parca = Parca::start().await;
    let exit = run(&parca.url(), &["-duration", "2s", "-query-interval", "500ms"]).await;
    assert_eq!(exit.code, Some(0), "{exit:#?}");
    let json = summary(&exit);
    check_summary(&json);
    assert_eq!(json["interrupted"], false);
    // How many rounds there are is a matter of the plan alone.
    assert_eq!(LANES.map(|name| number(lane(&json, name), "planned")), [4; 6]);
    assert!(exit.stderr.contains(" calls, 0 errors"), "{}", exit.stderr);
}

/// A report that cannot be written used to be found out at the end of a run of hours.
#[tokio::test]
async fn a_summary_that_cannot_be_written_is_a_mistake_at_the_start() {
    let double = GrpcDouble::start(|_| Reply::Message(Vec::new())).await;
    let args = ["-once", "-lanes", "labels", "-summary-json", "/nowhere/summary.json"];
    let exit = run(&double.url(), &args).await;
    assert_eq!((exit.code, exit.stdout.as_str()), (Some(1), ""), "{exit:#?}");
    assert!(exit.stderr.contains("error: cannot write the summary to `/nowhere/summary.json`"), "{exit:#?}");
    assert_eq!(double.calls().len(), 0, "nothing was asked");
}

#[tokio::test]
async fn a_summary_that_fits_on_no_disk_is_still_printed() {
    let double = GrpcDouble::start(|_| Reply::Message(Vec::new())).await;
    let args = ["-once", "-lanes", "labels", "-summary-json", "/dev/full"];
    let exit = run(&double.url(), &args).await;
    assert_eq!(exit.code, Some(1), "{exit:#?}");
    assert!(exit.stdout.contains("1 call, 0 errors"), "{exit:#?}");
    assert!(exit.stderr.contains("error: cannot write the summary to `/dev/full`"), "{exit:#?}");
}
