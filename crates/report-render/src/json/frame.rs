use std::io::{self, Write};

use profile_model::{FlameFrame, Frame, FrameName, Symbols};

use crate::{NodeName, output::json_string};

/// What is said about a frame, in a tree or in a stack.
#[derive(Clone, Copy, Default)]
pub(super) struct Details<'a> {
    system_name: &'a str,
    file: &'a str,
    line: i64,
    mapping: &'a str,
    address: u64,
    inlined: bool,
}

impl<'a> Details<'a> {
    pub(super) fn of_frame(symbols: &'a Symbols, frame: &Frame<'_>) -> Self {
        let function = symbols.frame_function(frame);
        let mapping = symbols.frame_mapping(frame);
        Self {
            system_name: function.map_or("", |function| symbols.string(function.system_name)),
            file: function.map_or("", |function| symbols.string(function.filename)),
            line: frame.line.map_or(0, |line| line.line),
            mapping: mapping.map_or("", |mapping| symbols.string(mapping.file)),
            address: symbols.location(frame.location).address,
            inlined: frame.inlined,
        }
    }

    pub(super) fn of_node(symbols: &'a Symbols, frame: &FlameFrame) -> Self {
        let text = |id: Option<_>| id.map_or("", |id| symbols.string(id));
        Self {
            system_name: text(frame.function_system_name),
            file: text(frame.function_file),
            line: frame.line.unwrap_or(0),
            mapping: text(frame.mapping_file),
            address: frame.address.unwrap_or(0),
            inlined: frame.inlined.unwrap_or(false),
        }
    }

    /// Writes the fields that are known, each after a comma.
    pub(super) fn write(&self, out: &mut impl Write, name: &str) -> io::Result<()> {
        // A system name that only repeats the name says nothing.
        let system_name = if self.system_name == name { "" } else { self.system_name };
        for (key, text) in [("system_name", system_name), ("file", self.file), ("mapping", self.mapping)] {
            if !text.is_empty() {
                write!(out, ",\"{key}\":")?;
                json_string(out, text)?;
            }
        }
        if self.line != 0 {
            write!(out, ",\"line\":{}", self.line)?;
        }
        if self.address != 0 {
            write!(out, ",\"address\":\"{:#x}\"", self.address)?;
        }
        if self.inlined {
            out.write_all(b",\"inlined\":true")?;
        }
        Ok(())
    }
}

/// Writes a frame of a stack as an object.
pub(super) fn write_frame(
    out: &mut impl Write,
    symbols: &Symbols,
    frame: &Frame<'_>,
    buffer: &mut String,
) -> io::Result<()> {
    let name: FrameName<'_> = symbols.frame_name(frame);
    let name = NodeName::Frame(name).text(buffer);
    out.write_all(b"{\"name\":")?;
    json_string(out, name)?;
    Details::of_frame(symbols, frame).write(out, name)?;
    out.write_all(b"}")
}
