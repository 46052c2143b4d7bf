//! What can go wrong. No message holds a credential; URLs are shown without user, password and query.

use std::io;
use std::path::PathBuf;

use http::{StatusCode, Uri};

use crate::Mistakes;

type Source = Box<dyn std::error::Error + Send + Sync>;

/// Why there is no client.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// Broken rules, all of them.
    #[error("{0}")]
    Invalid(Mistakes),
    /// Certificates or a key that cannot be used.
    #[error("`{key}`: cannot use the certificates or the key")]
    Tls {
        /// The key, with dots.
        key: String,
        /// What is wrong with them.
        #[source]
        source: Source,
    },
    /// A file that cannot be read.
    #[error("`{key}`: cannot read `{}`", path.display())]
    File {
        /// The key, with dots.
        key: String,
        /// The file.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
}

impl ConfigError {
    pub(crate) fn tls(key: &str, source: impl Into<Source>) -> Self {
        Self::Tls { key: key.to_owned(), source: source.into() }
    }
}

/// Why a request could not be authenticated.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CredentialError {
    /// A file that cannot be read, or is too large.
    #[error("`{key}`: cannot read `{}`", path.display())]
    File {
        /// The key, with dots.
        key: String,
        /// The file.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// A credential with a line end or control character in it.
    #[error("`{key}`: expected a value that fits into a header (what was found is not shown)")]
    NotAHeader {
        /// The key, with dots.
        key: String,
    },
    /// The token server could not be asked.
    #[error("cannot ask the token server `{url}`")]
    TokenServer {
        /// The server's URL, without query and user.
        url: String,
        /// The failure.
        #[source]
        source: Box<SendError>,
    },
    /// The token server said no.
    #[error("expected a token from `{url}`, found status {status}{}", code(.error))]
    TokenRefused {
        /// The server's URL, without query and user.
        url: String,
        /// The answer's status.
        status: StatusCode,
        /// The answer's `error` code, such as `invalid_client`; empty when it has none.
        error: String,
    },
    /// The token server's answer is no token.
    #[error("expected a token from `{url}`, found an answer without one")]
    NoToken {
        /// The server's URL, without query and user.
        url: String,
    },
    /// No keys for AWS.
    #[error("cannot sign for AWS: {reason}")]
    Aws {
        /// What was expected and found.
        reason: String,
    },
    /// The key for the JWT cannot be used.
    #[error("`oauth2.client_certificate_key`: expected an RSA key in PEM, found {found}")]
    Key {
        /// What it is instead.
        found: String,
    },
}

fn code(error: &str) -> String {
    if error.is_empty() { String::new() } else { format!(" and error `{error}`") }
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SendError {
    /// Time ran out: connecting, sending, waiting, reading or fetching a token.
    #[error("the deadline passed")]
    Deadline,
    /// No connection; nothing was sent.
    #[error("cannot connect to `{url}`")]
    Connect {
        /// The address, without query and user.
        url: String,
        /// The failure.
        #[source]
        source: Source,
    },
    /// The connection broke; the server may or may not have taken the request.
    #[error("the exchange with `{url}` broke off")]
    Exchange {
        /// The address, without query and user.
        url: String,
        /// The failure.
        #[source]
        source: Source,
    },
    /// The answer is longer than allowed.
    #[error("expected an answer of at most {limit} bytes, found a longer one")]
    AnswerTooLarge {
        /// The limit.
        limit: usize,
    },
    /// A redirect that cannot be followed without losing the body or the way.
    #[error("status {status} redirects to `{location}`, which is not followed: {reason}")]
    Redirect {
        /// The answer's status.
        status: StatusCode,
        /// The target, without query and user.
        location: String,
        /// Why not.
        reason: &'static str,
    },
    /// The request has no absolute http or https URL, or a header that cannot be sent.
    #[error("expected an absolute http or https URL, found `{url}`")]
    Url {
        /// The address, without query and user.
        url: String,
    },
    /// No credentials.
    #[error("cannot authenticate")]
    Credentials(#[from] CredentialError),
}

impl SendError {
    /// Whether the server surely has not seen the request.
    pub fn nothing_sent(&self) -> bool {
        matches!(self, Self::Connect { .. } | Self::Url { .. } | Self::Credentials(_))
    }
}

/// A URL as it may be shown: no user, no password, no query.
pub(crate) fn shown(uri: &Uri) -> String {
    let host = uri.host().unwrap_or_default();
    let port = uri.port().map(|port| format!(":{port}")).unwrap_or_default();
    match uri.scheme_str() {
        Some(scheme) => format!("{scheme}://{host}{port}{}", uri.path()),
        None => uri.path().to_owned(),
    }
}
