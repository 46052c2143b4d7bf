//! HTTP/1.1 and HTTP/2 (prior knowledge) on one port, until told to stop. Clients that are slow, or gone without a word,
//! hold nothing for ever.

mod activity;
mod answer;
mod connection;
mod exchange;
mod options;
mod question;
mod refusal;
mod room;
#[cfg(test)]
mod tests;
mod watched;

use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::seldom::Seldom;
use connection::Connection;
use exchange::Held;
pub use options::ServeOptions;
pub use refusal::BodyRefused;
pub use room::Room;

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

/// Serves until `shutdown`, then lets answers under way finish for as long as the options say.
pub fn serve(
    listener: TcpListener,
    router: Router,
    shutdown: CancellationToken,
    options: ServeOptions,
) -> impl Future<Output = ()> + Send {
    // Boxed, so that every crate that serves is not compiled with a whole server of its own.
    let serving: Pin<Box<dyn Future<Output = ()> + Send>> =
        Box::pin(serve_over(listener, router, shutdown, options, |stream| std::future::ready(Ok(stream))));
    serving
}

/// As [`serve`], over what is made of each connection, such as TLS.
pub async fn serve_over<I, F, Fut>(
    listener: TcpListener,
    router: Router,
    shutdown: CancellationToken,
    options: ServeOptions,
    over: F,
) where
    I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    F: Fn(TcpStream) -> Fut,
    Fut: Future<Output = std::io::Result<I>> + Send + 'static,
{
    let (connections, held) = (TaskTracker::new(), Arc::new(Held::default()));
    let refused = Seldom::new(Duration::from_secs(10));
    loop {
        let (stream, peer) = tokio::select! {
            () = shutdown.cancelled() => break,
            accepted = listener.accept() => match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    // Out of file descriptors, most likely: wait for some to come free.
                    if let Some(more) = refused.may_say() {
                        tracing::warn!(%error, tries = more + 1, "cannot accept a connection");
                    }
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                }
            },
        };
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "cannot set TCP_NODELAY");
        }
        let (router, shutdown, held) = (router.clone(), shutdown.clone(), Arc::clone(&held));
        let all = connections.clone();
        let connection = Connection { peer, router, options, shutdown, held, connections: all };
        connections.spawn(opened(over(stream), connection));
    }
    drop(listener);
    connections.close();
    if tokio::time::timeout(options.grace, connections.wait()).await.is_err() {
        tracing::warn!("answers under way did not finish in time and were cut off");
    }
}

async fn opened<I: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
    opening: impl Future<Output = std::io::Result<I>>,
    connection: Connection,
) {
    match opening.await {
        Ok(stream) => connection.serve(stream).await,
        Err(error) => tracing::debug!(%error, peer = %connection.peer, "a connection did not come about"),
    }
}
