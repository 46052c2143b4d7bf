//! Calls over hyper's connections: what is timed and what is typed go the same way.

mod answer;
mod connect;
mod credential;
mod failure;
mod frame;
mod gzip;
mod http1;
mod http2;
mod request;
mod status;
mod tls;

use std::time::Instant;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::client::conn;

use crate::settings::{Checked, Protocol, Settings};
use crate::{Code, Error, Method};

pub(crate) use credential::Credential;
pub use frame::Keep;
pub(crate) use frame::{Message, framed, too_large};
pub(crate) use gzip::{compress, decompress};
pub(crate) use tls::Tls;

use answer::Answer;
use connect::Connector;
use request::Requests;

type Body = Full<Bytes>;

/// The way to one server: its connections, and what every request to it says.
pub(crate) struct Transport {
    requests: Requests,
    connector: Connector,
    pool: Pool,
    credential: Credential,
    max_message_bytes: usize,
    content_type: &'static str,
}

enum Pool {
    Http1(http1::Pool),
    Http2(http2::Pool),
}

/// How far a call came. It outlives the call's future, so it tells what happened up to a deadline.
#[derive(Default)]
pub(crate) struct Progress {
    /// When the request was first handed to a connection.
    pub(crate) sent: Option<Instant>,
    /// When the answer's head was there.
    pub(crate) first_byte: Option<Instant>,
    /// Bytes of the answer's body as they came, with frame prefixes.
    pub(crate) bytes_in: u64,
    /// Bytes of the request's body.
    pub(crate) bytes_out: u64,
}

/// A request that can be sent again.
#[derive(Clone, Copy)]
pub(crate) struct Outgoing<'a> {
    pub(crate) method: Method,
    pub(crate) body: &'a Bytes,
    /// Headers of this call alone.
    pub(crate) headers: &'a [(HeaderName, HeaderValue)],
    /// Whether the message in the body is compressed.
    pub(crate) compressed: bool,
    pub(crate) deadline: Instant,
    pub(crate) keep: Keep,
}

/// A connection for the length of a call.
trait Lease {
    /// Whether the connection carried a call before, so the server may have closed it meanwhile.
    fn is_reused(&self) -> bool;
    fn send(
        &mut self,
        request: Request<Body>,
    ) -> impl Future<Output = Result<Response<Incoming>, SendError>> + Send;
    /// The head of an answer came.
    fn answered(&mut self);
    /// The connection is over, even if its own task has not noticed yet.
    fn retire(&self) {}
    /// The whole answer was read: others may use the connection. Dropping the lease means the opposite.
    fn finish(self);
}

type SendError = conn::TrySendError<Request<Body>>;

impl Transport {
    pub(crate) fn new(settings: &Settings, checked: Checked) -> Self {
        let Checked { target, tls, credential, headers, user_agent } = checked;
        let limit = settings.max_connections;
        let pool = if settings.protocol.is_http2() {
            Pool::Http2(http2::Pool::new(limit))
        } else {
            Pool::Http1(http1::Pool::new(limit))
        };
        Self {
            connector: Connector::new(&target, tls),
            content_type: match settings.protocol {
                Protocol::Grpc => "application/grpc",
                Protocol::GrpcWeb(_) => "application/grpc-web",
            },
            requests: Requests::new(target, settings.protocol, &headers, user_agent),
            pool,
            credential,
            max_message_bytes: settings.max_message_bytes,
        }
    }

    /// Sends the request and reads the answer. The caller bounds the time and drops the future at the deadline.
    pub(crate) async fn exchange(
        &self,
        call: Outgoing<'_>,
        progress: &mut Progress,
    ) -> Result<Option<Message>, Error> {
        let result = match &self.pool {
            Pool::Http1(pool) => self.over_http1(pool, call, progress).await,
            Pool::Http2(pool) => self.over_http2(pool, call, progress).await,
        };
        if result.as_ref().is_err_and(|error| error.code() == Code::Unauthenticated) {
            self.credential.was_refused();
        }
        result
    }

