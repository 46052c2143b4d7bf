use std::time::Duration;

use rand::Rng;

/// Exponential waits between the attempts of one call.
///
/// The defaults are those of the Go library that the original parca-load uses: half a second,
/// times 1.5, ±50 %, at most a minute. Only outcomes of [`Verdict::Transient`](crate::Verdict)
/// are tried again. Each attempt is a recorded call of its own, planned when its wait is over.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Backoff {
    /// The first wait, before jitter.
    pub initial: Duration,
    /// From one wait to the next.
    pub factor: f64,
    /// A wait `w` is spread evenly over `w * (1 - jitter) ..= w * (1 + jitter)`.
    pub jitter: f64,
    /// The longest wait, before jitter.
    pub cap: Duration,
    /// No attempt starts later than this after the first one.
    pub budget: Duration,
}

impl Backoff {
    /// The defaults, with this budget.
    pub fn within(budget: Duration) -> Self {
        Self {
            initial: Duration::from_millis(500),
            factor: 1.5,
            jitter: 0.5,
            cap: Duration::from_secs(60),
            budget,
        }
    }

    /// The wait after attempt `attempt` (from 0), `spent` after the first one began; `None` when
    /// the next attempt would be over the budget.
    pub fn wait(&self, attempt: u32, spent: Duration, rng: &mut impl Rng) -> Option<Duration> {
        let exponent = i32::try_from(attempt).unwrap_or(i32::MAX);
        let base = (self.initial.as_secs_f64() * self.factor.powi(exponent)).min(self.cap.as_secs_f64());
        let spread = base * self.jitter;
        let wait = base - spread + rng.random::<f64>() * 2.0 * spread;
        let wait = Duration::try_from_secs_f64(wait).unwrap_or(self.cap);
        (spent.checked_add(wait)? <= self.budget).then_some(wait)
    }

    pub(crate) fn is_valid(&self) -> bool {
        self.initial > Duration::ZERO
            && self.factor.is_finite()
            && self.factor >= 1.0
            && (0.0..=1.0).contains(&self.jitter)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use rand::SeedableRng;
    use rand::rngs::SmallRng;

    use super::*;

    #[test]
    fn waits_grow_within_their_jitter_up_to_the_cap() {
        let backoff = Backoff::within(Duration::MAX);
        let mut rng = SmallRng::seed_from_u64(1);
        let mut check = |attempt, base: f64| {
            for _ in 0..100 {
                let wait = backoff.wait(attempt, Duration::ZERO, &mut rng).unwrap().as_secs_f64();
                assert!((base * 0.5..=base * 1.5).contains(&wait), "{attempt}: {wait}");
            }
        };
        check(0, 0.5);
        check(1, 0.75);
        check(2, 1.125);
        check(50, 60.0);
        check(u32::MAX, 60.0);
    }

    #[test]
    fn the_budget_ends_the_attempts() {
        let backoff = Backoff { jitter: 0.0, ..Backoff::within(Duration::from_secs(2)) };
        let mut rng = SmallRng::seed_from_u64(1);
        let mut spent = Duration::ZERO;
        let mut attempts = 1;
        while let Some(wait) = backoff.wait(attempts - 1, spent, &mut rng) {
            spent += wait;
            attempts += 1;
        }
        assert_eq!((attempts, spent), (3, Duration::from_millis(1250)));
    }
}
