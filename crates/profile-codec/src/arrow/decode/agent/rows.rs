use std::collections::BTreeMap;

use hashbrown::HashMap;
use profile_model::{BatchHead, BatchType, LabelSets, ProfileBatch, StackId, StringId, ValueType};

use super::{AgentError, frames::Frames, stacks::Stacks};
use crate::arrow::decode::{ArrowError, budget::Budget, nested::Column, nested_reader::NestedBatch};

type Map<K, V> = HashMap<K, V, foldhash::fast::RandomState>;

/// The most labels and rows together: a batch of strangers' may have many of both.
const MOST_CELLS: usize = 64 << 20;
/// What a profile takes where it is kept, beside its rows and its labels, about.
const PROFILE_BYTES: usize = 512;
/// What a label of a set takes where it is kept beside its text, about.
const LABEL_BYTES: usize = 64;

/// The columns that say what each row is, but for its stack.
pub(super) struct Rows<'c, 'a> {
    value: &'c Column<'a>,
    period: &'c Column<'a>,
    duration: &'c Column<'a>,
    timestamp: &'c Column<'a>,
    types: [Texts<'c, 'a>; 5],
    /// In order of their names.
    labels: Vec<(&'c str, Texts<'c, 'a>)>,
}

/// Producer, sample type and unit, period type and unit.
const TYPES: [&str; 5] = ["producer", "sample_type", "sample_unit", "period_type", "period_unit"];

/// A text column with the ids of the texts that were looked at.
struct Texts<'c, 'a> {
    column: &'c Column<'a>,
    last: Option<(usize, StringId)>,
    known: Map<usize, StringId>,
}

/// What rows of one profile have in common.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Key {
    of_type: u32,
    set: u32,
    period: i64,
    duration: i64,
    time: i64,
}

/// The label columns of schema v2.
pub(super) fn struct_labels<'c, 'a>(
    labels: &'c Column<'a>,
) -> Result<Vec<(&'c str, &'c Column<'a>)>, ArrowError> {
    match labels {
        Column::Struct { fields, .. } => Ok(fields.iter().map(|(name, column)| (*name, column)).collect()),
        _ => Err(ArrowError::ColumnType {
            column: "labels".to_owned(),
            expected: "a struct",
            found: "another type".to_owned(),
        }),
    }
}

/// The label columns of schema v1.
pub(super) fn named_labels<'c, 'a>(batch: &'c NestedBatch<'a>) -> Vec<(&'c str, &'c Column<'a>)> {
    let label = |(name, column): &'c (&'a str, Column<'a>)| Some((name.strip_prefix("labels.")?, column));
    batch.columns.iter().filter_map(label).collect()
}

impl<'c, 'a> Rows<'c, 'a> {
    pub(super) fn new(
        batch: &'c NestedBatch<'a>,
        labels: Vec<(&'c str, &'c Column<'a>)>,
    ) -> Result<Self, AgentError> {
        if labels.len().saturating_mul(batch.rows) > MOST_CELLS {
            return Err(ArrowError::TooLarge { what: "labels of rows", limit: MOST_CELLS }.into());
        }
        let column = |name| batch.column(name).ok_or(AgentError::Missing(name));
        let [producer, sample_type, sample_unit, period_type, period_unit] = TYPES.map(column);
        let types = [producer?, sample_type?, sample_unit?, period_type?, period_unit?];
        // Where a name comes twice, the last column counts.
        let labels: BTreeMap<&str, &Column<'_>> = labels.into_iter().collect();
        Ok(Self {
            value: column("value")?,
            period: column("period")?,
            duration: column("duration")?,
            timestamp: column("timestamp")?,
            types: types.map(Texts::new),
            labels: labels.into_iter().map(|(name, column)| (name, Texts::new(column))).collect(),
        })
    }

    /// Puts the rows into profiles, which come in the order of their first rows.
    pub(super) fn gather(
        mut self,
        rows: usize,
        mut stacks: impl Stacks,
        batch: ProfileBatch,
        budget: &mut Budget,
    ) -> Result<ProfileBatch, AgentError> {
        let mut gathered = Gathered::into(batch, &self.labels);
        for row in 0..rows {
            let of_type = gathered.type_of(row, &mut self.types, budget)?;
            let set = gathered.set_of(row, &mut self.labels, budget)?;
            let key = self.key(row, of_type, set)?;
            let value = required("value", self.value, row)?;
            let mut frames = Frames { to: &mut gathered.batch.symbols, budget };
            let stack = stacks.intern(row, &mut frames)?;
            gathered.push(key, stack, value, budget)?;
        }
        Ok(gathered.finish())
    }

    fn key(&self, row: usize, of_type: u32, set: u32) -> Result<Key, AgentError> {
        let duration = required("duration", self.duration, row)?;
        // It has no sign on the wire.
        let duration =
            if duration < 0 { Err(AgentError::Duration(duration.cast_unsigned()))? } else { duration };
        let (period, time) =
            (required("period", self.period, row)?, required("timestamp", self.timestamp, row)?);
        Ok(Key { of_type, set, period, duration, time })
    }
}

fn required(name: &'static str, column: &Column<'_>, row: usize) -> Result<i64, AgentError> {
    column.number(row)?.ok_or(AgentError::Null { column: name, row })
}

/// The rows so far, each with the position of its profile.
struct Gathered {
    batch: ProfileBatch,
    names: Vec<StringId>,
    pairs: Vec<(StringId, StringId)>,
    types: Map<[StringId; 5], u32>,
    profiles: Map<Key, u32>,
    rows: Vec<(u32, StackId, i64)>,
}

impl Gathered {
    fn into(mut batch: ProfileBatch, labels: &[(&str, Texts<'_, '_>)]) -> Self {
        let names = labels.iter().map(|(name, _)| batch.sets.intern_text(name)).collect();
        let (types, profiles) = (Map::default(), Map::default());
        Self { batch, names, pairs: Vec::new(), types, profiles, rows: Vec::new() }
    }

