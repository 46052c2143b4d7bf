//! What an answer, or none, says of whether profiles were stored.

use http_config::SendError;
use parca_client::{Code, Timed};
use pyroscope_client::{Code as PyroscopeCode, Error as PyroscopeError, ErrorKind};

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
        (Some(429), _) => Stored::Later,
        (_, Code::InvalidArgument | Code::OutOfRange | Code::FailedPrecondition) => Stored::Never,
        (_, Code::ResourceExhausted) if is_size(error.message()) => Stored::TooLarge,
        (_, Code::ResourceExhausted) => Stored::Later,
        (_, Code::Unauthenticated | Code::PermissionDenied | Code::Unimplemented | Code::NotFound) => {
            Stored::WhenMended
        }
        _ if never_left(error) => Stored::Later,
        // What leads elsewhere was not stored here.
        _ if error.kind() == ErrorKind::NotPyroscope => Stored::WhenMended,
        _ => Stored::Unknown,
    }
}

/// Whether there was no connection, or no token to use one with: by the error's type, as words such as
/// "connection closed" also stand for requests that were read and stored.
fn never_left(error: &PyroscopeError) -> bool {
    let source = std::error::Error::source(error).and_then(|source| source.downcast_ref::<SendError>());
    matches!(source, Some(SendError::Connect { .. } | SendError::Credentials(_)))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::TcpListener;

    use super::*;

    /// What a server that answers like this, or not at all, has stored of a request.
    async fn pyroscope(answer: Option<&'static str>) -> Stored {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        std::thread::spawn(move || {
            let Some(answer) = answer else { return };
            while let Ok((mut stream, _)) = listener.accept() {
                let _ = stream.read(&mut [0; 4096]);
                let _ = stream.write_all(answer.as_bytes());
            }
        });
        let mut settings = pyroscope_client::Settings::default();
        settings.url = url;
        let client = pyroscope_client::Client::new(&settings).unwrap();
        stored_by_pyroscope(&client.push(&[]).await.unwrap_err())
    }

    #[tokio::test]
    async fn a_request_that_was_read_may_be_stored_and_one_that_never_left_is_not() {
        let check = async |answer, expect| assert_eq!(pyroscope(answer).await, expect, "{answer:?}");
        check(None, Stored::Later).await;
        // The request was read, and the connection closed.
        check(Some(""), Stored::Unknown).await;
        check(Some("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\ncut"), Stored::Unknown).await;
        check(Some("HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n"), Stored::Unknown).await;
        check(
            Some("HTTP/1.1 302 Found\r\nlocation: /login\r\ncontent-length: 0\r\n\r\n"),
            Stored::WhenMended,
        )
        .await;
        check(Some("HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\n\r\n"), Stored::WhenMended).await;
        check(Some("HTTP/1.1 413 Content Too Large\r\ncontent-length: 0\r\n\r\n"), Stored::TooLarge).await;
        check(Some("HTTP/1.1 429 Too Many Requests\r\ncontent-length: 0\r\n\r\n"), Stored::Later).await;
    }
}
