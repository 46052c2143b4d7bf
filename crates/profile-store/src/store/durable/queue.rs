//! Writes that wait for the disk.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::{NewWrite, Refused, Written};

/// Bytes that are written with one sync.
const GROUP_BYTES: usize = 4 << 20;

type Done = Box<dyn FnOnce(Result<Written, Refused>) + Send>;

/// A write that waits for the disk.
pub(crate) struct Pending {
    pub(crate) write: NewWrite,
    pub(crate) record: Vec<u8>,
    pub(crate) done: Done,
}

/// Writes that wait, for whoever takes them.
#[derive(Default)]
pub(crate) struct Queue {
    inner: Mutex<Waiting>,
    changed: Condvar,
}

#[derive(Default)]
struct Waiting {
    pending: VecDeque<Pending>,
    bytes: usize,
    closed: bool,
}

impl Queue {
    /// Lets a write wait, or refuses it. Nobody is woken: see [`wake`](Self::wake).
    pub(crate) fn push(&self, pending: Pending, max_bytes: usize) {
        let mut inner = self.lock();
        let bytes = inner.bytes + pending.record.len();
        let refused = match inner.closed {
            true => Some(Refused::Closing),
            // One that is larger than all that may wait still may, alone.
            false => {
                (bytes > max_bytes && inner.bytes > 0).then_some(Refused::QueueFull { bytes: inner.bytes })
            }
        };
        if let Some(refused) = refused {
            drop(inner);
            return (pending.done)(Err(refused));
        }
        inner.bytes = bytes;
        inner.pending.push_back(pending);
    }

    /// Wakes who waits for writes.
    pub(crate) fn wake(&self) {
        self.changed.notify_one();
    }

    pub(crate) fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_all();
    }

    /// Nobody takes writes any more: those that wait are refused, and so are all that come.
    pub(crate) fn end(&self) {
        let waiting = {
            let mut inner = self.lock();
            inner.closed = true;
            inner.bytes = 0;
            std::mem::take(&mut inner.pending)
        };
        refuse(waiting.into(), &Refused::Closing);
    }

    /// Bytes that wait.
    pub(crate) fn bytes(&self) -> usize {
        self.lock().bytes
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.lock().pending.is_empty()
    }

    /// Whether something waits, after `patience` at the latest; nothing once closed and empty.
    pub(crate) fn wait(&self, patience: Duration) -> Option<bool> {
        let inner = self.lock();
        let waits = |inner: &mut Waiting| inner.pending.is_empty() && !inner.closed;
        let (inner, _) =
            self.changed.wait_timeout_while(inner, patience, waits).unwrap_or_else(PoisonError::into_inner);
        let some = !inner.pending.is_empty();
        (some || !inner.closed).then_some(some)
    }

    /// What waits, up to a number of bytes.
    pub(crate) fn take(&self) -> Vec<Pending> {
        let mut inner = self.lock();
        let (mut taken, mut bytes) = (Vec::new(), 0);
        while let Some(next) =
            inner.pending.pop_front_if(|next| bytes == 0 || bytes + next.record.len() <= GROUP_BYTES)
        {
            bytes += next.record.len();
            taken.push(next);
        }
        inner.bytes -= bytes;
        taken
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Queue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Queue").field("bytes", &self.bytes()).finish_non_exhaustive()
    }
}

/// Tells all of them.
pub(crate) fn refuse(group: Vec<Pending>, refused: &Refused) {
    for pending in group {
        (pending.done)(Err(refused.clone()));
    }
}
