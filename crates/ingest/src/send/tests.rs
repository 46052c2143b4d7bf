use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use profile_codec::pprof;
use profile_model::{Profile, Sample, StackId, TimeRange, Timestamp, ValueType};
use relabel::Labels;
use tokio_util::sync::CancellationToken;

use super::*;
use crate::mend::{Origin, mended};
use crate::outgoing::Outgoing;

const SECOND: Duration = Duration::from_secs(1);

/// The `at`-th profile: a second each, of one sample with the value 1.
fn profile(at: i64) -> Outgoing {
    let mut profile = Profile::new(vec![ValueType::new("cpu", "nanoseconds")]);
    profile.period_type = Some(ValueType::new("cpu", "nanoseconds"));
    profile.time_nanos = (1_700_000_000 + at) * 1_000_000_000;
    profile.duration_nanos = 1_000_000_000;
    profile.samples.push(Sample { stack: StackId::EMPTY, values: &[1], labels: &[] });
    let labels = Labels::new([("__name__", "p"), ("job", "j")]).unwrap();
    Outgoing::new(labels, mended(profile, &Origin::at(SystemTime::UNIX_EPOCH)).unwrap())
}

fn settings(url: String) -> StoreSettings {
    let mut settings = StoreSettings::new(parca_client::Settings::new(url));
    settings.timeout = SECOND;
    settings.settle = Duration::from_millis(20);
    settings.max_wait = Duration::from_millis(100);
    settings
}

async fn embedded() -> (parca_embedded::Server, CancellationToken) {
    let stop = CancellationToken::new();
    let mut settings = parca_embedded::Settings::default();
    settings.self_profile_every = None;
    (parca_embedded::start("127.0.0.1:0", settings, stop.clone()).await.unwrap(), stop)
}

/// What is stored of all profiles together.
async fn total(address: impl std::fmt::Display) -> i64 {
    let client =
        parca_client::Client::new(&parca_client::Settings::new(format!("http://{address}"))).unwrap();
    let range = TimeRange::new(Timestamp::new(1_600_000_000, 0), Timestamp::new(1_800_000_000, 0));
    let request = parca_client::QueryRangeRequest::new(
        "p:cpu:nanoseconds:cpu:nanoseconds:delta",
        range,
        Duration::ZERO,
    );
    match client.query_range(&request).await {
        Ok(series) => series.iter().flat_map(|one| &one.samples).map(|sample| sample.value).sum(),
        Err(error) if error.is_no_data() => 0,
        Err(error) => panic!("{error}"),
    }
}

