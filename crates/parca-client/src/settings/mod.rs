pub(crate) mod bearer;
mod check;
mod shared_token;
mod target;

use std::path::PathBuf;
use std::time::Duration;
use std::{error, fmt};

use credentials::Secret;

pub(crate) use check::{Checked, check};
pub use shared_token::{BadToken, SharedToken};
pub(crate) use target::Target;

/// How to reach a Parca. Start from [`Settings::new`] and set what differs.
///
/// Nothing is checked before [`Client::new`](crate::Client::new), which reports every mistake at once.
#[derive(Clone)]
#[non_exhaustive]
pub struct Settings {
    /// `http://host:port` or `https://host:port`; with gRPC-Web, a path is put before every method.
    /// Default: `http://localhost:7070`.
    pub url: String,
    /// Default: gRPC-Web over HTTP/1.1, which passes every proxy.
    pub protocol: Protocol,
    /// Sent with every call. Names and values are checked; those the protocol needs are refused.
    pub headers: Vec<(String, String)>,
    /// Sent as `authorization: Bearer ...`. Default: none.
    pub token: Token,
    /// For `https://` only.
    pub tls: TlsSettings,
    /// How long a typed call may take, from the wait for a connection to the end of the body.
    /// Default: 10 s.
    pub timeout: Duration,
    /// Whether requests are compressed with gzip; Parca then compresses its answers too. Default: no.
    pub gzip: bool,
    /// The largest message that is sent or accepted, in bytes, counted before compression.
    /// Default: 64 MiB, which is Parca's own limit.
    pub max_message_bytes: usize,
    /// How many connections may be open. Default: 64.
    /// HTTP/1.1 uses one per call in flight, HTTP/2 opens a second above 200 calls in flight.
    pub max_connections: usize,
    /// Default: `parca-client/<version>`.
    pub user_agent: String,
}

/// What is spoken on the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Protocol {
    /// gRPC-Web in its binary form: any path prefix, any proxy.
    GrpcWeb(HttpVersion),
    /// Native gRPC over HTTP/2; `http://` means HTTP/2 from the first byte (h2c).
    Grpc,
}

/// The HTTP version that carries gRPC-Web.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HttpVersion {
    /// One call at a time on each connection, as browsers' and the original load tool's.
    Http1,
    /// Many calls on one connection.
    Http2,
}

impl Protocol {
    pub(crate) fn is_http2(self) -> bool {
        self != Self::GrpcWeb(HttpVersion::Http1)
    }
}

/// A bearer token, which no message or debug output shows.
#[derive(Clone, Default)]
pub enum Token {
    /// No `authorization` header.
    #[default]
    None,
    /// A token that does not change.
    Value(Secret),
    /// A file that holds the token between optional white space. It is read again once a second at
    /// most, when a call needs it, and after the server answered `unauthenticated`.
    File(PathBuf),
    /// A token that somebody else keeps fresh.
    Shared(SharedToken),
}

/// How a `https://` server proves itself, and how we do. Files are read again when they change, for new connections.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TlsSettings {
    /// PEM file of the only authorities to trust. Default: those of the system.
    pub ca_file: Option<PathBuf>,
    /// The authorities as text, in place of a file.
    pub ca: Option<String>,
    /// PEM file of our certificate chain, leaf first, with a key.
    pub cert_file: Option<PathBuf>,
    /// The certificate chain as text, in place of a file.
    pub cert: Option<String>,
    /// PEM file of our private key, with a certificate.
    pub key_file: Option<PathBuf>,
    /// The private key as text, in place of a file.
    pub key: Option<Secret>,
    /// The name to ask for and to verify instead of the URL's host.
    pub server_name: Option<String>,
    /// Accept any certificate. Anybody in between can then read the token.
    pub insecure_skip_verify: bool,
    /// The lowest version to speak. Default: 1.2.
    pub min_version: Option<TlsVersion>,
    /// The highest version to speak. Default: 1.3.
    pub max_version: Option<TlsVersion>,
}

/// The versions of TLS that are spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TlsVersion {
    /// TLS 1.2.
    Tls12,
    /// TLS 1.3.
    Tls13,
}

impl Settings {
    /// The defaults, for the server at `url`.
    pub fn new(url: impl Into<String>) -> Self {
        Self { url: url.into(), ..Self::default() }
    }

    /// Every mistake that can be told without reading a file: all but those in the token and in
    /// certificates. [`Client::new`](crate::Client::new) finds them too.
    pub fn validate(&self) -> Vec<Mistake> {
        check::without_files(self)
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            url: "http://localhost:7070".to_owned(),
            protocol: Protocol::GrpcWeb(HttpVersion::Http1),
            headers: Vec::new(),
            token: Token::None,
            tls: TlsSettings::default(),
            timeout: Duration::from_secs(10),
            gzip: false,
            max_message_bytes: 64 << 20,
            max_connections: 64,
            user_agent: concat!("parca-client/", env!("CARGO_PKG_VERSION")).to_owned(),
        }
    }
}

/// Shows neither the token nor the values of headers; the URL's credentials neither, though they are refused.
impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let headers: Vec<&str> = self.headers.iter().map(|(name, _)| name.as_str()).collect();
        f.debug_struct("Settings")
            .field("url", &target::without_credentials(&self.url))
            .field("protocol", &self.protocol)
            .field("headers", &headers)
            .field("token", &self.token)
            .field("tls", &self.tls)
            .field("timeout", &self.timeout)
            .field("gzip", &self.gzip)
            .field("max_message_bytes", &self.max_message_bytes)
            .field("max_connections", &self.max_connections)
            .field("user_agent", &self.user_agent)
            .finish()
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("None"),
            Self::Value(_) => f.write_str("Value(..)"),
            Self::File(path) => f.debug_tuple("File").field(path).finish(),
            Self::Shared(_) => f.write_str("Shared(..)"),
        }
    }
}

/// Everything that is wrong with a [`Settings`].
#[derive(Debug)]
pub struct SettingsError {
    mistakes: Vec<Mistake>,
}

/// One thing that is wrong with a [`Settings`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Mistake {
    /// The field, such as `url` or `tls.ca_file`.
    pub field: &'static str,
    /// What was expected, then what was found.
    pub message: String,
}

impl SettingsError {
    pub(crate) fn of(mistakes: Vec<Mistake>) -> Result<(), Self> {
        if mistakes.is_empty() { Ok(()) } else { Err(Self { mistakes }) }
    }

    /// The mistakes in the order of the fields; there is at least one.
    pub fn mistakes(&self) -> &[Mistake] {
        &self.mistakes
    }
}

impl Mistake {
    pub(crate) fn new(field: &'static str, message: impl Into<String>) -> Self {
        Self { field, message: message.into() }
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.message)
    }
}

impl fmt::Display for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, mistake) in self.mistakes.iter().enumerate() {
            write!(f, "{}{mistake}", if at == 0 { "" } else { "; " })?;
        }
        Ok(())
    }
}

impl error::Error for SettingsError {}
