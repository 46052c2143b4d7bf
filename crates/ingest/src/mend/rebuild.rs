//! Profiles made of parts of others.

use std::collections::{BTreeMap, BTreeSet};

use profile_model::{
    Function, LabelValue, Labels, Line, Location, LocationId, Profile, Sample, SampleLabel, Symbols,
    ValueType,
};

/// The profile with these sample types only.
pub(super) fn keep_types(profile: &Profile, keep: &[ValueType]) -> Profile {
    let kept: Vec<usize> =
        (0..profile.sample_types.len()).filter(|at| keep.contains(&profile.sample_types[*at])).collect();
    // Nothing would be left: a filter that matches nothing is no reason to lose the profile.
    if kept.is_empty() {
        return profile.clone();
    }
    let mut new = head_of(profile, kept.iter().map(|at| profile.sample_types[*at].clone()).collect());
    new.symbols = profile.symbols.clone();
    for sample in profile.samples.iter() {
        let values: Vec<i64> = kept.iter().map(|at| sample.values[*at]).collect();
        if values.iter().any(|value| *value != 0) {
            new.samples.push(Sample { values: &values, ..sample });
        }
    }
    new
}

/// What a profile says of itself, without samples and symbols.
fn head_of(profile: &Profile, sample_types: Vec<ValueType>) -> Profile {
    let mut new = Profile::new(sample_types);
    new.period_type.clone_from(&profile.period_type);
    new.period = profile.period;
    new.time_nanos = profile.time_nanos;
    new.duration_nanos = profile.duration_nanos;
    new.default_sample_type.clone_from(&profile.default_sample_type);
    new.comments.clone_from(&profile.comments);
    new.doc_url.clone_from(&profile.doc_url);
    new.drop_frames.clone_from(&profile.drop_frames);
    new.keep_frames.clone_from(&profile.keep_frames);
    new
}

pub(super) fn has_nameless_lines(profile: &Profile) -> bool {
    profile.symbols.locations().any(|location| location.lines.iter().any(|line| line.function.is_none()))
}

/// Lines that name no function are left out; the address stays.
pub(super) fn without_nameless_lines(profile: &Profile) -> Profile {
    copied(profile, profile.samples.iter())
}

/// The samples as a profile of their own, with the symbols that they need.
fn copied<'a>(profile: &'a Profile, samples: impl Iterator<Item = Sample<'a>>) -> Profile {
    let mut new = head_of(profile, profile.sample_types.clone());
    fill(&mut new, profile, samples, |_| Vec::new());
    new
}

/// A name for an address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct NamedLine {
    pub(crate) name: String,
    pub(crate) system_name: String,
    pub(crate) file: String,
    pub(crate) line: i64,
}

impl NamedLine {
    /// A function of which only the name is known.
    pub(crate) fn of(name: &str) -> Self {
        Self { name: name.to_owned(), system_name: name.to_owned(), file: String::new(), line: 0 }
    }

    fn intern(&self, to: &mut Symbols) -> Line {
        let (name, system_name) = (to.intern_string(&self.name), to.intern_string(&self.system_name));
        let filename = to.intern_string(&self.file);
        let function = Function { name, system_name, filename, start_line: 0 };
        Line { function: Some(to.intern_function(function)), line: self.line, column: 0 }
    }
}

/// The profile with names for locations that have none: those that `names` gives, innermost call first.
pub(crate) fn renamed(profile: &Profile, names: impl FnMut(&Location<'_>) -> Vec<NamedLine>) -> Profile {
    let mut new = head_of(profile, profile.sample_types.clone());
    fill(&mut new, profile, profile.samples.iter(), names);
    new
}

fn fill<'a>(
    new: &mut Profile,
    profile: &'a Profile,
    samples: impl Iterator<Item = Sample<'a>>,
    names: impl FnMut(&Location<'_>) -> Vec<NamedLine>,
) {
    let mut copy = Copy { from: &profile.symbols, known: BTreeMap::new(), names };
    for sample in samples {
        let stack: Vec<LocationId> = profile
            .symbols
            .stack(sample.stack)
            .iter()
            .map(|id| copy.location(&mut new.symbols, *id))
            .collect();
        let stack = new.symbols.intern_stack(&stack);
        let labels: Vec<SampleLabel> =
            sample.labels.iter().map(|label| copy.label(&mut new.symbols, *label)).collect();
        new.samples.push(Sample { stack, values: sample.values, labels: &labels });
    }
}

struct Copy<'a, N> {
    from: &'a Symbols,
    known: BTreeMap<LocationId, LocationId>,
    names: N,
}

impl<N: FnMut(&Location<'_>) -> Vec<NamedLine>> Copy<'_, N> {
    fn location(&mut self, to: &mut Symbols, id: LocationId) -> LocationId {
        if let Some(known) = self.known.get(&id) {
            return *known;
        }
        let location = self.from.location(id);
        let mapping = location.mapping.map(|id| {
            let mapping = *self.from.mapping(id);
            let file = to.intern_string(self.from.string(mapping.file));
            let build_id = to.intern_string(self.from.string(mapping.build_id));
            to.intern_mapping(profile_model::Mapping { file, build_id, ..mapping })
        });
        let named = location.lines.iter().filter_map(|line| Some((line, line.function?)));
        let lines: Vec<Line> = named
            .map(|(line, function)| Line { function: Some(self.function(to, function)), ..*line })
            .collect();
        let lines = match lines.is_empty() {
            true => (self.names)(&location).iter().map(|line| line.intern(to)).collect(),
            false => lines,
        };
        let new = to.intern_location(Location { mapping, lines: &lines, ..location });
        self.known.insert(id, new);
        new
    }

    fn function(&self, to: &mut Symbols, id: profile_model::FunctionId) -> profile_model::FunctionId {
        let function = *self.from.function(id);
        let name = to.intern_string(self.from.string(function.name));
        let system_name = to.intern_string(self.from.string(function.system_name));
        let filename = to.intern_string(self.from.string(function.filename));
        to.intern_function(Function { name, system_name, filename, ..function })
    }

    fn label(&self, to: &mut Symbols, label: SampleLabel) -> SampleLabel {
        let mut text = |id| to.intern_string(self.from.string(id));
        let key = text(label.key);
        let value = match label.value {
            LabelValue::Text(id) => LabelValue::Text(text(id)),
            LabelValue::Number { value, unit } => LabelValue::Number { value, unit: text(unit) },
        };
        SampleLabel { key, value }
    }
}

/// Labels of samples, by name.
pub(crate) type SampleLabels = Vec<(String, String)>;

/// A profile for each combination of these labels of samples; the profile as one where that would be more than
/// `limit`. `None` takes every label that has a text somewhere.
pub(crate) fn split(
    profile: &Profile,
    keys: Option<&[String]>,
    limit: usize,
) -> Vec<(SampleLabels, Profile)> {
    let wanted: BTreeSet<&str> = match keys {
        Some(keys) => keys.iter().map(String::as_str).collect(),
        None => profile.text_labels(),
    };
    let parts = profile.split_by_labels(|key| wanted.contains(key), limit);
    let part = |(labels, part): (Labels, Profile)| (own(&labels), part);
    parts.map_or_else(
        || vec![(SampleLabels::new(), profile.clone())],
        |parts| parts.into_iter().map(part).collect(),
    )
}

fn own(labels: &Labels) -> SampleLabels {
    labels.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}