/// A proxy that treats each connection as `fault` says: it closes it before or after the server had the request.
fn proxy(
    server: std::net::SocketAddr,
    fault: impl Fn(usize) -> Fault + Send + 'static,
) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (address, seen) = (listener.local_addr().unwrap(), Arc::new(AtomicUsize::new(0)));
    let count = Arc::clone(&seen);
    std::thread::spawn(move || {
        for client in listener.incoming() {
            let (Ok(mut client), at) = (client, count.fetch_add(1, Ordering::SeqCst)) else { return };
            let fault = fault(at);
            std::thread::spawn(move || {
                if fault == Fault::Before {
                    return;
                }
                let Ok(mut server) = std::net::TcpStream::connect(server) else { return };
                let (mut from, mut to) = (client.try_clone().unwrap(), server.try_clone().unwrap());
                std::thread::spawn(move || {
                    let _ = std::io::copy(&mut from, &mut to);
                    let _ = to.shutdown(std::net::Shutdown::Write);
                });
                let mut answer = [0; 4096];
                while let Ok(read @ 1..) = server.read(&mut answer) {
                    if fault == Fault::AfterStored {
                        let _ = client.shutdown(std::net::Shutdown::Both);
                        return;
                    }
                    if client.write_all(&answer[..read]).is_err() {
                        return;
                    }
                }
            });
        }
    });
    (format!("http://{address}"), seen)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Fault {
    None,
    Before,
    AfterStored,
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_taken_is_stored_once_in_batches() {
    let (server, stop) = embedded().await;
    let store = Store::start(settings(format!("http://{}", server.address()))).unwrap();
    for at in 0..100 {
        store.take(profile(at)).await.unwrap();
    }
    let counts = store.stop(10 * SECOND).await;
    assert_eq!((counts.sent, counts.waiting, counts.dropped.len()), (100, 0, 0), "{counts:?}");
    assert!(counts.requests < 50, "{counts:?}");
    assert_eq!(total(server.address()).await, 100);
    stop.cancel();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_stores_and_resets_gets_nothing_twice() {
    let (server, stop) = embedded().await;
    let fault = |at| if at % 3 == 0 { Fault::AfterStored } else { Fault::None };
    let (url, _) = proxy(server.address(), fault);
    let store = Store::start(settings(url)).unwrap();
    for at in 0..20 {
        store.take(profile(at)).await.unwrap();
        store.flush(10 * SECOND).await;
    }
    let counts = store.stop(10 * SECOND).await;
    assert_eq!(counts.sent + counts.found, 20, "{counts:?}");
    assert!(counts.found > 0 && counts.unknown > 0, "{counts:?}");
    assert_eq!(total(server.address()).await, 20);
    stop.cancel();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_is_away_gets_all_when_it_is_back() {
    let (server, stop) = embedded().await;
    let away = Arc::new(std::sync::atomic::AtomicBool::new(true));
    let is_away = Arc::clone(&away);
    let (url, seen) =
        proxy(
            server.address(),
            move |_| if is_away.load(Ordering::SeqCst) { Fault::Before } else { Fault::None },
        );
    let store = Store::start(settings(url)).unwrap();
    for at in 0..10 {
        store.take(profile(at)).await.unwrap();
    }
    while seen.load(Ordering::SeqCst) < 3 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(store.counts().error.is_some());
    away.store(false, Ordering::SeqCst);
    let counts = store.stop(10 * SECOND).await;
    assert_eq!((counts.sent + counts.found, counts.error), (10, None));
    assert_eq!(total(server.address()).await, 10);
    stop.cancel();
}

#[tokio::test(flavor = "multi_thread")]
async fn one_bad_profile_does_not_take_the_others_of_its_request_along() {
    let (server, stop) = embedded().await;
    let store = Store::start(settings(format!("http://{}", server.address()))).unwrap();
    let mut bad = profile(3);
    // Two values of one sample type, which harms nobody.
    let bytes = b"\x0a\x04\x08\x01\x10\x02\x12\x04\x10\x07\x10\x08\x5a\x04\x08\x01\x10\x02\x32\x00\x32\x03cpu\x32\x0bnanoseconds";
    bad.pprof = pprof::Harmless::new(bytes.as_slice().into(), &pprof::Limits::default()).unwrap();
    for one in [profile(0), profile(1), bad, profile(2)] {
        store.take(one).await.unwrap();
    }
    let counts = store.stop(10 * SECOND).await;
    assert_eq!((counts.sent, counts.dropped.get(&DropReason::Refused)), (3, Some(&1)), "{counts:?}");
    assert_eq!(total(server.address()).await, 3);
    stop.cancel();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_spool_outlives_its_process_and_doubles_nothing() {
    let (server, stop) = embedded().await;
    let folder = tempfile::tempdir().unwrap();
    let with_spool = |url: String| {
        let mut settings = settings(url);
        settings.spool = Some(SpoolSettings { folder: folder.path().join("s"), max_bytes: 1 << 30 });
        settings
    };
    // The first process is ended while the store is away.
    let store = Store::start(with_spool("http://127.0.0.1:9".into())).unwrap();
    for at in 0..5 {
        store.take(profile(at)).await.unwrap();
    }
    assert_eq!(store.stop(Duration::ZERO).await.waiting, 5);
    drop(store);
    // The second one sends, and is killed before it can note that.
    let kept = tempfile::tempdir().unwrap();
    copy(&folder.path().join("s"), &kept.path().join("s"));
    let url = format!("http://{}", server.address());
    let store = when_free(|| with_spool(url.clone())).await;
    assert_eq!(store.stop(10 * SECOND).await.waiting, 0);
    drop(store);
    assert_eq!(total(server.address()).await, 5);
    let mut settings = settings(url);
    settings.spool = Some(SpoolSettings { folder: kept.path().join("s"), max_bytes: 1 << 30 });
    let store = Store::start(settings).unwrap();
    let counts = store.stop(10 * SECOND).await;
    assert_eq!((counts.found, counts.sent, counts.waiting), (5, 0, 0), "{counts:?}");
    assert_eq!(total(server.address()).await, 5);
    stop.cancel();
}

/// A store whose folder was another's a moment ago. A lock is gone with the last copy of its descriptor: with that of
/// the task that sent, and that of whatever program another test is about to start.
async fn when_free(settings: impl Fn() -> StoreSettings) -> Store {
    for _ in 0..1000 {
        match Store::start(settings()) {
            Err(StoreError::Spool(..)) => tokio::time::sleep(Duration::from_millis(10)).await,
            started => return started.unwrap(),
        }
    }
    panic!("the spool is still in use");
}

fn copy(from: &std::path::Path, to: &std::path::Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().flatten() {
        std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

/// Whoever stops a process with a spool does not wait for a store that is away.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_in_a_spool_is_left_there_while_the_store_is_away() {
    let folder = tempfile::tempdir().unwrap();
    let mut settings = settings("http://127.0.0.1:1".to_owned());
    settings.spool = Some(SpoolSettings { folder: folder.path().join("s"), max_bytes: 1 << 30 });
    let store = Store::start(settings).unwrap();
    store.take(profile(0)).await.unwrap();
    let counts = store.stop(3600 * SECOND).await;
    assert_eq!((counts.waiting, counts.dropped.len()), (1, 0), "{counts:?}");
    assert!(counts.error.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_queue_refuses_and_says_so() {
    let mut settings = settings("http://127.0.0.1:9".into());
    settings.queue_bytes = 2 * super::record::Record::new(&profile(0), vec![]).bytes();
    let store = Store::start(settings).unwrap();
    store.take(profile(0)).await.unwrap();
    let mut refused = None;
    for at in 1..5 {
        refused = store.take(profile(at)).await.err().or(refused);
    }
    assert!(refused.unwrap().to_string().contains("the queue is full"));
    let counts = store.stop(Duration::ZERO).await;
    assert!(
        counts.dropped[&DropReason::QueueFull] > 0 && counts.dropped[&DropReason::Shutdown] > 0,
        "{counts:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn stores_are_each_on_their_own_and_external_labels_win() {
    let (server, stop) = embedded().await;
    let mut good = settings(format!("http://{}", server.address()));
    good.external_labels = vec![("job".into(), "outer".into()), ("zone".into(), "z".into())];
    let stores = Stores::start(vec![settings("http://127.0.0.1:9".into()), good]).unwrap();
    crate::Sink::take(&stores, profile(0)).await.unwrap();
    let counts = stores.stop(SECOND).await;
    assert_eq!((counts[0].sent, counts[1].sent), (0, 1));
    let client =
        parca_client::Client::new(&parca_client::Settings::new(format!("http://{}", server.address())))
            .unwrap();
    let range = TimeRange::new(Timestamp::new(1_600_000_000, 0), Timestamp::new(1_800_000_000, 0));
    let query = r#"p:cpu:nanoseconds:cpu:nanoseconds:delta{job="outer",zone="z"}"#;
    let found = client.query_range(&parca_client::QueryRangeRequest::new(query, range, Duration::ZERO)).await;
    assert!(found.is_ok());
    stop.cancel();
}

#[test]
fn a_profile_is_read_as_it_was_sent() {
    let one = profile(0);
    assert_eq!(pprof::decode(one.pprof.as_ref(), &pprof::Limits::default()).unwrap().samples.total(0), 1);
}
