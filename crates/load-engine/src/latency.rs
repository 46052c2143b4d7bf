use std::time::Duration;

use hdrhistogram::Histogram;

/// The schema of [`Latency::native_buckets`]: bucket bounds are powers of 2^(1/8) = 1.09, the
/// largest factor up to the original's 1.1.
pub const NATIVE_SCHEMA: i32 = 3;

/// Longer durations are counted as this long; their sum and maximum stay exact.
const LONGEST: Duration = Duration::from_secs(3600);
/// Resolution: 512 ns, the power of two below this.
const SHORTEST_NANOS: u64 = 1_000;

/// A distribution of durations: an HDR histogram with its exact sum and maximum. Its size is
/// bounded by the longest duration seen, not by their number.
#[derive(Clone, Debug)]
pub struct Latency {
    histogram: Histogram<u64>,
    sum_nanos: u128,
    max: Duration,
}

impl Latency {
    /// Off by at most 0.1 %.
    pub(crate) fn three_digits() -> Self {
        Self::new(3)
    }

    /// Off by at most 1 %; an eighth of the memory.
    pub(crate) fn two_digits() -> Self {
        Self::new(2)
    }

    fn new(digits: u8) -> Self {
        let mut histogram = Histogram::new_with_bounds(SHORTEST_NANOS, 2 * SHORTEST_NANOS, digits)
            .expect("the bounds and digits are constants that the histogram takes");
        histogram.auto(true);
        Self { histogram, sum_nanos: 0, max: Duration::ZERO }
    }

    pub(crate) fn record(&mut self, duration: Duration) {
        let clamped = duration.min(LONGEST).as_nanos() as u64;
        self.histogram.record(clamped).expect("an hour of nanoseconds fits a growing histogram");
        self.sum_nanos += duration.as_nanos();
        self.max = self.max.max(duration);
    }

    /// Adds what `other` has counted.
    pub fn merge(&mut self, other: &Self) {
        self.histogram.add(&other.histogram).expect("a growing histogram takes what another one took");
        self.sum_nanos += other.sum_nanos;
        self.max = self.max.max(other.max);
    }

    pub(crate) fn clear(&mut self) {
        if self.count() > 0 {
            self.histogram.reset();
            self.sum_nanos = 0;
            self.max = Duration::ZERO;
        }
    }

    /// How many durations were counted.
    pub fn count(&self) -> u64 {
        self.histogram.len()
    }

    /// The exact sum, in seconds.
    pub fn sum_seconds(&self) -> f64 {
        self.sum_nanos as f64 / 1e9
    }

    /// The exact mean.
    pub fn mean(&self) -> Option<Duration> {
        let mean = self.sum_nanos.checked_div(u128::from(self.count()))?;
        Some(Duration::from_nanos(u64::try_from(mean).unwrap_or(u64::MAX)))
    }

    /// The exact maximum.
    pub fn max(&self) -> Option<Duration> {
        (self.count() > 0).then_some(self.max)
    }

    /// The duration that the share `quantile` (0 to 1) of all is not longer than.
    pub fn quantile(&self, quantile: f64) -> Option<Duration> {
        let value = || Duration::from_nanos(self.histogram.value_at_quantile(quantile)).min(self.max);
        (self.count() > 0).then(value)
    }

    /// For a classic Prometheus histogram: how many are at most `bounds[i]` seconds, for each of
    /// the ascending bounds. The `+Inf` bucket is [`count`](Latency::count).
    pub fn classic_buckets(&self, bounds: &[f64]) -> Vec<u64> {
        let mut counts = vec![0; bounds.len()];
        for (seconds, count) in self.cells() {
            let bucket = bounds.partition_point(|&bound| bound < seconds);
            if let Some(bucket) = counts.get_mut(bucket) {
                *bucket += count;
            }
        }
        let mut below = 0;
        for count in &mut counts {
            below += *count;
            *count = below;
        }
        counts
    }

