use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;

use crate::settings::{self, Settings, SettingsError};
use crate::transport::{self, Keep, Message, Outgoing, Progress, Transport};
use crate::{
    Agent, AgentsRequest, Call, Code, Error, HasProfileDataRequest, HealthRequest, LabelsRequest, Prepared,
    ProfileTypesRequest, QueryAnswer, QueryRangeRequest, QueryRequest, Series, ServingStatus, Target,
    TargetsRequest, Timed, ValuesRequest, WriteArrowRequest, WriteRawRequest,
};

/// A Parca, and the connections to it. Clones share the connections.
///
/// Connections live on the tokio runtime of the call that opened them and end with it, so a client
/// belongs to one runtime: with a runtime per thread, make a client per thread.
#[derive(Clone)]
pub struct Client {
    inner: Arc<Inner>,
}

struct Inner {
    transport: Transport,
    url: Arc<str>,
    timeout: Duration,
    gzip: bool,
    max_message_bytes: usize,
}

type Timing<'a> = Pin<Box<dyn Future<Output = Timed> + Send + 'a>>;

impl Client {
    /// Checks the settings and reads the files they name; connects with the first call.
    ///
    /// # Errors
    /// Every mistake in the settings at once.
    pub fn new(settings: &Settings) -> Result<Self, SettingsError> {
        let checked = settings::check(settings)?;
        let inner = Inner {
            url: Arc::clone(&checked.target.url),
            timeout: settings.timeout,
            gzip: settings.gzip,
            max_message_bytes: settings.max_message_bytes,
            transport: Transport::new(settings, checked),
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// The server's address as it was set.
    pub fn url(&self) -> &str {
        &self.inner.url
    }

    /// The request's final form, with this client's compression.
    ///
    /// # Errors
    /// `invalid_argument` for what would end the server or poison its data, `resource_exhausted`
    /// above [`Settings::max_message_bytes`].
    pub fn prepare<C: Call>(&self, call: &C) -> Result<Prepared, Error> {
        self.prepared(call).map_err(|error| error.of_call(C::METHOD, &self.inner.url))
    }

    fn prepared<C: Call>(&self, call: &C) -> Result<Prepared, Error> {
        let message = call.encode()?;
        if message.len() > self.inner.max_message_bytes {
            return Err(transport::too_large(message.len(), self.inner.max_message_bytes));
        }
        let compressed = self.inner.gzip;
        let body = if compressed {
            let packed = transport::compress(&message).map_err(|error| {
                Error::new(Code::Internal, "the request cannot be compressed").with_source(error)
            })?;
            transport::framed(&packed, true)
        } else {
            transport::framed(&message, false)
        };
        Ok(Prepared { method: C::METHOD, body, compressed, headers: Vec::new() })
    }

    /// One call with its instants. Nothing is decoded before `done` is taken.
    ///
    /// The wait for a connection counts against the deadline; at the deadline the call ends as `deadline_exceeded`.
    pub fn timed<'a>(
        &'a self,
        prepared: &'a Prepared,
        deadline: Instant,
        keep: Keep,
    ) -> impl Future<Output = Timed> + Send + 'a {
        // Boxed, so that every crate that calls is not compiled with a whole client of its own.
        let call: Timing<'a> = Box::pin(async move {
            let begun = Instant::now();
            let mut progress = Progress::default();
            let Prepared { method, body, compressed, headers } = prepared;
            let call = Outgoing { method: *method, body, headers, compressed: *compressed, deadline, keep };
            let exchange = self.inner.transport.exchange(call, &mut progress);
            let ended = tokio::time::timeout_at(deadline.into(), exchange).await;
            let done = Instant::now();
            let result = match ended {
                Ok(result) => result.and_then(|message| self.plain(message)),
                Err(_) => {
                    Err(past_deadline(&progress, &self.inner.url, deadline.saturating_duration_since(begun)))
                }
            };
            Timed {
                sent: progress.sent.unwrap_or(begun),
                first_byte: progress.first_byte,
                done,
                bytes_in: progress.bytes_in,
                bytes_out: progress.bytes_out,
                result: result.map_err(|error| error.of_call(*method, &self.inner.url)),
            }
        });
        call
    }

    fn plain(&self, message: Option<Message>) -> Result<Option<Bytes>, Error> {
        match message {
            Some(Message { bytes, compressed: true }) => {
                transport::decompress(&bytes, self.inner.max_message_bytes).map(Some)
            }
            message => Ok(message.map(|message| message.bytes)),
        }
    }

    /// One call within the timeout of the settings. The methods below are this for each request.
    ///
    /// # Errors
    /// As [`prepare`](Self::prepare) and [`Call::decode`], whatever the server answers, and what keeps it from answering.
    pub async fn call<C: Call>(&self, call: &C) -> Result<C::Answer, Error> {
        let prepared = self.prepare(call)?;
        let deadline = Instant::now() + self.inner.timeout;
        let message = self.timed(&prepared, deadline, Keep::Message).await.result?;
        C::decode(message.unwrap_or_default()).map_err(|error| error.of_call(C::METHOD, &self.inner.url))
    }

    /// Values over time. An empty answer is an error for which [`Error::is_no_data`] holds.
    pub async fn query_range(&self, request: &QueryRangeRequest) -> Result<Vec<Series>, Error> {
        self.call(request).await
    }

    /// One profile as a report.
    pub async fn query(&self, request: &QueryRequest) -> Result<QueryAnswer, Error> {
        self.call(request).await
    }

    /// The profile types that the server has, sorted.
    pub async fn profile_types(&self, request: &ProfileTypesRequest) -> Result<Vec<pql::ProfileType>, Error> {
        self.call(request).await
    }

    /// The label names that the server has, sorted.
    pub async fn labels(&self, request: &LabelsRequest) -> Result<Vec<String>, Error> {
        self.call(request).await
    }

    /// The values of a label, sorted.
    pub async fn values(&self, request: &ValuesRequest) -> Result<Vec<String>, Error> {
        self.call(request).await
    }

    /// Whether the server has any profile. It scans its store: use [`health`](Self::health) for liveness.
    pub async fn has_profile_data(&self) -> Result<bool, Error> {
        self.call(&HasProfileDataRequest).await
    }

    /// Stores profiles; all of them or none. Writing them again counts them twice.
    pub async fn write_raw(&self, request: &WriteRawRequest) -> Result<(), Error> {
        self.call(request).await
    }

    /// Stores a batch of an agent's. Writing it again counts it twice.
    pub async fn write_arrow(&self, request: &WriteArrowRequest) -> Result<(), Error> {
        self.call(request).await
    }

    /// The targets that the server scrapes, sorted by job and address.
    pub async fn targets(&self, request: &TargetsRequest) -> Result<Vec<Target>, Error> {
        self.call(request).await
    }

    /// Who wrote raw profiles within the last minutes, sorted.
    pub async fn agents(&self) -> Result<Vec<Agent>, Error> {
        self.call(&AgentsRequest).await
    }

    /// gRPC's health check. The empty name asks for the server itself, the only one that Parca knows.
    pub async fn health(&self, service: &str) -> Result<ServingStatus, Error> {
        self.call(&HealthRequest { service: service.to_owned() }).await
    }
}

fn past_deadline(progress: &Progress, url: &str, allowed: Duration) -> Error {
    let text = match (progress.sent, progress.first_byte) {
        (None, _) => "no connection was free or could be opened to",
        (_, None) => "no answer came from",
        _ => "the answer was not complete from",
    };
    Error::new(Code::DeadlineExceeded, format!("{text} `{url}` within {}", words::span(allowed)))
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("url", &self.inner.url).finish_non_exhaustive()
    }
}
