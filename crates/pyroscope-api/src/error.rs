use http::StatusCode;
use thiserror::Error;

/// Why a call was not answered.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{message}")]
pub struct ApiError {
    /// The kind of failure.
    pub code: Code,
    /// What was expected, what came, where.
    pub message: String,
}

impl ApiError {
    /// A failure in words.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }

    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::new(Code::InvalidArgument, message)
    }

    pub(crate) fn unimplemented(message: impl Into<String>) -> Self {
        Self::new(Code::Unimplemented, message)
    }

    /// The JSON that Connect's clients read.
    pub(crate) fn json(&self) -> Vec<u8> {
        serde_json::json!({"code": self.code.name(), "message": self.message}).to_string().into_bytes()
    }
}

/// Runs work that takes milliseconds of CPU apart from the threads that serve connections.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, ApiError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| ApiError::new(Code::Internal, format!("the request was given up: {error}")))
}

/// A kind of failure, in the vocabulary that Connect shares with gRPC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Code {
    /// Something that has no better code.
    Unknown,
    /// The request makes no sense.
    InvalidArgument,
    /// The deadline passed first.
    DeadlineExceeded,
    /// What was asked for does not exist.
    NotFound,
    /// The caller is known and not allowed.
    PermissionDenied,
    /// A limit was reached.
    ResourceExhausted,
    /// Past a valid range.
    OutOfRange,
    /// There is no such thing here.
    Unimplemented,
    /// A fault of this program.
    Internal,
    /// A failure after which the same may be tried again.
    Unavailable,
    /// Data was lost for good.
    DataLoss,
    /// No valid credentials.
    Unauthenticated,
}

impl Code {
    /// Connect's name.
    pub fn name(self) -> &'static str {
        self.row().0
    }

    /// The HTTP status that Connect gives it.
    pub fn status(self) -> StatusCode {
        self.row().1
    }

    /// The number that gRPC gives it.
    pub fn number(self) -> i32 {
        self.row().2
    }

    fn row(self) -> (&'static str, StatusCode, i32) {
        match self {
            Self::Unknown => ("unknown", StatusCode::INTERNAL_SERVER_ERROR, 2),
            Self::InvalidArgument => ("invalid_argument", StatusCode::BAD_REQUEST, 3),
            Self::DeadlineExceeded => ("deadline_exceeded", StatusCode::GATEWAY_TIMEOUT, 4),
            Self::NotFound => ("not_found", StatusCode::NOT_FOUND, 5),
            Self::PermissionDenied => ("permission_denied", StatusCode::FORBIDDEN, 7),
            Self::ResourceExhausted => ("resource_exhausted", StatusCode::TOO_MANY_REQUESTS, 8),
            Self::OutOfRange => ("out_of_range", StatusCode::BAD_REQUEST, 11),
            Self::Unimplemented => ("unimplemented", StatusCode::NOT_IMPLEMENTED, 12),
            Self::Internal => ("internal", StatusCode::INTERNAL_SERVER_ERROR, 13),
            Self::Unavailable => ("unavailable", StatusCode::SERVICE_UNAVAILABLE, 14),
            Self::DataLoss => ("data_loss", StatusCode::INTERNAL_SERVER_ERROR, 15),
            Self::Unauthenticated => ("unauthenticated", StatusCode::UNAUTHORIZED, 16),
        }
    }
}
