use hashbrown::HashMap;
use thiserror::Error;

use super::{LabelValue, Profile, Sample, SampleLabel, Samples};
use crate::{StackId, Symbols, Transfer, ValueType};

/// Why profiles cannot be put together.
#[derive(Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum CombineError {
    /// No profile to combine.
    #[error("expected at least one profile to merge, found none")]
    Nothing,
    /// The values of one profile mean something else than those of another.
    #[error("expected sample types `{expected}`, found `{found}`")]
    SampleTypes {
        /// The sample types of the first profile.
        expected: String,
        /// The sample types that differ.
        found: String,
    },
}

impl Profile {
    /// One profile with the samples of several, which must have the same sample types. What has neither samples nor
    /// sample types, as servers answer where there is nothing, counts for none.
    ///
    /// Samples of equal stack and labels are summed, saturating; samples that end up with only
    /// zeros are dropped. As in Google's pprof, the time is the earliest that is known, the duration
    /// is the sum of durations and the period is the largest; the rest is the first profile's, and
    /// comments are united.
    ///
    /// # Errors
    /// If there are no profiles or their sample types differ.
    pub fn merge<'a>(profiles: impl IntoIterator<Item = &'a Self>) -> Result<Self, CombineError> {
        let is_something = |profile: &&Self| !profile.sample_types.is_empty() || !profile.samples.is_empty();
        let mut given = profiles.into_iter().peekable();
        let nothing = *given.peek().ok_or(CombineError::Nothing)?;
        let mut profiles = given.filter(is_something);
        let first = profiles.next().unwrap_or(nothing);
        let mut sum = Sum::like(first);
        sum.add(first, |value| value)?;
        for profile in profiles {
            sum.add(profile, |value| value)?;
            sum.join_head(profile);
        }
        Ok(sum.finish())
    }

    /// What changed from `base` to `compared`: the values of `compared` less those of `base`, where
    /// they differ. The rest is as in `compared`.
    ///
    /// # Errors
    /// If the sample types differ.
    pub fn diff(base: &Self, compared: &Self) -> Result<Self, CombineError> {
        let mut sum = Sum::like(compared);
        sum.add(compared, |value| value)?;
        sum.add(base, i64::saturating_neg)?;
        Ok(sum.finish())
    }
}

/// A profile that others are added to.
struct Sum {
    profile: Profile,
    rows: HashMap<(StackId, Box<[SampleLabel]>), usize, foldhash::fast::RandomState>,
}

impl Sum {
    /// A sum without samples, all else as in `first`.
    fn like(first: &Profile) -> Self {
        let profile = Profile {
            sample_types: first.sample_types.clone(),
            period_type: first.period_type.clone(),
            default_sample_type: first.default_sample_type.clone(),
            comments: first.comments.clone(),
            doc_url: first.doc_url.clone(),
            drop_frames: first.drop_frames.clone(),
            keep_frames: first.keep_frames.clone(),
            symbols: Symbols::new(),
            samples: Samples::new(first.sample_types.len()),
            ..*first
        };
        Self { profile, rows: HashMap::default() }
    }

    fn add(&mut self, other: &Profile, sign: impl Fn(i64) -> i64) -> Result<(), CombineError> {
        check_types(&self.profile.sample_types, &other.sample_types)?;
        let mut transfer = Transfer::new(&other.symbols);
        for sample in other.samples.iter() {
            let row = self.row(&mut transfer, sample);
            self.profile.samples.add(row, sample.values.iter().map(|value| sign(*value)));
        }
        Ok(())
    }

    /// The row for samples of this stack and these labels.
    fn row(&mut self, transfer: &mut Transfer<'_>, sample: Sample<'_>) -> usize {
        let Profile { symbols, samples, .. } = &mut self.profile;
        let stack = transfer.stack(symbols, sample.stack);
        let carry = |label: &SampleLabel| carry_label(transfer, symbols, *label);
        let mut labels: Box<[SampleLabel]> = sample.labels.iter().map(carry).collect();
        labels.sort_unstable();
        *self.rows.entry((stack, labels)).or_insert_with_key(|(_, labels)| {
            samples.push(Sample { stack, values: &vec![0; samples.width()], labels });
            samples.len() - 1
        })
    }

    fn join_head(&mut self, other: &Profile) {
        let sum = &mut self.profile;
        sum.time_nanos = match (sum.time_nanos, other.time_nanos) {
            (0, time) | (time, 0) => time,
            (a, b) => a.min(b),
        };
        sum.duration_nanos = sum.duration_nanos.saturating_add(other.duration_nanos);
        sum.period = sum.period.max(other.period);
        for comment in &other.comments {
            if !sum.comments.contains(comment) {
                sum.comments.push(comment.clone());
            }
        }
    }

    fn finish(mut self) -> Profile {
        let mut kept = Samples::new(self.profile.samples.width());
        for sample in self.profile.samples.iter() {
            if sample.values.iter().any(|value| *value != 0) {
                kept.push(sample);
            }
        }
        self.profile.samples = kept;
        self.profile
    }
}

fn carry_label(transfer: &mut Transfer<'_>, to: &mut Symbols, label: SampleLabel) -> SampleLabel {
    let value = match label.value {
        LabelValue::Text(text) => LabelValue::Text(transfer.string(to, text)),
        LabelValue::Number { value, unit } => LabelValue::Number { value, unit: transfer.string(to, unit) },
    };
    SampleLabel { key: transfer.string(to, label.key), value }
}

fn check_types(expected: &[ValueType], found: &[ValueType]) -> Result<(), CombineError> {
    if expected == found {
        return Ok(());
    }
    Err(CombineError::SampleTypes { expected: list(expected), found: list(found) })
}

fn list(types: &[ValueType]) -> String {
    types.iter().map(ValueType::to_string).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests;
