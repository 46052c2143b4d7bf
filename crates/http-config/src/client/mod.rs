//! The settings at work.

mod auth;
#[cfg(feature = "cloud")]
mod aws;
#[cfg(feature = "cloud")]
mod azure;
mod chunks;
#[cfg_attr(not(feature = "cloud"), path = "no_cloud.rs")]
mod cloud;
mod connect;
mod header_value;
mod headers;
mod jwt;
mod oauth2;
mod proxies;
mod redirect;
mod source;
mod tls;
mod token_answer;
mod transport;

use std::pin::Pin;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use http::{Request, Response, StatusCode, Uri};
use http_body_util::Full;
use hyper::body::Incoming;

use crate::error::shown;
use crate::{ConfigError, Environment, HttpClientConfig, SendError};
use auth::Auth;
pub use chunks::Chunks;
use headers::ExtraHeaders;
use redirect::Step;
use transport::Transport;

/// What a client allows others to choose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// The longest body of an answer, in bytes: 1 MiB.
    pub answer_bytes: usize,
    /// Whether a longer answer is cut there, instead of being an error. The rest is not read. No by default.
    pub cut_answers: bool,
    /// Redirects for one request: 10, as in Go.
    pub redirects: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { answer_bytes: 1 << 20, cut_answers: false, redirects: 10 }
    }
}

/// An HTTP client that does what an [`HttpClientConfig`] says. Clones share connections and tokens.
#[derive(Clone)]
pub struct Client {
    shared: Arc<Shared>,
}

struct Shared {
    transport: Transport,
    auth: Auth,
    headers: ExtraHeaders,
    follow_redirects: bool,
    limits: Limits,
}

type Sending<'a, T> = Pin<Box<dyn Future<Output = Result<Response<T>, SendError>> + Send + 'a>>;

impl Client {
    /// A client with the usual [`Limits`].
    ///
    /// Certificates and keys are read here and must be good; other files are read when needed.
    /// Nothing is sent.
    pub fn new(config: &HttpClientConfig, environment: &Environment) -> Result<Self, ConfigError> {
        Self::with_limits(config, environment, Limits::default())
    }

    /// A client with limits of its own.
    pub fn with_limits(
        config: &HttpClientConfig,
        environment: &Environment,
        limits: Limits,
    ) -> Result<Self, ConfigError> {
        let mistakes = config.validate();
        if !mistakes.is_empty() {
            return Err(ConfigError::Invalid(mistakes.into()));
        }
        let tls = config.tls_config.clone().unwrap_or_default();
        let proxies = proxies::Proxies::new(&config.proxy_keys(), environment)?;
        let http2 = config.enable_http2.unwrap_or(true);
        let shared = Shared {
            transport: Transport::new("tls_config", &tls, proxies, http2)?,
            auth: Auth::new(config, environment)?,
            headers: ExtraHeaders::new(config),
            follow_redirects: config.follow_redirects,
            limits,
        };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// Sends a request and reads the whole answer, whatever its status.
    ///
    /// Files are read again, credentials added, redirects followed. After a 401 a fetched token is
    /// fetched anew and the request repeated, once (for AWS after a 403 too). A method with a body is repeated on 307 and 308
    /// only; 301, 302 and 303 would turn it into GET and are an error instead.
    pub fn send(
        &self,
        request: Request<Bytes>,
        deadline: Instant,
    ) -> impl Future<Output = Result<Response<Bytes>, SendError>> + Send + '_ {
        // Boxed, so that every crate that sends is not compiled with a whole HTTP client of its own.
        let sent: Sending<'_, Bytes> = Box::pin(within(deadline, self.shared.send(request)));
        sent
    }

    /// Sends a request as [`Client::send`] does, and gives the answer when it begins: its body, which may have no end,
    /// is read in chunks.
    ///
    /// The deadline is that of the answer's head.
    pub fn open(
        &self,
        request: Request<Bytes>,
        deadline: Instant,
    ) -> impl Future<Output = Result<Response<Chunks>, SendError>> + Send + '_ {
        let opened: Sending<'_, Chunks> = Box::pin(within(deadline, async move {
            let (uri, answer) = self.shared.exchange(request).await?;
            Ok(answer.map(|body| Chunks::new(&uri, body)))
        }));
        opened
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("limits", &self.shared.limits).finish_non_exhaustive()
    }
}

async fn within<T>(
    deadline: Instant,
    work: impl Future<Output = Result<T, SendError>>,
) -> Result<T, SendError> {
    match tokio::time::timeout_at(deadline.into(), work).await {
        Ok(outcome) => outcome,
        Err(_) => Err(SendError::Deadline),
    }
}

impl Shared {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, SendError> {
        let (uri, answer) = self.exchange(request).await?;
        match self.limits.cut_answers {
            true => Ok(transport::collect_start(answer, self.limits.answer_bytes).await),
            false => transport::collect(&uri, answer, self.limits.answer_bytes).await,
        }
    }

    /// The answer, whose body is not read yet, and who gives it.
    async fn exchange(&self, request: Request<Bytes>) -> Result<(Uri, Response<Incoming>), SendError> {
        let (uri, answer) = self.follow(&request).await?;
        if self.auth.forget(answer.status()).await {
            self.pass_over(answer).await;
            return self.follow(&request).await;
        }
        Ok((uri, answer))
    }

    /// One request with its redirects.
    async fn follow(&self, request: &Request<Bytes>) -> Result<(Uri, Response<Incoming>), SendError> {
        let origin = request.uri();
        let mut uri = origin.clone();
        let mut trusted = true;
        let mut status = StatusCode::FOUND;
        for _ in 0..=self.limits.redirects {
            // Once away, always away: a later hop may have been chosen by a stranger.
            trusted = trusted && redirect::keeps_credentials(origin, &uri);
            let hop = self.prepare(request, uri.clone(), trusted).await?;
            let (from, answer) = self.transport.exchange(hop).await?;
            if !self.follow_redirects {
                return Ok((from, answer));
            }
            status = answer.status();
            match redirect::step(request.method(), &uri, &answer)? {
                Step::Done => return Ok((from, answer)),
                Step::Follow(next) => uri = next,
            }
            self.pass_over(answer).await;
        }
        Err(SendError::Redirect { status, location: shown(&uri), reason: "there were too many before it" })
    }

    /// Reads an answer that nobody wants, so that its connection can be used again; one that is too long for that is
    /// left, and its connection with it.
    async fn pass_over(&self, answer: Response<Incoming>) {
        drop(transport::collect_start(answer, self.limits.answer_bytes).await);
    }

    async fn prepare(
        &self,
        request: &Request<Bytes>,
        uri: Uri,
        trusted: bool,
    ) -> Result<Request<Full<Bytes>>, SendError> {
        let mut hop = Request::new(Full::new(request.body().clone()));
        *hop.method_mut() = request.method().clone();
        *hop.headers_mut() = request.headers().clone();
        if trusted {
            header_value::from_url(&uri, hop.headers_mut());
            self.auth.apply(hop.headers_mut()).await?;
            self.headers.apply(hop.headers_mut()).await?;
        } else {
            headers::remove_credentials(hop.headers_mut());
        }
        *hop.uri_mut() = redirect::without_user(uri);
        if trusted {
            self.auth.sign(&mut hop, request.body()).await?;
        }
        Ok(hop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_can_be_sent_from_any_thread() {
        fn is_send<T: Send>(_: impl FnOnce(&'static Client, Request<Bytes>) -> T) {}
        is_send(|client, request| client.send(request, Instant::now()));
    }
}
