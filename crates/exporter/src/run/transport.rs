//! Prometheus' HTTP client settings at work for remote write.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Uri};
use http_config::{Client, SendError};
use remote_write::{Answer, Transport, TransportError};

use crate::stats::Durations;

/// One receiver's URL and how to talk to it.
pub(crate) struct HttpTransport {
    client: Client,
    url: Uri,
    durations: Arc<Mutex<Durations>>,
}

impl HttpTransport {
    pub(crate) fn new(client: Client, url: Uri, durations: Arc<Mutex<Durations>>) -> Self {
        Self { client, url, durations }
    }
}

impl Transport for HttpTransport {
    async fn post(
        &self,
        headers: HeaderMap,
        body: Bytes,
        deadline: tokio::time::Instant,
    ) -> Result<Answer, TransportError> {
        let mut request = Request::new(body);
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.url.clone();
        *request.headers_mut() = headers;
        let begun = Instant::now();
        let sent = self.client.send(request, deadline.into_std()).await;
        self.durations.lock().unwrap_or_else(PoisonError::into_inner).record(begun.elapsed());
        match sent {
            Ok(answer) => {
                let (parts, body) = answer.into_parts();
                Ok(Answer { status: parts.status, headers: parts.headers, body })
            }
            // What a redirect means is said by the error; its status is the receiver's answer.
            Err(SendError::Redirect { status, location, reason }) => {
                let words = format!("redirects to `{location}`, which is not followed: {reason}");
                Ok(Answer { status, headers: HeaderMap::new(), body: words.into() })
            }
            Err(SendError::Deadline) => Err(TransportError::Timeout),
            Err(error) => Err(TransportError::Failed(error.into())),
        }
    }
}
