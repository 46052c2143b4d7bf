//! A part of the store that lives in memory.

use std::sync::Arc;

use profile_model::{BatchHead, BatchType, Labels, StackId, Symbols, ValueType};

use super::block::{Moment, ProfileRows, Profiles};
use super::intern::Interner;
use crate::index::Index;
use crate::merge::{Collector, Merge, ProfileSum};
use crate::model::{Extent, Extents, Filter, Known, Span, TypeKey};
use crate::stop::Stop;
use crate::{NewBatch, NewProfile};

/// Profiles by series with the symbols that their stacks point to. Grows until it is frozen.
#[derive(Debug)]
pub(crate) struct MemoryPart {
    symbols: Symbols,
    index: Index,
    series: Vec<Series>,
    extent: Extent,
    profiles: u64,
    rows: u64,
    /// Bytes of the series' profiles; the rest knows its own.
    bytes: usize,
    /// Of the writes that filled it.
    digests: Vec<u64>,
}

#[derive(Debug)]
struct Series {
    extents: Extents,
    profiles: Profiles,
}

impl Default for MemoryPart {
    fn default() -> Self {
        Self {
            symbols: Symbols::new(),
            index: Index::default(),
            series: Vec::new(),
            extent: Extent::EMPTY,
            profiles: 0,
            rows: 0,
            bytes: 0,
            digests: Vec::new(),
        }
    }
}

impl MemoryPart {
    pub(crate) fn append(&mut self, new: &NewProfile) {
        let profile = &new.profile;
        let nothing = ValueType::default();
        let period_type = profile.period_type.as_ref().unwrap_or(&nothing);
        let (time_nanos, duration_nanos) = (profile.time_nanos, profile.duration_nanos);
        let at = Moment { time_nanos, duration_nanos, period: profile.period };
        let mut interner = Interner::new(&profile.symbols, new.keep.columns);
        let mut rows = Vec::with_capacity(profile.samples.len());
        let mut set = None;
        for (index, sample_type) in profile.sample_types.iter().enumerate() {
            rows.clear();
            for (stack, value) in profile.samples.column(index) {
                // Parca does not keep a stack that nothing was measured on.
                if value != 0 || new.keep.zeros {
                    rows.push((interner.stack(&mut self.symbols, stack), value));
                }
            }
            if rows.is_empty() {
                continue;
            }
            let of_type = self.index.type_id(&TypeKey::new(&new.name, sample_type, period_type));
            let set = *set.get_or_insert_with(|| self.index.set_id(&new.labels));
            self.push(of_type, set, at, &rows);
        }
    }

    /// As [`append`](Self::append) of each profile; what they share is looked up once.
    pub(crate) fn append_batch(&mut self, new: &NewBatch) {
        let batch = &new.batch;
        let mut interner = Interner::new(&batch.symbols, new.keep.columns);
        let mut types: Vec<Option<u32>> = vec![None; batch.types.len()];
        let mut sets: Vec<Option<u32>> = vec![None; batch.sets.len()];
        let mut kept = Vec::new();
        for (head, rows) in batch.profiles() {
            kept.clear();
            for (stack, value) in rows.filter(|(_, value)| *value != 0 || new.keep.zeros) {
                kept.push((interner.stack(&mut self.symbols, stack), value));
            }
            if kept.is_empty() {
                continue;
            }
            let of_type = *types[head.of_type as usize].get_or_insert_with(|| {
                let BatchType { name, sample_type, period_type } = batch.type_of(head);
                self.index.type_id(&TypeKey::new(name, sample_type, period_type))
            });
            let set = *sets[head.set as usize]
                .get_or_insert_with(|| self.index.set_id_of(batch.sets.get(head.set as usize)));
            let BatchHead { time_nanos, duration_nanos, period, .. } = *head;
            self.push(of_type, set, Moment { time_nanos, duration_nanos, period }, &kept);
        }
    }

    fn push(&mut self, of_type: u32, set: u32, at: Moment, rows: &[(StackId, i64)]) {
        let (series, new) = self.index.series_id(of_type, set);
        if new {
            self.series.push(Series { extents: Extents::EMPTY, profiles: Profiles::default() });
            self.bytes += size_of::<Series>();
        }
        self.index.note(of_type, at.time_nanos, at.duration_nanos);
        let series = &mut self.series[series as usize];
        series.extents.add(at.time_nanos, at.duration_nanos);
        let (taken, freed) = series.profiles.push(at, rows);
        self.bytes = self.bytes + taken - freed;
        self.extent.add(at.time_nanos);
        self.profiles += 1;
        self.rows += rows.len() as u64;
    }

    /// Remembers by what writes that are in it are recognised.
    pub(crate) fn remember(&mut self, digests: &[u64]) {
        self.digests.extend_from_slice(digests);
    }

    pub(crate) fn digests(&self) -> &[u64] {
        &self.digests
    }

    /// Gives back what is reserved for profiles that will not come.
    pub(crate) fn freeze(&mut self) {
        let freed: usize = self.series.iter_mut().map(|series| series.profiles.shrink_last()).sum();
        self.bytes = self.bytes.saturating_sub(freed);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.profiles == 0
    }

    pub(crate) fn extent(&self) -> Extent {
        self.extent
    }

    pub(crate) fn profiles(&self) -> u64 {
        self.profiles
    }

    pub(crate) fn rows(&self) -> u64 {
        self.rows
    }

