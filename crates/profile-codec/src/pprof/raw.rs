//! The message as it stands in the bytes: ids and indices not yet looked at.

use super::{
    DecodeError, Limits,
    wire::{self, Reader},
};

/// A `perftools.profiles.Profile` without an allocation per entry: what is repeated in samples and
/// locations lies end to end in one list.
#[derive(Default)]
pub(super) struct RawProfile<'a> {
    pub(super) sample_types: Vec<RawValueType>,
    pub(super) samples: Vec<RawSample>,
    pub(super) location_ids: Vec<u64>,
    pub(super) values: Vec<i64>,
    pub(super) labels: Vec<RawLabel>,
    pub(super) mappings: Vec<RawMapping>,
    pub(super) locations: Vec<RawLocation>,
    pub(super) lines: Vec<RawLine>,
    pub(super) functions: Vec<RawFunction>,
    pub(super) strings: Vec<&'a [u8]>,
    pub(super) drop_frames: i64,
    pub(super) keep_frames: i64,
    pub(super) time_nanos: i64,
    pub(super) duration_nanos: i64,
    pub(super) period_type: Option<RawValueType>,
    pub(super) period: i64,
    pub(super) comments: Vec<i64>,
    pub(super) default_sample_type: i64,
    pub(super) doc_url: i64,
}

#[derive(Clone, Copy, Default)]
pub(super) struct RawValueType {
    pub(super) name: i64,
    pub(super) unit: i64,
}

/// Where the parts of a sample end in the lists; they start where the sample before ends.
#[derive(Clone, Copy, Default)]
pub(super) struct RawSample {
    pub(super) locations_end: usize,
    pub(super) values_end: usize,
    pub(super) labels_end: usize,
}

#[derive(Clone, Copy, Default)]
pub(super) struct RawLabel {
    pub(super) key: i64,
    pub(super) text: i64,
    pub(super) number: i64,
    pub(super) unit: i64,
}

#[derive(Clone, Copy, Default)]
pub(super) struct RawMapping {
    pub(super) id: u64,
    pub(super) start: u64,
    pub(super) limit: u64,
    pub(super) offset: u64,
    pub(super) file: i64,
    pub(super) build_id: i64,
    pub(super) has_functions: bool,
    pub(super) has_filenames: bool,
    pub(super) has_line_numbers: bool,
    pub(super) has_inline_frames: bool,
}

#[derive(Clone, Copy, Default)]
pub(super) struct RawLocation {
    pub(super) id: u64,
    pub(super) mapping_id: u64,
    pub(super) address: u64,
    pub(super) is_folded: bool,
    pub(super) lines_end: usize,
}

#[derive(Clone, Copy, Default)]
pub(super) struct RawLine {
    pub(super) function_id: u64,
    pub(super) line: i64,
    pub(super) column: i64,
}

#[derive(Clone, Copy, Default)]
pub(super) struct RawFunction {
    pub(super) id: u64,
    pub(super) name: i64,
    pub(super) system_name: i64,
    pub(super) filename: i64,
    pub(super) start_line: i64,
}

/// The parts of one sample.
pub(super) struct SampleParts<'a> {
    pub(super) location_ids: &'a [u64],
    pub(super) values: &'a [i64],
    pub(super) labels: &'a [RawLabel],
}

