use std::collections::HashMap;
use std::ops::Range;

use crate::{StackId, StringId};

/// The samples of a profile, column by column: a stack, a value per sample type, and labels.
#[derive(Clone, Debug, Default)]
pub struct Samples {
    width: usize,
    stacks: Vec<StackId>,
    /// Row by row, `width` values each.
    values: Vec<i64>,
    /// Labels of all samples that have any, end to end.
    labels: Vec<SampleLabel>,
    /// Which samples have labels, in order, and where they end in `labels`.
    labelled: Vec<(usize, usize)>,
}

/// Something said about a sample besides its stack, such as the thread or the size of an allocation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SampleLabel {
    /// What is said.
    pub key: StringId,
    /// What it is.
    pub value: LabelValue,
}

/// The value of a sample's label.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LabelValue {
    /// A text. The pprof format has no empty ones: such a label comes back as the number 0.
    Text(StringId),
    /// A number.
    Number {
        /// The number.
        value: i64,
        /// The value's unit; empty if it has none.
        unit: StringId,
    },
}

/// One sample of a profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sample<'a> {
    /// The stack that was seen.
    pub stack: StackId,
    /// One value per sample type of the profile.
    pub values: &'a [i64],
    /// What else is known, in the order of the profile.
    pub labels: &'a [SampleLabel],
}

impl Samples {
    /// No samples yet, of `width` values each.
    pub fn new(width: usize) -> Self {
        Self { width, ..Self::default() }
    }

    /// Makes room for so many more samples.
    pub fn reserve(&mut self, more: usize) {
        self.stacks.reserve(more);
        self.values.reserve(more.saturating_mul(self.width));
    }

    /// Adds a sample.
    ///
    /// # Panics
    /// If the number of values is not the width given to [`new`](Self::new).
    pub fn push(&mut self, sample: Sample<'_>) {
        assert_eq!(sample.values.len(), self.width, "a sample has one value per sample type");
        if !sample.labels.is_empty() {
            self.labels.extend_from_slice(sample.labels);
            self.labelled.push((self.stacks.len(), self.labels.len()));
        }
        self.stacks.push(sample.stack);
        self.values.extend_from_slice(sample.values);
    }

    /// How many values each sample has.
    pub fn width(&self) -> usize {
        self.width
    }

    /// How many samples there are.
    pub fn len(&self) -> usize {
        self.stacks.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.stacks.is_empty()
    }

    /// The sample at this position.
    pub fn get(&self, at: usize) -> Option<Sample<'_>> {
        (at < self.len()).then(|| self.sample(at, &self.labels[self.label_range(at)]))
    }

    /// All samples, in order.
    pub fn iter(&self) -> impl Iterator<Item = Sample<'_>> {
        let mut start = 0;
        let mut labelled = self.labelled.iter().peekable();
        (0..self.len()).map(move |at| {
            let end = labelled.next_if(|(sample, _)| *sample == at).map_or(start, |(_, end)| *end);
            let labels = &self.labels[start..end];
            start = end;
            self.sample(at, labels)
        })
    }

    /// The stack of each sample.
    pub fn stacks(&self) -> &[StackId] {
        &self.stacks
    }

    /// Stack and value of each sample, for one sample type.
    pub fn column(&self, sample_type: usize) -> impl Iterator<Item = (StackId, i64)> + Clone {
        assert!(sample_type < self.width, "sample type {sample_type} of {}", self.width);
        let values = self.values.iter().skip(sample_type).step_by(self.width);
        self.stacks.iter().copied().zip(values.copied())
    }

    /// The sum of all values of one sample type; wide, as sums of real profiles overflow an `i64`.
    pub fn total(&self, sample_type: usize) -> i128 {
        self.column(sample_type).map(|(_, value)| i128::from(value)).sum()
    }

    /// The sum of the sizes of all values of one sample type, signs aside; values of the same stack and labels are
    /// put together first, as `go tool pprof` does before it takes percentages of this.
    pub fn whole(&self, sample_type: usize) -> i128 {
        if self.column(sample_type).all(|(_, value)| value >= 0) {
            return self.total(sample_type);
        }
        let mut sums: HashMap<(StackId, Vec<SampleLabel>), i128> = HashMap::new();
        for sample in self.iter() {
            let mut labels = sample.labels.to_vec();
            labels.sort_unstable();
            *sums.entry((sample.stack, labels)).or_default() += i128::from(sample.values[sample_type]);
        }
        sums.values().map(|sum| sum.abs()).sum()
    }

    /// Adds values to those of a sample, at the ends of the range saturating.
    pub(crate) fn add(&mut self, at: usize, values: impl Iterator<Item = i64>) {
        let row = &mut self.values[at * self.width..(at + 1) * self.width];
        for (sum, value) in row.iter_mut().zip(values) {
            *sum = sum.saturating_add(value);
        }
    }

    /// Estimated size on the heap, in bytes.
    pub fn heap_bytes(&self) -> usize {
        self.stacks.capacity() * size_of::<StackId>()
            + self.values.capacity() * size_of::<i64>()
            + self.labels.capacity() * size_of::<SampleLabel>()
            + self.labelled.capacity() * size_of::<(usize, usize)>()
    }

    fn sample<'a>(&'a self, at: usize, labels: &'a [SampleLabel]) -> Sample<'a> {
        let values = &self.values[at * self.width..(at + 1) * self.width];
        Sample { stack: self.stacks[at], values, labels }
    }

    fn label_range(&self, at: usize) -> Range<usize> {
        match self.labelled.binary_search_by_key(&at, |(sample, _)| *sample) {
            Ok(0) => 0..self.labelled[0].1,
            Ok(found) => self.labelled[found - 1].1..self.labelled[found].1,
            Err(_) => 0..0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn label(value: i64) -> SampleLabel {
        SampleLabel { key: StringId::EMPTY, value: LabelValue::Number { value, unit: StringId::EMPTY } }
    }

    #[test]
    fn give_back_what_was_put_in() {
        let rows: [(&[i64], &[SampleLabel]); 4] =
            [(&[1, 2], &[label(1)]), (&[3, 4], &[]), (&[5, 6], &[label(2), label(3)]), (&[i64::MAX, 7], &[])];
        let mut samples = Samples::new(2);
        for (values, labels) in rows {
            samples.push(Sample { stack: StackId::EMPTY, values, labels });
        }
        assert!(samples.iter().map(|sample| (sample.values, sample.labels)).eq(rows));
        for (at, (values, labels)) in rows.into_iter().enumerate() {
            assert_eq!(samples.get(at), Some(Sample { stack: StackId::EMPTY, values, labels }));
        }
        assert_eq!(samples.get(4), None);
        assert_eq!(samples.total(0), i128::from(i64::MAX) + 9);
        assert_eq!(samples.column(1).map(|(_, value)| value).collect::<Vec<_>>(), [2, 4, 6, 7]);
    }

    #[test]
    fn without_values_are_still_counted() {
        let mut samples = Samples::new(0);
        samples.push(Sample { stack: StackId::EMPTY, values: &[], labels: &[] });
        assert_eq!(samples.len(), 1);
        assert_eq!(samples.iter().count(), 1);
    }
}
