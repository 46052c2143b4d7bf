use std::collections::BTreeSet;

use profile_model::{LabelValue, Profile, Sample, SampleLabel, Transfer, ValueType};

/// The profiles of a recording as one, for who looks at one at a time: each sample has values of its own kind, and zeros of
/// the others. Of sample types that are there twice, as those of monitors and of parking are, the later ones get the name of
/// their series in front: `block_contentions`.
pub fn united(profiles: &[Profile]) -> Profile {
    let (types, default) = types(profiles);
    let mut all = Profile::new(types);
    all.default_sample_type = default;
    if let Some(first) = profiles.first() {
        (all.period_type, all.period) = (first.period_type.clone(), first.period);
        all.time_nanos = first.time_nanos;
    }
    all.duration_nanos = profiles.iter().map(|one| one.duration_nanos).max().unwrap_or_default();
    let mut before = 0;
    for profile in profiles {
        append(&mut all, profile, before);
        before += profile.sample_types.len();
    }
    all
}

/// The sample types of all profiles, and the one to show first.
fn types(profiles: &[Profile]) -> (Vec<ValueType>, String) {
    let (mut types, mut names) = (Vec::new(), BTreeSet::new());
    for profile in profiles {
        let series = super::series_name(profile).unwrap_or("other");
        for of in &profile.sample_types {
            let mut name = of.name.clone();
            if !names.insert(name.clone()) {
                name = format!("{series}_{name}");
            }
            types.push(ValueType::new(name, of.unit.clone()));
        }
    }
    let first = types.first().map(|of: &ValueType| of.name.clone()).unwrap_or_default();
    (types, first)
}

/// Adds the samples of a profile, whose values stand behind so many others.
fn append(all: &mut Profile, profile: &Profile, before: usize) {
    let mut transfer = Transfer::new(&profile.symbols);
    let mut values = vec![0; all.sample_types.len()];
    for sample in profile.samples.iter() {
        let stack = transfer.stack(&mut all.symbols, sample.stack);
        let mut text = |id| transfer.string(&mut all.symbols, id);
        let label = |label: &SampleLabel| SampleLabel {
            key: text(label.key),
            value: match label.value {
                LabelValue::Text(id) => LabelValue::Text(text(id)),
                LabelValue::Number { value, unit } => LabelValue::Number { value, unit: text(unit) },
            },
        };
        let labels: Vec<SampleLabel> = sample.labels.iter().map(label).collect();
        values[before..before + sample.values.len()].copy_from_slice(sample.values);
        all.samples.push(Sample { stack, values: &values, labels: &labels });
    }
}
