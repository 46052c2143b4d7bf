//! A log that nobody reads, data that nobody takes, and terminals of any width.

use std::process::{Command, Stdio};

use test_support::{Broken, GrpcDouble, Reply, eventually, exit_code, http_get, terminate, unused_address};

use crate::fixture::{PARCA_LOAD, Parca, calls};

/// Only SIGKILL used to end it, and a full disk at the start was exit 101.
#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_cannot_be_written_stops_neither_calls_nor_signals() {
    let parca = Parca::start().await;
    for target in [&["-url", &parca.url()][..], &["-embedded"]] {
        for broken in [Broken::Closed, Broken::Full] {
            let own = unused_address();
            let mut command = Command::new(PARCA_LOAD);
            // Calls that fail want to log.
            command.args(target).args(["-query-interval", "100ms", "-types", "no:such:a:b:c"]);
            command.args(["-addr", &own.to_string()]).stdout(Stdio::null()).stderr(broken.stream());
            let child = command.spawn().unwrap();
            eventually("calls", || async {
                let metrics = http_get(own, "/metrics", &[]).await.ok()?.text();
                let scrape = test_support::Scrape::parse_text(&metrics).ok()?;
                (calls(&scrape, "labels") > 2.0).then_some(())
            })
            .await;
            terminate(&child);
            let code = tokio::task::spawn_blocking(move || exit_code(child)).await.unwrap();
            assert_eq!(code, Some(0), "{target:?} {broken:?}");
        }
    }
}

/// An empty file and exit code 0 used to be the answer to a full disk.
#[tokio::test(flavor = "multi_thread")]
async fn data_that_cannot_be_written_are_exit_1_and_a_reader_that_has_gone_is_none() {
    let double = GrpcDouble::start(|_| Reply::Message(Vec::new())).await;
    let once = ["-url", &double.url(), "-addr", "none", "-once", "-lanes", "labels", "-summary-json", "-"];
    for args in [&["-h"][..], &["-version"], &once] {
        for (broken, expect) in [(Broken::Closed, 0), (Broken::Full, 1)] {
            let mut command = Command::new(PARCA_LOAD);
            let child = command.args(args).stdout(broken.stream()).stderr(Stdio::null()).spawn().unwrap();
            let code = tokio::task::spawn_blocking(move || exit_code(child)).await.unwrap();
            assert_eq!(code, Some(expect), "{broken:?} {args:?}");
        }
    }
}

/// The summary of the README's first run was 143 columns wide.
#[tokio::test(flavor = "multi_thread")]
async fn the_summary_fits_into_80_columns() {
    let parca = Parca::start().await;
    let output = tokio::task::spawn_blocking(move || {
        let args = ["-url", &parca.url(), "-addr", "none", "-duration", "1s", "-query-interval", "200ms"];
        Command::new(PARCA_LOAD).args(args).output().unwrap()
    });
    let text = String::from_utf8(output.await.unwrap().stdout).unwrap();
    assert!(text.contains("response") && text.contains("service") && text.contains("lag"), "{text}");
    let longest = text.lines().map(|line| line.chars().count()).max();
    assert!(longest <= Some(80), "{text}");
}
