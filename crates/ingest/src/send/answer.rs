//! What an answer, or none, says of whether profiles were stored.

use parca_client::{Code, Timed};

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

/// Reads an answer: see the table in docs/ingestion.md.
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
