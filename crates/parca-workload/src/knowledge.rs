//! What the lanes have learned of the server and share: entries expire, so that what is gone from
//! the server is not asked for much longer.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use pql::ProfileType;
use profile_model::{Labels, Timestamp};

/// A type, the index of a selector, and the index of a span.
pub(crate) type SeriesId = (ProfileType, usize, usize);

/// Most instants that are remembered of one series.
const MAX_TIMES: usize = 512;
/// Most label sets that are remembered of one type.
const MAX_LABEL_SETS: usize = 512;

/// The shared maps. Cheap to clone; clones share.
#[derive(Clone, Debug, Default)]
pub struct Knowledge {
    inner: Arc<Mutex<Maps>>,
}

#[derive(Debug, Default)]
pub(crate) struct Maps {
    pub(crate) labels: Expiring<String, ()>,
    pub(crate) types: Expiring<ProfileType, ()>,
    pub(crate) series: Expiring<SeriesId, Vec<KnownSeries>>,
    /// Rounds of QueryRange that have come to their end.
    pub(crate) range_rounds: u64,
    /// The last error of each lane, by its name.
    pub(crate) errors: HashMap<&'static str, LastError>,
}

/// What a lane was last told that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LastError {
    /// When.
    pub at: SystemTime,
    /// In whose words it was refused, or what went wrong on the way.
    pub words: String,
}

/// Where a type has data in a span: one for each label set that the server told apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct KnownSeries {
    pub(crate) labels: Labels,
    /// Ascending.
    pub(crate) times: Vec<Timestamp>,
    /// The width of the buckets that the times are the starts of; zero for exact times.
    pub(crate) bucket: Duration,
}

impl Knowledge {
    /// Nothing known.
    pub fn new() -> Self {
        Self::default()
    }

    /// Notes profile types that the server was seen to have.
    pub fn learn_types(&self, types: impl IntoIterator<Item = ProfileType>, lifetime: Duration) {
        let mut maps = self.maps();
        for profile_type in types {
            maps.types.insert(profile_type, (), lifetime);
        }
    }

    /// The profile types that are known now, sorted.
    pub fn types(&self) -> Vec<ProfileType> {
        self.maps().types.live().map(|(profile_type, ())| profile_type.clone()).collect()
    }

    /// How many profile types are known now.
    pub fn type_count(&self) -> usize {
        self.maps().types.live().count()
    }

    /// The last error of a lane, by its name; none if it had none.
    pub fn last_error(&self, lane: &str) -> Option<LastError> {
        self.maps().errors.get(lane).cloned()
    }

    pub(crate) fn maps(&self) -> MutexGuard<'_, Maps> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl KnownSeries {
    /// Remembers a bounded number of the times, spread over all of them.
    pub(crate) fn thinned(labels: Labels, mut times: Vec<Timestamp>, bucket: Duration) -> Self {
        times.sort_unstable();
        let every = times.len().div_ceil(MAX_TIMES).max(1);
        Self { labels, times: times.into_iter().step_by(every).collect(), bucket }
    }

    pub(crate) fn limit(mut all: Vec<Self>) -> Vec<Self> {
        all.retain(|series| !series.times.is_empty());
        all.sort_unstable_by(|a, b| a.labels.cmp(&b.labels));
        all.truncate(MAX_LABEL_SETS);
        all
    }
}

/// A map whose entries are gone some time after they were last put in. Sorted, so that a random
/// index means the same entry in every run.
#[derive(Debug)]
pub(crate) struct Expiring<K, V> {
    entries: BTreeMap<K, (V, Instant)>,
}

impl<K, V> Default for Expiring<K, V> {
    fn default() -> Self {
        Self { entries: BTreeMap::new() }
    }
}

impl<K: Ord, V> Expiring<K, V> {
    pub(crate) fn insert(&mut self, key: K, value: V, lifetime: Duration) {
        let now = Instant::now();
        self.entries.retain(|_, (_, until)| *until > now);
        self.entries.insert(key, (value, now + lifetime));
    }

    pub(crate) fn remove(&mut self, key: &K) {
        self.entries.remove(key);
    }

    pub(crate) fn live(&self) -> impl Iterator<Item = (&K, &V)> {
        let now = Instant::now();
        self.entries.iter().filter(move |(_, (_, until))| *until > now).map(|(key, (value, _))| (key, value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_expire_unless_they_are_seen_again() {
        let mut map = Expiring::default();
        map.insert("gone", 1, Duration::ZERO);
        map.insert("here", 2, Duration::from_secs(3600));
        assert_eq!(map.live().collect::<Vec<_>>(), [(&"here", &2)]);
    }

    #[test]
    fn many_instants_are_thinned_over_the_whole_span() {
        let times: Vec<Timestamp> = (0..10_000).rev().map(|second| Timestamp::new(second, 0)).collect();
        let known = KnownSeries::thinned(Labels::default(), times, Duration::ZERO);
        assert!(known.times.len() <= MAX_TIMES);
        assert_eq!(known.times.first(), Some(&Timestamp::new(0, 0)));
        assert!(known.times.last() > Some(&Timestamp::new(9_900, 0)));
    }
}
