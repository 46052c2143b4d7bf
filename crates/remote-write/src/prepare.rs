//! From what a caller measured to what may go on the wire.

use std::borrow::Cow;
use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

use relabel::{ByLabels, Labels, NameRules, RelabelRule, is_reserved};

use crate::series::{Sample, Series, is_stale};

/// What happens to every series of one destination before it is sent.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Rules {
    /// Added to series that do not have the label; the series' own value wins.
    pub external_labels: Labels,
    /// Run in order after the external labels are there.
    pub relabel: Vec<RelabelRule>,
    /// Which names may be sent.
    pub names: NameRules,
    /// What becomes of two values for one series and timestamp, which relabelling can produce.
    pub duplicates: Duplicates,
}

/// What becomes of a second value for the same series and timestamp. A receiver would store the
/// first and say nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Duplicates {
    /// The first value is sent.
    #[default]
    KeepFirst,
    /// The sum is sent; right for values that add up, such as the time spent in a function.
    Sum,
}

/// Samples that were left out, by reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct LeftOut {
    /// A relabelling rule dropped the series.
    pub relabelled: u64,
    /// The series' name or labels would not be stored.
    pub invalid: u64,
    /// A second value for a series and timestamp.
    pub duplicate: u64,
}

impl LeftOut {
    /// All of them.
    pub fn total(&self) -> u64 {
        self.relabelled + self.invalid + self.duplicate
    }
}

/// Applies the rules: external labels, relabelling, `__` labels dropped, names checked, series with
/// the same labels made one, samples ordered by time. The order of series stays. What the rules do not
/// change is not copied.
pub fn prepare<'a>(series: &'a [Series], rules: &Rules) -> (Vec<Cow<'a, Series>>, LeftOut) {
    let mut left_out = LeftOut::default();
    let mut kept = Vec::with_capacity(series.len());
    for one in series.iter().filter(|one| !one.samples.is_empty()) {
        let samples = one.samples.len() as u64;
        let mut labels = one.labels.clone();
        if !relabel(&mut labels, rules) {
            left_out.relabelled += samples;
        } else if let Err(reason) = labels.check(rules.names) {
            tracing::debug!(?labels, %reason, "dropped a series that no receiver would store");
            left_out.invalid += samples;
        } else if labels == one.labels {
            kept.push(Cow::Borrowed(one));
        } else {
            kept.push(Cow::Owned(Series { labels, ..one.clone() }));
        }
    }
    if are_ready(&kept) {
        return (kept, left_out);
    }
    let (ready, duplicate) = merge(kept.into_iter().map(Cow::into_owned).collect(), rules.duplicates);
    left_out.duplicate = duplicate;
    (ready.into_iter().map(Cow::Owned).collect(), left_out)
}

