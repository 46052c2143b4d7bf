use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use http::{HeaderMap, Request};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// A gRPC-Web server that answers every call with an empty message and notes what it was asked.
#[derive(Debug)]
pub struct GrpcRecorder {
    address: SocketAddr,
    calls: Calls,
    serving: JoinHandle<()>,
}

/// A call that came.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// `/package.Service/Method`.
    pub path: String,
    /// As they came.
    pub headers: HeaderMap,
}

type Calls = Arc<Mutex<Vec<Recorded>>>;

impl Recorded {
    /// A header, where it is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

impl GrpcRecorder {
    /// Listens on a free port, until dropped.
    ///
    /// # Panics
    /// There is no free port.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("there is a free port");
        let address = listener.local_addr().expect("a listener has an address");
        let calls = Calls::default();
        let router = Router::new().fallback(answer).with_state(Arc::clone(&calls));
        let serving = tokio::spawn(async move {
            axum::serve(listener, router).await.unwrap_or_else(|error| panic!("the recorder ended: {error}"));
        });
        Self { address, calls, serving }
    }

    /// `http://host:port`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// All calls so far.
    pub fn calls(&self) -> Vec<Recorded> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for GrpcRecorder {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn answer(State(calls): State<Calls>, request: Request<Body>) -> Response {
    let recorded = Recorded { path: request.uri().path().to_owned(), headers: request.headers().clone() };
    calls.lock().unwrap_or_else(PoisonError::into_inner).push(recorded);
    let trailer = b"grpc-status:0\r\n";
    let mut body = vec![0, 0, 0, 0, 0, 0x80, 0, 0, 0, trailer.len() as u8];
    body.extend_from_slice(trailer);
    let mut response = Response::new(Body::from(body));
    response
        .headers_mut()
        .insert("content-type", http::HeaderValue::from_static("application/grpc-web+proto"));
    response
}
