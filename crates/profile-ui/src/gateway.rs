use std::sync::Arc;
use std::time::Duration;

use axum::http::StatusCode;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How long a request waits for others to be answered.
const PATIENCE: Duration = Duration::from_secs(5);

/// A limit on how many requests are answered at a time. Cheap to clone; clones share it.
#[derive(Clone, Debug)]
pub struct Turns(Arc<Semaphore>);

impl Turns {
    /// So many at a time.
    pub fn new(at_once: usize) -> Self {
        Self(Arc::new(Semaphore::new(at_once)))
    }

    /// A turn, which ends when it is dropped; none if the others take longer than five seconds.
    pub async fn take(&self) -> Option<OwnedSemaphorePermit> {
        tokio::time::timeout(PATIENCE, Arc::clone(&self.0).acquire_owned()).await.ok()?.ok()
    }
}

/// The status of HTTP for a call to the server behind that failed with this code of gRPC.
pub fn status(code: &str) -> StatusCode {
    match code {
        "deadline_exceeded" => StatusCode::GATEWAY_TIMEOUT,
        _ => StatusCode::BAD_GATEWAY,
    }
}
