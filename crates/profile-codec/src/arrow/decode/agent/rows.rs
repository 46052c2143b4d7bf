use std::collections::HashMap;

use profile_model::{Labels, Profile, Sample, ValueType};

use super::{AgentError, AgentProfile, stacks::Stacks};
use crate::arrow::decode::{ArrowError, budget::Budget, nested::Column, nested_reader::NestedBatch};

/// The most labels and rows together: a batch of strangers' may have many of both.
const MOST_CELLS: usize = 64 << 20;
/// What a profile takes beside its stacks, about.
const PROFILE_BYTES: usize = 1 << 10;

/// The columns that say what each row is, but for its stack.
pub(super) struct Rows<'c, 'a> {
    value: &'c Column<'a>,
    period: &'c Column<'a>,
    duration: &'c Column<'a>,
    timestamp: &'c Column<'a>,
    /// Producer, sample type and unit, period type and unit.
    types: [Texts<'c, 'a>; 5],
    labels: Vec<(&'c str, Texts<'c, 'a>)>,
    texts: Vec<String>,
    ids: HashMap<String, u32>,
}

const TYPES: [&str; 5] = ["producer", "sample_type", "sample_unit", "period_type", "period_unit"];

/// A text column with the ids of the texts that were looked at.
struct Texts<'c, 'a> {
    column: &'c Column<'a>,
    last: Option<(usize, u32)>,
    known: hashbrown::HashMap<usize, u32, foldhash::fast::RandomState>,
}

/// What rows of one profile have in common.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Key {
    types: [u32; 5],
    labels: Vec<u32>,
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
        Ok(Self {
            value: column("value")?,
            period: column("period")?,
            duration: column("duration")?,
            timestamp: column("timestamp")?,
            types: types.map(Texts::new),
            labels: labels.into_iter().map(|(name, column)| (name, Texts::new(column))).collect(),
            // The first one is what is not there.
            texts: vec![String::new()],
            ids: HashMap::from([(String::new(), 0)]),
        })
    }

    /// Puts the rows into profiles.
    pub(super) fn profiles(
        mut self,
        rows: usize,
        mut stacks: impl Stacks,
        budget: &mut Budget,
    ) -> Result<Vec<AgentProfile>, AgentError> {
        let mut profiles: Vec<AgentProfile> = Vec::new();
        let mut known: HashMap<Key, usize> = HashMap::new();
        for row in 0..rows {
            let key = self.key(row, budget)?;
            let at = match known.get(&key) {
                Some(at) => *at,
                None => {
                    budget.spend(PROFILE_BYTES + key.labels.len() * 32)?;
                    profiles.push(self.profile(&key));
                    known.insert(key, profiles.len() - 1);
                    profiles.len() - 1
                }
            };
            let value = self.required("value", self.value, row)?;
            let profile = &mut profiles[at].profile;
            let stack = stacks.intern(row, &mut profile.symbols, budget)?;
            profile.samples.push(Sample { stack, values: &[value], labels: &[] });
        }
        Ok(profiles)
    }

    fn key(&mut self, row: usize, budget: &mut Budget) -> Result<Key, AgentError> {
        let mut types = [0; 5];
        for (id, texts) in types.iter_mut().zip(&mut self.types) {
            *id = texts.id(row, &mut self.texts, &mut self.ids, budget)?;
        }
        let mut labels = Vec::with_capacity(self.labels.len());
        for (_, texts) in &mut self.labels {
            labels.push(texts.id(row, &mut self.texts, &mut self.ids, budget)?);
        }
        let duration = self.required("duration", self.duration, row)?;
        // It has no sign on the wire.
        let duration =
            if duration < 0 { Err(AgentError::Duration(duration.cast_unsigned()))? } else { duration };
        Ok(Key {
            types,
            labels,
            period: self.required("period", self.period, row)?,
            duration,
            time: self.required("timestamp", self.timestamp, row)?,
        })
    }

    fn required(&self, name: &'static str, column: &Column<'_>, row: usize) -> Result<i64, AgentError> {
        column.number(row)?.ok_or(AgentError::Null { column: name, row })
    }

    fn profile(&self, key: &Key) -> AgentProfile {
        let [name, sample_type, sample_unit, period_type, period_unit] =
            key.types.map(|id| self.texts[id as usize].as_str());
        let mut profile = Profile::new(vec![ValueType::new(sample_type, sample_unit)]);
        profile.period_type = Some(ValueType::new(period_type, period_unit));
        profile.period = key.period;
        profile.duration_nanos = key.duration;
        profile.time_nanos = key.time;
        let given = self.labels.iter().zip(&key.labels).filter(|(_, id)| **id != 0);
        let labels: Labels =
            given.map(|((name, _), id)| (*name, self.texts[*id as usize].as_str())).collect();
        AgentProfile { name: name.to_owned(), labels, profile }
    }
}

impl<'c, 'a> Texts<'c, 'a> {
    fn new(column: &'c Column<'a>) -> Self {
        Self { column, last: None, known: hashbrown::HashMap::default() }
    }

    /// The id of a row's text; 0 for none and for an empty one.
    fn id(
        &mut self,
        row: usize,
        texts: &mut Vec<String>,
        ids: &mut HashMap<String, u32>,
        budget: &mut Budget,
    ) -> Result<u32, ArrowError> {
        let Some((leaf, at)) = self.column.place(row)? else { return Ok(0) };
        if let Some((_, id)) = self.last.filter(|(last, _)| *last == at) {
            return Ok(id);
        }
        let id = match self.known.get(&at) {
            Some(id) => *id,
            None => {
                let text = leaf.text(at, budget)?.unwrap_or_default();
                let id = match ids.get(&*text) {
                    Some(id) => *id,
                    None => {
                        // There are fewer texts than rows and labels, which are counted.
                        let id = u32::try_from(texts.len()).unwrap_or(u32::MAX);
                        texts.push(text.clone().into_owned());
                        ids.insert(text.into_owned(), id);
                        id
                    }
                };
                self.known.insert(at, id);
                id
            }
        };
        self.last = Some((at, id));
        Ok(id)
    }
}
