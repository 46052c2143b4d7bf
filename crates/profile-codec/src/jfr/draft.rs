//! Samples of all kinds on their way into profiles.

use std::array;
use std::hash::BuildHasher;

use foldhash::fast::RandomState;
use hashbrown::HashTable;
use profile_model::{LabelValue, Profile, Sample, SampleLabel, StackId, StringId, Symbols, Transfer};

use super::Options;
use super::error::{Fault, Result};
use super::kinds::{About, KINDS, Kind};
use super::stacks::Room;

/// Profiles that are being filled.
#[derive(Debug)]
pub(super) struct Draft<'o> {
    options: &'o Options,
    pub(super) symbols: Symbols,
    pub(super) room: Room,
    rows: [Rows; KINDS.len()],
    count: usize,
    /// From the start of the first chunk to the end of the last, in nanoseconds since 1970.
    span: Option<(i64, i64)>,
}

/// The samples of a kind.
#[derive(Debug, Default)]
struct Rows {
    rows: Vec<(Row, [i64; 2])>,
    /// Where rows stand, found by themselves: a table with the rows in it would hold each twice.
    places: HashTable<u32>,
    hashes: RandomState,
    period: i64,
}

/// What makes samples equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Row {
    stack: StackId,
    about: Correlation,
}

/// What else is known of a sample than its stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Correlation {
    /// The context, if it has labels.
    pub(super) context: i64,
    pub(super) span: u64,
    /// The name of the span, among the strings of the contexts.
    pub(super) span_name: i64,
    pub(super) trace: [u64; 2],
    pub(super) thread: StringId,
}

/// A recording of no time would be a snapshot.
const SHORTEST: i64 = 1_000_000;

impl<'o> Draft<'o> {
    pub(super) fn new(options: &'o Options) -> Self {
        Self {
            options,
            symbols: Symbols::new(),
            room: Room::new(&options.limits),
            rows: array::from_fn(|_| Rows::default()),
            count: 0,
            span: None,
        }
    }

    /// Takes note of the time that a chunk is about.
    pub(super) fn saw(&mut self, start: i64, duration: i64) {
        let (first, last) = self.span.unwrap_or((start, start));
        self.span = Some((first.min(start), last.max(start.saturating_add(duration.max(0)))));
    }

    /// Adds a sample. `period` is how much of what the kind measures lies between two samples.
    pub(super) fn push(
        &mut self,
        kind: Kind,
        stack: StackId,
        about: Correlation,
        values: [i64; 2],
        period: i64,
    ) -> Result<()> {
        let rows = &mut self.rows[kind as usize];
        rows.period = rows.period.max(period);
        let row = Row { stack, about };
        let hash = rows.hashes.hash_one(row);
        if let Some(sums) = rows.find(hash, &row) {
            *sums = [sums[0].saturating_add(values[0]), sums[1].saturating_add(values[1])];
            return Ok(());
        }
        let limit = self.options.limits.max_samples.min(u32::MAX as usize);
        if self.count >= limit {
            return Err(Fault::TooLarge { what: "samples", limit });
        }
        self.count += 1;
        rows.insert(hash, row, values);
        Ok(())
    }

    /// A profile for each kind that there are samples of.
    pub(super) fn finish(mut self) -> Result<Vec<Profile>> {
        let rows = std::mem::take(&mut self.rows);
        let kinds = KINDS.iter().zip(rows).filter(|(_, rows)| !rows.rows.is_empty());
        kinds.map(|(about, rows)| self.profile(about, rows)).collect()
    }

    fn profile(&mut self, about: &About, rows: Rows) -> Result<Profile> {
        let (start, end) = self.span.unwrap_or_default();
        let mut profile = about.profile();
        profile.period = rows.period;
        profile.time_nanos = start;
        let is_snapshot = about.kind == Kind::Live;
        profile.duration_nanos = if is_snapshot { 0 } else { end.saturating_sub(start).max(SHORTEST) };
        let mut transfer = Transfer::new(&self.symbols);
        let mut labels = Vec::new();
        for (row, values) in rows.rows {
            let stack = transfer.stack(&mut profile.symbols, row.stack);
            labels.clear();
            self.options.label(
                &row.about,
                &self.symbols,
                &mut profile.symbols,
                &mut self.room,
                &mut labels,
            )?;
            profile.samples.push(Sample { stack, values: &values[..about.types.len()], labels: &labels });
        }
        Ok(profile)
    }
}

impl Rows {
    fn find(&mut self, hash: u64, row: &Row) -> Option<&mut [i64; 2]> {
        let place = self.places.find(hash, |place| self.rows[*place as usize].0 == *row)?;
        Some(&mut self.rows[*place as usize].1)
    }

    /// Adds a row that is not there, of which there are fewer than fit into a place.
    fn insert(&mut self, hash: u64, row: Row, values: [i64; 2]) {
        let Self { rows, places, hashes, .. } = self;
        places.insert_unique(hash, rows.len() as u32, |place| hashes.hash_one(rows[*place as usize].0));
        rows.push((row, values));
    }
}

impl Options {
    /// The labels of a sample.
    fn label(
        &self,
        about: &Correlation,
        from: &Symbols,
        to: &mut Symbols,
        room: &mut Room,
        labels: &mut Vec<SampleLabel>,
    ) -> Result<()> {
        let mut add = |name: &str, value: &str| {
            room.entry()?;
            let (key, value) = (to.intern_string(name), LabelValue::Text(to.intern_string(value)));
            labels.push(SampleLabel { key, value });
            Ok(())
        };
        for (name, value) in self.contexts.labels(about.context) {
            add(name, value)?;
        }
        if about.span != 0 {
            add("profile_id", &format!("{:016x}", about.span))?;
        }
        if let Some(name) = self.contexts.string(about.span_name) {
            add("span_name", name)?;
        }
        if about.trace != [0; 2] {
            add("trace_id", &format!("{:016x}{:016x}", about.trace[0], about.trace[1]))?;
        }
        if about.thread != StringId::EMPTY {
            add("thread", from.string(about.thread))?;
        }
        Ok(())
    }
}