    pub(crate) fn heap_bytes(&self) -> usize {
        self.symbols.heap_bytes()
            + self.index.heap_bytes()
            + self.bytes
            + self.digests.capacity() * size_of::<u64>()
    }

    pub(crate) fn symbols(&self) -> &Symbols {
        &self.symbols
    }

    pub(crate) fn index(&self) -> &Index {
        &self.index
    }

    /// The profiles of one series in a span, in the order they came.
    pub(crate) fn profiles_of(&self, series: u32, span: Span) -> impl Iterator<Item = ProfileRows<'_>> {
        let profiles = self.series[series as usize].profiles.iter();
        profiles.filter(move |profile| span.has(profile.at.time_nanos))
    }

    pub(crate) fn extents_of(&self, series: u32) -> Extents {
        self.series[series as usize].extents
    }

    /// Adds the rows that are asked for to those of other parts.
    pub(crate) fn merge(&self, ask: &Merge, into: &mut Collector, stop: &Stop) {
        let series: Vec<u32> = self.index.select(&ask.filter);
        let series = series.into_iter().filter(|series| self.may_have(*series, &ask.filter, ask.span));
        if into.by_time {
            return self.merge_by_time(series, ask, into, stop);
        }
        let mut grouped: Vec<(usize, u32)> = Vec::new();
        for series in stop.before(series) {
            // A group is one only if a profile of it is there.
            if self.selected(series, &ask.filter, ask.span).next().is_some() {
                grouped.push((into.group(self.index.labels(series), &ask.group_by, 0), series));
            }
        }
        grouped.sort_unstable();
        let mut sums = into.part(&self.symbols);
        for (group, series) in stop.before(grouped) {
            sums.start_group(group);
            for profile in stop.before(self.selected(series, &ask.filter, ask.span)) {
                let factor = if ask.in_periods { profile.at.period } else { 1 };
                sums.add(profile.stacks, profile.values, factor);
            }
        }
        sums.finish();
    }

    fn merge_by_time(
        &self,
        series: impl Iterator<Item = u32>,
        ask: &Merge,
        into: &mut Collector,
        stop: &Stop,
    ) {
        let mut sums = into.part(&self.symbols);
        for series in stop.before(series) {
            let labels = self.index.labels(series);
            for profile in stop.before(self.selected(series, &ask.filter, ask.span)) {
                let group = sums.group(labels, &ask.group_by, profile.at.time_nanos);
                sums.start_group(group);
                let factor = if ask.in_periods { profile.at.period } else { 1 };
                sums.add(profile.stacks, profile.values, factor);
            }
        }
        sums.finish();
    }

    /// Calls back with the profiles of each series that is selected, sums without stacks.
    pub(crate) fn sums(
        &self,
        filter: &Filter,
        span: Span,
        each: &mut dyn FnMut(&Labels, &[ProfileSum]),
        stop: &Stop,
    ) {
        for series in stop.before(self.index.select(filter)) {
            if self.may_have(series, filter, span) {
                let sums: Vec<ProfileSum> = self.selected(series, filter, span).map(|p| sum(&p)).collect();
                each(self.index.labels(series), &sums);
            }
        }
    }

    /// Calls back with each type that has a profile in the span and whether it is a delta.
    pub(crate) fn types(&self, span: Span, each: &mut dyn FnMut(&TypeKey, bool)) {
        for (id, (key, extents)) in (0_u32..).zip(self.index.types()) {
            for delta in [false, true] {
                let has = match extents.any_in(span, |class| (class == 1) == delta) {
                    Known::Yes => true,
                    Known::No => false,
                    Known::Maybe => self.index.of_type(id).any(|series| {
                        let listed = |p: &ProfileRows<'_>| (p.at.duration_nanos > 0) == delta;
                        self.profiles_of(series, span).any(|profile| listed(&profile))
                    }),
                };
                if has {
                    each(key, delta);
                }
            }
        }
    }

    /// Calls back with the labels of each series that has a selected profile.
    pub(crate) fn labels(
        &self,
        filter: &Filter,
        span: Span,
        each: &mut dyn FnMut(&Arc<Labels>),
        stop: &Stop,
    ) {
        for series in stop.before(self.index.select(filter)) {
            let takes = |class| filter.takes_duration(Extents::duration_of(class));
            let has = match self.extents_of(series).any_in(span, takes) {
                Known::Yes => true,
                Known::No => false,
                Known::Maybe => self.selected(series, filter, span).next().is_some(),
            };
            if has {
                each(self.index.labels(series));
            }
        }
    }

    fn may_have(&self, series: u32, filter: &Filter, span: Span) -> bool {
        let takes = |class| filter.takes_duration(Extents::duration_of(class));
        self.extents_of(series).any_in(span, takes) != Known::No
    }

    fn selected<'a>(
        &'a self,
        series: u32,
        filter: &'a Filter,
        span: Span,
    ) -> impl Iterator<Item = ProfileRows<'a>> {
        self.profiles_of(series, span).filter(|profile| filter.takes_duration(profile.at.duration_nanos))
    }
}

fn sum(profile: &ProfileRows<'_>) -> ProfileSum {
    ProfileSum {
        time_nanos: profile.at.time_nanos,
        duration_nanos: profile.at.duration_nanos,
        period: profile.at.period,
        value: profile.values.iter().fold(0, |sum: i64, value| sum.wrapping_add(*value)),
        rows: profile.values.len() as u64,
    }
}
