//! Receivers and Parcas that are away, and an exporter that is killed.

use std::collections::BTreeSet;
use std::net::SocketAddr;

use axum::http::StatusCode;
use remote_write::is_stale;
use test_support::{PATIENCE, Signal, eventually};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use crate::fixture::{CPU, Exporter, Folder, Parca, head};
use crate::receiver::Receiver;

fn with_spool(head: &str) -> String {
    head.replacen("{delay: 0s}", "{delay: 0s, spool_dir: spool}", 1)
}

/// The ends of the windows that a query has sent, in seconds.
fn ends(receiver: &Receiver) -> Vec<i64> {
    receiver
        .stored
        .samples(&["root_cumulative"])
        .into_iter()
        .filter(|(_, value)| !is_stale(*value))
        .map(|(end, _)| end / 1000)
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn no_window_is_missing_or_double_after_outages_and_a_kill() {
    let parca = Parca::start().await;
    let receiver = Receiver::start().await;
    let query = format!("- {{name: q, query: '{CPU}', duration: 1s, matchers: [{{glob: '*'}}]}}\n");
    let folder = Folder::new(&with_spool(&(head(parca.address, &[receiver.url()]) + &query)));
    let exporter = Exporter::start(&folder).await;
    receiver.stored.eventually(&["root_cumulative"], 2).await;

    // The receiver refuses, then is gone; meanwhile the exporter is killed twice.
    receiver.stored.answer(Some(StatusCode::SERVICE_UNAVAILABLE));
    let answered = receiver.stored.headers().len();
    eventually("refused requests", || async {
        (receiver.stored.headers().len() > answered + 1).then_some(())
    })
    .await;
    let (address, stored) = receiver.stop();
    exporter.process.signal(Signal::KILL);
    exporter.process.exit(PATIENCE).await;
    let exporter = Exporter::start(&folder).await;
    eventually("a window in the spool", || async {
        let pending = exporter.scrape().await.number("profile_exporter_remote_write_pending_samples", &[]);
        pending.is_some_and(|pending| pending > 0.0).then_some(())
    })
    .await;
    exporter.process.signal(Signal::KILL);
    exporter.process.exit(PATIENCE).await;

    stored.answer(None);
    let receiver = Receiver::start_at(address, stored).await;
    let exporter = Exporter::start(&folder).await;
    let seen = ends(&receiver).len();
    eventually("windows after the outage", || async { (ends(&receiver).len() > seen + 4).then_some(()) })
        .await;
    assert_eq!(exporter.stop(Signal::TERM).await.code, Some(0));

    let ends = ends(&receiver);
    assert!(ends.windows(2).all(|two| two[1] - two[0] == 1), "windows are missing: {ends:?}");
    // Nothing came with two values, and every function of every window is there.
    assert_eq!(receiver.stored.conflicts(), [""; 0]);
    let main = receiver.stored.samples(&["cumulative_value{function_name=\"main\""]);
    let main: BTreeSet<i64> =
        main.into_iter().filter(|(_, value)| !is_stale(*value)).map(|(end, _)| end / 1000).collect();
    assert_eq!(main, ends.into_iter().collect());
}

#[tokio::test(flavor = "multi_thread")]
async fn windows_that_a_parca_slept_through_are_caught_up_with() {
    let receiver = Receiver::start().await;
    let parca = Parca::start().await;
    let address = parca.address;
    let query = format!("- {{name: q, query: '{CPU}', duration: 1s}}\n");
    let folder = Folder::new(&(head(address, &[receiver.url()]) + &query));
    let exporter = Exporter::start(&folder).await;
    receiver.stored.eventually(&["root_cumulative"], 2).await;
    drop(parca);
    eventually("failed queries", || async {
        let scrape = exporter.scrape().await;
        let failed = scrape.number("profile_exporter_queries_total", &[("outcome", "error")]);
        (failed > Some(1.0)).then_some(())
    })
    .await;
    assert_eq!(exporter.scrape().await.number("profile_exporter_parca_up", &[]), Some(0.0));
    let seen = ends(&receiver).len();
    let _parca = Parca::start_at(&address.to_string()).await;
    eventually("windows after the outage", || async { (ends(&receiver).len() > seen + 3).then_some(()) })
        .await;
    let ends = ends(&receiver);
    assert!(ends.windows(2).all(|two| two[1] - two[0] == 1), "windows are missing: {ends:?}");
    assert_eq!(exporter.stop(Signal::TERM).await.code, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_receiver_that_refuses_costs_the_others_nothing() {
    let (parca, good, bad) = (Parca::start().await, Receiver::start().await, Receiver::start().await);
    bad.stored.answer(Some(StatusCode::INTERNAL_SERVER_ERROR));
    let query = format!("- {{name: q, query: '{CPU}', duration: 1s}}\n");
    let folder = Folder::new(&(head(parca.address, &[bad.url(), good.url()]) + &query));
    let exporter = Exporter::start_with(&folder, &["--shutdown-timeout", "100ms"]).await;
    good.stored.eventually(&["root_cumulative"], 3).await;
    assert_eq!(bad.stored.series(), [""; 0]);
    bad.stored.answer(None);
    bad.stored.eventually(&["root_cumulative"], 3).await;
    assert_eq!(exporter.stop(Signal::TERM).await.code, Some(0));
}

/// Passes bytes on between the exporter and a Parca; while paused, none of the answers.
async fn slow_parca(parca: SocketAddr) -> (SocketAddr, watch::Sender<bool>) {
    let (paused, gate) = watch::channel(false);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (mut near, _) = listener.accept().await.unwrap();
            let mut gate = gate.clone();
            tokio::spawn(async move {
                let mut far = TcpStream::connect(parca).await.unwrap();
                let (mut from_far, mut to_far) = far.split();
                let (mut from_near, mut to_near) = near.split();
                let answers = async {
                    let mut buffer = vec![0; 64 << 10];
                    loop {
                        let read = from_far.read(&mut buffer).await?;
                        let _closed = gate.wait_for(|paused| !*paused).await.is_err();
                        if read == 0 {
                            return to_near.shutdown().await;
                        }
                        to_near.write_all(&buffer[..read]).await?;
                    }
                };
                // Connections end when either side goes.
                let _ended = tokio::join!(answers, tokio::io::copy(&mut from_near, &mut to_far));
            });
        }
    });
    (address, paused)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_parca_that_is_slow_for_a_while_costs_no_window() {
    let (parca, receiver) = (Parca::start().await, Receiver::start().await);
    let (address, paused) = slow_parca(parca.address).await;
    let query = format!("- {{name: q, query: '{CPU}', duration: 1s, timeout: 200ms}}\n");
    let folder = Folder::new(&(head(address, &[receiver.url()]) + &query));
    let exporter = Exporter::start(&folder).await;
    receiver.stored.eventually(&["root_cumulative"], 2).await;
    paused.send(true).unwrap();
    eventually("windows that take too long", || async {
        let scrape = exporter.scrape().await;
        let slow = scrape.number("profile_exporter_queries_total", &[("outcome", "timeout")]);
        (slow >= Some(4.0)).then_some(())
    })
    .await;
    paused.send(false).unwrap();
    let seen = ends(&receiver).len();
    eventually("windows after that", || async { (ends(&receiver).len() > seen + 4).then_some(()) }).await;
    let ends = ends(&receiver);
    assert!(ends.windows(2).all(|two| two[1] - two[0] == 1), "windows are missing: {ends:?}");
    assert_eq!(exporter.stop(Signal::TERM).await.code, Some(0));
}
