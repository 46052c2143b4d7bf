//! What the ways to the Parca through our own address share: turns, and whose fault a failure is.

use std::sync::Arc;
use std::time::Duration;

use axum::http::StatusCode;
use parca_client::{Code, Error};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How long a request waits for others to be answered.
const PATIENCE: Duration = Duration::from_secs(5);

/// Some requests at a time. Cheap to clone; clones share.
#[derive(Clone)]
pub(crate) struct Turns(Arc<Semaphore>);

impl Turns {
    /// So many at a time.
    pub(crate) fn new(at_once: usize) -> Self {
        Self(Arc::new(Semaphore::new(at_once)))
    }

    /// A turn, which ends when it is dropped; none if the others take too long.
    pub(crate) async fn take(&self) -> Option<OwnedSemaphorePermit> {
        tokio::time::timeout(PATIENCE, Arc::clone(&self.0).acquire_owned()).await.ok()?.ok()
    }
}

/// The status for a call to the Parca that failed.
pub(crate) fn status(error: &Error) -> StatusCode {
    match error.code() {
        Code::DeadlineExceeded => StatusCode::GATEWAY_TIMEOUT,
        _ => StatusCode::BAD_GATEWAY,
    }
}
