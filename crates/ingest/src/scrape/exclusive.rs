//! One CPU profile of a process at a time: Go's runtime refuses a second one.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::sync::{Mutex as AsyncMutex, OwnedMutexGuard};

/// A lock for each `host:port`, for as long as somebody uses it.
#[derive(Debug, Default)]
pub(super) struct Exclusive(Mutex<HashMap<String, Weak<AsyncMutex<()>>>>);

impl Exclusive {
    /// Waits for the turn; fair, so that two profiles of a process take turns.
    pub(super) async fn turn(&self, address: &str) -> OwnedMutexGuard<()> {
        self.lock(address).lock_owned().await
    }

    fn lock(&self, address: &str) -> Arc<AsyncMutex<()>> {
        let mut locks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(lock) = locks.get(address).and_then(Weak::upgrade) {
            return lock;
        }
        locks.retain(|_, lock| lock.strong_count() > 0);
        let lock = Arc::new(AsyncMutex::new(()));
        locks.insert(address.to_owned(), Arc::downgrade(&lock));
        lock
    }
}
