//! What is read row by row is what is read node by node.

use profile_codec::arrow::{
    ArrowLimits, DecodedFlameGraph, FlameColumns, FlameRow, FlameRows, decode_flame_graph, decode_flame_rows,
    encode_flame_graph,
};
use profile_model::{FlameGraph, FlameKind, FlameOptions, FlameSample, StringId, Symbols};

use crate::{arrow_decode::fixture, pprof_files};

const ALL: FlameColumns = FlameColumns { system_names: true, files: true, mapping_files: true };

/// The texts of a row or a frame: name, linker's name, file, binary.
type Texts<'a> = [Option<&'a str>; 4];

fn texts<'a>(symbols: &'a Symbols, ids: [Option<StringId>; 4]) -> Texts<'a> {
    ids.map(|id| id.map(|id| symbols.string(id)))
}

fn texts_of<'a>(row: &FlameRow, symbols: &'a Symbols) -> Texts<'a> {
    texts(symbols, [row.function, row.system_name, row.file, row.mapping_file])
}

/// Reads the record row by row, with few and with all columns, and compares with the nodes.
#[track_caller]
pub(crate) fn check(record: &[u8], whole: &DecodedFlameGraph) {
    let read = |columns| decode_flame_rows(record, columns, &ArrowLimits::default()).unwrap();
    let (some, all) = (read(FlameColumns::default()), read(ALL));
    let nodes = whole.graph.nodes();
    assert_eq!((some.rows.len(), all.rows.len()), (nodes.len(), nodes.len()));
    for (at, node) in nodes.iter().enumerate() {
        let parent = node.parent.map_or(0, |parent| parent.index() as u32);
        for FlameRows { rows, groups, .. } in [&some, &all] {
            let row = &rows[at];
            assert_eq!(
                (row.parent, row.cumulative, row.flat),
                (parent, node.cumulative, node.flat),
                "row {at}"
            );
            let group = row.group.map(|group| &groups[group as usize]);
            let labels = match node.kind {
                FlameKind::Group(group) => Some(whole.graph.group(group)),
                _ => None,
            };
            assert_eq!(group, labels, "row {at}");
        }
        let some = texts_of(&some.rows[at], &some.symbols);
        let FlameKind::Frame(frame) = &node.kind else {
            assert_eq!(some[0], None, "row {at}");
            continue;
        };
        let names =
            [frame.function_name, frame.function_system_name, frame.function_file, frame.mapping_file];
        let names = texts(&whole.symbols, names);
        assert_eq!(texts_of(&all.rows[at], &all.symbols), names, "row {at}");
        assert_eq!((some[0], some[3]), (names[0], None), "row {at}");
        if names[0].is_none_or(str::is_empty) {
            assert_eq!(some[1..3], names[1..3], "row {at}");
        }
    }
}

fn check_graph(graph: &FlameGraph, symbols: &Symbols) {
    let record = encode_flame_graph(graph, symbols, 0.0).unwrap().record;
    check(&record, &decode_flame_graph(&record, &ArrowLimits::default()).unwrap());
}

#[test]
fn rows_of_real_records_are_their_nodes() {
    for name in ["flame_graph", "grouped", "sandwich", "trimmed", "empty", "all_trimmed"] {
        let record = fixture(name);
        check(&record, &decode_flame_graph(&record, &ArrowLimits::default()).unwrap());
    }
}

#[test]
fn rows_of_real_profiles_are_their_nodes() {
    for path in pprof_files::profiles() {
        let profile = pprof_files::read(&path);
        let values = profile.samples.column(0);
        let samples = values.map(|(stack, value)| FlameSample { group: None, stack, value, diff: 0 });
        check_graph(&FlameGraph::of(&profile.symbols, samples, FlameOptions::default()), &profile.symbols);
    }
}
