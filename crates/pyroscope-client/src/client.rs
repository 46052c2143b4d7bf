use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicI64;
use std::time::{Duration, Instant};

use bytes::Bytes;
use prost::Message;
use url::Url;

use crate::method::{self, Method};
use crate::settings::{self, Access, Encoding, Settings, SettingsError};
use crate::transport::{Incoming, Outgoing, Transport, read_answer};
use crate::{Error, transcode};

/// A Pyroscope. Clones share connections.
///
/// Connections live on the tokio runtime of the call that opened them and end with it.
#[derive(Clone)]
pub struct Client {
    inner: Arc<Inner>,
}

struct Inner {
    transport: Transport,
    base: Url,
    encoding: Encoding,
    timeout: Duration,
    /// The longest range that the server is known to take, in milliseconds.
    longest: AtomicI64,
}

/// An answer as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RawAnswer {
    /// The HTTP status; nothing with an access command, which keeps it to itself.
    pub status: Option<u16>,
    /// The content type, if the answer has one.
    pub content_type: Option<String>,
    /// The body, decompressed.
    pub body: Bytes,
}

impl Client {
    /// Checks the settings and reads the files they name; connects with the first call.
    pub fn new(settings: &Settings) -> Result<Self, SettingsError> {
        let base = settings::base(&settings.url)?;
        let encoding = match settings.access {
            Access::Command(_) => Encoding::Json,
            Access::Http { .. } => settings.encoding,
        };
        let inner = Inner {
            transport: Transport::new(settings)?,
            base,
            encoding,
            timeout: settings.timeout,
            longest: AtomicI64::new(i64::MAX),
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// The server's address as it was set, without user, password and a slash at the end.
    pub fn url(&self) -> String {
        settings::shown(&self.inner.base)
    }

    /// Sends a JSON body as it is and gives back what comes, whatever the status: for looking at a
    /// server's own answers. `method` is one of the querier's, or `package.Service/Method` in full.
    ///
    /// # Errors
    /// If there is no such form of method, and if there is no answer.
    pub async fn raw(&self, method: &str, body: impl Into<Bytes>) -> Result<RawAnswer, Error> {
        let path = method::path_of(method)?;
        let Incoming { status, content_type, body } =
            self.exchange(&path, Encoding::Json, body.into()).await?;
        Ok(RawAnswer { status, content_type, body })
    }

    /// Calls a method.
    pub(crate) async fn call<Q, A>(&self, method: Method, request: &Q) -> Result<A, Error>
    where
        Q: Message,
        A: Message + Default,
    {
        let bytes = self.call_bytes(method, request).await?;
        A::decode(bytes).map_err(|error| {
            let error = Error::answer("expected a protobuf message, found something else").with_source(error);
            self.of_call(error, &method.path())
        })
    }

    /// Calls a method and gives back the answer's protobuf.
    pub(crate) async fn call_bytes(&self, method: Method, request: &impl Message) -> Result<Bytes, Error> {
        let path = method.path();
        self.ask(method, &path, request.encode_to_vec()).await.map_err(|error| self.of_call(error, &path))
    }

    async fn ask(&self, method: Method, path: &str, message: Vec<u8>) -> Result<Bytes, Error> {
        let encoding = self.inner.encoding;
        let body = match encoding {
            Encoding::Proto => message,
            Encoding::Json => transcode::request_json(method, &message)?,
        };
        let incoming = self.exchange(path, encoding, body.into()).await?;
        let body = read_answer(incoming, encoding)?;
        match encoding {
            Encoding::Proto => Ok(body),
            Encoding::Json => transcode::answer_proto(method, &body).map(Bytes::from),
        }
    }

    async fn exchange(&self, path: &str, encoding: Encoding, body: Bytes) -> Result<Incoming, Error> {
        let url = settings::join(&self.inner.base, path);
        let timeout = self.inner.timeout;
        let outgoing = Outgoing { url, encoding, body, timeout, deadline: Instant::now() + timeout };
        self.inner.transport.exchange(outgoing).await.map_err(|error| self.of_call(error, path))
    }

    pub(crate) fn of_call(&self, error: Error, path: &str) -> Error {
        error.of_call(path, &settings::shown(&settings::join(&self.inner.base, path)))
    }

    pub(crate) fn longest(&self) -> &AtomicI64 {
        &self.inner.longest
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("url", &self.url()).finish_non_exhaustive()
    }
}
