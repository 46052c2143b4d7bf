//! A receiver of remote write 1.0 that remembers every sample, and whether one came with two values.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use remote_write::{Message, decode};
use test_support::eventually;
use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};

/// What a receiver has. Outlives the listener, as a database's disk does.
#[derive(Clone, Default)]
pub(crate) struct Stored(Arc<Mutex<Inner>>);

#[derive(Default)]
struct Inner {
    /// Labels as text, then timestamp, then the value's bits.
    samples: BTreeMap<String, BTreeMap<i64, u64>>,
    conflicts: Vec<String>,
    headers: Vec<HeaderMap>,
    status: Option<StatusCode>,
}

/// A listener for it.
pub(crate) struct Receiver {
    pub(crate) address: SocketAddr,
    pub(crate) stored: Stored,
    _stop: DropGuard,
}

impl Receiver {
    pub(crate) async fn start() -> Self {
        Self::start_at("127.0.0.1:0".parse().unwrap(), Stored::default()).await
    }

    /// Somewhere in particular, with what an earlier one stored.
    pub(crate) async fn start_at(address: SocketAddr, stored: Stored) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let routes = Router::new().route("/write", post(write)).with_state(stored.clone());
        let stop = CancellationToken::new();
        tokio::spawn(ops::serve(
            listener,
            routes,
            stop.clone(),
            ops::ServeOptions::with_grace(std::time::Duration::ZERO),
        ));
        Self { address, stored, _stop: stop.drop_guard() }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/write", self.address)
    }

    /// Stops listening; what is stored stays.
    pub(crate) fn stop(self) -> (SocketAddr, Stored) {
        (self.address, self.stored)
    }
}

async fn write(State(Stored(stored)): State<Stored>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let mut stored = stored.lock().unwrap();
    stored.headers.push(headers);
    if let Some(status) = stored.status {
        return status;
    }
    for series in decode(Message::V1, &body).unwrap() {
        let labels = format!("{:?}", series.labels);
        for sample in &series.samples {
            let bits = sample.value.to_bits();
            let known = stored.samples.entry(labels.clone()).or_default().insert(sample.timestamp_ms, bits);
            if known.is_some_and(|known| known != bits) {
                stored.conflicts.push(format!("{labels} at {}", sample.timestamp_ms));
            }
        }
    }
    StatusCode::NO_CONTENT
}

impl Stored {
    /// What it answers from now on, instead of storing.
    pub(crate) fn answer(&self, status: Option<StatusCode>) {
        self.0.lock().unwrap().status = status;
    }

    /// Timestamps and values of the series whose text holds all of these.
    pub(crate) fn samples(&self, parts: &[&str]) -> BTreeMap<i64, f64> {
        let inner = self.0.lock().unwrap();
        let matching =
            inner.samples.iter().filter(|(labels, _)| parts.iter().all(|part| labels.contains(part)));
        matching
            .flat_map(|(_, samples)| samples.iter().map(|(at, bits)| (*at, f64::from_bits(*bits))))
            .collect()
    }

    /// Every series' labels as text.
    pub(crate) fn series(&self) -> Vec<String> {
        self.0.lock().unwrap().samples.keys().cloned().collect()
    }

    pub(crate) fn conflicts(&self) -> Vec<String> {
        self.0.lock().unwrap().conflicts.clone()
    }

    pub(crate) fn headers(&self) -> Vec<HeaderMap> {
        self.0.lock().unwrap().headers.clone()
    }

    /// Waits until a series that holds all of these has so many samples.
    pub(crate) async fn eventually(&self, parts: &[&str], count: usize) -> BTreeMap<i64, f64> {
        let what = format!("{count} samples of {parts:?}");
        eventually(&what, || async {
            let samples = self.samples(parts);
            (samples.len() >= count).then_some(samples)
        })
        .await
    }
}
