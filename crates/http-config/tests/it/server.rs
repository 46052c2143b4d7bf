//! A server that remembers what it was asked, and short ways to ask it.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, Uri, Version};
use http_body_util::{BodyExt, Full};
use http_config::{Client, Environment, HttpClientConfig, SendError};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) method: Method,
    pub(crate) uri: Uri,
    pub(crate) version: Version,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Seen {
    /// A header's values, joined; empty without one.
    pub(crate) fn header(&self, name: &str) -> String {
        let values = self.headers.get_all(name).iter().map(|value| value.to_str().unwrap());
        values.collect::<Vec<_>>().join("|")
    }

    /// A field of the form in the body.
    pub(crate) fn field(&self, name: &str) -> String {
        let mut fields = url::form_urlencoded::parse(self.body.as_bytes());
        fields.find(|(field, _)| field == name).map(|(_, value)| value.into_owned()).unwrap_or_default()
    }
}

pub(crate) type Answer = Response<Full<Bytes>>;
type Handler = Arc<dyn Fn(&Seen) -> Answer + Send + Sync>;

pub(crate) struct Server {
    pub(crate) port: u16,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Server {
    pub(crate) async fn start(answer: impl Fn(&Seen) -> Answer + Send + Sync + 'static) -> Self {
        Self::listen(None, Arc::new(answer)).await
    }

    /// Answers 200 to everything.
    pub(crate) async fn ok() -> Self {
        Self::start(|_| status(200)).await
    }

    pub(crate) async fn tls(tls: rustls::ServerConfig) -> Self {
        Self::listen(Some(TlsAcceptor::from(Arc::new(tls))), Arc::new(|_: &Seen| status(200))).await
    }

    async fn listen(tls: Option<TlsAcceptor>, handler: Handler) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let remembered = seen.clone();
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (tls, handler, seen) = (tls.clone(), handler.clone(), remembered.clone());
                tokio::spawn(async move {
                    match tls {
                        None => serve(stream, handler, seen).await,
                        Some(tls) => {
                            if let Ok(stream) = tls.accept(stream).await {
                                serve(stream, handler, seen).await;
                            }
                        }
                    }
                });
            }
        });
        Self { port, seen }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    pub(crate) fn last(&self) -> Seen {
        self.seen().pop().expect("a request has come")
    }
}

async fn serve<S>(stream: S, handler: Handler, seen: Arc<Mutex<Vec<Seen>>>)
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let service = service_fn(move |request: Request<Incoming>| {
        let (handler, seen) = (handler.clone(), seen.clone());
        async move {
            let (parts, body) = request.into_parts();
            let body = body.collect().await.unwrap().to_bytes();
            let request = Seen {
                method: parts.method,
                uri: parts.uri,
                version: parts.version,
                headers: parts.headers,
                body: String::from_utf8_lossy(&body).into_owned(),
            };
            let answer = handler(&request);
            seen.lock().unwrap().push(request);
            Ok::<_, Infallible>(answer)
        }
    });
    // A client that goes away is no failure of a test.
    let _ = Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), service).await;
}

pub(crate) fn status(status: u16) -> Answer {
    answer(status, "")
}

pub(crate) fn answer(status: u16, body: &str) -> Answer {
    Response::builder().status(status).body(Full::new(Bytes::from(body.to_owned()))).unwrap()
}

pub(crate) fn redirect(status: u16, location: &str) -> Answer {
    Response::builder().status(status).header("location", location).body(Full::default()).unwrap()
}

pub(crate) fn config(json: Value) -> HttpClientConfig {
    HttpClientConfig::parse(json).unwrap()
}

pub(crate) fn client(json: Value) -> Client {
    Client::new(&config(json), &Environment::empty()).unwrap()
}

pub(crate) fn in_ten_seconds() -> Instant {
    Instant::now() + Duration::from_secs(10)
}

pub(crate) async fn post(client: &Client, url: &str) -> Result<Response<Bytes>, SendError> {
    let request = Request::post(url).body(Bytes::from_static(b"body")).unwrap();
    client.send(request, in_ten_seconds()).await
}

pub(crate) async fn get(client: &Client, url: &str) -> Result<Response<Bytes>, SendError> {
    client.send(Request::get(url).body(Bytes::new()).unwrap(), in_ten_seconds()).await
}

/// The error with its causes, as a log would have it.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
