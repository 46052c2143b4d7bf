//! A server that stops answering for a second.

use std::time::Duration;

use test_support::{Process, Signal, address_in, eventually};

use crate::fixture::{Load, NONE, PARCA_LOAD, calls, lane};

/// A tool that waits for its server leaves out the calls that the stall kept from being made, and
/// then reports a 99th percentile of milliseconds.
#[tokio::test]
async fn the_99th_percentile_shows_a_stall_that_a_closed_loop_hides() {
    // A process with a server in it is all that is asked for.
    let server_args = ["-embedded", "-addr", "none", "-lanes", "profile-types"];
    let mut server = Process::start(PARCA_LOAD, server_args, NONE);
    let line = server.stderr_line("its server's address", |line| line.contains("querying")).await;
    let url = format!("http://{}", address_in(&line).unwrap());

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("summary.json");
    let args = ["-protocol", "grpc", "-lanes", "labels", "-labels-interval", "5ms", "-max-in-flight", "4096"];
    let ends = ["-duration", "4s", "-grace", "30s", "-summary-json", file.to_str().unwrap()];
    let load = Load::start(&url, &[&args[..], &ends].concat()).await;
    eventually("the run to be under way", || async {
        (calls(&load.scrape().await, "labels") > 50.0).then_some(())
    })
    .await;
    server.signal(Signal::STOP);
    // The one wait for a time in these tests: the stall is what is measured.
    tokio::time::sleep(Duration::from_secs(1)).await;
    server.signal(Signal::CONT);

    let exit = load.process.exit(test_support::PATIENCE).await;
    assert_eq!(exit.code, Some(0), "{exit:#?}");
    let summary: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
    let labels = lane(&summary, "labels");
    let count = |key: &str| labels[key].as_u64().unwrap();
    assert_eq!(count("planned"), 800, "{labels:#}");
    assert_eq!(count("planned"), count("started") + count("missed"), "{labels:#}");
    assert!(labels["response_us"]["p99"].as_f64() >= Some(500_000.0), "{labels:#}");
    // Half of the stall's calls, a twentieth at least of all, felt half of it; the median did not.
    assert!(labels["response_us"]["p95"].as_f64() >= Some(250_000.0), "{labels:#}");
}
