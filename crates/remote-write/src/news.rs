//! How often a destination says the same in the log.

use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use backoff::{Due, Throttle};

/// The throttles of one destination; shards share them.
#[derive(Debug)]
pub(crate) struct News {
    name: String,
    throttles: Mutex<Throttles>,
}

#[derive(Debug, Default)]
pub(crate) struct Throttles {
    /// No answer, or one that asks to try again.
    pub(crate) trouble: Throttle,
    pub(crate) refused: Throttle,
    pub(crate) too_large: Throttle,
    pub(crate) overflow: Throttle,
    pub(crate) web_page: Throttle,
    pub(crate) clock: Throttle,
}

impl News {
    pub(crate) fn new(name: String) -> Self {
        Self { name, throttles: Mutex::default() }
    }

    /// Says something unless it was said a short while ago.
    pub(crate) fn say(&self, of: impl Fn(&mut Throttles) -> &mut Throttle, line: impl FnOnce(&str, Due)) {
        let due = {
            let mut throttles = self.throttles.lock().unwrap_or_else(PoisonError::into_inner);
            of(&mut throttles).note(Instant::now())
        };
        if let Some(due) = due {
            line(&self.name, due);
        }
    }

    /// The queue or spool was full.
    pub(crate) fn overflowed(&self, samples: u64, dropped_so_far: u64) {
        self.say(
            |throttles| &mut throttles.overflow,
            |destination, due| {
                let since = words::span(due.since);
                tracing::warn!(
                    destination,
                    samples,
                    dropped_so_far,
                    since,
                    "the queue is full: the oldest samples are dropped"
                );
            },
        );
    }

    /// The receiver stores samples: trouble that comes now is news again.
    pub(crate) fn over(&self) {
        let mut throttles = self.throttles.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        throttles.overflow.over(now);
        if let Some(due) = throttles.trouble.over(now) {
            let (destination, since) = (&self.name, words::span(due.since));
            tracing::info!(destination, since, "the receiver takes samples again");
        }
    }
}
