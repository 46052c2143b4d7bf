//! Whatever is a flame graph node by node is the same one row by row.
#![no_main]

use libfuzzer_sys::fuzz_target;
use profile_codec::arrow::{ArrowLimits, FlameColumns, decode_flame_graph, decode_flame_rows};
use profile_model::{FlameKind, StringId};

fuzz_target!(|bytes: &[u8]| {
    let limits = ArrowLimits::default();
    let all = FlameColumns { system_names: true, files: true, mapping_files: true };
    let [some, all] =
        [FlameColumns::default(), all].map(|columns| decode_flame_rows(bytes, columns, &limits));
    // Who reads fewer columns meets fewer mistakes.
    let Ok(whole) = decode_flame_graph(bytes, &limits) else { return };
    let some = some.expect("what is a flame graph has rows");
    let all = all.expect("what is a flame graph has rows with all columns");
    let nodes = whole.graph.nodes();
    assert_eq!((some.rows.len(), all.rows.len()), (nodes.len(), nodes.len()));
    for ((node, some_row), all_row) in nodes.iter().zip(&some.rows).zip(&all.rows) {
        let parent = node.parent.map_or(0, |parent| parent.index() as u32);
        for row in [some_row, all_row] {
            assert_eq!((row.parent, row.cumulative, row.flat), (parent, node.cumulative, node.flat));
        }
        let text = |id: Option<StringId>| id.map(|id| all.symbols.string(id));
        let known = |id: Option<StringId>| id.map(|id| whole.symbols.string(id));
        match &node.kind {
            FlameKind::Root => assert!(some_row.group.is_none()),
            FlameKind::Group(group) => {
                let rows_group = all_row.group.expect("the row is of a group, too");
                assert_eq!(&all.groups[rows_group as usize], whole.graph.group(*group));
            }
            FlameKind::Frame(frame) => {
                assert_eq!(text(all_row.function), known(frame.function_name));
                assert_eq!(text(all_row.system_name), known(frame.function_system_name));
                assert_eq!(text(all_row.file), known(frame.function_file));
                assert_eq!(text(all_row.mapping_file), known(frame.mapping_file));
                let name = some_row.function.map(|id| some.symbols.string(id));
                assert_eq!(name, known(frame.function_name));
                if name.is_none_or(str::is_empty) {
                    let read = [some_row.system_name, some_row.file];
                    let read = read.map(|id| id.map(|id| some.symbols.string(id)));
                    assert_eq!(read, [frame.function_system_name, frame.function_file].map(known));
                }
            }
        }
    }
});
