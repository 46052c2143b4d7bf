//! What was written lately, so that a retry does not count twice.

use std::collections::VecDeque;

use hashbrown::HashSet;

/// How many profiles and idempotency keys are remembered: five minutes at 600 a second, which is as long as
/// agents retry. 24 bytes each.
pub(crate) const REMEMBERED: usize = 200_000;

/// A window over the digests of the last profiles.
#[derive(Debug, Default)]
pub(crate) struct Recent {
    known: HashSet<u64, foldhash::fast::RandomState>,
    order: VecDeque<u64>,
}

impl Recent {
    pub(crate) fn has(&self, digest: u64) -> bool {
        self.known.contains(&digest)
    }

    pub(crate) fn add(&mut self, digest: u64) {
        if self.known.insert(digest) {
            self.order.push_back(digest);
            if self.order.len() > REMEMBERED
                && let Some(oldest) = self.order.pop_front()
            {
                self.known.remove(&oldest);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_are_forgotten() {
        let mut recent = Recent::default();
        (0..=REMEMBERED as u64).for_each(|digest| recent.add(digest));
        assert!(!recent.has(0) && recent.has(1) && recent.has(REMEMBERED as u64));
    }
}
