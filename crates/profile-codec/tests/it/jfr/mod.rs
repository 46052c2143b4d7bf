//! Java Flight Recorder.

mod broken;
mod made;
mod properties;
mod recorded;
mod writer;

use std::collections::BTreeMap;

use profile_codec::jfr::{self, JfrError, Options, Recording};
use profile_model::{LabelValue, Profile, Sample};

fn decode(bytes: &[u8]) -> Result<Recording, JfrError> {
    jfr::decode(bytes, &Options::default())
}

/// The values of each stack by sample type: `mutex delay`, `Class.method:line;…`, leaf first.
fn sums(recording: &Recording) -> BTreeMap<(String, String), i64> {
    let mut sums = BTreeMap::new();
    for profile in &recording.profiles {
        let name = jfr::series_name(profile).unwrap();
        for sample in profile.samples.iter() {
            for (of, value) in profile.sample_types.iter().zip(sample.values) {
                let of = match name {
                    "mutex" | "block" => format!("{name} {}", of.name),
                    _ => of.name.clone(),
                };
                *sums.entry((of, frames(profile, sample))).or_default() += value;
            }
        }
    }
    sums
}

fn frames(profile: &Profile, sample: Sample<'_>) -> String {
    let symbols = &profile.symbols;
    let frame = |id: &profile_model::LocationId| {
        let line = symbols.location(*id).lines[0];
        format!("{}:{}", symbols.string(symbols.function(line.function.unwrap()).name), line.line)
    };
    symbols.stack(sample.stack).iter().map(frame).collect::<Vec<_>>().join(";")
}

/// The sums of a profile's first value by the labels of its samples.
fn by_labels(profile: &Profile) -> BTreeMap<String, i64> {
    let mut sums = BTreeMap::new();
    for sample in profile.samples.iter() {
        let text = |label: &profile_model::SampleLabel| match label.value {
            LabelValue::Text(value) => {
                format!("{}={}", profile.symbols.string(label.key), profile.symbols.string(value))
            }
            LabelValue::Number { value, .. } => format!("{}={value}", profile.symbols.string(label.key)),
        };
        let labels: Vec<String> = sample.labels.iter().map(text).collect();
        *sums.entry(labels.join(",")).or_default() += sample.values[0];
    }
    sums
}
