use std::time::Duration;

use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};

use crate::Policy;

/// How much longer than wished a wait may be: a share of the wish, and at most this.
const WISH_SPREAD: f64 = 0.05;
const WISH_SPREAD_LONGEST: Duration = Duration::from_secs(1);

/// The waits of one row of attempts.
#[derive(Clone, Debug)]
pub struct Backoff {
    policy: Policy,
    next: Duration,
    attempts: u32,
    random: SmallRng,
}

impl Backoff {
    /// The waits after a first attempt. Equal seeds give equal waits.
    pub fn new(policy: Policy, seed: u64) -> Self {
        let random = SmallRng::seed_from_u64(seed);
        Self { policy, next: policy.initial.min(policy.cap), attempts: 1, random }
    }

    /// The waits with a seed of the system's.
    pub fn unseeded(policy: Policy) -> Self {
        use std::hash::{BuildHasher, RandomState};

        // The standard library's hasher is seeded by the system.
        Self::new(policy, RandomState::new().hash_one(()))
    }

    /// The wait before the next attempt, `spent` after the first one began; `None` if that attempt would
    /// be over the budget.
    pub fn wait(&mut self, spent: Duration) -> Option<Duration> {
        let (shortest, longest) = self.policy.spread;
        let share = shortest + self.random.random::<f64>() * (longest - shortest);
        let wait = self.next.as_secs_f64() * share;
        let wait = Duration::try_from_secs_f64(wait).unwrap_or(self.policy.cap);
        if spent.checked_add(wait)? > self.policy.budget {
            return None;
        }
        self.grow(self.next);
        Some(wait)
    }

    /// The wait that the other side asked for (`Retry-After`), never shorter and a little longer, so that
    /// not all come at that instant. Later waits go on from it. It is not held against the budget.
    pub fn wish(&mut self, wish: Duration) -> Duration {
        let spread = wish.mul_f64(WISH_SPREAD).min(WISH_SPREAD_LONGEST);
        self.grow(wish);
        wish.saturating_add(spread.mul_f64(self.random.random::<f64>()))
    }

    /// How many attempts were made or waited for.
    pub fn attempts(&self) -> u32 {
        self.attempts
    }

    fn grow(&mut self, from: Duration) {
        let next = from.as_secs_f64() * self.policy.factor;
        self.next = Duration::try_from_secs_f64(next).unwrap_or(Duration::MAX).min(self.policy.cap);
        self.attempts = self.attempts.saturating_add(1);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn waits_grow_within_their_spread_up_to_the_cap() {
        let mut bases = vec![0.5, 0.75, 1.125];
        bases.resize(50, f64::NAN);
        for seed in 0..100 {
            let mut backoff = Backoff::new(Policy::within(Duration::MAX), seed);
            for base in &bases {
                let wait = backoff.wait(Duration::ZERO).unwrap().as_secs_f64();
                assert!(base.is_nan() || (base * 0.5..=base * 1.5).contains(&wait), "{base}: {wait}");
                assert!(wait <= 90.0, "{wait}");
            }
            assert!(backoff.wait(Duration::ZERO).unwrap() >= Duration::from_secs(30), "at the cap");
        }
    }

    #[test]
    fn the_budget_ends_the_attempts() {
        let policy = Policy { spread: (1.0, 1.0), ..Policy::within(Duration::from_secs(2)) };
        let mut backoff = Backoff::new(policy, 1);
        let mut spent = Duration::ZERO;
        while let Some(wait) = backoff.wait(spent) {
            spent += wait;
        }
        assert_eq!((backoff.attempts(), spent), (3, Duration::from_millis(1250)));
    }

    #[test]
    fn a_wish_is_waited_for_in_full_and_sets_the_pace() {
        let mut backoff =
            Backoff::new(Policy::doubling(Duration::from_millis(100), Duration::from_secs(5)), 1);
        let first = backoff.wish(Duration::from_secs(60));
        assert!((Duration::from_secs(60)..=Duration::from_secs(61)).contains(&first), "{first:?}");
        assert!(backoff.wait(Duration::ZERO).unwrap() >= Duration::from_secs(4));
        assert!(backoff.wish(Duration::from_secs(1)) <= Duration::from_millis(1050));
        assert!(backoff.wait(Duration::ZERO).unwrap() <= Duration::from_secs(2));
    }

    #[test]
    fn those_who_failed_together_do_not_come_back_together() {
        let policy = Policy::doubling(Duration::from_millis(100), Duration::from_secs(30));
        let waits: std::collections::BTreeSet<Duration> =
            (0..4).map(|_| Backoff::unseeded(policy).wish(Duration::from_secs(3))).collect();
        assert_eq!(waits.len(), 4);
    }

    proptest! {
        #[test]
        fn no_policy_panics_or_exceeds_its_cap(initial in 0_u64..u64::MAX, cap in 0_u64..u64::MAX, factor in 1.0..1e9, tries in 1..50) {
            let (initial, cap) = (Duration::from_nanos(initial), Duration::from_nanos(cap));
            let mut backoff = Backoff::new(Policy { factor, ..Policy::doubling(initial, cap) }, 3);
            for _ in 0..tries {
                prop_assert!(backoff.wait(Duration::ZERO).unwrap() <= cap);
            }
        }
    }
}
