mod label_sets;

pub use label_sets::LabelSets;

use crate::{StackId, Symbols, ValueType};

/// Many profiles of one sample type each, with symbols and label sets in common: what an agent sends at once.
///
/// A profile is a [head](BatchHead) and its rows. Heads and rows have the same order.
#[derive(Clone, Debug, Default)]
pub struct ProfileBatch {
    /// What the stacks of the rows are made of.
    pub symbols: Symbols,
    /// The types that heads refer to.
    pub types: Vec<BatchType>,
    /// The label sets that heads refer to.
    pub sets: LabelSets,
    /// The profiles.
    pub heads: Vec<BatchHead>,
    /// The stack of each row.
    pub stacks: Vec<StackId>,
    /// The value of each row.
    pub values: Vec<i64>,
}

/// What the rows of a profile are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct BatchType {
    /// The first part of the profile type, such as `process_cpu`.
    pub name: String,
    /// What the values are.
    pub sample_type: ValueType,
    /// What happens between two samples.
    pub period_type: ValueType,
}

/// A profile of a batch: what its rows have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchHead {
    /// The position of the type.
    pub of_type: u32,
    /// The position of the label set.
    pub set: u32,
    /// When collection started, in nanoseconds since 1970.
    pub time_nanos: i64,
    /// How long collection took, in nanoseconds; 0 for a snapshot.
    pub duration_nanos: i64,
    /// How much of the period type happens between two samples.
    pub period: i64,
    /// The position behind the profile's last row.
    pub rows_end: usize,
}

impl ProfileBatch {
    /// Each profile with its rows, a stack and a value each.
    pub fn profiles(
        &self,
    ) -> impl Iterator<Item = (&BatchHead, impl Iterator<Item = (StackId, i64)> + Clone)> {
        let mut start = 0;
        self.heads.iter().map(move |head| {
            let rows = std::mem::replace(&mut start, head.rows_end)..head.rows_end;
            (head, self.stacks[rows.clone()].iter().copied().zip(self.values[rows].iter().copied()))
        })
    }

    /// The type of a profile.
    pub fn type_of(&self, head: &BatchHead) -> &BatchType {
        &self.types[head.of_type as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn profiles_have_the_rows_up_to_their_ends() {
        let head = |time_nanos, rows_end| BatchHead {
            of_type: 0,
            set: 0,
            time_nanos,
            duration_nanos: 0,
            period: 0,
            rows_end,
        };
        let batch = ProfileBatch {
            types: vec![BatchType::default()],
            heads: vec![head(1, 2), head(2, 2), head(3, 3)],
            stacks: vec![StackId::EMPTY; 3],
            values: vec![5, 6, 7],
            ..ProfileBatch::default()
        };
        let values: Vec<(i64, Vec<i64>)> = batch
            .profiles()
            .map(|(head, rows)| (head.time_nanos, rows.map(|(_, value)| value).collect()))
            .collect();
        assert_eq!(values, [(1, vec![5, 6]), (2, vec![]), (3, vec![7])]);
    }
}
