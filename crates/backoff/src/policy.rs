use std::time::Duration;

/// How waits grow, and when they end.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Policy {
    /// The first wait, before it is spread.
    pub initial: Duration,
    /// From one wait to the next.
    pub factor: f64,
    /// A wait `w` is spread evenly over `w * spread.0 ..= w * spread.1`, so that those who failed
    /// together do not come back together.
    pub spread: (f64, f64),
    /// The longest wait, before it is spread.
    pub cap: Duration,
    /// No attempt starts later than this after the first one.
    pub budget: Duration,
}

impl Policy {
    /// Twice as long each time, from `initial` to `cap`, without end. Waits are up to a fifth shorter, so
    /// none is below four fifths of the one before it.
    pub fn doubling(initial: Duration, cap: Duration) -> Self {
        Self { initial: initial.min(cap), factor: 2.0, spread: (0.8, 1.0), cap, budget: Duration::MAX }
    }

    /// The defaults of the Go library that the original parca-load uses (`cenkalti/backoff`): half a
    /// second, times 1.5, from half to one and a half of that, at most a minute.
    pub fn within(budget: Duration) -> Self {
        Self {
            initial: Duration::from_millis(500),
            factor: 1.5,
            spread: (0.5, 1.5),
            cap: Duration::from_secs(60),
            budget,
        }
    }

    /// Whether waits are positive and do not shrink.
    pub fn is_valid(&self) -> bool {
        let (shortest, longest) = self.spread;
        self.initial > Duration::ZERO
            && self.factor.is_finite()
            && self.factor >= 1.0
            && 0.0 <= shortest
            && shortest <= longest
            && longest.is_finite()
    }
}
