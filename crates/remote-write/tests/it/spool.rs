//! A destination with a folder, and a process that is killed in the middle.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use remote_write::{Destination, Protocol, Settings, Spool, SpoolSettings};

use crate::receiver::{Captured, Http, Receiver, Reply};
use crate::{LONG, NOW_MS, one, settings, until};

fn spooled(protocol: Protocol, directory: &Path) -> Settings {
    let mut settings = settings(protocol);
    settings.spool = Some(SpoolSettings::new(directory));
    settings
}

fn values(requests: &[Captured]) -> Vec<i64> {
    requests.iter().map(|request| request.read().series[0].samples[0].value as i64).collect()
}

#[tokio::test]
async fn what_a_stopped_destination_left_is_sent_by_the_next_with_the_same_bytes() {
    let directory = tempfile::tempdir().unwrap();
    let down =
        Receiver::start(|number, _| if number == 0 { Reply::Store } else { Reply::Status(503, Vec::new()) })
            .await;
    let destination =
        Destination::start(spooled(Protocol::V2, directory.path()), Http::to(down.address)).unwrap();
    for at in 0..4 {
        destination.push(&one("m", at as f64, NOW_MS + at)).await.unwrap();
    }
    until(&destination, |counts| counts.retried > 0).await;
    let counts = destination.shutdown(Duration::ZERO).await;
    assert_eq!((counts.sent, counts.pending), (1, 3));
    drop(destination);

    let up = Receiver::storing().await;
    let destination =
        Destination::start(spooled(Protocol::V2, directory.path()), Http::to(up.address)).unwrap();
    let counts = destination.shutdown(LONG).await;
    assert_eq!((counts.sent, counts.pending, counts.pending_bytes), (3, 0, 0));
    assert_eq!(values(&up.requests()), [1, 2, 3]);
    assert_eq!(up.requests()[0].body, down.requests()[1].body);
}

#[tokio::test]
async fn spooled_2_0_goes_to_a_1_0_receiver() {
    let directory = tempfile::tempdir().unwrap();
    let receiver = Receiver::start(|_, request| match request.version() {
        "2.0.0" => Reply::Status(415, Vec::new()),
        _ => Reply::Store,
    })
    .await;
    let destination =
        Destination::start(spooled(Protocol::Auto, directory.path()), Http::to(receiver.address)).unwrap();
    for at in 0..3 {
        destination.push(&one("m", at as f64, NOW_MS + at)).await.unwrap();
    }
    assert_eq!(destination.shutdown(LONG).await.sent, 3);
    assert_eq!(values(&receiver.requests()), [0, 0, 1, 2]);
}

#[tokio::test]
async fn a_full_spool_drops_its_oldest_and_counts_them() {
    let directory = tempfile::tempdir().unwrap();
    let hanging = Receiver::start(|_, _| Reply::Hang).await;
    let mut settings = spooled(Protocol::V1, directory.path());
    settings.spool.as_mut().unwrap().max_bytes = 2000;
    let destination = Destination::start(settings, Http::to(hanging.address)).unwrap();
    destination.push(&one("m", 0.0, NOW_MS)).await.unwrap();
    until(&destination, |_| !hanging.requests().is_empty()).await;
    for at in 1..100 {
        destination.push(&one("m", at as f64, NOW_MS + at)).await.unwrap();
    }
    let counts = destination.shutdown(Duration::ZERO).await;
    assert!(counts.pending_bytes <= 2000 && counts.pending > 10, "{counts:?}");
    // The one under way is neither: it was cut off by the shutdown, after it had left the full spool.
    assert_eq!(counts.overflowed + counts.pending, 99);
}

const CHILD: &str = "REMOTE_WRITE_TEST_CHILD";

/// The process that the test below kills: spools numbers for ever and prints each that was accepted.
#[tokio::test]
#[ignore = "only started by the test that kills it"]
async fn child() {
    let Ok(arguments) = std::env::var(CHILD) else { return };
    let mut arguments = arguments.split(' ');
    let (directory, address) = (arguments.next().unwrap(), arguments.next().unwrap().parse().unwrap());
    let first: i64 = arguments.next().unwrap().parse().unwrap();
    let destination =
        Destination::start(spooled(Protocol::V2, Path::new(directory)), Http::to(address)).unwrap();
    for at in first.. {
        destination.push(&one("m", at as f64, NOW_MS + at)).await.unwrap();
        use std::io::Write;
        writeln!(std::io::stdout(), "accepted {at}").unwrap();
        if at > first + 40 {
            // Slow enough that what piles up until the kill stays small.
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

/// Runs the child until it has accepted some numbers and `enough` says so, kills it, and returns the
/// last that it had accepted.
fn killed(directory: &Path, receiver: &Receiver, first: i64, enough: impl Fn() -> bool) -> i64 {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "spool::child", "--ignored", "--nocapture"])
        .env(CHILD, format!("{} {} {first}", directory.display(), receiver.address))
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut last = None;
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    let accepted = |line: String| line.split("accepted ").nth(1).and_then(|at| at.parse::<i64>().ok());
    for line in lines.by_ref() {
        last = accepted(line).or(last);
        if last > Some(first + 20) && enough() {
            break;
        }
    }
    // SIGKILL: nothing of the child's own runs after it.
    child.kill().unwrap();
    child.wait().unwrap();
    lines.filter_map(accepted).last().or(last).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_that_was_accepted_is_lost_to_sigkill_and_nothing_done_comes_again() {
    let directory = tempfile::tempdir().unwrap();
    let mut next = 0;
    let mut stored = Vec::new();
    for round in 0..3 {
        // The ninth request means that the eighth batch is done. Stores some and then fails, so that each kill finds records done, under way and waiting.
        let receiver = Receiver::start(move |number, _| match number {
            0..8 => Reply::Store,
            _ if round == 1 => Reply::Hang,
            _ => Reply::Status(500, Vec::new()),
        })
        .await;
        let path = directory.path().to_owned();
        let (receiver, last) = tokio::task::spawn_blocking(move || {
            let last = killed(&path, &receiver, next, || receiver.requests().len() >= 9);
            (receiver, last)
        })
        .await
        .unwrap();
        stored.extend(values(&receiver.requests()[..8]));
        // Pushed but not printed is possible, so the next child leaves a gap of one.
        next = last + 2;
    }
    let spool = Spool::open(SpoolSettings::new(directory.path())).unwrap();
    assert!(spool.samples() > 0);
    drop(spool);

    let receiver = Receiver::storing().await;
    let destination =
        Destination::start(spooled(Protocol::V2, directory.path()), Http::to(receiver.address)).unwrap();
    assert_eq!(destination.shutdown(LONG).await.pending, 0);
    stored.extend(values(&receiver.requests()));
    let unique: BTreeSet<i64> = stored.iter().copied().collect();
    assert_eq!(unique.len(), stored.len(), "nothing twice");
    let missing: Vec<i64> = (0..next - 1).filter(|at| !unique.contains(at)).collect();
    // At most the number after each kill, which was never accepted.
    assert!(missing.len() <= 2, "{missing:?}");
}
