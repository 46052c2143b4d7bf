use std::error::Error as StdError;
use std::fmt;

use crate::Code;

type Source = Box<dyn StdError + Send + Sync>;

/// The most bytes of a server's words that are kept.
const MESSAGE_BYTES: usize = 4096;

/// A call that failed: what the server answered, or why it could not be asked.
///
/// Displays as method, code and message; the cause, if another layer has one, is in `source()`, and
/// advice in [`hint`](Self::hint).
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    code: Code,
    message: String,
    http_status: Option<u16>,
    method: Option<String>,
    url: Option<String>,
    hint: Option<&'static str>,
    source: Option<Source>,
}

/// What went wrong, as far as it decides what to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// Refused here before anything was sent: an empty range, an id of the wrong form.
    Request,
    /// The server does not accept the request.
    Rejected,
    /// No or wrong credentials, or a tenant is missing.
    Auth,
    /// What answers is no Pyroscope: the URL is wrong, or something stands in front of the server.
    NotPyroscope,
    /// What this server cannot do.
    Unsupported,
    /// More than somebody's limit allows: the server's rates, or our bound on answers.
    Limit,
    /// No answer in time.
    Deadline,
    /// No answer.
    Unreachable,
    /// An answer that cannot be read.
    Answer,
    /// The server failed.
    Server,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, code: Code, message: impl Into<String>) -> Self {
        let message = capped(message.into(), MESSAGE_BYTES);
        Self(Box::new(Inner {
            kind,
            code,
            message,
            http_status: None,
            method: None,
            url: None,
            hint: None,
            source: None,
        }))
    }

    /// The caller's mistake, found before anything was sent.
    pub(crate) fn request(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Request, Code::InvalidArgument, message)
    }

    /// An answer that cannot be read.
    pub(crate) fn answer(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Answer, Code::Internal, message)
    }

    pub(crate) fn with_source(mut self, source: impl Into<Source>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    pub(crate) fn with_hint(mut self, hint: Option<&'static str>) -> Self {
        self.0.hint = self.0.hint.or(hint);
        self
    }

    pub(crate) fn with_status(mut self, status: Option<u16>) -> Self {
        self.0.http_status = status;
        self
    }

    pub(crate) fn of_call(mut self, method: &str, url: &str) -> Self {
        self.0.method.get_or_insert_with(|| method.to_owned());
        self.0.url.get_or_insert_with(|| url.to_owned());
        self
    }

    /// What went wrong in few words.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The server's code, or the one that Connect has for the same failure.
    pub fn code(&self) -> Code {
        self.0.code
    }

    /// The server's text as it came (at most 4 KiB), or ours where no Pyroscope answered.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The status of the HTTP answer; nothing without one, and with an access command.
    pub fn http_status(&self) -> Option<u16> {
        self.0.http_status
    }

    /// The method that was called, such as `querier.v1.QuerierService/Diff`.
    pub fn method(&self) -> Option<&str> {
        self.0.method.as_deref()
    }

    /// The URL that was asked, without user, password and query.
    pub fn url(&self) -> Option<&str> {
        self.0.url.as_deref()
    }

    /// Advice for the person at the keyboard, where the failure is a common one.
    pub fn hint(&self) -> Option<&'static str> {
        self.0.hint
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(method) = &self.0.method {
            write!(f, "`{method}`: ")?;
        }
        write!(f, "{}", self.0.code)?;
        match self.0.message.as_str() {
            "" => Ok(()),
            message => write!(f, ": {message}"),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { kind, code, message, http_status, method, url, hint, source } = &*self.0;
        f.debug_struct("Error")
            .field("kind", kind)
            .field("code", code)
            .field("message", message)
            .field("http_status", http_status)
            .field("method", method)
            .field("url", url)
            .field("hint", hint)
            .field("source", source)
            .finish()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as &(dyn StdError + 'static))
    }
}

/// A text of at most so many bytes, cut between characters.
pub(crate) fn capped(mut text: String, bytes: usize) -> String {
    if text.len() > bytes {
        text.truncate(text.floor_char_boundary(bytes));
        text.push_str("...");
    }
    text
}