impl<'a> RawProfile<'a> {
    pub(super) fn parse(bytes: &'a [u8], limits: &Limits) -> Result<Self, DecodeError> {
        let mut profile = Self::default();
        let mut reader = Reader::new(bytes);
        while let Some(field) = reader.next()? {
            match field.number {
                1 => {
                    room(&profile.sample_types, limits.max_sample_types, "sample types")?;
                    profile.sample_types.push(RawValueType::default().parse(field.bytes()?)?);
                }
                2 => profile.parse_sample(field.bytes()?, limits)?,
                3 => {
                    room(&profile.mappings, limits.max_table_entries, "mappings")?;
                    profile.mappings.push(RawMapping::parse(field.bytes()?)?);
                }
                4 => profile.parse_location(field.bytes()?, limits)?,
                5 => {
                    room(&profile.functions, limits.max_table_entries, "functions")?;
                    profile.functions.push(RawFunction::parse(field.bytes()?)?);
                }
                6 => {
                    room(&profile.strings, limits.max_table_entries, "strings")?;
                    profile.strings.push(field.bytes()?);
                }
                7 => profile.drop_frames = field.signed()?,
                8 => profile.keep_frames = field.signed()?,
                9 => profile.time_nanos = field.signed()?,
                10 => profile.duration_nanos = field.signed()?,
                11 => {
                    let known = profile.period_type.unwrap_or_default();
                    profile.period_type = Some(known.parse(field.bytes()?)?);
                }
                12 => profile.period = field.signed()?,
                13 => {
                    let comments = profile.comments.len() + field.varint_count();
                    at_most(comments, limits.max_table_entries, "comments")?;
                    field.each_varint(|comment| profile.comments.push(comment as i64))?;
                }
                14 => profile.default_sample_type = field.signed()?,
                15 => profile.doc_url = field.signed()?,
                _ => {}
            }
        }
        at_most(profile.head_text_bytes(), limits.max_decoded_bytes, "bytes of text in the head")?;
        Ok(profile)
    }

    /// How many bytes of text the head of the profile refers to; more than there are in the string
    /// table, where it refers to one string over and over.
    pub(super) fn head_text_bytes(&self) -> usize {
        let types = self.sample_types.iter().chain(&self.period_type);
        let of_types = types.flat_map(|value_type| [value_type.name, value_type.unit]);
        let others = [self.default_sample_type, self.doc_url, self.drop_frames, self.keep_frames];
        let indices = of_types.chain(self.comments.iter().copied()).chain(others);
        let string = |index| usize::try_from(index).ok().and_then(|index: usize| self.strings.get(index));
        indices.filter_map(string).map(|string| string.len()).sum()
    }

    /// The samples in order.
    pub(super) fn samples(&self) -> impl Iterator<Item = SampleParts<'_>> {
        let mut start = RawSample::default();
        self.samples.iter().map(move |end| {
            let parts = SampleParts {
                location_ids: &self.location_ids[start.locations_end..end.locations_end],
                values: &self.values[start.values_end..end.values_end],
                labels: &self.labels[start.labels_end..end.labels_end],
            };
            start = *end;
            parts
        })
    }

    /// The locations in order, each with its lines.
    pub(super) fn locations(&self) -> impl Iterator<Item = (&RawLocation, &[RawLine])> {
        let mut start = 0;
        self.locations.iter().map(move |location| {
            let lines = &self.lines[start..location.lines_end];
            start = location.lines_end;
            (location, lines)
        })
    }

    fn parse_sample(&mut self, bytes: &[u8], limits: &Limits) -> Result<(), DecodeError> {
        room(&self.samples, limits.max_samples, "samples")?;
        let leaf = self.location_ids.len();
        let mut reader = Reader::new(bytes);
        while let Some(field) = reader.next()? {
            match field.number {
                1 => {
                    let count = field.varint_count();
                    let depth = self.location_ids.len() - leaf + count;
                    at_most(depth, limits.max_stack_depth, "locations in a sample")?;
                    self.room_for_numbers(count, limits)?;
                    self.location_ids.reserve(count);
                    field.each_varint(|id| self.location_ids.push(id))?;
                }
                2 => {
                    self.room_for_numbers(field.varint_count(), limits)?;
                    field.each_varint(|value| self.values.push(value as i64))?;
                }
                3 => {
                    room(&self.labels, limits.max_table_entries, "labels")?;
                    self.labels.push(RawLabel::parse(field.bytes()?)?);
                }
                _ => {}
            }
        }
        self.samples.push(RawSample {
            locations_end: self.location_ids.len(),
            values_end: self.values.len(),
            labels_end: self.labels.len(),
        });
        Ok(())
    }

    fn room_for_numbers(&self, more: usize, limits: &Limits) -> Result<(), DecodeError> {
        let count = self.location_ids.len() + self.values.len() + more;
        at_most(count, limits.max_sample_numbers, "locations and values of samples")
    }

    fn parse_location(&mut self, bytes: &[u8], limits: &Limits) -> Result<(), DecodeError> {
        room(&self.locations, limits.max_table_entries, "locations")?;
        let mut location = RawLocation::default();
        let mut reader = Reader::new(bytes);
        while let Some(field) = reader.next()? {
            match field.number {
                1 => location.id = field.varint()?,
                2 => location.mapping_id = field.varint()?,
                3 => location.address = field.varint()?,
                4 => {
                    room(&self.lines, limits.max_table_entries, "lines")?;
                    self.lines.push(RawLine::parse(field.bytes()?)?);
                }
                5 => location.is_folded = field.bool()?,
                _ => {}
            }
        }
        location.lines_end = self.lines.len();
        self.locations.push(location);
        Ok(())
    }
}

