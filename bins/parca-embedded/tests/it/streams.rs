//! A log that nobody reads, and data that nobody takes.

use std::fs::File;
use std::path::Path;
use std::process::{Command, Stdio};

use test_support::{eventually, http_get, unused_address};

use crate::PARCA_EMBEDDED;

fn closed() -> Stdio {
    Stdio::from(std::io::pipe().unwrap().1)
}

fn full() -> Stdio {
    Stdio::from(File::options().write(true).open("/dev/full").unwrap())
}

/// Serves a data folder until it answers, then asks it to end; its exit code.
async fn served(folder: &Path, stderr: Stdio) -> Option<i32> {
    let address = unused_address();
    let mut child = Command::new(PARCA_EMBEDDED)
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
    assert!(Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap().success());
    eventually("its end", || std::future::ready(child.try_wait().unwrap())).await.code()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_cannot_be_written_keeps_it_from_nothing() {
    for stream in [closed, full] {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(served(folder.path(), stream()).await, Some(0));
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
    let (code, words) = check(full());
    assert!(code == Some(1) && words.contains("cannot write to stdout"), "{code:?} {words}");
    let (_, words) = check(closed());
    assert_eq!(words, "");
}
