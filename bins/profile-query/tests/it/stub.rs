//! A server that answers what it is told to, and remembers what it was asked.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// What it was asked.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Seen {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// The server, until dropped.
pub(crate) struct Stub {
    pub(crate) address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
    serving: JoinHandle<()>,
}

#[derive(Clone)]
struct Answers {
    seen: Arc<Mutex<Vec<Seen>>>,
    status: u16,
    headers: &'static [(&'static str, &'static str)],
    body: &'static str,
    /// Never answers at all.
    silent: bool,
}

impl Stub {
    /// Answers all requests alike.
    pub(crate) async fn answering(status: u16, body: &'static str) -> Self {
        Self::with_headers(status, &[("content-type", "application/json")], body).await
    }

    pub(crate) async fn with_headers(
        status: u16,
        headers: &'static [(&'static str, &'static str)],
        body: &'static str,
    ) -> Self {
        Self::serve(Answers { seen: Arc::default(), status, headers, body, silent: false }).await
    }

    /// Takes requests and answers none.
    pub(crate) async fn silent() -> Self {
        Self::serve(Answers { seen: Arc::default(), status: 200, headers: &[], body: "", silent: true }).await
    }

    async fn serve(answers: Answers) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::clone(&answers.seen);
        let router = Router::new().fallback(answer).with_state(answers);
        let serving = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { address, seen, serving }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// The one request that there was.
    #[track_caller]
    pub(crate) fn only(&self) -> Seen {
        let seen = self.seen();
        assert_eq!(seen.len(), 1, "{seen:#?}");
        seen[0].clone()
    }
}

impl Drop for Stub {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn answer(State(answers): State<Answers>, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let path = uri.path().to_owned();
    answers.seen.lock().unwrap().push(Seen { path, headers, body: body.to_vec() });
    if answers.silent {
        std::future::pending::<()>().await;
    }
    let status = StatusCode::from_u16(answers.status).unwrap();
    let mut response = (status, answers.body).into_response();
    response.headers_mut().remove("content-type");
    for (name, value) in answers.headers {
        response.headers_mut().insert(*name, value.parse().unwrap());
    }
    response
}