/// Whether no labels come twice, and samples are in order: then there is nothing to merge.
fn are_ready(series: &[Cow<'_, Series>]) -> bool {
    let mut seen: HashSet<u64, ByLabels> =
        HashSet::with_capacity_and_hasher(series.len(), ByLabels::default());
    series.iter().all(|one| {
        let in_order = one.samples.windows(2).all(|two| two[0].timestamp_ms < two[1].timestamp_ms);
        // Different labels of one fingerprint only cost the longer way.
        in_order && seen.insert(one.labels.fingerprint())
    })
}

/// Makes series with the same labels one, and returns how many samples were second values.
pub(crate) fn merge(series: Vec<Series>, duplicates: Duplicates) -> (Vec<Series>, u64) {
    let mut places: HashMap<Labels, usize, ByLabels> = HashMap::default();
    let mut merged: Vec<Series> = Vec::with_capacity(series.len());
    for mut one in series.into_iter().filter(|one| !one.samples.is_empty()) {
        match places.entry(one.labels.clone()) {
            Entry::Occupied(place) => merged[*place.get()].samples.append(&mut one.samples),
            Entry::Vacant(place) => {
                place.insert(merged.len());
                merged.push(one);
            }
        }
    }
    let second = merged.iter_mut().map(|one| make_unique(&mut one.samples, duplicates)).sum();
    (merged, second)
}

fn relabel(labels: &mut Labels, rules: &Rules) -> bool {
    for (name, value) in rules.external_labels.iter() {
        if labels.get(name).is_none() {
            labels.set(name, value);
        }
    }
    if !rules.relabel.iter().all(|rule| rule.apply(labels)) {
        return false;
    }
    // Metric names with such labels are rare: most often nothing is copied.
    if labels.iter().any(|(name, _)| is_reserved(name)) {
        labels.retain(|name, _| !is_reserved(name));
    }
    true
}

fn make_unique(samples: &mut Vec<Sample>, duplicates: Duplicates) -> u64 {
    let before = samples.len();
    // Stable, so "first" is the caller's first.
    samples.sort_by_key(|sample| sample.timestamp_ms);
    samples.dedup_by(|later, first| {
        let same = later.timestamp_ms == first.timestamp_ms;
        if same {
            first.value = combined(first.value, later.value, duplicates);
        }
        same
    });
    (before - samples.len()) as u64
}

/// A value beside a stale marker is the value: the series goes on. And arithmetic would turn the marker
/// into an ordinary NaN.
fn combined(first: f64, later: f64, duplicates: Duplicates) -> f64 {
    match (is_stale(first), is_stale(later), duplicates) {
        (true, _, _) => later,
        (_, true, _) | (_, _, Duplicates::KeepFirst) => first,
        (_, _, Duplicates::Sum) => first + later,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use relabel::{METRIC_NAME, RelabelAction, RelabelConfig};

    use super::*;
    use crate::series::stale_marker;

    fn series(name: &str, pairs: &[(&str, &str)], value: f64) -> Series {
        let name = [(METRIC_NAME, name)];
        Series::new(Labels::new(name.iter().chain(pairs).copied()).unwrap(), value, 7)
    }

    fn dropping(regex: &str) -> RelabelRule {
        let action = RelabelAction::LabelDrop;
        RelabelRule::new(RelabelConfig { regex: regex.into(), action, ..Default::default() }).unwrap()
    }

    fn shown(series: &[Cow<'_, Series>]) -> Vec<String> {
        series.iter().map(|one| format!("{:?} {}", one.labels, one.samples[0].value)).collect()
    }

    #[test]
    fn external_labels_yield_to_the_series_own() {
        let external_labels = Labels::new([("job", "ext"), ("zone", "a")]).unwrap();
        let rules = Rules { external_labels, ..Rules::default() };
        let input = [series("m", &[("job", "own")], 1.0)];
        let (ready, _) = prepare(&input, &rules);
        assert_eq!(shown(&ready), [r#"m{job="own",zone="a"} 1"#]);
    }

    #[test]
    fn series_that_relabelling_makes_equal_are_sent_once() {
        let input = [series("m", &[("a", "1")], 1.0), series("n", &[], 5.0), series("m", &[("a", "2")], 2.0)];
        let check = |duplicates, expect: &[&str]| {
            let rules = Rules { relabel: vec![dropping("a")], duplicates, ..Rules::default() };
            let (ready, left_out) = prepare(&input, &rules);
            assert_eq!(shown(&ready), expect);
            assert_eq!(left_out, LeftOut { duplicate: 1, ..LeftOut::default() });
        };
        check(Duplicates::KeepFirst, &["m{} 1", "n{} 5"]);
        check(Duplicates::Sum, &["m{} 3", "n{} 5"]);
    }

    #[test]
    fn what_no_receiver_would_store_is_counted() {
        let rules = Rules { relabel: vec![dropping("gone|__name__x")], ..Rules::default() };
        let nameless = Series::new(Labels::new([("a", "1")]).unwrap(), 1.0, 7);
        let input = vec![nameless, series("a.b", &[], 1.0), series("m", &[("__tmp", "x")], 1.0)];
        let (ready, left_out) = prepare(&input, &rules);
        assert_eq!(shown(&ready), ["m{} 1"]);
        assert_eq!(left_out, LeftOut { invalid: 2, ..LeftOut::default() });
    }

    #[test]
    fn samples_are_in_order_and_a_stale_marker_keeps_its_bits() {
        let mut one = series("m", &[], 3.0);
        one.samples.push(Sample::new(stale_marker(), 9));
        one.samples.push(Sample::new(1.0, 2));
        one.samples.insert(0, Sample::new(stale_marker(), 2));
        one.samples.push(Sample::new(stale_marker(), 7));
        for duplicates in [Duplicates::KeepFirst, Duplicates::Sum] {
            let rules = Rules { duplicates, ..Rules::default() };
            let (ready, _) = prepare(std::slice::from_ref(&one), &rules);
            let expect = [Sample::new(1.0, 2), Sample::new(3.0, 7), Sample::new(stale_marker(), 9)];
            assert_eq!(ready[0].samples, expect);
        }
    }
}
