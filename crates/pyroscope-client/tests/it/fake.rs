//! A server that remembers what it was asked and answers as it is told.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::response::Response;
use http::HeaderMap;
use pql::{Matcher, ProfileType};
use profile_model::{TimeRange, Timestamp};
use pyroscope_client::{Client, Encoding, Selection, Settings};
use tokio::net::TcpListener;

#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Seen {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

type Handler = Arc<dyn Fn(&Seen) -> Response + Send + Sync>;

#[derive(Clone)]
struct Shared {
    handler: Handler,
    seen: Arc<Mutex<Vec<Seen>>>,
}

pub(crate) struct Fake {
    pub(crate) address: SocketAddr,
    shared: Shared,
}

impl Fake {
    pub(crate) async fn start(handler: impl Fn(&Seen) -> Response + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Shared { handler: Arc::new(handler), seen: Arc::default() };
        let router = Router::new().fallback(serve).with_state(shared.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { address, shared }
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.shared.seen.lock().unwrap().clone()
    }

    pub(crate) fn settings(&self) -> Settings {
        let mut settings = Settings::new(format!("http://{}", self.address));
        settings.encoding = Encoding::Json;
        settings
    }

    pub(crate) fn client(&self) -> Client {
        Client::new(&self.settings()).unwrap()
    }
}

async fn serve(State(shared): State<Shared>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 64 << 20).await.unwrap();
    let seen = Seen { path: parts.uri.to_string(), headers: parts.headers, body };
    let answer = (shared.handler)(&seen);
    shared.seen.lock().unwrap().push(seen);
    answer
}

pub(crate) fn answer(status: u16, content_type: &str, body: impl Into<axum::body::Body>) -> Response {
    Response::builder().status(status).header("content-type", content_type).body(body.into()).unwrap()
}

pub(crate) fn json(body: &str) -> Response {
    answer(200, "application/json; charset=utf-8", body.to_owned())
}

pub(crate) fn millis(start: i64, end: i64) -> TimeRange {
    let at = |millis: i64| Timestamp::from_nanos(millis * 1_000_000);
    TimeRange::new(at(start), at(end))
}

pub(crate) fn cpu() -> ProfileType {
    "process_cpu:cpu:nanoseconds:cpu:nanoseconds".parse().unwrap()
}

pub(crate) fn selection(start: i64, end: i64) -> Selection {
    Selection::new(cpu(), vec![Matcher::equal("service_name", "a\"b")], millis(start, end))
}
