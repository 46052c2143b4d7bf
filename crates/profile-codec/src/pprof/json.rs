//! Canonical JSON of protobuf (<https://protobuf.dev/programming-guides/json/>): names in camel
//! case, 64-bit numbers as strings, what has its default value left out.

use std::io::{self, Write};

use super::{
    DecodeError, Limits,
    raw::{RawFunction, RawLabel, RawLine, RawLocation, RawMapping, RawProfile, RawValueType, SampleParts},
    unpack,
};

/// Writes a pprof, gzip or not, as one JSON object. Text that is not UTF-8 is repaired; ids and
/// indices are not looked at but shown as they are.
///
/// # Errors
/// Those of `out`; [`DecodeError`] inside one of kind `InvalidData` if the bytes are not gzip or
/// protobuf, or exceed the limits. Then nothing is written.
pub fn write_json(pprof: &[u8], limits: &Limits, out: &mut impl Write) -> io::Result<()> {
    let invalid = |error: DecodeError| io::Error::new(io::ErrorKind::InvalidData, error);
    let bytes = unpack(pprof, limits, &mut 0).map_err(invalid)?;
    profile(&RawProfile::parse(&bytes, limits).map_err(invalid)?, out)
}

fn profile(raw: &RawProfile<'_>, out: &mut impl Write) -> io::Result<()> {
    let mut object = Object::open(out)?;
    object.list("sampleType", raw.sample_types.iter(), |of, out| value_type(of, out))?;
    object.list("sample", raw.samples(), |of, out| sample(&of, out))?;
    object.list("mapping", raw.mappings.iter(), |of, out| mapping(of, out))?;
    object.list("location", raw.locations(), |(of, lines), out| location(of, lines, out))?;
    object.list("function", raw.functions.iter(), |of, out| function(of, out))?;
    object.list("stringTable", raw.strings.iter(), |of, out| {
        serde_json::to_writer(out, &String::from_utf8_lossy(of)).map_err(io::Error::from)
    })?;
    object.number("dropFrames", raw.drop_frames)?;
    object.number("keepFrames", raw.keep_frames)?;
    object.number("timeNanos", raw.time_nanos)?;
    object.number("durationNanos", raw.duration_nanos)?;
    if let Some(period_type) = &raw.period_type {
        value_type(period_type, object.key("periodType")?)?;
    }
    object.number("period", raw.period)?;
    object.list("comment", raw.comments.iter(), |of, out| write!(out, "\"{of}\""))?;
    object.number("defaultSampleType", raw.default_sample_type)?;
    object.number("docUrl", raw.doc_url)?;
    object.close()
}

fn value_type(of: &RawValueType, out: &mut impl Write) -> io::Result<()> {
    let mut object = Object::open(out)?;
    object.number("type", of.name)?;
    object.number("unit", of.unit)?;
    object.close()
}

fn sample(of: &SampleParts<'_>, out: &mut impl Write) -> io::Result<()> {
    let mut object = Object::open(out)?;
    object.list("locationId", of.location_ids.iter(), |id, out| write!(out, "\"{id}\""))?;
    object.list("value", of.values.iter(), |value, out| write!(out, "\"{value}\""))?;
    object.list("label", of.labels.iter(), |of, out| label(of, out))?;
    object.close()
}

fn label(of: &RawLabel, out: &mut impl Write) -> io::Result<()> {
    let mut object = Object::open(out)?;
    object.number("key", of.key)?;
    object.number("str", of.text)?;
    object.number("num", of.number)?;
    object.number("numUnit", of.unit)?;
    object.close()
}

fn mapping(of: &RawMapping, out: &mut impl Write) -> io::Result<()> {
    let mut object = Object::open(out)?;
    object.id("id", of.id)?;
    object.id("memoryStart", of.start)?;
    object.id("memoryLimit", of.limit)?;
    object.id("fileOffset", of.offset)?;
    object.number("filename", of.file)?;
    object.number("buildId", of.build_id)?;
    object.flag("hasFunctions", of.has_functions)?;
    object.flag("hasFilenames", of.has_filenames)?;
    object.flag("hasLineNumbers", of.has_line_numbers)?;
    object.flag("hasInlineFrames", of.has_inline_frames)?;
    object.close()
}

fn location(of: &RawLocation, lines: &[RawLine], out: &mut impl Write) -> io::Result<()> {
    let mut object = Object::open(out)?;
    object.id("id", of.id)?;
    object.id("mappingId", of.mapping_id)?;
    object.id("address", of.address)?;
    object.list("line", lines.iter(), |of, out| line(of, out))?;
    object.flag("isFolded", of.is_folded)?;
    object.close()
}

fn line(of: &RawLine, out: &mut impl Write) -> io::Result<()> {
    let mut object = Object::open(out)?;
    object.id("functionId", of.function_id)?;
    object.number("line", of.line)?;
    object.number("column", of.column)?;
    object.close()
}

fn function(of: &RawFunction, out: &mut impl Write) -> io::Result<()> {
    let mut object = Object::open(out)?;
    object.id("id", of.id)?;
    object.number("name", of.name)?;
    object.number("systemName", of.system_name)?;
    object.number("filename", of.filename)?;
    object.number("startLine", of.start_line)?;
    object.close()
}

/// An object that is being written; fields with default values leave no trace.
struct Object<'o, W> {
    out: &'o mut W,
    is_empty: bool,
}

impl<'o, W: Write> Object<'o, W> {
    fn open(out: &'o mut W) -> io::Result<Self> {
        out.write_all(b"{")?;
        Ok(Self { out, is_empty: true })
    }

    fn close(self) -> io::Result<()> {
        self.out.write_all(b"}")
    }

    /// The name of a field; its value goes to what is returned.
    fn key(&mut self, name: &str) -> io::Result<&mut W> {
        let separator = if self.is_empty { "" } else { "," };
        self.is_empty = false;
        write!(self.out, "{separator}\"{name}\":")?;
        Ok(self.out)
    }

    fn number(&mut self, name: &str, value: i64) -> io::Result<()> {
        if value == 0 { Ok(()) } else { write!(self.key(name)?, "\"{value}\"") }
    }

    fn id(&mut self, name: &str, value: u64) -> io::Result<()> {
        if value == 0 { Ok(()) } else { write!(self.key(name)?, "\"{value}\"") }
    }

    fn flag(&mut self, name: &str, value: bool) -> io::Result<()> {
        if value { self.key(name)?.write_all(b"true") } else { Ok(()) }
    }

    fn list<T>(
        &mut self,
        name: &str,
        entries: impl Iterator<Item = T>,
        write: impl Fn(T, &mut W) -> io::Result<()>,
    ) -> io::Result<()> {
        let mut entries = entries.peekable();
        if entries.peek().is_none() {
            return Ok(());
        }
        let out = self.key(name)?;
        for (index, entry) in entries.enumerate() {
            out.write_all(if index == 0 { b"[" } else { b"," })?;
            write(entry, out)?;
        }
        out.write_all(b"]")
    }
}
