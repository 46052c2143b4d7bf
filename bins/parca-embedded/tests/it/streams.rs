//! A log that nobody reads, and data that nobody takes.

use std::path::Path;
use std::process::{Command, Stdio};

use test_support::{Broken, eventually, exit_code, http_get, terminate, unused_address};

use crate::PARCA_EMBEDDED;

/// Serves a data folder until it answers, then asks it to end; its exit code.
async fn served(folder: &Path, stderr: Stdio) -> Option<i32> {
    let address = unused_address();
    let child = Command::new(PARCA_EMBEDDED)
        .args(["--http-address", &address.to_string(), "--log-level", "debug", "--data-dir"])
        .arg(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(stderr)
        .spawn()
        .unwrap();
    eventually("an answer", || async {
        http_get(address, "/readyz", &[]).await.ok().filter(|answer| answer.status == 200)
    })
    .await;
    terminate(&child);
    tokio::task::spawn_blocking(move || exit_code(child)).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_cannot_be_written_keeps_it_from_nothing() {
    for broken in [Broken::Closed, Broken::Full] {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(served(folder.path(), broken.stream()).await, Some(0));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn data_that_cannot_be_written_are_exit_1_and_a_reader_that_left_is_quiet() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(served(folder.path(), Stdio::null()).await, Some(0));
    let check = |stdout: Stdio| {
        let mut command = Command::new(PARCA_EMBEDDED);
        command.arg("check").arg(folder.path()).stdout(stdout).stderr(Stdio::piped());
        let output = command.spawn().unwrap().wait_with_output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let (code, words) = check(Broken::Full.stream());
    assert!(code == Some(1) && words.contains("cannot write to stdout"), "{code:?} {words}");
    let (_, words) = check(Broken::Closed.stream());
    assert_eq!(words, "");
}
