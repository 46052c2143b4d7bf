//! The message as it stands in the bytes: ids and indices not yet looked at.

use super::{
    DecodeError, Limits,
    wire::{self, Reader},
};

/// A `perftools.profiles.Profile` without an allocation per entry: the lines of locations lie end to
/// end in one list, and samples, by far the most of a profile, stay in the bytes.
#[derive(Default)]
pub(super) struct RawProfile<'a> {
    pub(super) sample_types: Vec<RawValueType>,
    /// Checked to be readable within the limits; see [`sample`](Self::sample).
    pub(super) samples: Vec<&'a [u8]>,
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
    limits: Limits,
}

#[derive(Clone, Copy, Default)]
pub(super) struct RawValueType {
    pub(super) name: i64,
    pub(super) unit: i64,
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

/// One sample, in buffers that the next one uses again.
#[derive(Default)]
pub(super) struct SampleParts {
    pub(super) location_ids: Vec<u64>,
    pub(super) values: Vec<i64>,
    pub(super) labels: Vec<RawLabel>,
}

/// How much there is in all samples so far.
#[derive(Default)]
struct SampleCounts {
    numbers: usize,
    labels: usize,
}

impl<'a> RawProfile<'a> {
    pub(super) fn parse(bytes: &'a [u8], limits: &Limits) -> Result<Self, DecodeError> {
        let mut profile = Self { limits: *limits, ..Self::default() };
        let (mut parts, mut counts) = (SampleParts::default(), SampleCounts::default());
        let mut reader = Reader::new(bytes);
        while let Some(field) = reader.next()? {
            match field.number {
                1 => {
                    room(&profile.sample_types, limits.max_sample_types, "sample types")?;
                    profile.sample_types.push(RawValueType::default().parse(field.bytes()?)?);
                }
                2 => {
                    room(&profile.samples, limits.max_samples, "samples")?;
                    let sample = field.bytes()?;
                    parts.read(sample, limits)?;
                    counts.add(&parts, limits)?;
                    profile.samples.push(sample);
                }
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

    /// One of the samples, read into a buffer.
    pub(super) fn sample<'p>(&self, sample: &[u8], buffer: &'p mut SampleParts) -> &'p SampleParts {
        buffer.read(sample, &self.limits).expect("it was read before, within the same limits");
        buffer
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

impl SampleParts {
    fn read(&mut self, sample: &[u8], limits: &Limits) -> Result<(), DecodeError> {
        let Self { location_ids, values, labels } = self;
        location_ids.clear();
        values.clear();
        labels.clear();
        let mut reader = Reader::new(sample);
        while let Some(field) = reader.next()? {
            match field.number {
                1 => {
                    let depth = location_ids.len() + field.varint_count();
                    at_most(depth, limits.max_stack_depth, "locations in a sample")?;
                    field.each_varint(|id| location_ids.push(id))?;
                }
                2 => {
                    let count = values.len() + field.varint_count();
                    at_most(count, limits.max_sample_numbers, NUMBERS)?;
                    field.each_varint(|value| values.push(value as i64))?;
                }
                3 => {
                    room(labels, limits.max_table_entries, LABELS)?;
                    labels.push(RawLabel::parse(field.bytes()?)?);
                }
                _ => {}
            }
        }
        Ok(())
    }
}

const NUMBERS: &str = "locations and values of samples";
const LABELS: &str = "labels";

impl SampleCounts {
    fn add(&mut self, parts: &SampleParts, limits: &Limits) -> Result<(), DecodeError> {
        self.numbers += parts.location_ids.len() + parts.values.len();
        self.labels += parts.labels.len();
        at_most(self.numbers, limits.max_sample_numbers, NUMBERS)?;
        at_most(self.labels, limits.max_table_entries, LABELS)
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