    /// For a native Prometheus histogram of [`NATIVE_SCHEMA`]: the non-empty buckets, ascending.
    /// Bucket `i` holds durations in `(2^((i-1)/8), 2^(i/8)]` seconds. There is no zero bucket:
    /// durations under 512 ns count as half of that.
    pub fn native_buckets(&self) -> Vec<(i32, u64)> {
        let mut buckets: Vec<(i32, u64)> = Vec::new();
        for (seconds, count) in self.cells() {
            let index = (seconds.log2() * f64::from(1 << NATIVE_SCHEMA)).ceil() as i32;
            match buckets.last_mut() {
                Some((last, sum)) if *last == index => *sum += count,
                _ => buckets.push((index, count)),
            }
        }
        buckets
    }

    /// The non-empty cells, ascending: the middle of the cell in seconds, and its count.
    fn cells(&self) -> impl Iterator<Item = (f64, u64)> + '_ {
        self.histogram.iter_recorded().map(|cell| {
            let middle = self.histogram.median_equivalent(cell.value_iterated_to());
            (middle as f64 / 1e9, cell.count_at_value())
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(millis: &[u64]) -> Latency {
        let mut latency = Latency::two_digits();
        millis.iter().for_each(|&millis| latency.record(Duration::from_millis(millis)));
        latency
    }

    #[test]
    fn nothing_has_no_quantiles() {
        let latency = of(&[]);
        assert_eq!(
            (latency.count(), latency.mean(), latency.max(), latency.quantile(0.5)),
            (0, None, None, None)
        );
        assert_eq!(latency.classic_buckets(&[1.0]), [0]);
        assert_eq!(latency.native_buckets(), []);
    }

    #[test]
    fn classic_buckets_are_cumulative() {
        let latency = of(&[1, 20, 20, 300, 4000]);
        assert_eq!(latency.classic_buckets(&[0.005, 0.05, 0.1, 0.5, 1.0]), [1, 3, 3, 4, 4]);
        assert_eq!(latency.sum_seconds(), 4.341);
    }

    #[test]
    fn native_buckets_are_where_prometheus_has_them() {
        // 2^(-8/8) = 0.5 < 0.51 <= 2^(-7/8); 1.05 is in (1, 2^(1/8)], bucket 1.
        assert_eq!(of(&[510, 1050, 1050]).native_buckets(), [(-7, 1), (1, 2)]);
        let mut short = Latency::two_digits();
        short.record(Duration::ZERO);
        assert_eq!(short.native_buckets().len(), 1);
    }

    #[test]
    fn durations_beyond_the_range_keep_sum_and_maximum() {
        let mut latency = Latency::three_digits();
        latency.record(Duration::from_secs(10_000));
        latency.record(Duration::from_secs(1));
        assert_eq!(latency.sum_seconds(), 10_001.0);
        assert_eq!(latency.max(), Some(Duration::from_secs(10_000)));
        assert!(latency.quantile(1.0).unwrap() >= Duration::from_secs(3599));
    }

    proptest! {
        #[test]
        fn merging_is_recording_together(a in prop::collection::vec(0u64..10_000_000_000, 0..60), b in prop::collection::vec(0u64..5_000_000, 0..60)) {
            let record = |values: &[u64]| {
                let mut latency = Latency::three_digits();
                values.iter().for_each(|&nanos| latency.record(Duration::from_nanos(nanos)));
                latency
            };
            let mut merged = record(&a);
            merged.merge(&record(&b));
            let all: Vec<u64> = a.iter().chain(&b).copied().collect();
            let together = record(&all);
            prop_assert_eq!(merged.count(), together.count());
            prop_assert_eq!(merged.sum_seconds(), together.sum_seconds());
            prop_assert_eq!(merged.quantile(0.99), together.quantile(0.99));
            prop_assert_eq!(merged.native_buckets(), together.native_buckets());
            let in_buckets: u64 = merged.native_buckets().iter().map(|&(_, count)| count).sum();
            prop_assert_eq!(in_buckets, merged.count());
            merged.clear();
            merged.merge(&together);
            prop_assert_eq!(merged.quantile(0.5), together.quantile(0.5));
        }
    }
}
