use http::StatusCode;
use rpc_code::Code;
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

    /// The HTTP status that Connect gives it.
    pub(crate) fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.code.http_status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// The JSON that Connect's clients read.
    pub(crate) fn json(&self) -> Vec<u8> {
        serde_json::json!({"code": self.code.as_str(), "message": self.message}).to_string().into_bytes()
    }
}

/// Runs work that takes milliseconds of CPU apart from the threads that serve connections.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, ApiError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| ApiError::new(Code::Internal, format!("the request was given up: {error}")))
}
