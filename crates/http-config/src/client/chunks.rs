use std::time::Duration;

use bytes::Bytes;
use http::Uri;
use http_body_util::BodyExt;
use hyper::body::Incoming;

use crate::SendError;
use crate::error::shown;

/// The body of an answer as it comes, for answers that have no end or are too long to be kept.
///
/// No more is taken from the connection than was asked for: whoever reads slowly slows the sender down. Dropping it
/// ends the answer, and its connection if that carries nothing else.
#[derive(Debug)]
pub struct Chunks {
    url: String,
    body: Incoming,
}

impl Chunks {
    pub(super) fn new(uri: &Uri, body: Incoming) -> Self {
        Self { url: shown(uri), body }
    }

    /// The next bytes, never none at all; `None` at the end. A chunk is as long as the connection gives it, at most
    /// some hundred kilobytes.
    ///
    /// # Errors
    /// [`SendError::Deadline`] if none come within `idle`, after which the wait may go on;
    /// [`SendError::Exchange`] if the answer breaks off.
    pub async fn next(&mut self, idle: Duration) -> Result<Option<Bytes>, SendError> {
        tokio::time::timeout(idle, self.data()).await.unwrap_or(Err(SendError::Deadline))
    }

    /// Reads what is left, up to so many bytes: the words that go with a refusal.
    pub async fn start(mut self, limit: usize, idle: Duration) -> Bytes {
        let mut start = Vec::new();
        while start.len() < limit {
            let Ok(Some(data)) = self.next(idle).await else { break };
            start.extend_from_slice(&data[..data.len().min(limit - start.len())]);
        }
        start.into()
    }

    async fn data(&mut self) -> Result<Option<Bytes>, SendError> {
        while let Some(frame) = self.body.frame().await {
            let frame =
                frame.map_err(|error| SendError::Exchange { url: self.url.clone(), source: error.into() })?;
            if let Some(data) = frame.into_data().ok().filter(|data| !data.is_empty()) {
                return Ok(Some(data));
            }
        }
        Ok(None)
    }
}
