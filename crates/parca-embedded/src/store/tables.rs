//! All series, and the stacks that their rows point to.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use pql::ProfileType;
use profile_model::{Symbols, ValueType};

use super::filter::{Between, Filter};
use super::intern::Interner;
use super::series::{Series, SeriesKey, TypeKey};
use super::{NewProfile, Stats};

/// What the store's lock guards.
#[derive(Debug, Default)]
pub(crate) struct Tables {
    pub(super) symbols: Symbols,
    pub(super) series: HashMap<Arc<SeriesKey>, Series, foldhash::fast::RandomState>,
    pub(super) evicted_rows: u64,
}

impl Tables {
    pub(crate) fn symbols(&self) -> &Symbols {
        &self.symbols
    }

    /// Series of one profile type whose labels pass, sorted by their labels: an answer looks the
    /// same twice.
    pub(crate) fn select(&self, filter: &Filter) -> Vec<&Series> {
        let mut selected: Vec<&Series> =
            self.series.values().filter(|series| filter.takes(&series.key)).collect();
        selected.sort_by(|a, b| a.labels().cmp(b.labels()));
        selected
    }

    /// The profile types that have a profile in the span; each with and without `delta` as stored.
    pub(crate) fn profile_types(&self, between: Between) -> BTreeSet<ProfileType> {
        let mut found = BTreeSet::new();
        for series in self.series.values() {
            for delta in [false, true] {
                let listed =
                    |p: &super::ProfileRows<'_>| (p.duration_nanos > 0) == delta && between.has(p.time_nanos);
                if series.profiles().any(|profile| listed(&profile)) {
                    found.insert(series.key.profile_type.profile_type(delta));
                }
            }
        }
        found
    }

    /// Every series with a profile in the span, for label names and values.
    pub(crate) fn series_between(&self, filter: &Filter, between: Between) -> impl Iterator<Item = &Series> {
        let takes = move |series: &&Series| {
            filter.takes(&series.key)
                && series.profiles().any(|p| filter.takes_duration(&p) && between.has(p.time_nanos))
        };
        self.series.values().filter(takes)
    }

    pub(crate) fn stats(&self) -> Stats {
        let count = |each: fn(&Series) -> usize| self.series.values().map(each).sum::<usize>() as u64;
        Stats {
            series: self.series.len() as u64,
            profiles: count(Series::profile_count),
            rows: count(Series::rows),
            bytes: self.heap_bytes() as u64,
            evicted_rows: self.evicted_rows,
        }
    }

    pub(super) fn heap_bytes(&self) -> usize {
        self.symbols.heap_bytes() + self.series.values().map(Series::heap_bytes).sum::<usize>()
    }

    pub(super) fn append(&mut self, new: &NewProfile) {
        let profile = &new.profile;
        let nothing = ValueType::default();
        let period_type = profile.period_type.as_ref().unwrap_or(&nothing);
        let mut interner = Interner::new(&profile.symbols);
        for (index, sample_type) in profile.sample_types.iter().enumerate() {
            let mut rows = Vec::with_capacity(profile.samples.len());
            for (stack, value) in profile.samples.column(index) {
                // Parca does not keep a stack that nothing was measured on.
                if value != 0 {
                    rows.push((interner.stack(&mut self.symbols, stack), value));
                }
            }
            if rows.is_empty() {
                continue;
            }
            let key = SeriesKey {
                profile_type: TypeKey::new(&new.name, sample_type, period_type),
                labels: new.labels.clone(),
            };
            self.series_of(key).push(
                profile.time_nanos,
                profile.duration_nanos,
                profile.period,
                rows.into_iter(),
            );
        }
    }

    fn series_of(&mut self, key: SeriesKey) -> &mut Series {
        let key = Arc::new(key);
        self.series.entry(Arc::clone(&key)).or_insert_with(|| Series::new(key))
    }
}
