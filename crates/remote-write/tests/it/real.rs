//! Against a real Prometheus, started with `--web.enable-remote-write-receiver`:
//! `PROMETHEUS=127.0.0.1:9090 cargo test -p parca-tools-remote-write real`.

use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use remote_write::{Counts, Destination, Metadata, MetricKind, Protocol, Series, stale_marker};

use crate::receiver::Http;
use crate::{LONG, labels, settings};

async fn get(address: &str, path: &str) -> String {
    let client: Client<_, Empty<Bytes>> = Client::builder(TokioExecutor::new()).build_http();
    let answer = client.get(format!("http://{address}{path}").parse().unwrap()).await.unwrap();
    String::from_utf8_lossy(&answer.into_body().collect().await.unwrap().to_bytes()).into_owned()
}

#[tokio::test]
async fn a_real_prometheus_has_what_was_sent() {
    // `host:port` of one that takes remote write.
    let Some(address) = test_support::needs("PROMETHEUS") else { return };
    for protocol in [Protocol::V1, Protocol::Auto] {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as i64;
        let name = format!("remote_write_test_{now}");
        let mut settings = settings(protocol);
        settings.now = SystemTime::now;
        let destination = Destination::start(settings, Http::to(address.parse().unwrap())).unwrap();
        let series = |function: &str, value, at| {
            let labels = labels(&[("__name__", &*name), ("function", function)]);
            let metadata = Metadata { kind: MetricKind::Gauge, help: "A test.".into(), unit: "".into() };
            Series::new(labels, value, at).with_metadata(metadata)
        };
        let all: Vec<_> = (0..4000).map(|n| series(&format!("f{n}"), 0.5, now - 2)).collect();
        destination.push(&all).await.unwrap();
        destination.push(&[series("f0", stale_marker(), now - 1)]).await.unwrap();
        let Counts { sent, failed, message, .. } = destination.shutdown(LONG).await;
        assert_eq!((sent, failed), (4001, 0), "{protocol:?} as {message:?}");

        // Debian 12's, 2.42, answers 204 to 2.0 and stores nothing: `Auto` has to see it.
        let found = get(&address, &format!("/api/v1/query?query=sum({name})")).await;
        assert!(found.contains("\"1999.5\""), "{protocol:?} as {message:?}: {found}");
    }
}
