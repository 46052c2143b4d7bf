//! Frames in the words of the metastore's messages, for reports that name functions in each node.

use parca_proto::metastore::{Function, Line, Location, Mapping};
use profile_model::{FlameFrame, StringId, Symbols};

/// A frame's parts, each with an id that says nothing but is the same for equal frames.
pub(super) struct Described {
    pub(super) location: Location,
    pub(super) mapping: Option<Mapping>,
    pub(super) function: Option<Function>,
    pub(super) line: Option<Line>,
}

pub(super) fn described(frame: &FlameFrame, symbols: &Symbols, number: usize) -> Described {
    let text = |id: Option<StringId>| id.map(|id| symbols.string(id).to_owned()).unwrap_or_default();
    let mapping = frame.mapping_file.map(|file| Mapping {
        id: format!("mapping/{}", symbols.string(file)),
        file: symbols.string(file).to_owned(),
        build_id: text(frame.mapping_build_id),
        ..Default::default()
    });
    let function = frame.function_name.map(|name| Function {
        id: format!("function/{number}"),
        start_line: frame.function_start_line.unwrap_or(0),
        name: symbols.string(name).to_owned(),
        system_name: text(frame.function_system_name),
        filename: text(frame.function_file),
        ..Default::default()
    });
    let line = function.as_ref().map(|function| Line {
        function_id: function.id.clone(),
        line: frame.line.unwrap_or(0),
        ..Default::default()
    });
    let location = Location {
        id: format!("location/{number}"),
        // There is no address of what has a name, as there.
        address: if frame.symbolized { 0 } else { frame.address.unwrap_or(0) },
        mapping_id: mapping.as_ref().map(|mapping| mapping.id.clone()).unwrap_or_default(),
        ..Default::default()
    };
    Described { location, mapping, function, line }
}
