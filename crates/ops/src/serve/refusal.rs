//! How a client is told that its request was not read to the end.

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};

use super::ServeOptions;

/// A body that ends before its end, as those see it who read it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{words}")]
pub struct BodyRefused {
    /// Whether there was no room for it; otherwise it did not come in time.
    pub is_too_much: bool,
    words: String,
}

/// Why a body was not read to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// The body did not come in time.
    Late,
    /// The bodies of all requests together hold as much as they may.
    TooMuch,
}

impl Refusal {
    /// In the form that a client of each kind reads, given the content type of its request.
    pub(super) fn answer(self, kind: Option<HeaderValue>, options: &ServeOptions) -> Response {
        let words = self.words(options);
        match kind.filter(|kind| kind.as_bytes().starts_with(b"application/grpc")) {
            Some(kind) => {
                let message = HeaderValue::from_str(&words).expect("letters and digits");
                [("content-type", kind), ("grpc-status", self.grpc_status()), ("grpc-message", message)]
                    .into_response()
            }
            None => self.http(words + "\n"),
        }
    }

    pub(super) fn error(self, options: &ServeOptions) -> BodyRefused {
        BodyRefused { is_too_much: self == Self::TooMuch, words: self.words(options) }
    }

    fn words(self, options: &ServeOptions) -> String {
        match self {
            Self::Late => format!(
                "expected the body of the request without a stop of {}, at {} bytes a second or more",
                words::span(options.patience),
                options.least_rate
            ),
            Self::TooMuch => format!(
                "request_memory: the bodies of all requests that are being read have more than {} bytes; try again later",
                options.request_bytes
            ),
        }
    }

    fn grpc_status(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            // DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED.
            Self::Late => "4",
            Self::TooMuch => "8",
        })
    }

    fn http(self, words: String) -> Response {
        match self {
            Self::Late => (StatusCode::REQUEST_TIMEOUT, words).into_response(),
            Self::TooMuch => {
                (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "1")], words).into_response()
            }
        }
    }
}
