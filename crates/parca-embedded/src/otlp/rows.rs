//! Samples as rows of profiles: those of equal labels and time are one.

use std::collections::HashMap;

use parca_proto::otlp::common::any_value::Value;
use parca_proto::otlp::profiles as wire;
use profile_model::{
    Function, Labels, Line, Location, LocationId, Mapping, MappingFlags, MappingId, Profile, Sample, StackId,
    Symbols,
};

use super::dictionary::Dictionary;
use super::error::{OtlpError, nanos};

/// How many frames all stacks of a request may have, each time that a profile has them.
const MOST_FRAMES: usize = 16 << 20;
const BUILD_ID: &str = "process.executable.build_id.gnu";

/// The frames of a request so far: few bytes may describe many.
#[derive(Default)]
pub(super) struct Frames(usize);

impl Frames {
    fn spend(&mut self, frames: usize) -> Result<(), OtlpError> {
        self.0 = self.0.saturating_add(frames.max(1));
        if self.0 > MOST_FRAMES { Err(OtlpError::TooLarge { most: MOST_FRAMES }) } else { Ok(()) }
    }
}

pub(super) struct Rows<'a, 'f> {
    empty: Profile,
    dictionary: Dictionary<'a>,
    frames: &'f mut Frames,
    profiles: Vec<(Labels, Profile)>,
    known: HashMap<(Labels, i64), usize>,
}

impl<'a, 'f> Rows<'a, 'f> {
    /// No rows yet of profiles that are like this one.
    pub(super) fn new(empty: Profile, dictionary: Dictionary<'a>, frames: &'f mut Frames) -> Self {
        Self { empty, dictionary, frames, profiles: Vec::new(), known: HashMap::new() }
    }

    pub(super) fn add(&mut self, labels: Labels, sample: &wire::Sample) -> Result<(), OtlpError> {
        let (values, times) = (&sample.values, &sample.timestamps_unix_nano);
        let shape = || OtlpError::Shape { values: values.len(), timestamps: times.len() };
        match (values.as_slice(), times.as_slice()) {
            ([value], []) => self.row(labels, self.empty.time_nanos, sample.stack_index, *value),
            ([], [_, ..]) => {
                let mut times = times.iter();
                times.try_for_each(|time| self.timed(&labels, *time, sample.stack_index, 1))
            }
            (values, times) if !times.is_empty() && values.len() == times.len() => {
                let mut pairs = times.iter().zip(values);
                pairs.try_for_each(|(time, value)| self.timed(&labels, *time, sample.stack_index, *value))
            }
            _ => Err(shape()),
        }
    }

    fn timed(&mut self, labels: &Labels, time: u64, stack: i32, value: i64) -> Result<(), OtlpError> {
        self.row(labels.clone(), nanos("timestamps_unix_nano", time)?, stack, value)
    }

    fn row(&mut self, labels: Labels, time: i64, stack: i32, value: i64) -> Result<(), OtlpError> {
        let locations = self.dictionary.stack(stack)?;
        self.frames.spend(locations.len())?;
        let at = *self.known.entry((labels, time)).or_insert_with_key(|(labels, time)| {
            let profile = Profile { time_nanos: *time, ..self.empty.clone() };
            self.profiles.push((labels.clone(), profile));
            self.profiles.len() - 1
        });
        let profile = &mut self.profiles[at].1;
        let stack = intern(self.dictionary, locations, &mut profile.symbols)?;
        profile.samples.push(Sample { stack, values: &[value], labels: &[] });
        Ok(())
    }

    pub(super) fn finish(self) -> Vec<(Labels, Profile)> {
        self.profiles
    }
}

fn intern(of: Dictionary<'_>, indices: &[i32], to: &mut Symbols) -> Result<StackId, OtlpError> {
    let mut locations: Vec<LocationId> = Vec::with_capacity(indices.len());
    for index in indices {
        if let Some(location) = of.location(*index)? {
            locations.push(intern_location(of, location, to)?);
        }
    }
    Ok(to.intern_stack(&locations))
}

fn intern_location(
    of: Dictionary<'_>,
    location: &wire::Location,
    to: &mut Symbols,
) -> Result<LocationId, OtlpError> {
    let mapping = of.mapping(location.mapping_index)?;
    let mapping = mapping.map(|mapping| intern_mapping(of, mapping, to)).transpose()?;
    let mut lines = Vec::with_capacity(location.lines.len());
    for line in &location.lines {
        let function = match of.function(line.function_index)? {
            None => None,
            Some(function) => {
                let [name, system_name, filename] =
                    [function.name_strindex, function.system_name_strindex, function.filename_strindex]
                        .map(|index| of.string(index));
                let function = Function {
                    name: to.intern_string(name?),
                    system_name: to.intern_string(system_name?),
                    filename: to.intern_string(filename?),
                    start_line: function.start_line,
                };
                Some(to.intern_function(function))
            }
        };
        lines.push(Line { function, line: line.line, column: line.column });
    }
    Ok(to.intern_location(Location { mapping, address: location.address, is_folded: false, lines: &lines }))
}

fn intern_mapping(
    of: Dictionary<'_>,
    mapping: &wire::Mapping,
    to: &mut Symbols,
) -> Result<MappingId, OtlpError> {
    let mut build_id = "";
    for index in &mapping.attribute_indices {
        let Some(attribute) = of.attribute(*index)? else { continue };
        if of.string(attribute.key_strindex)? == BUILD_ID {
            build_id = match attribute.value.as_ref().and_then(|value| value.value.as_ref()) {
                Some(Value::StringValue(text)) => text,
                Some(Value::StringValueStrindex(index)) => of.string(*index)?,
                _ => "",
            };
        }
    }
    let (file, build_id) =
        (to.intern_string(of.string(mapping.filename_strindex)?), to.intern_string(build_id));
    Ok(to.intern_mapping(Mapping {
        start: mapping.memory_start,
        limit: mapping.memory_limit,
        offset: mapping.file_offset,
        file,
        build_id,
        flags: MappingFlags::default(),
    }))
}
