//! One series: a profile type with a label set, and its profiles.

use std::collections::VecDeque;
use std::sync::Arc;

use pql::ProfileType;
use profile_model::{Labels, StackId, ValueType};

use super::block::Block;
pub(crate) use super::block::ProfileRows;

/// A profile type without `delta`, which is a property of each profile.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct TypeKey {
    pub(crate) name: String,
    pub(crate) sample: (String, String),
    pub(crate) period: (String, String),
}

impl TypeKey {
    pub(crate) fn new(name: &str, sample: &ValueType, period: &ValueType) -> Self {
        Self {
            name: name.to_owned(),
            sample: (sample.name.clone(), sample.unit.clone()),
            period: (period.name.clone(), period.unit.clone()),
        }
    }

    pub(crate) fn of(profile_type: &ProfileType) -> Self {
        let ProfileType { name, sample_type, sample_unit, period_type, period_unit, delta: _ } = profile_type;
        Self {
            name: name.clone(),
            sample: (sample_type.clone(), sample_unit.clone()),
            period: (period_type.clone(), period_unit.clone()),
        }
    }

    pub(crate) fn profile_type(&self, delta: bool) -> ProfileType {
        ProfileType {
            name: self.name.clone(),
            sample_type: self.sample.0.clone(),
            sample_unit: self.sample.1.clone(),
            period_type: self.period.0.clone(),
            period_unit: self.period.1.clone(),
            delta,
        }
    }
}

/// A series. `key` is shared with the tables' index.
#[derive(Debug)]
pub(crate) struct Series {
    pub(crate) key: Arc<SeriesKey>,
    blocks: VecDeque<Block>,
}

/// What tells series apart.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(crate) struct SeriesKey {
    pub(crate) profile_type: TypeKey,
    pub(crate) labels: Labels,
}

impl Series {
    pub(super) fn new(key: Arc<SeriesKey>) -> Self {
        Self { key, blocks: VecDeque::new() }
    }

    pub(crate) fn labels(&self) -> &Labels {
        &self.key.labels
    }

    pub(crate) fn profiles(&self) -> impl Iterator<Item = ProfileRows<'_>> {
        self.blocks.iter().flat_map(Block::profiles)
    }

    pub(super) fn push(
        &mut self,
        time_nanos: i64,
        duration_nanos: i64,
        period: i64,
        rows: impl Iterator<Item = (StackId, i64)>,
    ) {
        if self.blocks.back().is_none_or(Block::is_full) {
            if let Some(full) = self.blocks.back_mut() {
                full.shrink();
            }
            self.blocks.push_back(Block::default());
        }
        if let Some(block) = self.blocks.back_mut() {
            block.push(time_nanos, duration_nanos, period, rows);
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.blocks.is_empty()
    }

    pub(super) fn oldest_block(&self) -> Option<i64> {
        self.blocks.front().map(Block::newest)
    }

    pub(super) fn drop_oldest_block(&mut self) -> Option<Block> {
        self.blocks.pop_front()
    }

    pub(super) fn rows(&self) -> usize {
        self.blocks.iter().map(Block::rows).sum()
    }

    pub(super) fn profile_count(&self) -> usize {
        self.blocks.iter().map(Block::profile_count).sum()
    }

    pub(super) fn heap_bytes(&self) -> usize {
        self.blocks.iter().map(Block::heap_bytes).sum::<usize>()
            + self.key.labels.heap_bytes()
            + size_of::<Self>()
    }

    pub(super) fn stacks_mut(&mut self) -> impl Iterator<Item = &mut StackId> {
        self.blocks.iter_mut().flat_map(|block| block.stacks_mut().iter_mut())
    }
}
