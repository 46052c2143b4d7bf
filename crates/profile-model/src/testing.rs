//! Profiles written as text, for tests.

use crate::{
    Function, FunctionId, Line, Location, LocationId, Mapping, MappingFlags, StackId, StringId, Symbols,
};

/// A stack from text, leaf first: locations are separated by spaces, lines of one location by
/// `<` (innermost first); `file@12` is the bare address 12 of a file.
pub(crate) fn stack(symbols: &mut Symbols, text: &str) -> StackId {
    let locations: Vec<_> =
        text.split_whitespace().map(|location| self::location(symbols, location)).collect();
    symbols.intern_stack(&locations)
}

fn location(symbols: &mut Symbols, text: &str) -> LocationId {
    if let Some((file, address)) = text.split_once('@') {
        let mapping = Some(mapping(symbols, file));
        let address = address.parse().expect("a number follows @");
        return symbols.intern_location(Location { mapping, address, is_folded: false, lines: &[] });
    }
    let lines: Vec<_> = text.split('<').map(|name| line(symbols, name)).collect();
    symbols.intern_location(Location { mapping: None, address: 0, is_folded: false, lines: &lines })
}

/// `name` or `name:line`.
fn line(symbols: &mut Symbols, text: &str) -> Line {
    let (name, line) = text.split_once(':').unwrap_or((text, "1"));
    let function = Some(function(symbols, name));
    Line { function, line: line.parse().expect("a number follows the colon"), column: 0 }
}

fn function(symbols: &mut Symbols, name: &str) -> FunctionId {
    let name = symbols.intern_string(name);
    symbols.intern_function(Function { name, system_name: name, filename: StringId::EMPTY, start_line: 3 })
}

fn mapping(symbols: &mut Symbols, file: &str) -> crate::MappingId {
    let file = symbols.intern_string(file);
    let build_id = StringId::EMPTY;
    symbols.intern_mapping(Mapping {
        start: 0,
        limit: 0,
        offset: 0,
        file,
        build_id,
        flags: MappingFlags::default(),
    })
}
