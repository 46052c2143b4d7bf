//! How long to wait before the next try.

use std::time::Duration;

use rand::Rng;

/// Doubling delays, each up to a fifth shorter at random: senders that failed together do not come
/// back together, and yet no delay is below four fifths of the one before it.
#[derive(Debug)]
pub(crate) struct Backoff {
    next: Duration,
    max: Duration,
}

impl Backoff {
    pub(crate) fn new(min: Duration, max: Duration) -> Self {
        Self { next: min.min(max), max }
    }

    /// The delay before the next try. A receiver's wish wins, and is waited for in full.
    pub(crate) fn delay(&mut self, wish: Option<Duration>, random: &mut impl Rng) -> Duration {
        let delay = match wish {
            Some(wish) => wish,
            None => self.next.mul_f64(1.0 - random.random_range(0.0..0.2)),
        };
        self.next = wish.unwrap_or(self.next).saturating_mul(2).min(self.max);
        delay
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand::rngs::SmallRng;

    #[test]
    fn delays_double_up_to_the_limit_and_vary() {
        let mut random = SmallRng::seed_from_u64(1);
        let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(1));
        let mut exact = Duration::from_millis(100);
        for _ in 0..10 {
            let delay = backoff.delay(None, &mut random);
            assert!(delay <= exact && delay >= exact.mul_f64(0.8), "{delay:?} for {exact:?}");
            exact = (exact * 2).min(Duration::from_secs(1));
        }
        let mut others = (0..20).map(|_| backoff.delay(None, &mut random));
        let first = others.next();
        assert!(others.any(|delay| Some(delay) != first));
    }

    #[test]
    fn a_receivers_wish_wins_and_sets_the_pace() {
        let mut random = SmallRng::seed_from_u64(1);
        let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(5));
        assert_eq!(backoff.delay(Some(Duration::from_secs(60)), &mut random), Duration::from_secs(60));
        assert!(backoff.delay(None, &mut random) >= Duration::from_secs(4));
        assert_eq!(backoff.delay(Some(Duration::from_secs(1)), &mut random), Duration::from_secs(1));
        assert!(backoff.delay(None, &mut random) <= Duration::from_secs(2));
    }
}