    fn type_of(
        &mut self,
        row: usize,
        columns: &mut [Texts<'_, '_>; 5],
        budget: &mut Budget,
    ) -> Result<u32, AgentError> {
        let ProfileBatch { sets, types, .. } = &mut self.batch;
        let mut ids = [StringId::EMPTY; 5];
        for (id, texts) in ids.iter_mut().zip(columns) {
            *id = texts.id(row, sets, budget)?;
        }
        if let Some(known) = self.types.get(&ids) {
            return Ok(*known);
        }
        let [name, sample_type, sample_unit, period_type, period_unit] = ids.map(|id| sets.text(id));
        budget.spend(PROFILE_BYTES + name.len() + sample_type.len() + period_type.len())?;
        let sample_type = ValueType::new(sample_type, sample_unit);
        let period_type = ValueType::new(period_type, period_unit);
        types.push(BatchType { name: name.to_owned(), sample_type, period_type });
        let id = position(types.len() - 1);
        self.types.insert(ids, id);
        Ok(id)
    }

    fn set_of(
        &mut self,
        row: usize,
        columns: &mut [(&str, Texts<'_, '_>)],
        budget: &mut Budget,
    ) -> Result<u32, AgentError> {
        self.pairs.clear();
        for (name, (_, texts)) in self.names.iter().zip(columns) {
            let value = texts.id(row, &mut self.batch.sets, budget)?;
            if !value.is_empty() {
                self.pairs.push((*name, value));
            }
        }
        let set = self.batch.sets.intern(&self.pairs);
        let (set, is_new) =
            set.expect("the columns are in order of their names, each of which is there once");
        if is_new {
            budget.spend(PROFILE_BYTES + self.pairs.len() * LABEL_BYTES)?;
        }
        Ok(position(set))
    }

    fn push(&mut self, key: Key, stack: StackId, value: i64, budget: &mut Budget) -> Result<(), AgentError> {
        let heads = &mut self.batch.heads;
        let at = *self.profiles.entry(key).or_insert_with(|| {
            let Key { of_type, set, period, duration, time } = key;
            let (time_nanos, duration_nanos) = (time, duration);
            heads.push(BatchHead { of_type, set, time_nanos, duration_nanos, period, rows_end: 0 });
            position(heads.len() - 1)
        });
        let head = &mut heads[at as usize];
        if head.rows_end == 0 {
            budget.spend(PROFILE_BYTES)?;
        }
        // A count for now.
        head.rows_end += 1;
        self.rows.push((at, stack, value));
        Ok(())
    }

    /// The rows of each profile end to end.
    fn finish(mut self) -> ProfileBatch {
        let batch = &mut self.batch;
        let mut next = Vec::with_capacity(batch.heads.len());
        let mut end = 0;
        for head in &mut batch.heads {
            next.push(end);
            end += head.rows_end;
            head.rows_end = end;
        }
        batch.stacks = vec![StackId::EMPTY; end];
        batch.values = vec![0; end];
        for (profile, stack, value) in self.rows {
            let at = &mut next[profile as usize];
            (batch.stacks[*at], batch.values[*at]) = (stack, value);
            *at += 1;
        }
        self.batch
    }
}

/// Types, sets and profiles are fewer than rows, which are counted.
fn position(at: usize) -> u32 {
    u32::try_from(at).expect("a batch has fewer than 2^32 rows")
}

impl<'c, 'a> Texts<'c, 'a> {
    fn new(column: &'c Column<'a>) -> Self {
        Self { column, last: None, known: Map::default() }
    }

    /// The id of a row's text; that of the empty one for none.
    fn id(&mut self, row: usize, to: &mut LabelSets, budget: &mut Budget) -> Result<StringId, ArrowError> {
        let Some((leaf, at)) = self.column.place(row)? else { return Ok(StringId::EMPTY) };
        if let Some((_, id)) = self.last.filter(|(last, _)| *last == at) {
            return Ok(id);
        }
        let id = match self.known.get(&at) {
            Some(id) => *id,
            None => {
                let id = to.intern_text(&leaf.text(at, budget)?.unwrap_or_default());
                self.known.insert(at, id);
                id
            }
        };
        self.last = Some((at, id));
        Ok(id)
    }
}
