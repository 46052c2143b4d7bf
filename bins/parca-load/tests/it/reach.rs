//! A Parca that is not there, or not yet.

use test_support::{PATIENCE, Signal, eventually, unused_address};

use crate::fixture::{Load, Parca, calls, run};

#[tokio::test]
async fn it_says_so_and_keeps_trying_until_the_parca_is_there() {
    let address = unused_address().to_string();
    let mut load = Load::start(&format!("http://{address}"), &["-query-interval", "100ms"]).await;
    let complaint = |line: &str| line.contains("cannot reach the Parca") && line.contains(&address);
    load.process.stderr_lines("two attempts", 2, complaint).await;
    assert_eq!(load.get("/healthz").await.status, 200);
    assert_eq!(load.get("/readyz").await.status, 503);

    let _parca = Parca::start_at(&address).await;
    eventually("readiness", || async { (load.get("/readyz").await.status == 200).then_some(()) }).await;
    assert_eq!(load.get("/healthz").await.status, 200);
    eventually("calls", || async { (calls(&load.scrape().await, "query-merge") > 0.0).then_some(()) }).await;
    assert_eq!(load.stop(Signal::TERM).await.code, Some(0));
}

#[tokio::test]
async fn whoever_stops_it_while_it_tries_is_told_that_nothing_was_measured() {
    let address = unused_address().to_string();
    let mut load = Load::start(&format!("http://{address}"), &[]).await;
    load.process.stderr_line("an attempt", |line| line.contains("cannot reach the Parca")).await;
    load.process.signal(Signal::INT);
    let exit = load.process.exit(PATIENCE).await;
    assert_eq!((exit.code, exit.stdout.as_str()), (Some(0), ""), "{exit:#?}");
    assert!(exit.stderr.contains("nothing was measured"), "{}", exit.stderr);
}

/// A job in CI must not pass because its target was down all the time.
#[tokio::test]
async fn a_run_of_some_time_without_a_parca_is_exit_1() {
    let address = unused_address().to_string();
    let exit = run(&format!("http://{address}"), &["-duration", "200ms"]).await;
    assert_eq!(exit.code, Some(1), "{exit:#?}");
    let expect = format!("error: no answer from `http://{address}` within 200ms");
    assert!(exit.stderr.contains(&expect), "{}", exit.stderr);
}
