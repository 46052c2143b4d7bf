//! How large a request the receiver takes, as far as its answers show.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::batch::Batch;

/// A limit may be raised while we run: what was refused so long ago is tried again.
const REMEMBERED: Duration = Duration::from_secs(600);

/// The smallest request that was refused as too large. All shards of a destination share it.
#[derive(Debug, Default)]
pub(crate) struct SizeLimit {
    refused: Mutex<Option<(usize, Instant)>>,
}

impl SizeLimit {
    /// The receiver found this batch too large.
    pub(crate) fn refused(&self, batch: &Batch, now: Instant) {
        let bytes = self.known(now).map_or(batch.body.len(), |known| known.min(batch.body.len()));
        *self.refused.lock().unwrap_or_else(PoisonError::into_inner) = Some((bytes, now));
    }

    /// The halves of a batch that would be refused; `None` if it may pass, or cannot be cut.
    pub(crate) fn halves(&self, batch: &Batch, now: Instant) -> Option<[Batch; 2]> {
        let known = self.known(now)?;
        // One sample alone is always tried: what is said of it then is the receiver's own word.
        (batch.body.len() >= known).then(|| batch.halves().ok().flatten())?
    }

    fn known(&self, now: Instant) -> Option<usize> {
        let refused = *self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        let (bytes, at) = refused?;
        (now.saturating_duration_since(at) < REMEMBERED).then_some(bytes)
    }
}
