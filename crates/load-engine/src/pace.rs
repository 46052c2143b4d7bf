use std::time::Duration;

use crate::seed;

/// When a lane's ticks fall, as offsets from the start of the run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Pace {
    /// Tick `i` at exactly `i * every`; the first at once.
    Interval {
        /// From one tick to the next.
        every: Duration,
    },
    /// A constant rate of arrivals, as of a population that does not wait for answers.
    Rate {
        /// Ticks per second, on average.
        per_second: f64,
        /// How they are spread.
        arrivals: Arrivals,
    },
    /// A closed loop: each user starts a round when the last one is done and thought about. The
    /// target sets the pace, so there is no plan to be late for.
    Closed {
        /// Rounds in flight at once.
        users: u32,
        /// From the end of a round to the start of the user's next.
        think: Duration,
    },
}

/// How the arrivals of a constant rate are spread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrivals {
    /// Evenly, the first at once.
    Even,
    /// As independent users arrive (exponential gaps), the same every time for one seed. Even
    /// spacing hides queueing that such users would meet.
    Poisson {
        /// Chooses one sequence of arrivals.
        seed: u64,
    },
}

impl Pace {
    /// A tick every so often.
    pub fn every(every: Duration) -> Self {
        Pace::Interval { every }
    }

    /// Evenly spread ticks.
    pub fn rate(per_second: f64) -> Self {
        Pace::Rate { per_second, arrivals: Arrivals::Even }
    }

    /// Ticks as of independent users.
    pub fn poisson(per_second: f64, seed: u64) -> Self {
        Pace::Rate { per_second, arrivals: Arrivals::Poisson { seed } }
    }

    /// A closed loop without time to think.
    pub fn closed(users: u32) -> Self {
        Pace::Closed { users, think: Duration::ZERO }
    }

    /// The planned offset of tick `index`: a pure function, never "the last one plus a period".
    /// `None` for closed loops, where the answers decide. For Poisson arrivals it sums
    /// `index + 1` gaps; the engine itself walks along.
    pub fn at(&self, index: u64) -> Option<Duration> {
        let mut cursor = Cursor::new(*self)?;
        cursor.skip(index);
        Some(cursor.at())
    }
}

/// Walks along the ticks of an open pace.
#[derive(Clone, Debug)]
pub(crate) struct Cursor {
    index: u64,
    form: Form,
}

#[derive(Clone, Debug)]
enum Form {
    Interval { every: Duration },
    Even { per_second: f64 },
    Poisson { per_second: f64, seed: u64, seconds: f64 },
}

impl Cursor {
    /// At tick 0. `None` for closed loops.
    pub(crate) fn new(pace: Pace) -> Option<Self> {
        let form = match pace {
            Pace::Interval { every } => Form::Interval { every },
            Pace::Rate { per_second, arrivals: Arrivals::Even } => Form::Even { per_second },
            Pace::Rate { per_second, arrivals: Arrivals::Poisson { seed } } => {
                Form::Poisson { per_second, seed, seconds: gap(seed, 0) / per_second }
            }
            Pace::Closed { .. } => return None,
        };
        Some(Self { index: 0, form })
    }

    pub(crate) fn index(&self) -> u64 {
        self.index
    }

    pub(crate) fn at(&self) -> Duration {
        match self.form {
            Form::Interval { every } => {
                let nanos = every.as_nanos().saturating_mul(u128::from(self.index));
                Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
            }
            Form::Even { per_second } => seconds(self.index as f64 / per_second),
            Form::Poisson { seconds: sum, .. } => seconds(sum),
        }
    }

    pub(crate) fn skip(&mut self, ticks: u64) {
        if let Form::Poisson { per_second, seed, seconds } = &mut self.form {
            for index in self.index + 1..=self.index + ticks {
                *seconds += gap(*seed, index) / *per_second;
            }
        }
        self.index += ticks;
    }
}

/// An exponentially distributed gap with mean 1.
fn gap(seed: u64, index: u64) -> f64 {
    -seed::unit(seed::mix(seed, index)).ln()
}

fn seconds(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ticks_fall_where_the_pace_says() {
        let check = |pace: Pace, index, expect: Option<Duration>| assert_eq!(pace.at(index), expect);
        check(Pace::every(Duration::from_secs(5)), 0, Some(Duration::ZERO));
        check(Pace::every(Duration::from_secs(5)), 3, Some(Duration::from_secs(15)));
        check(Pace::every(Duration::from_secs(5)), u64::MAX, Some(Duration::from_nanos(u64::MAX)));
        check(Pace::rate(1000.0), 0, Some(Duration::ZERO));
        check(Pace::rate(1000.0), 1500, Some(Duration::from_millis(1500)));
        check(Pace::closed(3), 0, None);
        assert_eq!(Pace::poisson(7.0, 1).at(100), Pace::poisson(7.0, 1).at(100));
        assert_ne!(Pace::poisson(7.0, 1).at(100), Pace::poisson(7.0, 2).at(100));
    }

    #[test]
    fn poisson_arrivals_keep_the_rate_and_vary() {
        let mut cursor = Cursor::new(Pace::poisson(100.0, 7)).unwrap();
        let mut gaps = Vec::new();
        for _ in 0..20_000 {
            let before = cursor.at();
            cursor.skip(1);
            gaps.push((cursor.at() - before).as_secs_f64());
        }
        let mean = gaps.iter().sum::<f64>() / gaps.len() as f64;
        let variance = gaps.iter().map(|gap| (gap - mean).powi(2)).sum::<f64>() / gaps.len() as f64;
        assert!((0.0095..0.0105).contains(&mean), "{mean}");
        assert!(
            (0.9..1.1).contains(&(variance.sqrt() / mean)),
            "exponential gaps vary as much as their mean"
        );
    }

    proptest! {
        #[test]
        fn walking_and_asking_agree(per_second in 0.1..1e5f64, seed: u64, stride in 1u64..5, steps in 0u64..50) {
            for pace in [Pace::rate(per_second), Pace::poisson(per_second, seed)] {
                let mut cursor = Cursor::new(pace).unwrap();
                let mut last = cursor.at();
                for _ in 0..steps {
                    cursor.skip(stride);
                    prop_assert!(cursor.at() >= last);
                    last = cursor.at();
                }
                prop_assert_eq!(pace.at(cursor.index()), Some(cursor.at()));
            }
        }
    }
}
