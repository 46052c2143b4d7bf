//! What an answer, or none, says of whether profiles were stored.

use parca_client::{Code, Timed};
use pyroscope_client::{Code as PyroscopeCode, Error as PyroscopeError};

/// What became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stored {
    /// All of it was stored.
    Yes,
    /// None of it, and it may work later.
    Later,
    /// None of it, and somebody has to change something first: credentials, an address.
    WhenMended,
    /// Nobody knows.
    Unknown,
    /// None of it, and the same bytes never will be.
    Never,
    /// None of it, and a smaller request may be.
    TooLarge,
}

/// How a request ended.
pub(super) struct Answer {
    pub(super) stored: Stored,
    /// Why not, if not.
    pub(super) error: Option<String>,
    /// Bytes of the request, if it was sent.
    pub(super) bytes: u64,
}

/// Reads a Parca's answer: see the table in docs/ingestion.md.
pub(super) fn stored(timed: &Timed) -> Stored {
    let error = match &timed.result {
        Ok(_) => return Stored::Yes,
        Err(error) => error,
    };
    let was_sent = timed.bytes_out > 0;
    match error.code() {
        // What we refuse ourselves is not sent.
        Code::InvalidArgument | Code::OutOfRange | Code::FailedPrecondition | Code::AlreadyExists => {
            Stored::Never
        }
        Code::ResourceExhausted if is_size(error.message()) => Stored::TooLarge,
        Code::ResourceExhausted => Stored::Later,
        Code::Unauthenticated | Code::PermissionDenied | Code::Unimplemented | Code::NotFound => {
            Stored::WhenMended
        }
        _ if !was_sent => Stored::Later,
        Code::Unknown if timed.first_byte.is_some() => Stored::Never,
        Code::Internal if error.message().contains("failed to ingest record") => Stored::Later,
        _ => Stored::Unknown,
    }
}

/// Parca's and ours say so.
fn is_size(message: &str) -> bool {
    ["larger than max", "too large", "at most", "message length"].iter().any(|words| message.contains(words))
}

/// Reads a Pyroscope's answer.
pub(super) fn stored_by_pyroscope(error: &PyroscopeError) -> Stored {
    use PyroscopeCode as Code;
    match (error.http_status(), error.code()) {
        (Some(413), _) => Stored::TooLarge,
        (_, Code::InvalidArgument | Code::OutOfRange | Code::FailedPrecondition) => Stored::Never,
        (_, Code::ResourceExhausted) if is_size(error.message()) => Stored::TooLarge,
        (_, Code::ResourceExhausted) => Stored::Later,
        (_, Code::Unauthenticated | Code::PermissionDenied | Code::Unimplemented | Code::NotFound) => {
            Stored::WhenMended
        }
        // No answer at all is most often no connection; else nobody knows.
        (None, _) if never_left(error) => Stored::Later,
        _ => Stored::Unknown,
    }
}

fn never_left(error: &PyroscopeError) -> bool {
    let text = words::with_causes(error);
    ["refused", "resolve", "dns", "unreachable", "connect"]
        .iter()
        .any(|word| text.to_lowercase().contains(word))
}
