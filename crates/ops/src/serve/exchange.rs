//! What the two halves of an exchange know of each other, and how much all of them hold together.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use super::refusal::Refusal;

/// Bytes of bodies that were read and are worked on, over all connections of a server.
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

    /// Notes bytes, and says whether all requests together hold no more than `most` then. They are held until the body is
    /// let go and the answer has begun, both.
    pub(super) fn hold(&self, bytes: usize, most: usize) -> bool {
        self.own.fetch_add(bytes, Ordering::Relaxed);
        self.all.0.fetch_add(bytes, Ordering::Relaxed).saturating_add(bytes) <= most
    }

    /// The server has begun to answer: from now on the client may take its time.
    pub(super) fn answered(&self) {
        self.is_answered.store(true, Ordering::Relaxed);
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
}

impl Drop for Exchange {
    fn drop(&mut self) {
        self.all.0.fetch_sub(*self.own.get_mut(), Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_hold_bytes_together_until_they_are_let_go() {
        let all = Arc::new(Held::default());
        let [one, two] = [(); 2].map(|()| Exchange::new(Arc::clone(&all)));
        assert!(one.hold(60, 100) && !two.hold(60, 100));
        // Who is answered already may still send.
        two.answered();
        assert!(!two.hold(1, 100));
        drop(one);
        assert!(two.hold(39, 100));
        drop(two);
        assert_eq!(all.0.load(Ordering::Relaxed), 0);
    }
}
