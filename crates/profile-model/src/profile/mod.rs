mod combine;
mod samples;
mod split;

pub use combine::CombineError;
pub use samples::{LabelValue, Sample, SampleLabel, Samples};

use crate::{Symbols, Timestamp, ValueType};

/// A profile: what was measured, when, and the samples.
#[derive(Clone, Debug, Default)]
pub struct Profile {
    /// What the values of a sample are, in order.
    pub sample_types: Vec<ValueType>,
    /// What happens between two samples, such as `cpu/nanoseconds`.
    pub period_type: Option<ValueType>,
    /// How much of it happens between two samples, in the unit of the period type.
    pub period: i64,
    /// When collection started, in nanoseconds since the Unix epoch; 0 if unknown.
    pub time_nanos: i64,
    /// How long collection took, in nanoseconds; 0 for a snapshot.
    pub duration_nanos: i64,
    /// Name of the sample type to show first; empty if no preference.
    pub default_sample_type: String,
    /// Free text about the profile.
    pub comments: Vec<String>,
    /// Where to read about the profile.
    pub doc_url: String,
    /// Regular expression: frames to drop, with all that they called; empty for none.
    pub drop_frames: String,
    /// Regular expression: frames to keep although the other one drops them; empty for none.
    pub keep_frames: String,
    /// What the stacks of the samples are made of.
    pub symbols: Symbols,
    /// The samples; as many values each as there are sample types.
    pub samples: Samples,
}

impl Profile {
    /// A profile of these sample types without samples.
    pub fn new(sample_types: Vec<ValueType>) -> Self {
        let samples = Samples::new(sample_types.len());
        Self { sample_types, samples, ..Self::default() }
    }

    /// The position of a sample type by its name.
    pub fn sample_type(&self, name: &str) -> Option<usize> {
        self.sample_types.iter().position(|sample_type| sample_type.name == name)
    }

    /// When collection started.
    pub fn time(&self) -> Timestamp {
        Timestamp::from_nanos(self.time_nanos)
    }

    /// Estimated size on the heap of symbols and samples, in bytes.
    pub fn heap_bytes(&self) -> usize {
        self.symbols.heap_bytes() + self.samples.heap_bytes()
    }
}
