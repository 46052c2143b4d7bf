use hashbrown::HashMap;
use profile_model::{LabelValue, LocationId, Profile, Sample, SampleLabel, Samples, StackId, Symbols};

use super::named_location;

/// What stacks are put together by.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum GroupBy {
    /// The value of a label.
    Label(String),
    /// The source file of the function at the leaf.
    File,
    /// The binary of the function at the leaf.
    Mapping,
}

/// Puts a frame above the root of each stack that names its group, such as `job=api`; groups are
/// nested in the order given, the first outermost. Stacks that do not have what is grouped by stay
/// as they are.
pub fn group(mut profile: Profile, by: &[GroupBy]) -> Profile {
    let mut frames: HashMap<String, LocationId, foldhash::fast::RandomState> = HashMap::default();
    let mut samples = Samples::new(profile.samples.width());
    let mut stack: Vec<LocationId> = Vec::new();
    for sample in profile.samples.iter() {
        let symbols = &mut profile.symbols;
        stack.clear();
        stack.extend_from_slice(symbols.stack(sample.stack));
        for by in by.iter().rev() {
            let Some(name) = name(symbols, sample.stack, sample.labels, by) else { continue };
            let location = match frames.get(&name) {
                Some(known) => *known,
                None => *frames.entry(name.clone()).or_insert(named_location(symbols, &name)),
            };
            stack.push(location);
        }
        let stack = symbols.intern_stack(&stack);
        samples.push(Sample { stack, ..sample });
    }
    profile.samples = samples;
    profile
}

fn name(symbols: &Symbols, stack: StackId, labels: &[SampleLabel], by: &GroupBy) -> Option<String> {
    let leaf = || symbols.frames(stack).next();
    match by {
        GroupBy::Label(key) => {
            let values = labels.iter().filter(|label| symbols.string(label.key) == key);
            let values: Vec<String> = values.map(|label| value(symbols, label.value)).collect();
            (!values.is_empty()).then(|| format!("{key}={}", values.join(",")))
        }
        GroupBy::File => {
            let file = symbols.frame_function(&leaf()?)?.filename;
            (!file.is_empty()).then(|| format!("file={}", symbols.string(file)))
        }
        GroupBy::Mapping => {
            let file = symbols.frame_mapping(&leaf()?)?.file;
            (!file.is_empty()).then(|| format!("mapping={}", symbols.string(file)))
        }
    }
}

fn value(symbols: &Symbols, value: LabelValue) -> String {
    match value {
        LabelValue::Text(text) => symbols.string(text).to_owned(),
        LabelValue::Number { value, unit } => format!("{value}{}", symbols.string(unit)),
    }
}
