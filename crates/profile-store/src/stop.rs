use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Ends the reading of a [`View`](crate::View), and what is made of it, from another thread when nobody waits for the
/// answer any more.
#[derive(Clone, Debug, Default)]
pub struct Stop(Arc<AtomicBool>);

impl Stop {
    /// Ends what is read. What comes out is not whole: whoever stops must not use it.
    pub fn stop(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether it was ended.
    pub fn is_stopped(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// The items until it is ended. What is made of them is not whole then, either.
    pub fn before<T>(&self, items: impl IntoIterator<Item = T>) -> impl Iterator<Item = T> {
        items.into_iter().take_while(|_| !self.is_stopped())
    }
}
