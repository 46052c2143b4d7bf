//! Which series have ended.

use std::collections::BTreeMap;

use crate::labels::Labels;
use crate::series::{Series, stale_marker};

/// Follows the series of one source and says which are gone, so that a receiver stops to show their
/// last value at once and not after five minutes.
#[derive(Clone, Debug, Default)]
pub struct Staleness {
    /// The newest timestamp of each series that goes on.
    last: BTreeMap<Labels, i64>,
}

impl Staleness {
    /// Takes the series of a successful round and returns a stale marker for each series of the round
    /// before that is not among them. Not to be called for a round that failed: nothing is known then.
    pub fn follow(&mut self, series: &[Series], at_ms: i64) -> Vec<Series> {
        let newest = |one: &Series| one.samples.iter().map(|sample| sample.timestamp_ms).max();
        let now = series.iter().filter_map(|one| Some((one.labels.clone(), newest(one)?))).collect();
        let before = std::mem::replace(&mut self.last, now);
        let gone = before.into_iter().filter(|(labels, _)| !self.last.contains_key(labels));
        gone.map(|(labels, last)| marker(labels, last, at_ms)).collect()
    }

    /// A stale marker for every series that goes on; for a source that is no longer asked.
    pub fn end(&mut self, at_ms: i64) -> Vec<Series> {
        self.follow(&[], at_ms)
    }
}

/// Later than the series' last sample, or the receiver would see two values for one timestamp.
fn marker(labels: Labels, last_ms: i64, at_ms: i64) -> Series {
    Series::new(labels, stale_marker(), at_ms.max(last_ms.saturating_add(1)))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::series::is_stale;

    fn series(names: &str, at: i64) -> Vec<Series> {
        let labels = |name| Labels::new([("__name__", name)]).unwrap();
        names.split_whitespace().map(|name| Series::new(labels(name), 1.0, at)).collect()
    }

    #[test]
    fn each_end_is_marked_once_and_later_than_the_last_sample() {
        let mut staleness = Staleness::default();
        let mut check = |names: &str, at, expect: &[(&str, i64)]| {
            let marked = staleness.follow(&series(names, at), at);
            let found: Vec<(&str, i64)> = marked
                .iter()
                .map(|one| (one.labels.metric_name().unwrap(), one.samples[0].timestamp_ms))
                .collect();
            assert_eq!(found, expect);
            assert!(marked.iter().all(|one| is_stale(one.samples[0].value)));
        };
        check("a b", 1, &[]);
        check("b c", 2, &[("a", 2)]);
        check("c", 2, &[("b", 3)]);
        check("a", 4, &[("c", 4)]);
        check("", 5, &[("a", 5)]);
        check("", 6, &[]);
    }
}
