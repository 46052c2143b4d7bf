//! Symbol tables as bytes: read back, every id is what it was.

use profile_model::{
    Function, FunctionId, Line, Location, LocationId, Mapping, MappingFlags, MappingId, StringId, Symbols,
};

use super::codec::{Reader, Writer};

pub(crate) fn write(symbols: &Symbols) -> Vec<u8> {
    let mut out = Writer::default();
    out.len(symbols.strings().len());
    symbols.strings().for_each(|string| out.text(string));
    out.len(symbols.functions().len());
    for function in symbols.functions() {
        out.numbers([function.name, function.system_name, function.filename].map(|id| id.get().into()));
        out.signed(function.start_line);
    }
    out.len(symbols.mappings().len());
    symbols.mappings().iter().for_each(|mapping| write_mapping(&mut out, mapping));
    out.len(symbols.locations().len());
    symbols.locations().for_each(|location| write_location(&mut out, location));
    out.len(symbols.stacks().len());
    for stack in symbols.stacks() {
        out.len(stack.len());
        stack.iter().for_each(|location| out.number(location.get().into()));
    }
    out.bytes
}

fn write_mapping(out: &mut Writer, mapping: &Mapping) {
    out.numbers([mapping.start, mapping.limit, mapping.offset]);
    out.numbers([mapping.file, mapping.build_id].map(|id| id.get().into()));
    let MappingFlags { has_functions, has_filenames, has_line_numbers, has_inline_frames } = mapping.flags;
    let flags = [has_functions, has_filenames, has_line_numbers, has_inline_frames];
    out.number(flags.iter().rev().fold(0, |bits, flag| bits << 1 | u64::from(*flag)));
}

fn write_location(out: &mut Writer, location: Location<'_>) {
    out.number(location.mapping.map_or(0, |id| u64::from(id.get()) + 1));
    out.number(location.address);
    out.len(location.lines.len() << 1 | usize::from(location.is_folded));
    for line in location.lines {
        out.number(line.function.map_or(0, |id| u64::from(id.get()) + 1));
        out.signed(line.line);
        out.signed(line.column);
    }
}

/// The tables; nothing where the bytes are none, or name an entry that is not there.
pub(crate) fn read(bytes: &[u8]) -> Option<Symbols> {
    let mut input = Reader::new(bytes);
    let mut symbols = Symbols::new();
    for at in 0..input.len()? {
        // Each is new, so that ids are positions.
        (symbols.intern_string(input.text()?).index() == at).then_some(())?;
    }
    for at in 0..input.len()? {
        let [name, system_name, filename] =
            [string(&mut input, &symbols)?, string(&mut input, &symbols)?, string(&mut input, &symbols)?];
        let start_line = input.signed()?;
        let id = symbols.intern_function(Function { name, system_name, filename, start_line });
        (id.index() == at).then_some(())?;
    }
    for at in 0..input.len()? {
        let mapping = read_mapping(&mut input, &symbols)?;
        (symbols.intern_mapping(mapping).index() == at).then_some(())?;
    }
    let mut lines = Vec::new();
    for at in 0..input.len()? {
        let location = read_location(&mut input, &symbols, &mut lines)?;
        (symbols.intern_location(location).index() == at).then_some(())?;
    }
    let mut stack = Vec::new();
    for at in 0..input.len()? {
        stack.clear();
        for _ in 0..input.len()? {
            stack.push(LocationId::new(below(&mut input, symbols.locations().len())?));
        }
        (symbols.intern_stack(&stack).index() == at).then_some(())?;
    }
    input.is_empty().then_some(symbols)
}

fn read_mapping(input: &mut Reader<'_>, symbols: &Symbols) -> Option<Mapping> {
    let [start, limit, offset] = [input.number()?, input.number()?, input.number()?];
    let [file, build_id] = [string(input, symbols)?, string(input, symbols)?];
    let bits = input.number()?;
    let flag = |at: u32| bits >> at & 1 == 1;
    let flags = MappingFlags {
        has_functions: flag(0),
        has_filenames: flag(1),
        has_line_numbers: flag(2),
        has_inline_frames: flag(3),
    };
    Some(Mapping { start, limit, offset, file, build_id, flags })
}

fn read_location<'a>(
    input: &mut Reader<'_>,
    symbols: &Symbols,
    lines: &'a mut Vec<Line>,
) -> Option<Location<'a>> {
    let mapping = optional(input, symbols.mappings().len())?.map(MappingId::new);
    let address = input.number()?;
    let count = input.number()?;
    lines.clear();
    for _ in 0..count >> 1 {
        let function = optional(input, symbols.functions().len())?.map(FunctionId::new);
        lines.push(Line { function, line: input.signed()?, column: input.signed()? });
    }
    Some(Location { mapping, address, is_folded: count & 1 == 1, lines })
}

fn string(input: &mut Reader<'_>, symbols: &Symbols) -> Option<StringId> {
    below(input, symbols.strings().len()).map(StringId::new)
}

fn below(input: &mut Reader<'_>, len: usize) -> Option<u32> {
    input.small().filter(|id| (*id as usize) < len)
}

/// A position plus one, zero for none.
fn optional(input: &mut Reader<'_>, len: usize) -> Option<Option<u32>> {
    match input.small()? {
        0 => Some(None),
        id => (id as usize <= len).then_some(Some(id - 1)),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn tables() -> Symbols {
        let mut symbols = Symbols::new();
        let [a, b] = ["a", "b\u{1f}é"].map(|text| symbols.intern_string(text));
        let function =
            symbols.intern_function(Function { name: a, system_name: b, filename: a, start_line: -7 });
        let flags = MappingFlags { has_functions: true, has_inline_frames: true, ..Default::default() };
        let mapping = Mapping { start: 1, limit: u64::MAX, offset: 3, file: b, build_id: a, flags };
        let mapping = symbols.intern_mapping(mapping);
        let lines = [
            Line { function: Some(function), line: i64::MIN, column: 4 },
            Line { function: None, line: 9, column: 0 },
        ];
        let full = Location { mapping: Some(mapping), address: 0, is_folded: true, lines: &lines };
        let bare = Location { mapping: None, address: 77, is_folded: false, lines: &[] };
        let locations = [full, bare].map(|location| symbols.intern_location(location));
        symbols.intern_stack(&locations);
        symbols.intern_stack(&locations[1..]);
        symbols
    }

    #[test]
    fn tables_come_back_with_their_ids() {
        let symbols = tables();
        let read = read(&write(&symbols)).unwrap();
        assert!(read.strings().eq(symbols.strings()) && read.stacks().eq(symbols.stacks()));
        assert!(read.functions() == symbols.functions() && read.mappings() == symbols.mappings());
        assert!(read.locations().eq(symbols.locations()));
    }

    #[test]
    fn damaged_tables_are_refused_or_other_tables_and_never_a_panic() {
        let good = write(&tables());
        for at in 0..good.len() {
            assert!(read(&good[..at]).is_none(), "cut at {at}");
            for bit in 0..8 {
                let mut bad = good.clone();
                bad[at] ^= 1 << bit;
                if let Some(symbols) = read(&bad) {
                    symbols.stacks().flatten().for_each(|id| assert!(symbols.frames_at(*id).count() > 0));
                }
            }
        }
    }
}
