//! Words that would be said too often.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Lets something be said once in a while, with how often it was not.
#[derive(Debug)]
pub struct Seldom {
    every: Duration,
    /// When it was said, and how often it was not since.
    last: Mutex<Option<(Instant, u64)>>,
}

impl Seldom {
    /// At most once in so long.
    pub fn new(every: Duration) -> Self {
        Self { every, last: Mutex::default() }
    }

    /// How often it was not said before this time; nothing if it is not to be said now either.
    pub fn may_say(&self) -> Option<u64> {
        self.may_say_at(Instant::now())
    }

    fn may_say_at(&self, now: Instant) -> Option<u64> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        match &mut *last {
            Some((said, more)) if now.duration_since(*said) < self.every => {
                *more += 1;
                None
            }
            last => Some(last.replace((now, 0)).map_or(0, |(_, more)| more)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_said_once_a_second() {
        let (said, start) = (Seldom::new(Duration::from_secs(1)), Instant::now());
        let at = |millis| said.may_say_at(start + Duration::from_millis(millis));
        assert_eq!(
            [at(0), at(1), at(999), at(1000), at(1500), at(3000)],
            [Some(0), None, None, Some(2), None, Some(1)]
        );
    }
}
