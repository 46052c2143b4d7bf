//! What token servers answer (RFC 6749, 5.1 and 5.2).

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use http::Response;
use serde::Deserialize;
use serde_json::Value;

use crate::{CredentialError, Secret};

/// The longest answer of a token server that is read: Go's value.
pub(super) const MAX_ANSWER_BYTES: usize = 1 << 20;
/// The longest `error` code that is shown.
const MAX_ERROR_CHARS: usize = 64;

/// A token. Some servers write numbers as texts, and Azure's the end in place of the lifetime.
#[derive(Deserialize)]
pub(super) struct TokenAnswer {
    pub(super) access_token: Secret,
    token_type: Option<String>,
    expires_in: Option<Value>,
    expires_on: Option<Value>,
}

impl TokenAnswer {
    /// Reads an answer; `url` is for the error.
    pub(super) fn read(url: String, answer: &Response<Bytes>) -> Result<Self, CredentialError> {
        let status = answer.status();
        if !status.is_success() {
            return Err(CredentialError::TokenRefused { url, status, error: error_code(answer.body()) });
        }
        // The parser's error could quote the token: it is dropped.
        match serde_json::from_slice::<Self>(answer.body()) {
            Ok(read) if !read.access_token.expose().is_empty() => Ok(read),
            _ => Err(CredentialError::NoToken { url }),
        }
    }

    /// The value of the Authorization header.
    pub(super) fn authorization(&self) -> Secret {
        let scheme = match self.token_type.as_deref() {
            None | Some("") => "Bearer",
            Some(kind) if kind.eq_ignore_ascii_case("bearer") => "Bearer",
            Some(kind) => kind,
        };
        Secret::new(format!("{scheme} {}", self.access_token.expose()))
    }

    /// How long it holds from now on; none when that is not told, or over.
    pub(super) fn lifetime(&self) -> Option<Duration> {
        if let Some(lifetime) = self.expires_in.as_ref().and_then(seconds) {
            return Some(lifetime);
        }
        let end = UNIX_EPOCH.checked_add(self.expires_on.as_ref().and_then(seconds)?)?;
        end.duration_since(SystemTime::now()).ok()
    }
}

fn seconds(value: &Value) -> Option<Duration> {
    let seconds = match value {
        Value::String(text) => text.parse().ok()?,
        other => other.as_f64()?,
    };
    Duration::try_from_secs_f64(seconds).ok().filter(|lifetime| !lifetime.is_zero())
}

/// The `error`: a short word. Descriptions are left out, they may repeat what was sent.
fn error_code(body: &[u8]) -> String {
    let answer: Value = serde_json::from_slice(body).unwrap_or_default();
    let code = answer["error"].as_str().unwrap_or_default();
    code.chars().filter(|letter| letter.is_ascii_graphic()).take(MAX_ERROR_CHARS).collect()
}
