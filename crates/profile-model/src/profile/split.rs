use std::collections::{BTreeMap, BTreeSet};

use super::{LabelValue, Profile, Sample, Samples};
use crate::{Labels, StringId, Symbols, Transfer};

impl Profile {
    /// The profile as several, one for each combination of values that samples have of the labels whose names are
    /// taken, which thereby become labels of a series. Nothing if there are more than `most`. Samples have no labels
    /// in the parts.
    pub fn split_by_labels(&self, takes: impl Fn(&str) -> bool, most: usize) -> Option<Vec<(Labels, Self)>> {
        let mut rows: BTreeMap<Labels, Vec<usize>> = BTreeMap::new();
        for (at, sample) in self.samples.iter().enumerate() {
            let wanted = sample.labels.iter().filter(|label| takes(self.symbols.string(label.key)));
            let labels = wanted.map(|label| (self.symbols.string(label.key), self.label_text(label.value)));
            rows.entry(labels.collect()).or_default().push(at);
            if rows.len() > most {
                return None;
            }
        }
        let all: Vec<usize> = (0..self.sample_types.len()).collect();
        Some(rows.into_iter().map(|(labels, rows)| (labels, self.part(&all, &rows))).collect())
    }

    /// The names of the labels that have a text on some sample. Numbers, such as the sizes of blocks that Go's heap
    /// profiles have, measure a sample and do not tell whose it is.
    pub fn text_labels(&self) -> BTreeSet<&str> {
        let labels = self.samples.iter().flat_map(|sample| sample.labels);
        let texts = labels.filter(|label| matches!(label.value, LabelValue::Text(_)));
        let keys: BTreeSet<StringId> = texts.map(|label| label.key).collect();
        keys.into_iter().map(|key| self.symbols.string(key)).collect()
    }

    /// The profile with some of its sample types only, by their positions.
    ///
    /// # Panics
    /// If there is no such position.
    pub fn with_types(&self, types: &[usize]) -> Self {
        let rows: Vec<usize> = (0..self.samples.len()).collect();
        self.part(types, &rows)
    }

    /// The value of a sample's label as a label of a series has it; a number with its unit.
    pub fn label_text(&self, value: LabelValue) -> String {
        match value {
            LabelValue::Text(text) => self.symbols.string(text).to_owned(),
            LabelValue::Number { value, unit } => format!("{value}{}", self.symbols.string(unit)),
        }
    }

    /// Some samples with some of their values, and the symbols that these need.
    fn part(&self, types: &[usize], rows: &[usize]) -> Self {
        let mut part = Self {
            sample_types: types.iter().map(|at| self.sample_types[*at].clone()).collect(),
            period_type: self.period_type.clone(),
            default_sample_type: self.default_sample_type.clone(),
            comments: self.comments.clone(),
            doc_url: self.doc_url.clone(),
            drop_frames: self.drop_frames.clone(),
            keep_frames: self.keep_frames.clone(),
            symbols: Symbols::new(),
            samples: Samples::new(types.len()),
            ..*self
        };
        let mut transfer = Transfer::new(&self.symbols);
        for sample in rows.iter().filter_map(|at| self.samples.get(*at)) {
            let stack = transfer.stack(&mut part.symbols, sample.stack);
            let values: Vec<i64> = types.iter().map(|at| sample.values[*at]).collect();
            part.samples.push(Sample { stack, values: &values, labels: &[] });
        }
        part
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{SampleLabel, StackId, ValueType};

    fn profile() -> Profile {
        let mut profile = Profile::new(vec![ValueType::new("a", "count"), ValueType::new("b", "bytes")]);
        let [tag, thread, x, y] = ["tag", "thread", "x", "y"].map(|text| profile.symbols.intern_string(text));
        let text = |key, text| SampleLabel { key, value: LabelValue::Text(text) };
        let rows = [vec![text(tag, x), text(thread, x)], vec![text(tag, y)], vec![text(tag, x)], vec![]];
        for (at, labels) in (1..).zip(rows) {
            profile.samples.push(Sample { stack: StackId::EMPTY, values: &[at, at * 10], labels: &labels });
        }
        profile
    }

    #[test]
    fn samples_are_parted_by_their_labels() {
        let parts = profile().split_by_labels(|name| name == "tag", 3);
        let sums: Vec<(String, i128, i128)> = parts
            .into_iter()
            .flatten()
            .map(|(labels, part)| (labels.to_string(), part.samples.total(0), part.samples.total(1)))
            .collect();
        let expect = [("{}", 4, 40), (r#"{tag="x"}"#, 4, 40), (r#"{tag="y"}"#, 2, 20)];
        assert!(sums.iter().map(|(labels, a, b)| (labels.as_str(), *a, *b)).eq(expect), "{sums:?}");
        assert!(profile().split_by_labels(|name| name == "tag", 2).is_none());
    }

    #[test]
    fn labels_with_texts_are_told_from_sizes() {
        let mut profile = profile();
        let [bytes, unit, tag] = ["bytes", "", "tag"].map(|text| profile.symbols.intern_string(text));
        let size = |key| SampleLabel { key, value: LabelValue::Number { value: 16, unit } };
        profile.samples.push(Sample {
            stack: StackId::EMPTY,
            values: &[1, 1],
            labels: &[size(bytes), size(tag)],
        });
        assert_eq!(profile.text_labels(), ["tag", "thread"].into());
    }

    #[test]
    fn types_are_parted() {
        let part = profile().with_types(&[1]);
        assert_eq!((part.sample_types[0].name.as_str(), part.samples.total(0)), ("b", 100));
    }
}
