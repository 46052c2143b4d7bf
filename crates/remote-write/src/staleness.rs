//! Which series have ended.

use std::collections::HashMap;

use relabel::{ByLabels, Labels};

use crate::series::{Series, stale_marker};

/// Follows the series of one source and says which are gone, so that a receiver stops to show their
/// last value at once and not after five minutes.
#[derive(Clone, Debug, Default)]
pub struct Staleness {
    living: HashMap<Labels, Life, ByLabels>,
    round: u64,
}

#[derive(Clone, Copy, Debug)]
struct Life {
    /// The newest timestamp.
    last_ms: i64,
    /// When it was seen last.
    round: u64,
}

impl Staleness {
    /// Takes the series of a successful round and returns a stale marker for each series of the round
    /// before that is not among them, by labels. Not to be called for a round that failed: nothing is
    /// known then.
    pub fn follow(&mut self, series: &[Series], at_ms: i64) -> Vec<Series> {
        self.round += 1;
        let round = self.round;
        for one in series {
            let newest = one.samples.iter().map(|sample| sample.timestamp_ms).max();
            let Some(last_ms) = newest else { continue };
            let life = Life { last_ms, round };
            match self.living.get_mut(&one.labels) {
                Some(known) => *known = life,
                None => drop(self.living.insert(one.labels.clone(), life)),
            }
        }
        let mut gone: Vec<Series> = Vec::new();
        self.living.retain(|labels, life| {
            if life.round != round {
                gone.push(marker(labels.clone(), life.last_ms, at_ms));
            }
            life.round == round
        });
        gone.sort_by(|a, b| a.labels.cmp(&b.labels));
        gone
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