    async fn over_http1(
        &self,
        pool: &http1::Pool,
        call: Outgoing<'_>,
        progress: &mut Progress,
    ) -> Result<Option<Message>, Error> {
        let slot = pool.slot().await;
        match self.attempt(pool.checkout(slot, &self.connector).await?, call, progress).await {
            Ok(message) => message,
            Err(Stale) => {
                let slot = pool.slot().await;
                let lease = pool.fresh(slot, &self.connector).await?;
                Box::pin(self.last_attempt(lease, call, progress)).await
            }
        }
    }

    async fn over_http2(
        &self,
        pool: &http2::Pool,
        call: Outgoing<'_>,
        progress: &mut Progress,
    ) -> Result<Option<Message>, Error> {
        match self.attempt(pool.checkout(&self.connector).await?, call, progress).await {
            Ok(message) => message,
            Err(Stale) => {
                let lease = pool.checkout(&self.connector).await?;
                Box::pin(self.last_attempt(lease, call, progress)).await
            }
        }
    }

    /// A call on a connection that may have been closed since its last call.
    async fn attempt(
        &self,
        mut lease: impl Lease,
        call: Outgoing<'_>,
        progress: &mut Progress,
    ) -> Result<Result<Option<Message>, Error>, Stale> {
        match self.send(&mut lease, call, progress).await {
            Ok(response) => Ok(self.receive(lease, response, call, progress).await),
            Err(error) if lease.is_reused() && failure::may_repeat(&error, call.method) => {
                lease.retire();
                Err(Stale)
            }
            Err(error) => Ok(Err(self.unsent(&lease, error))),
        }
    }

    async fn last_attempt(
        &self,
        mut lease: impl Lease,
        call: Outgoing<'_>,
        progress: &mut Progress,
    ) -> Result<Option<Message>, Error> {
        match self.send(&mut lease, call, progress).await {
            Ok(response) => self.receive(lease, response, call, progress).await,
            Err(error) => Err(self.unsent(&lease, error)),
        }
    }

    async fn send(
        &self,
        lease: &mut impl Lease,
        call: Outgoing<'_>,
        progress: &mut Progress,
    ) -> Result<Response<Incoming>, SendError> {
        let now = Instant::now();
        let authorization = self.credential.header(now).await;
        let request = self.requests.build(call, authorization, now);
        progress.sent.get_or_insert(now);
        progress.bytes_out = call.body.len() as u64;
        let response = lease.send(request).await?;
        progress.first_byte = Some(Instant::now());
        lease.answered();
        Ok(response)
    }

    async fn receive(
        &self,
        lease: impl Lease,
        response: Response<Incoming>,
        call: Outgoing<'_>,
        progress: &mut Progress,
    ) -> Result<Option<Message>, Error> {
        let mut answer = Answer::new(response, call.keep, self.max_message_bytes);
        let result = answer.read(self.content_type, &mut progress.bytes_in).await;
        if answer.is_complete() {
            lease.finish();
        }
        result.map_err(|unread| match unread {
            answer::Unread::Said(error) => error,
            answer::Unread::Broken(error) => self.failed(error),
        })
    }

    /// A connection that never carried an answer may be to something that is no Parca.
    fn unsent(&self, lease: &impl Lease, error: SendError) -> Error {
        let error = self.failed(error.into_error());
        let is_odd = matches!(self.pool, Pool::Http2(_)) && self.connector.is_plain() && !lease.is_reused();
        if is_odd { error.with_hint(failure::NOT_PLAIN_HTTP2) } else { error }
    }

    fn failed(&self, error: hyper::Error) -> Error {
        failure::of_hyper(error, self.connector.is_plain())
    }
}

/// The connection had been closed before the request could be answered, and the request may be sent again.
struct Stale;
