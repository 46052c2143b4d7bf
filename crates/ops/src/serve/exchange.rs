//! What the two halves of an exchange know of each other, and how much all of them hold together.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use super::refusal::Refusal;

/// Bytes of bodies that were read and belong to requests without an answer, over all connections of a server.
#[derive(Debug, Default)]
pub(super) struct Held(AtomicUsize);

/// One request and its answer.
#[derive(Debug)]
pub(super) struct Exchange {
    all: Arc<Held>,
    own: AtomicUsize,
    is_answered: AtomicBool,
    refused: Mutex<Option<Refusal>>,
}

impl Exchange {
    pub(super) fn new(all: Arc<Held>) -> Arc<Self> {
        let (own, is_answered, refused) = (AtomicUsize::new(0), AtomicBool::new(false), Mutex::new(None));
        Arc::new(Self { all, own, is_answered, refused })
    }

    /// Notes bytes of the body, if all requests together hold no more than `most` then.
    pub(super) fn hold(&self, bytes: usize, most: usize) -> bool {
        if self.is_answered() {
            return true;
        }
        self.own.fetch_add(bytes, Ordering::Relaxed);
        self.all.0.fetch_add(bytes, Ordering::Relaxed).saturating_add(bytes) <= most
    }

    /// The server has begun to answer: from now on the client may take its time, and nothing is held for it.
    pub(super) fn answered(&self) {
        self.is_answered.store(true, Ordering::Relaxed);
        self.release();
    }

    pub(super) fn is_answered(&self) -> bool {
        self.is_answered.load(Ordering::Relaxed)
    }

    /// Ends the body, and says why to whoever answers.
    pub(super) fn refuse(&self, why: Refusal) {
        *self.refused.lock().unwrap_or_else(PoisonError::into_inner) = Some(why);
    }

    pub(super) fn refused(&self) -> Option<Refusal> {
        *self.refused.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn release(&self) {
        self.all.0.fetch_sub(self.own.swap(0, Ordering::Relaxed), Ordering::Relaxed);
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        self.release();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_hold_bytes_together_until_they_are_answered() {
        let all = Arc::new(Held::default());
        let [one, two] = [(); 2].map(|()| Exchange::new(Arc::clone(&all)));
        assert!(one.hold(60, 100) && !two.hold(60, 100));
        one.answered();
        assert!(two.hold(40, 100) && one.hold(1000, 100));
        drop(two);
        assert_eq!(all.0.load(Ordering::Relaxed), 0);
    }
}
