//! What the sender asks of an HTTP client, which it does not know.

use std::error::Error;
use std::future::Future;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use tokio::time::Instant;

/// Sends one request to one receiver. It owns the URL, the credentials and the connection.
pub trait Transport: Send + Sync + 'static {
    /// POSTs the body with these headers beside its own, and gives up at the deadline. It must not
    /// compress the body again, and must not turn the POST into a GET on a redirect.
    fn post(
        &self,
        headers: HeaderMap,
        body: Bytes,
        deadline: Instant,
    ) -> impl Future<Output = Result<Answer, TransportError>> + Send;

    /// Asks for fresh credentials after a 401 or 403; true says that another try can make sense.
    fn refresh(&self) -> impl Future<Output = bool> + Send {
        async { false }
    }
}

/// What a receiver said.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// All headers; the sender reads `Retry-After` and those that end in `-Written`.
    pub headers: HeaderMap,
    /// The beginning of the body; 1 KiB of it is logged, so a transport need not read more.
    pub body: Bytes,
}

/// Why there was no answer. All of these are tried again.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TransportError {
    /// The deadline passed.
    #[error("no answer before the deadline")]
    Timeout,
    /// Anything else: name resolution, connection, TLS, a reset.
    #[error("no answer")]
    Failed(#[source] Box<dyn Error + Send + Sync>),
}
