//! A log that nobody reads, and data that nobody takes.

use std::process::{Command, Stdio};

use test_support::{Broken, eventually, exit_code, http_get, terminate};

use crate::fixture::{CPU, EXPORTER, Folder, Parca, head};
use crate::receiver::Receiver;

fn exporter(folder: &Folder, args: &[&str]) -> Command {
    let mut command = Command::new(EXPORTER);
    command.arg("--config-file").arg(folder.config()).args(args).stdin(Stdio::null());
    command
}

/// A query's task used to end at its first warning, and the process heard no signal any more.
#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_cannot_be_written_stops_neither_queries_nor_signals() {
    for broken in [Broken::Closed, Broken::Full] {
        let receiver = Receiver::start().await;
        let address = test_support::unused_address();
        let query = format!("- {{name: q, query: '{CPU}', duration: 1s}}\n");
        let folder = Folder::new(&(head(address, &[receiver.url()]) + &query));
        let own = test_support::unused_address();
        let args = ["--http-address", &own.to_string()];
        let child = exporter(&folder, &args).stdout(Stdio::null()).stderr(broken.stream()).spawn().unwrap();
        // The Parca is away: each attempt wants to warn.
        eventually("a failed attempt", || async {
            let metrics = http_get(own, "/metrics", &[]).await.ok()?.text();
            metrics.contains("profile_exporter_parca_up 0").then_some(())
        })
        .await;
        let _parca = Parca::start_at(&address.to_string()).await;
        receiver.stored.eventually(&["root_cumulative"], 2).await;
        terminate(&child);
        let code = tokio::task::spawn_blocking(move || exit_code(child)).await.unwrap();
        assert_eq!(code, Some(0), "{broken:?}");
    }
}

/// `--dry-run | head -1` used to go on for ever.
#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_ends_when_nobody_reads_it_and_says_when_the_disk_is_full() {
    let parca = Parca::start().await;
    let query = format!("- {{name: q, query: '{CPU}', duration: 1s}}\n");
    let folder =
        Folder::new(&(head(parca.address, &["http://localhost:9/api/v1/write".to_owned()]) + &query));
    for (broken, expect) in [(Broken::Closed, 0), (Broken::Full, 1)] {
        for args in [&["--dry-run", "--http-address", "none"][..], &["once", "--dry-run"]] {
            let child =
                exporter(&folder, args).stdout(broken.stream()).stderr(Stdio::piped()).spawn().unwrap();
            let output =
                tokio::task::spawn_blocking(move || child.wait_with_output()).await.unwrap().unwrap();
            let words = String::from_utf8(output.stderr).unwrap();
            assert_eq!(output.status.code(), Some(expect), "{broken:?} {args:?}: {words}");
            assert_eq!(
                words.contains("error: cannot write to stdout"),
                expect == 1,
                "{broken:?} {args:?}: {words}"
            );
        }
    }
}

/// An empty file and exit code 0 used to be the answer to a full disk.
#[test]
fn data_that_cannot_be_written_are_exit_1_and_a_reader_that_has_gone_is_none() {
    let config = "remote_write: {url: http://localhost:9090/api/v1/write}\n\
        parca: {address: localhost:7070, insecure: true}\nqueries:\n- {name: q, query: 'cpu:a:b:c:d:delta', duration: 20s}\n";
    let folder = Folder::new(config);
    for args in [&["--help"][..], &["--version"], &["init"], &["check-config"], &["completions", "bash"]] {
        for (broken, expect) in [(Broken::Closed, 0), (Broken::Full, 1)] {
            let mut command = exporter(&folder, args);
            let child = command.stdout(broken.stream()).stderr(Stdio::null()).spawn().unwrap();
            assert_eq!(exit_code(child), Some(expect), "{broken:?} {args:?}");
        }
    }
}

#[test]
fn what_init_prints_is_a_good_config() {
    let printed = Command::new(EXPORTER).arg("init").output().unwrap();
    let folder = Folder::new(std::str::from_utf8(&printed.stdout).unwrap());
    let checked = exporter(&folder, &["check-config"]).output().unwrap();
    assert_eq!(checked.status.code(), Some(0), "{}", String::from_utf8_lossy(&checked.stderr));
}