impl RawValueType {
    /// Reads onto what is known: parts of a message that comes twice add up.
    fn parse(mut self, bytes: &[u8]) -> wire::Result<Self> {
        let mut reader = Reader::new(bytes);
        while let Some(field) = reader.next()? {
            match field.number {
                1 => self.name = field.signed()?,
                2 => self.unit = field.signed()?,
                _ => {}
            }
        }
        Ok(self)
    }
}

impl RawLabel {
    fn parse(bytes: &[u8]) -> wire::Result<Self> {
        let mut label = Self::default();
        let mut reader = Reader::new(bytes);
        while let Some(field) = reader.next()? {
            match field.number {
                1 => label.key = field.signed()?,
                2 => label.text = field.signed()?,
                3 => label.number = field.signed()?,
                4 => label.unit = field.signed()?,
                _ => {}
            }
        }
        Ok(label)
    }
}

impl RawMapping {
    fn parse(bytes: &[u8]) -> wire::Result<Self> {
        let mut mapping = Self::default();
        let mut reader = Reader::new(bytes);
        while let Some(field) = reader.next()? {
            match field.number {
                1 => mapping.id = field.varint()?,
                2 => mapping.start = field.varint()?,
                3 => mapping.limit = field.varint()?,
                4 => mapping.offset = field.varint()?,
                5 => mapping.file = field.signed()?,
                6 => mapping.build_id = field.signed()?,
                7 => mapping.has_functions = field.bool()?,
                8 => mapping.has_filenames = field.bool()?,
                9 => mapping.has_line_numbers = field.bool()?,
                10 => mapping.has_inline_frames = field.bool()?,
                _ => {}
            }
        }
        Ok(mapping)
    }
}

impl RawLine {
    fn parse(bytes: &[u8]) -> wire::Result<Self> {
        let mut line = Self::default();
        let mut reader = Reader::new(bytes);
        while let Some(field) = reader.next()? {
            match field.number {
                1 => line.function_id = field.varint()?,
                2 => line.line = field.signed()?,
                3 => line.column = field.signed()?,
                _ => {}
            }
        }
        Ok(line)
    }
}

impl RawFunction {
    fn parse(bytes: &[u8]) -> wire::Result<Self> {
        let mut function = Self::default();
        let mut reader = Reader::new(bytes);
        while let Some(field) = reader.next()? {
            match field.number {
                1 => function.id = field.varint()?,
                2 => function.name = field.signed()?,
                3 => function.system_name = field.signed()?,
                4 => function.filename = field.signed()?,
                5 => function.start_line = field.signed()?,
                _ => {}
            }
        }
        Ok(function)
    }
}

/// Checks that a list may take one more.
fn room<T>(list: &[T], limit: usize, what: &'static str) -> Result<(), DecodeError> {
    at_most(list.len() + 1, limit, what)
}

fn at_most(count: usize, limit: usize, what: &'static str) -> Result<(), DecodeError> {
    if count > limit { Err(DecodeError::TooLarge { what, limit }) } else { Ok(()) }
}
