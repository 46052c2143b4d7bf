//! From ids and indices to the model.

use std::borrow::Cow;

use profile_model::{
    Function, FunctionId, LabelValue, Line, Location, LocationId, Mapping, MappingFlags, MappingId, Profile,
    Room, Sample, SampleLabel, Samples, StringId, Symbols, ValueType,
};

use super::{
    InvalidProfile, Table,
    ids::Ids,
    raw::{RawFunction, RawLabel, RawLine, RawLocation, RawMapping, RawProfile, RawValueType, SampleParts},
};

type Result<T> = std::result::Result<T, InvalidProfile>;

pub(super) fn resolve(raw: &RawProfile<'_>) -> Result<Profile> {
    check_first_string(raw)?;
    let text = Text { strings: &raw.strings };
    let mut profile = Profile {
        sample_types: raw
            .sample_types
            .iter()
            .map(|raw| text.value_type("sample type", raw))
            .collect::<Result<_>>()?,
        period_type: raw.period_type.map(|raw| text.value_type("period type", &raw)).transpose()?,
        period: raw.period,
        time_nanos: raw.time_nanos,
        duration_nanos: raw.duration_nanos,
        default_sample_type: text.head("default sample type", raw.default_sample_type)?,
        comments: raw.comments.iter().map(|at| text.head("comment", *at)).collect::<Result<_>>()?,
        doc_url: text.head("doc url", raw.doc_url)?,
        drop_frames: text.head("drop frames", raw.drop_frames)?,
        keep_frames: text.head("keep frames", raw.keep_frames)?,
        symbols: Symbols::new(),
        samples: Samples::new(raw.sample_types.len()),
    };
    let room = room(raw);
    profile.symbols.reserve(&room);
    // Otherwise one of them is refused soon: nothing is reserved for values that nobody sent.
    if room.stacks.checked_mul(raw.sample_types.len()) == Some(raw.values.len()) {
        profile.samples.reserve(room.stacks);
    }
    let mut resolver = Resolver::new(text, &room, &mut profile.symbols);
    resolver.add_tables(raw)?;
    resolver.add_samples(raw, &mut profile.samples)?;
    Ok(profile)
}

/// As if nothing were there twice, which is so in most profiles; all of it is less than what was read.
fn room(raw: &RawProfile<'_>) -> Room {
    Room {
        strings: raw.strings.len(),
        text_bytes: raw.strings.iter().map(|string| string.len()).sum(),
        functions: raw.functions.len(),
        locations: raw.locations.len(),
        lines: raw.lines.len(),
        stacks: raw.samples.len(),
        frames: raw.location_ids.len(),
    }
}

pub(super) fn check_first_string(raw: &RawProfile<'_>) -> Result<()> {
    match raw.strings.first() {
        Some(first) if !first.is_empty() => {
            Err(InvalidProfile::FirstString(String::from_utf8_lossy(first).into_owned()))
        }
        _ => Ok(()),
    }
}

/// The string table. Go writes what is not UTF-8 into it without a check, and reads it so; what is
/// not UTF-8 becomes U+FFFD here.
#[derive(Clone, Copy)]
struct Text<'a> {
    strings: &'a [&'a [u8]],
}

impl Text<'_> {
    fn value_type(self, field: &'static str, raw: &RawValueType) -> Result<ValueType> {
        Ok(ValueType { name: self.head(field, raw.name)?, unit: self.head(field, raw.unit)? })
    }

    fn head(self, field: &'static str, index: i64) -> Result<String> {
        match self.get(index) {
            Some(bytes) => Ok(String::from_utf8_lossy(bytes).into_owned()),
            None => Err(InvalidProfile::HeadString { field, index }),
        }
    }

    /// Index 0 means "none" even where there is no table at all.
    fn get(&self, index: i64) -> Option<&[u8]> {
        if index == 0 {
            return Some(b"");
        }
        self.strings.get(usize::try_from(index).ok()?).copied()
    }
}

struct Resolver<'a> {
    text: Text<'a>,
    symbols: &'a mut Symbols,
    /// Ids of strings by their index, as far as they were asked for.
    strings: Vec<Option<StringId>>,
    mappings: Ids<MappingId>,
    functions: Ids<FunctionId>,
    locations: Ids<LocationId>,
}

impl<'a> Resolver<'a> {
    fn new(text: Text<'a>, room: &Room, symbols: &'a mut Symbols) -> Self {
        Self {
            text,
            symbols,
            strings: vec![None; text.strings.len()],
            mappings: Ids::new(Table::Mapping, 0),
            functions: Ids::new(Table::Function, room.functions),
            locations: Ids::new(Table::Location, room.locations),
        }
    }

    fn add_tables(&mut self, raw: &RawProfile<'_>) -> Result<()> {
        for mapping in &raw.mappings {
            let meaning = self.mapping(mapping)?;
            self.mappings.insert(mapping.id, meaning)?;
        }
        for function in &raw.functions {
            let meaning = self.function(function)?;
            self.functions.insert(function.id, meaning)?;
        }
        let mut buffer = Vec::new();
        for (location, lines) in raw.locations() {
            let meaning = self.location(location, lines, &mut buffer)?;
            self.locations.insert(location.id, meaning)?;
        }
        Ok(())
    }

