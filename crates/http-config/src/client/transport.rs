//! Connections kept and reused, and replaced when certificates change.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use credentials::Renewed;
use http::header::PROXY_AUTHORIZATION;
use http::{Request, Response, Uri};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper_util::client::legacy::Client as Pool;
use hyper_util::rt::{TokioExecutor, TokioTimer};

use super::connect::Connector;
use super::proxies::Proxies;
use super::{redirect, tls};
use crate::config::TlsConfig;
use crate::error::shown;
use crate::{ConfigError, SendError};

/// How long an idle connection is kept: Prometheus' value.
const IDLE_TIMEOUT: Duration = Duration::from_secs(5 * 60);
/// Prometheus pings a silent HTTP/2 connection after this.
const PING_INTERVAL: Duration = Duration::from_secs(60);
const PING_TIMEOUT: Duration = Duration::from_secs(15);

type HttpPool = Pool<Connector, Full<Bytes>>;

/// Sends single requests: no credentials but the proxy's, no redirects.
pub(super) struct Transport {
    proxies: Arc<Proxies>,
    pool: Renewed<HttpPool>,
}

impl Transport {
    /// `block` is the key of the TLS settings.
    pub(super) fn new(
        block: &'static str,
        tls: &TlsConfig,
        proxies: Proxies,
        http2: bool,
    ) -> Result<Self, ConfigError> {
        let proxies = Arc::new(proxies);
        let server_name = tls::server_name(tls);
        let pool = Renewed::new(tls::settings(tls), {
            let proxies = Arc::clone(&proxies);
            move |config| pool(Connector::new(config, server_name.clone(), Arc::clone(&proxies), http2))
        });
        Ok(Self { proxies, pool: pool.map_err(|problems| tls::error(block, problems))? })
    }

    /// Sends one request and reads the whole answer.
    pub(super) async fn send(
        &self,
        request: Request<Full<Bytes>>,
        limit: usize,
    ) -> Result<Response<Bytes>, SendError> {
        let (uri, answer) = self.exchange(request).await?;
        collect(&uri, answer, limit).await
    }

    /// Sends one request; who answers is named without user and password. The body is not read yet.
    pub(super) async fn exchange(
        &self,
        mut request: Request<Full<Bytes>>,
    ) -> Result<(Uri, Response<Incoming>), SendError> {
        let uri = redirect::without_user(std::mem::take(request.uri_mut()));
        if uri.host().is_none() || !matches!(uri.scheme_str(), Some("http" | "https")) {
            return Err(SendError::Url { url: shown(&uri) });
        }
        if let Some(value) = self.proxies.authorization(&uri) {
            request.headers_mut().insert(PROXY_AUTHORIZATION, value);
        }
        *request.uri_mut() = uri.clone();
        let answer = self.pool.current().request(request).await.map_err(|error| failure(&uri, error))?;
        Ok((uri, answer))
    }
}

fn pool(connector: Connector) -> HttpPool {
    let mut builder = Pool::builder(TokioExecutor::new());
    builder
        .timer(TokioTimer::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(IDLE_TIMEOUT)
        .http2_keep_alive_interval(PING_INTERVAL)
        .http2_keep_alive_timeout(PING_TIMEOUT);
    builder.build(connector)
}

/// Reads the whole answer, if it is not too long.
pub(super) async fn collect(
    uri: &Uri,
    answer: Response<Incoming>,
    limit: usize,
) -> Result<Response<Bytes>, SendError> {
    let (parts, body) = answer.into_parts();
    match Limited::new(body, limit).collect().await {
        Ok(body) => Ok(Response::from_parts(parts, body.to_bytes())),
        Err(error) if error.is::<LengthLimitError>() => Err(SendError::AnswerTooLarge { limit }),
        Err(source) => Err(SendError::Exchange { url: shown(uri), source }),
    }
}

/// Reads the beginning of an answer, of at most so many bytes.
///
/// Who wants only the beginning of the words wants the status above all: a body that breaks off ends
/// there. A connection whose answer is not read to its end is closed, not used again.
pub(super) async fn collect_start(answer: Response<Incoming>, limit: usize) -> Response<Bytes> {
    let (parts, mut body) = answer.into_parts();
    let mut start = Vec::new();
    while start.len() < limit {
        let Some(Ok(frame)) = body.frame().await else { break };
        if let Ok(data) = frame.into_data() {
            start.extend_from_slice(&data[..data.len().min(limit - start.len())]);
        }
    }
    Response::from_parts(parts, start.into())
}

fn failure(uri: &Uri, error: hyper_util::client::legacy::Error) -> SendError {
    let (url, connect) = (shown(uri), error.is_connect());
    let source = error.into();
    if connect { SendError::Connect { url, source } } else { SendError::Exchange { url, source } }
}
