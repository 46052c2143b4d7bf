//! SIGKILL at random moments under load, also while memory is sealed, blocks are merged and removed.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use test_support::{PATIENCE, Process, Signal};

use crate::folder::{Server, numbered, sums};
use crate::{NONE, PARCA_EMBEDDED};

/// Six kills in CI, fifty with `PARCA_STORE_LONG=1`.
fn kills() -> u64 {
    if std::env::var_os("PARCA_STORE_LONG").is_some() { 50 } else { 6 }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn acknowledged_profiles_are_there_exactly_once_after_every_kill() {
    let folder = tempfile::tempdir().unwrap();
    // A seal every few hundred milliseconds, so that most kills hit one, or a merge.
    let often: &[&str] = &["--seal-size", "8KiB", "--storage-active-memory", "64MiB", "--retention", "3650d"];
    let next = Arc::new(AtomicU64::new(0));
    let acknowledged = Arc::new(Mutex::new(BTreeSet::new()));
    for kill in 0..kills() {
        let server = Server::start(folder.path(), often).await;
        let writers: Vec<_> = (0..4)
            .map(|_| {
                let (client, next, acknowledged) =
                    (server.client(), Arc::clone(&next), Arc::clone(&acknowledged));
                tokio::spawn(async move {
                    loop {
                        let number = next.fetch_add(1, Ordering::Relaxed);
                        if client.write_raw(&numbered(number)).await.is_err() {
                            return;
                        }
                        acknowledged.lock().unwrap().insert(number);
                    }
                })
            })
            .collect();
        // Not a wait for something to be so: a kill comes when it comes.
        tokio::time::sleep(Duration::from_millis(150 + kill * 7919 % 700)).await;
        server.process.signal(Signal::KILL);
        server.process.exit(PATIENCE).await;
        for writer in writers {
            writer.await.unwrap();
        }
    }
    let check = Process::run(PARCA_EMBEDDED, ["check", folder.path().to_str().unwrap()], NONE).await;
    assert_eq!((check.code, check.stdout.lines().last()), (Some(0), Some("sound")), "{check:#?}");
    let server = Server::start(folder.path(), often).await;
    let found = sums(&server.client()).await;
    let acknowledged = acknowledged.lock().unwrap().clone();
    assert!(acknowledged.len() as u64 > kills() * 10, "{} writes", acknowledged.len());
    let twice: Vec<_> = found.iter().filter(|(_, sum)| *sum != 1).collect();
    assert!(twice.is_empty(), "more than once: {twice:?}");
    let found: BTreeSet<u64> = found.into_iter().map(|(number, _)| number).collect();
    let lost: Vec<&u64> = acknowledged.difference(&found).collect();
    assert!(lost.is_empty(), "{} of {} are lost: {lost:?}", lost.len(), acknowledged.len());
    // What was under way at a kill may be there or not; nothing else is.
    assert!(found.len() as u64 <= acknowledged.len() as u64 + kills() * 4);
}
