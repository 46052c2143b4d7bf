//! Requests of buckets by the HTTP client that everything else here uses: `object_store` comes without one.

use std::time::{Duration, Instant};

use ::http::Request;
use http_body_util::BodyExt;
use http_config::{HttpClientConfig, Limits, SendError};
use object_store::ClientOptions;
use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse, HttpService,
};

/// How long one request may take: parts have some megabytes.
const TIME: Duration = Duration::from_secs(300);
/// What is read of a bucket are lists and small files; a copy of a part is never larger than a part.
const MOST_BYTES: usize = 64 << 20;

/// Makes the client that requests go through: proxies as the environment says, TLS by the system's roots.
#[derive(Debug)]
pub(super) struct Connector;

impl HttpConnector for Connector {
    fn connect(&self, _: &ClientOptions) -> object_store::Result<HttpClient> {
        let mut config = HttpClientConfig::default();
        config.proxy_from_environment = true;
        let mut limits = Limits::default();
        limits.answer_bytes = MOST_BYTES;
        let client = http_config::Client::with_limits(&config, &ops::environment().collect(), limits);
        let client = client
            .map_err(|error| object_store::Error::Generic { store: "HTTP", source: Box::new(error) })?;
        Ok(HttpClient::new(Service(client)))
    }
}

#[derive(Debug)]
struct Service(http_config::Client);

#[tonic::async_trait]
impl HttpService for Service {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let (head, body) = request.into_parts();
        let body = body.collect().await?.to_bytes();
        let sent = self.0.send(Request::from_parts(head, body), Instant::now() + TIME).await;
        let answer = sent.map_err(|error| HttpError::new(kind(&error), error))?;
        Ok(answer.map(Into::into))
    }
}

/// What tells `object_store` whether a request may be sent again.
fn kind(error: &SendError) -> HttpErrorKind {
    match error {
        SendError::Deadline => HttpErrorKind::Timeout,
        error if error.nothing_sent() => HttpErrorKind::Connect,
        SendError::Exchange { .. } => HttpErrorKind::Interrupted,
        _ => HttpErrorKind::Unknown,
    }
}
