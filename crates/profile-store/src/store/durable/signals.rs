//! How threads of the store tell each other that there is work, or that the store closes.

use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::Shared;

#[derive(Debug, Default)]
pub(crate) struct Signals {
    pub(crate) seal: bool,
    pub(crate) care: bool,
    pub(crate) closing: bool,
}

impl Shared {
    pub(crate) fn signal(&self, change: impl FnOnce(&mut Signals)) {
        change(&mut self.signals.lock().unwrap_or_else(PoisonError::into_inner));
        self.signalled.notify_all();
    }

    pub(crate) fn want_seal(&self) {
        self.seal_wanted.store(true, Ordering::Relaxed);
        self.signal(|signals| signals.seal = true);
    }

    pub(crate) fn want_care(&self) {
        self.signal(|signals| signals.care = true);
    }

    pub(crate) fn is_closing(&self) -> bool {
        self.signals.lock().unwrap_or_else(PoisonError::into_inner).closing
    }

    /// Waits until sealing is wanted; false once the store closes. A failed seal stays wanted.
    pub(crate) fn wait_for_seal(&self, patience: Option<Duration>) -> bool {
        if self.seal_wanted.load(Ordering::Relaxed) && !self.is_closing() {
            return true;
        }
        self.wait(patience, |signals| std::mem::take(&mut signals.seal))
    }

    /// Waits until there may be something to merge or to remove; false once the store closes.
    pub(crate) fn wait_for_care(&self, patience: Duration) -> bool {
        self.wait(Some(patience), |signals| std::mem::take(&mut signals.care))
    }

    /// Waits this long; false once the store closes.
    pub(crate) fn pause(&self, patience: Duration) -> bool {
        self.wait(Some(patience), |_| false)
    }

    pub(crate) fn wait(
        &self,
        patience: Option<Duration>,
        mut ready: impl FnMut(&mut Signals) -> bool,
    ) -> bool {
        let signals = self.signals.lock().unwrap_or_else(PoisonError::into_inner);
        let mut waits = |signals: &mut Signals| !signals.closing && !ready(signals);
        let signals = match patience {
            Some(patience) => {
                let waited = self.signalled.wait_timeout_while(signals, patience, waits);
                waited.unwrap_or_else(PoisonError::into_inner).0
            }
            None => {
                let waited = self.signalled.wait_while(signals, &mut waits);
                waited.unwrap_or_else(PoisonError::into_inner)
            }
        };
        !signals.closing
    }
}
