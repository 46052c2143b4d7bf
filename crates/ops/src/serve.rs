//! HTTP/1.1 and HTTP/2 (prior knowledge) on one port, until told to stop.

use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::time::Duration;

use axum::Router;
use axum::extract::Query;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::{StatusCode, header};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

/// Why no server could be started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// The address cannot be listened on: taken, not ours, or not an address.
    #[error("cannot listen on `{address}`")]
    Bind {
        /// As it was asked for.
        address: String,
        /// The system's reason.
        source: std::io::Error,
    },
}

/// Listens on `address` (`host:port`, or `:port` for every interface, as Go programs write it).
///
/// # Errors
/// [`ServeError::Bind`].
pub async fn bind(address: &str) -> Result<TcpListener, ServeError> {
    let full = if address.starts_with(':') { format!("0.0.0.0{address}") } else { address.to_owned() };
    TcpListener::bind(&full).await.map_err(|source| ServeError::Bind { address: address.to_owned(), source })
}

/// The peer of a connection, as an extension of each of its requests.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub SocketAddr);

/// How long a client may take to send the head of a request: those who are slower hold a connection for nothing.
const HEAD: Duration = Duration::from_secs(30);

/// Serves until `shutdown`, then lets answers under way finish for at most `grace`.
pub fn serve(
    listener: TcpListener,
    router: Router,
    shutdown: CancellationToken,
    grace: Duration,
) -> impl Future<Output = ()> + Send {
    // Boxed, so that every crate that serves is not compiled with a whole server of its own.
    let serving: Pin<Box<dyn Future<Output = ()> + Send>> =
        Box::pin(serve_over(listener, router, shutdown, grace, |stream| std::future::ready(Ok(stream))));
    serving
}

/// As [`serve`], over what is made of each connection, such as TLS.
pub async fn serve_over<I, F, Fut>(
    listener: TcpListener,
    router: Router,
    shutdown: CancellationToken,
    grace: Duration,
    over: F,
) where
    I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    F: Fn(TcpStream) -> Fut,
    Fut: Future<Output = std::io::Result<I>> + Send + 'static,
{
    let graceful = GracefulShutdown::new();
    loop {
        let (stream, peer) = tokio::select! {
            () = shutdown.cancelled() => break,
            accepted = listener.accept() => match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    // Out of file descriptors, most likely: wait for some to come free.
                    tracing::warn!(%error, "cannot accept a connection");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                }
            },
        };
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "cannot set TCP_NODELAY");
        }
        tokio::spawn(connection(over(stream), peer, router.clone(), graceful.watcher()));
    }
    drop(listener);
    if tokio::time::timeout(grace, graceful.shutdown()).await.is_err() {
        tracing::warn!("answers under way did not finish in time and were cut off");
    }
}

async fn connection<I: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
    opening: impl Future<Output = std::io::Result<I>>,
    peer: SocketAddr,
    router: Router,
    watcher: Watcher,
) {
    let stream = match opening.await {
        Ok(stream) => stream,
        Err(error) => return tracing::debug!(%error, %peer, "a connection did not come about"),
    };
    let service = tower::service_fn(move |mut request: http::Request<hyper::body::Incoming>| {
        request.extensions_mut().insert(Peer(peer));
        router.clone().oneshot(request.map(axum::body::Body::new))
    });
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HEAD);
    builder.http2().max_concurrent_streams(250);
    let connection = builder
        .serve_connection_with_upgrades(TokioIo::new(stream), TowerToHyperService::new(service))
        .into_owned();
    if let Err(error) = watcher.watch(connection).await {
        tracing::debug!(%error, %peer, "connection ended with an error");
    }
}

#[derive(Debug)]
struct Seconds(u64);

impl Seconds {
    const LONGEST: u64 = 300;

    fn parse(pairs: &[(String, String)]) -> Result<Self, String> {
        let Some((_, text)) = pairs.iter().find(|(name, _)| name == "seconds") else { return Ok(Self(10)) };
        match text.parse() {
            Ok(seconds @ 1..=Self::LONGEST) => Ok(Self(seconds)),
            _ => Err(format!("seconds: expected 1 to {}, found `{text}`\n", Self::LONGEST)),
        }
    }
}

/// `GET /debug/pprof/profile?seconds=N` (default 10, at most 300): `take` gives a gzipped pprof of
/// that many seconds, or says why not.
pub fn profile_route<F, Fut>(take: F) -> Router
where
    F: Fn(Duration) -> Fut + Clone + Send + Sync + 'static,
    Fut: Future<Output = Result<Vec<u8>, String>> + Send,
{
    let handler = move |Query(pairs): Query<Vec<(String, String)>>| {
        let take = take.clone();
        async move {
            match Seconds::parse(&pairs) {
                Err(words) => (StatusCode::BAD_REQUEST, words).into_response(),
                Ok(Seconds(seconds)) => profile_response(take(Duration::from_secs(seconds)).await),
            }
        }
    };
    Router::new().route("/debug/pprof/profile", get(handler))
}

fn profile_response(taken: Result<Vec<u8>, String>) -> Response {
    match taken {
        Err(words) => (StatusCode::SERVICE_UNAVAILABLE, words + "\n").into_response(),
        Ok(bytes) => {
            let headers = [
                (header::CONTENT_TYPE, "application/octet-stream"),
                (header::CONTENT_DISPOSITION, "attachment; filename=\"profile.pb.gz\""),
            ];
            (headers, bytes).into_response()
        }
    }
}
