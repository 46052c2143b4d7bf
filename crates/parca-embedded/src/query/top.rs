//! The TOP report: functions by their own value, counted as the real server counts.

use parca_proto::metastore;
use parca_proto::query::{Top, TopNode, TopNodeMeta};
use profile_model::{
    CallRow, CallTable, CallTableOptions, FunctionId, Mapping, MappingId, Symbols, WeightedStack,
};

/// `stacks` have values of the given unit.
pub(super) fn top(symbols: &Symbols, stacks: impl Iterator<Item = WeightedStack>, unit: String) -> Top {
    let mut table = CallTable::of(symbols, stacks, CallTableOptions::PARCA_TOP);
    // Functions have no address and come first among equals; their names keep the order the same.
    table.rows.sort_by_cached_key(|row| {
        (std::cmp::Reverse(row.flat), symbols.location(row.location).address, row.name(symbols).to_string())
    });
    #[expect(deprecated, reason = "the field is still on the wire")]
    #[expect(clippy::cast_possible_truncation, reason = "32 bits there, too; the answer's own total has all")]
    Top {
        reported: i32::try_from(table.rows.len()).unwrap_or(i32::MAX),
        list: table.rows.iter().map(|row| node(symbols, row)).collect(),
        total: table.total as i32,
        unit,
    }
}

fn node(symbols: &Symbols, row: &CallRow) -> TopNode {
    let location = symbols.location(row.location);
    let function = location.lines.get(row.line).and_then(|line| line.function);
    let meta = TopNodeMeta {
        location: Some(metastore::Location {
            id: format!("location/{}", row.location.get()),
            address: location.address,
            mapping_id: location.mapping.map(mapping_id).unwrap_or_default(),
            ..Default::default()
        }),
        mapping: location.mapping.map(|id| wire_mapping(symbols, id, symbols.mapping(id))),
        function: function.map(|id| wire_function(symbols, id)),
        // A row is many lines of a function.
        line: None,
    };
    TopNode {
        meta: Some(meta),
        cumulative: row.cumulative,
        flat: row.flat,
        diff: row.cumulative_diff.unwrap_or(0),
    }
}

fn mapping_id(id: MappingId) -> String {
    format!("mapping/{}", id.get())
}

fn wire_function(symbols: &Symbols, id: FunctionId) -> metastore::Function {
    let function = symbols.function(id);
    metastore::Function {
        id: format!("function/{}", id.get()),
        start_line: function.start_line,
        name: symbols.string(function.name).to_owned(),
        system_name: symbols.string(function.system_name).to_owned(),
        filename: symbols.string(function.filename).to_owned(),
        ..Default::default()
    }
}

fn wire_mapping(symbols: &Symbols, id: MappingId, mapping: &Mapping) -> metastore::Mapping {
    metastore::Mapping {
        id: mapping_id(id),
        start: mapping.start,
        limit: mapping.limit,
        offset: mapping.offset,
        file: symbols.string(mapping.file).to_owned(),
        build_id: symbols.string(mapping.build_id).to_owned(),
        ..Default::default()
    }
}
