//! A receiver that answers by script and keeps every request, and the transport to it.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::service::service_fn;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioIo};
use remote_write::{Answer, Transport, TransportError};
use tokio::net::TcpListener;
use tokio::time::Instant;

use crate::messages::{Read, read};

/// One request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Captured {
    pub(crate) at: Instant,
    pub(crate) method: Method,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Captured {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn version(&self) -> &str {
        self.header("x-prometheus-remote-write-version")
    }

    pub(crate) fn read(&self) -> Read {
        read(self.version(), &self.body).unwrap()
    }

    pub(crate) fn samples(&self) -> usize {
        self.read().series.iter().map(|one| one.samples.len()).sum()
    }
}

/// What the script says to one request.
pub(crate) enum Reply {
    /// Status 204, with the Written headers if the request is 2.0.
    Store,
    /// As `Store`, after a while.
    Slow(std::time::Duration),
    /// A status and headers, nothing else.
    Status(u16, Vec<(&'static str, String)>),
    /// A status with a body.
    Text(u16, Vec<u8>),
    /// Nothing, for ever.
    Hang,
    /// The connection is closed before an answer.
    Reset,
    /// The connection is closed in the middle of the answer's body.
    Torn(u16),
}

type Script = dyn Fn(usize, &Captured) -> Reply + Send + Sync;

/// Stops listening when it goes.
pub(crate) struct Receiver {
    pub(crate) address: SocketAddr,
    captured: Arc<Mutex<Vec<Captured>>>,
    task: tokio::task::JoinHandle<()>,
}

impl Receiver {
    /// Answers the n-th request, from 0, with what the script says.
    pub(crate) async fn start(script: impl Fn(usize, &Captured) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, captured) = (listener.local_addr().unwrap(), Arc::default());
        let task = tokio::spawn(serve(listener, Arc::new(script), Arc::clone(&captured)));
        Self { address, captured, task }
    }

    /// Stores everything.
    pub(crate) async fn storing() -> Self {
        Self::start(|_, _| Reply::Store).await
    }

    pub(crate) fn requests(&self) -> Vec<Captured> {
        self.captured.lock().unwrap().clone()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.task.abort();
        if !std::thread::panicking() {
            crate::checks::hold(&self.requests());
        }
    }
}

async fn serve(listener: TcpListener, script: Arc<Script>, captured: Arc<Mutex<Vec<Captured>>>) {
    let mut connections = tokio::task::JoinSet::new();
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let (script, captured) = (Arc::clone(&script), Arc::clone(&captured));
        let service = service_fn(move |request| answer(request, Arc::clone(&script), Arc::clone(&captured)));
        let connection =
            hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service);
        connections.spawn(connection);
    }
}

async fn answer(
    request: Request<Incoming>,
    script: Arc<Script>,
    captured: Arc<Mutex<Vec<Captured>>>,
) -> Result<Response<BoxBody<Bytes, io::Error>>, io::Error> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
    let one = Captured { at: Instant::now(), method: head.method, headers: head.headers, body };
    let number = {
        let mut captured = captured.lock().unwrap();
        captured.push(one.clone());
        captured.len() - 1
    };
    let plain = |body: Vec<u8>| Full::from(body).map_err(|never: Infallible| match never {}).boxed();
    let (status, headers, body) = match script(number, &one) {
        Reply::Store => (204, written(&one, one.samples()), plain(Vec::new())),
        Reply::Slow(delay) => {
            tokio::time::sleep(delay).await;
            (204, written(&one, one.samples()), plain(Vec::new()))
        }
        Reply::Status(status, headers) => (status, headers, plain(Vec::new())),
        Reply::Text(status, text) => (status, Vec::new(), plain(text)),
        Reply::Hang => std::future::pending().await,
        Reply::Reset => return Err(io::ErrorKind::ConnectionReset.into()),
        Reply::Torn(status) => (status, vec![("content-length", "100".into())], torn()),
    };
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(status).unwrap();
    for (name, value) in headers {
        response.headers_mut().insert(HeaderName::from_static(name), HeaderValue::from_str(&value).unwrap());
    }
    Ok(response)
}

/// What a 2.0 receiver says about a request; a 1.0 receiver says nothing.
pub(crate) fn written(request: &Captured, samples: usize) -> Vec<(&'static str, String)> {
    match request.version() {
        "2.0.0" => vec![("x-prometheus-remote-write-samples-written", samples.to_string())],
        _ => Vec::new(),
    }
}

fn torn() -> BoxBody<Bytes, io::Error> {
    let frames = [Ok(Frame::data(Bytes::from_static(b"half"))), Err(io::ErrorKind::ConnectionReset.into())];
    BoxBody::new(StreamBody::new(futures_util::stream::iter(frames)))
}

/// The least HTTP client that can send.
pub(crate) struct Http {
    client: Client<HttpConnector, Full<Bytes>>,
    address: SocketAddr,
    /// Whether fresh credentials can be had.
    pub(crate) refreshes: bool,
}

impl Http {
    pub(crate) fn to(address: SocketAddr) -> Self {
        Self { client: Client::builder(TokioExecutor::new()).build_http(), address, refreshes: false }
    }
}

impl Transport for Http {
    async fn post(
        &self,
        headers: HeaderMap,
        body: Bytes,
        deadline: Instant,
    ) -> Result<Answer, TransportError> {
        let uri = format!("http://{}/api/v1/write", self.address);
        let mut request = Request::post(uri).body(Full::from(body)).unwrap();
        *request.headers_mut() = headers;
        let sent = tokio::time::timeout_at(deadline, async {
            let (head, body) = self.client.request(request).await.map_err(failed)?.into_parts();
            let body = body.collect().await.map_err(failed)?.to_bytes();
            Ok(Answer { status: head.status, headers: head.headers, body })
        });
        sent.await.unwrap_or(Err(TransportError::Timeout))
    }

    async fn refresh(&self) -> bool {
        self.refreshes
    }
}

fn failed(error: impl std::error::Error + Send + Sync + 'static) -> TransportError {
    TransportError::Failed(error.into())
}
