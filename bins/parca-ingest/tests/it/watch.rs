//! `push --watch`: files that are put into a folder.

use std::fs;

use test_support::{PATIENCE, Process, Signal, eventually};

use crate::{embedded, total};

#[tokio::test(flavor = "multi_thread")]
async fn files_in_a_folder_are_pushed_once_and_moved_away() {
    let (server, stop) = embedded().await;
    let folder = tempfile::tempdir().unwrap();
    let place = |name: &str| folder.path().join(name);
    fs::write(place("before.folded"), "main;work 3\n").unwrap();
    let (watched, store) = (folder.path().display().to_string(), server.address().to_string());
    let arguments =
        ["push", "--insecure", "--store-address", &store, "--watch", &watched, "--name", "stacks"];
    let mut push = Process::start(env!("CARGO_BIN_EXE_parca-ingest"), arguments, [("A", "b")]);
    push.stderr_line("the first file", |line| line.contains("before.folded")).await;
    // Written beside and moved in, as whoever writes large files should; what is hidden is not whole yet.
    fs::write(place(".next"), "main;work 4\n").unwrap();
    fs::write(place("bad.jfr"), b"FLR\0\0\x02\0\x01").unwrap();
    push.stderr_line("the bad file", |line| line.contains("Java Flight Recorder")).await;
    assert!(place(".next").exists());
    fs::rename(place(".next"), place("next.folded")).unwrap();
    let query = "stacks:samples:count:samples:count";
    eventually("both files", || async { (total(server.address(), query).await == 7).then_some(()) }).await;
    let is_moved = |to: &str, name: &str| !place(name).exists() && place(to).join(name).exists();
    eventually("moves", || async {
        (is_moved("done", "before.folded")
            && is_moved("done", "next.folded")
            && is_moved("failed", "bad.jfr"))
        .then_some(())
    })
    .await;
    push.signal(Signal::TERM);
    let exit = push.exit(PATIENCE).await;
    assert!(exit.code == Some(0) && exit.stderr.contains("2 of 2 profiles stored"), "{exit:?}");
    stop.cancel();
}
