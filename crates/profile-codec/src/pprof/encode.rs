use std::io::Write;

use flate2::{Compression, write::GzEncoder};
use profile_model::{
    Function, LabelValue, Line, Location, Mapping, Profile, Sample, SampleLabel, StringId, Symbols, Transfer,
    ValueType,
};

use super::wire::Writer;

/// The profile as protobuf. The same profile always gives the same bytes; ids count up from 1, so
/// that Parca takes them.
pub fn encode(profile: &Profile) -> Vec<u8> {
    let mut encoder = Encoder::new(&profile.symbols);
    encoder.profile(profile);
    encoder.out.into_bytes()
}

/// The profile as gzip-compressed protobuf, the form that files and answers have.
pub fn encode_gzip(profile: &Profile) -> Vec<u8> {
    gzip(&encode(profile))
}

pub(super) fn gzip(plain: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(plain).expect("a Vec takes all that is written");
    encoder.finish().expect("a Vec takes all that is written")
}

struct Encoder<'a> {
    out: Writer,
    symbols: &'a Symbols,
    strings: StringTable<'a>,
}

/// The string table of the message: what was referred to, in order of first reference.
struct StringTable<'a> {
    table: Symbols,
    transfer: Transfer<'a>,
}

impl StringTable<'_> {
    fn index(&mut self, id: StringId) -> i64 {
        i64::from(self.transfer.string(&mut self.table, id).get())
    }

    fn index_of(&mut self, text: &str) -> i64 {
        i64::from(self.table.intern_string(text).get())
    }
}

impl<'a> Encoder<'a> {
    fn new(symbols: &'a Symbols) -> Self {
        let strings = StringTable { table: Symbols::new(), transfer: Transfer::new(symbols) };
        Self { out: Writer::default(), symbols, strings }
    }

    fn profile(&mut self, profile: &Profile) {
        for sample_type in &profile.sample_types {
            self.value_type(1, sample_type);
        }
        for sample in profile.samples.iter() {
            self.sample(sample);
        }
        for (id, mapping) in (1..).zip(self.symbols.mappings()) {
            self.mapping(id, mapping);
        }
        for (id, location) in (1..).zip(self.symbols.locations()) {
            self.location(id, location);
        }
        for (id, function) in (1..).zip(self.symbols.functions()) {
            self.function(id, function);
        }
        self.head(profile);
        for string in self.strings.table.strings() {
            self.out.bytes(6, string.as_bytes());
        }
    }

    fn head(&mut self, profile: &Profile) {
        let Self { out, strings, .. } = self;
        out.int(7, strings.index_of(&profile.drop_frames));
        out.int(8, strings.index_of(&profile.keep_frames));
        out.int(9, profile.time_nanos);
        out.int(10, profile.duration_nanos);
        let comments: Vec<u64> =
            profile.comments.iter().map(|comment| strings.index_of(comment) as u64).collect();
        out.int(12, profile.period);
        out.packed(13, comments.into_iter());
        out.int(14, strings.index_of(&profile.default_sample_type));
        out.int(15, strings.index_of(&profile.doc_url));
        if let Some(period_type) = &profile.period_type {
            self.value_type(11, period_type);
        }
    }

    fn value_type(&mut self, number: u32, value_type: &ValueType) {
        let name = self.strings.index_of(&value_type.name);
        let unit = self.strings.index_of(&value_type.unit);
        self.out.message(number, |message| {
            message.int(1, name);
            message.int(2, unit);
        });
    }

    fn sample(&mut self, sample: Sample<'_>) {
        let Self { out, symbols, strings } = self;
        out.message(2, |message| {
            message.packed(1, symbols.stack(sample.stack).iter().map(|id| u64::from(id.get()) + 1));
            message.packed(2, sample.values.iter().map(|value| *value as u64));
            for label in sample.labels {
                message.message(3, |message| write_label(message, strings, label));
            }
        });
    }

    fn mapping(&mut self, id: u64, mapping: &Mapping) {
        let file = self.strings.index(mapping.file);
        let build_id = self.strings.index(mapping.build_id);
        self.out.message(3, |message| {
            message.uint(1, id);
            message.uint(2, mapping.start);
            message.uint(3, mapping.limit);
            message.uint(4, mapping.offset);
            message.int(5, file);
            message.int(6, build_id);
            message.bool(7, mapping.flags.has_functions);
            message.bool(8, mapping.flags.has_filenames);
            message.bool(9, mapping.flags.has_line_numbers);
            message.bool(10, mapping.flags.has_inline_frames);
        });
    }

    fn location(&mut self, id: u64, location: Location<'_>) {
        self.out.message(4, |message| {
            message.uint(1, id);
            message.uint(2, location.mapping.map_or(0, |mapping| u64::from(mapping.get()) + 1));
            message.uint(3, location.address);
            // Go's readers refuse a whole profile for one line without a function.
            for line in location.lines.iter().filter(|line| line.function.is_some()) {
                message.message(4, |message| write_line(message, line));
            }
            message.bool(5, location.is_folded);
        });
    }

    fn function(&mut self, id: u64, function: &Function) {
        let name = self.strings.index(function.name);
        let system_name = self.strings.index(function.system_name);
        let filename = self.strings.index(function.filename);
        self.out.message(5, |message| {
            message.uint(1, id);
            message.int(2, name);
            message.int(3, system_name);
            message.int(4, filename);
            message.int(5, function.start_line);
        });
    }
}

fn write_label(message: &mut Writer, strings: &mut StringTable<'_>, label: &SampleLabel) {
    message.int(1, strings.index(label.key));
    match label.value {
        LabelValue::Text(text) => message.int(2, strings.index(text)),
        LabelValue::Number { value, unit } => {
            message.int(3, value);
            message.int(4, strings.index(unit));
        }
    }
}

fn write_line(message: &mut Writer, line: &Line) {
    message.uint(1, line.function.map_or(0, |function| u64::from(function.get()) + 1));
    message.int(2, line.line);
    message.int(3, line.column);
}