    fn add_samples(&mut self, raw: &RawProfile<'_>, samples: &mut Samples) -> Result<()> {
        if raw.sample_types.is_empty() && !raw.samples.is_empty() {
            return Err(InvalidProfile::NoSampleTypes);
        }
        let (mut stack, mut labels) = (Vec::new(), Vec::new());
        for (at, SampleParts { location_ids, values, labels: raw_labels }) in raw.samples().enumerate() {
            check_value_count(values, samples.width())?;
            stack.clear();
            for (number, id) in location_ids.iter().enumerate() {
                stack.push(self.locations.get(*id).ok_or_else(|| bad_location(at, number, *id))?);
            }
            labels.clear();
            for (number, label) in raw_labels.iter().enumerate() {
                labels.push(self.label(at, number, label)?);
            }
            let stack = self.symbols.intern_stack(&stack);
            samples.push(Sample { stack, values, labels: &labels });
        }
        Ok(())
    }

    fn mapping(&mut self, raw: &RawMapping) -> Result<MappingId> {
        let of = (Table::Mapping, raw.id);
        let mapping = Mapping {
            start: raw.start,
            limit: raw.limit,
            offset: raw.offset,
            file: self.entry_string(of, "filename", raw.file)?,
            build_id: self.entry_string(of, "buildid", raw.build_id)?,
            flags: MappingFlags {
                has_functions: raw.has_functions,
                has_filenames: raw.has_filenames,
                has_line_numbers: raw.has_line_numbers,
                has_inline_frames: raw.has_inline_frames,
            },
        };
        Ok(self.symbols.intern_mapping(mapping))
    }

    fn function(&mut self, raw: &RawFunction) -> Result<FunctionId> {
        let of = (Table::Function, raw.id);
        let function = Function {
            name: self.entry_string(of, "name", raw.name)?,
            system_name: self.entry_string(of, "systemname", raw.system_name)?,
            filename: self.entry_string(of, "filename", raw.filename)?,
            start_line: raw.start_line,
        };
        Ok(self.symbols.intern_function(function))
    }

    fn location(
        &mut self,
        raw: &RawLocation,
        lines: &[RawLine],
        buffer: &mut Vec<Line>,
    ) -> Result<LocationId> {
        buffer.clear();
        for RawLine { function_id, line, column } in lines {
            let unknown = InvalidProfile::FunctionOfLocation { location: raw.id, function: *function_id };
            let function = unless_zero(*function_id, |id| self.functions.get(id).ok_or(unknown))?;
            buffer.push(Line { function, line: *line, column: *column });
        }
        let unknown = InvalidProfile::MappingOfLocation(raw.mapping_id);
        let mapping = unless_zero(raw.mapping_id, |id| self.mappings.get(id).ok_or(unknown))?;
        let RawLocation { address, is_folded, .. } = *raw;
        Ok(self.symbols.intern_location(Location { mapping, address, is_folded, lines: buffer }))
    }

    fn label(&mut self, sample: usize, label: usize, raw: &RawLabel) -> Result<SampleLabel> {
        let mut string = |field, index| {
            self.string(index).ok_or(InvalidProfile::LabelString { sample, label, field, index })
        };
        let key = string("key", raw.key)?;
        let value = match raw.text {
            0 => LabelValue::Number { value: raw.number, unit: string("num_unit", raw.unit)? },
            text => LabelValue::Text(string("str", text)?),
        };
        Ok(SampleLabel { key, value })
    }

    fn entry_string(&mut self, of: (Table, u64), field: &'static str, index: i64) -> Result<StringId> {
        let (table, id) = of;
        self.string(index).ok_or(InvalidProfile::EntryString { table, id, field, index })
    }

    fn string(&mut self, index: i64) -> Option<StringId> {
        if index == 0 {
            return Some(StringId::EMPTY);
        }
        let slot = self.strings.get_mut(usize::try_from(index).ok()?)?;
        if slot.is_none() {
            let bytes = self.text.get(index)?;
            // The check alone is several times faster than looking for what is to be repaired.
            let text = str::from_utf8(bytes).map_or_else(|_| String::from_utf8_lossy(bytes), Cow::Borrowed);
            *slot = Some(self.symbols.intern_string(&text));
        }
        *slot
    }
}

fn unless_zero<T>(id: u64, find: impl FnOnce(u64) -> Result<T>) -> Result<Option<T>> {
    if id == 0 { Ok(None) } else { find(id).map(Some) }
}

pub(super) fn check_value_count(values: &[i64], types: usize) -> Result<()> {
    if values.len() == types {
        return Ok(());
    }
    Err(InvalidProfile::ValueCount { values: values.len(), types })
}

fn bad_location(sample: usize, number: usize, id: u64) -> InvalidProfile {
    match id {
        0 => InvalidProfile::ZeroLocation,
        id => InvalidProfile::LocationOfSample { sample, number, id },
    }
}
