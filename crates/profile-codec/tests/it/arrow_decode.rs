//! What real Parcas sent, and what others could.

use std::{collections::BTreeMap, path::Path, sync::Arc};

use arrow_array::{
    Array, ArrayRef, BooleanArray, DictionaryArray, FixedSizeListArray, Float64Array, Int8Array, Int16Array,
    Int32Array, Int64Array, LargeBinaryArray, LargeListArray, LargeStringArray, ListArray, NullArray,
    RecordBatch, RunArray, StringArray, StringViewArray, StructArray, UInt16Array, UInt64Array,
    builder::{Int8Builder, LargeListBuilder},
    types::{Int32Type, Int64Type, UInt8Type},
};
use arrow_ipc::{
    CompressionType,
    writer::{IpcWriteOptions, StreamWriter},
};
use arrow_schema::{Field, Fields, Schema};
use profile_codec::arrow::{
    ArrowLimits, DecodedFlameGraph, DecodedTable, decode_flame_graph, decode_table, encode_flame_graph,
    encode_table,
};
use profile_model::{FlameGraph, FlameKind, NodeId, Symbols};

use crate::flame_rows;

/// A record that a Parca made of its own profile.
pub(crate) fn fixture(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    std::fs::read(folder.join(format!("{name}.arrow"))).unwrap()
}

fn flame_graph(bytes: &[u8]) -> DecodedFlameGraph {
    let decoded = decode_flame_graph(bytes, &ArrowLimits::default()).unwrap();
    flame_rows::check(bytes, &decoded);
    decoded
}

fn table(bytes: &[u8]) -> DecodedTable {
    decode_table(bytes, &ArrowLimits::default()).unwrap()
}

fn name(graph: &FlameGraph, symbols: &Symbols, node: usize) -> String {
    match &graph.nodes()[node].kind {
        FlameKind::Root => "root".to_owned(),
        FlameKind::Group(group) => graph.group(*group).to_string(),
        FlameKind::Frame(frame) => frame.name(symbols).to_string(),
    }
}

/// The nodes as lines: indented name, cumulative and flat value.
fn lines(DecodedFlameGraph { graph, symbols, .. }: &DecodedFlameGraph) -> Vec<String> {
    let line = |(at, node): (usize, &profile_model::FlameNode)| {
        let indent = " ".repeat(node.depth as usize);
        format!("{indent}{} {} {}", name(graph, symbols, at), node.cumulative, node.flat)
    };
    graph.nodes().iter().enumerate().map(line).collect()
}

#[test]
fn a_real_flame_graph_is_whole() {
    let decoded = flame_graph(&fixture("flame_graph"));
    let graph = &decoded.graph;
    assert_eq!((graph.nodes().len(), graph.height(), graph.groups().len()), (336, 25, 0));
    assert!(decoded.timestamps.is_none());
    assert_eq!(graph.nodes()[0].cumulative, 1058);
    assert_eq!(graph.nodes().iter().map(|node| node.flat).sum::<i64>(), 1058);
    for at in 0..graph.nodes().len() {
        let node = &graph.nodes()[at];
        let id = NodeId::new(at as u32);
        let below: i64 = graph.children(id).map(|child| graph.node(child).cumulative).sum();
        assert_eq!(node.cumulative, node.flat + below, "{}", name(graph, &decoded.symbols, at));
    }
    let layout = graph.layout();
    assert!(layout.boxes.iter().enumerate().all(|(at, found)| found.node.index() == at));
    let nodes = 0..graph.nodes().len();
    let park = nodes.into_iter().find(|at| name(graph, &decoded.symbols, *at) == "runtime.gopark").unwrap();
    let FlameKind::Frame(frame) = &graph.nodes()[park].kind else { panic!("{park}") };
    let text = |id: Option<profile_model::StringId>| decoded.symbols.string(id.unwrap()).to_owned();
    assert!(frame.symbolized);
    assert!(text(frame.function_file).ends_with("proc.go"), "{}", text(frame.function_file));
    assert!(text(frame.mapping_file).contains("parca"), "{}", text(frame.mapping_file));
}

#[test]
fn real_groups_are_labels() {
    let DecodedFlameGraph { graph, symbols, .. } = flame_graph(&fixture("grouped"));
    assert_eq!((graph.nodes().len(), graph.height(), graph.groups().len()), (337, 26, 1));
    let names: Vec<_> = graph.group(0).iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["instance", "job"]);
    assert!(name(&graph, &symbols, 1).starts_with(r#"{instance=""#));
    assert!(matches!(graph.nodes()[1].kind, FlameKind::Group(0)));
    assert!(graph.nodes()[2..].iter().all(|node| matches!(node.kind, FlameKind::Frame(_))));
}

#[test]
fn real_answers_without_nodes_are_roots_of_nothing() {
    for name in ["empty", "all_trimmed"] {
        let decoded = flame_graph(&fixture(name));
        assert!(decoded.graph.is_empty(), "{name}");
        assert_eq!(lines(&decoded), ["root 0 0"], "{name}");
    }
}

#[test]
fn a_real_flame_graph_may_be_trimmed_or_below_one_function() {
    let trimmed = flame_graph(&fixture("trimmed"));
    assert_eq!((trimmed.graph.nodes().len(), trimmed.graph.nodes()[0].cumulative), (60, 525));
    let sandwich = flame_graph(&fixture("sandwich"));
    assert_eq!(sandwich.graph.nodes().len(), 143);
    assert_eq!(lines(&sandwich)[1], " runtime.mallocgc 1040000000 20000000");
}

#[test]
fn a_real_table_is_whole() {
    let DecodedTable { table, symbols } = table(&fixture("table"));
    assert_eq!((table.rows.len(), table.total), (190, 1058));
    let row = &table.rows[0];
    assert_eq!(
        (row.name(&symbols).to_string(), row.flat, row.cumulative),
        ("runtime.gopark".into(), 1004, 1004)
    );
    assert_eq!((&row.callers[..], &row.callees[..]), (&[1, 4, 7][..], &[][..]));
    let frame = row.frame(&symbols).unwrap();
    let function = symbols.frame_function(&frame).unwrap();
    assert!(symbols.string(function.filename).ends_with("proc.go"));
    for (at, row) in table.rows.iter().enumerate() {
        assert!(row.callers.iter().all(|caller| table.rows[*caller].callees.contains(&at)));
        assert!(row.callees.iter().all(|callee| table.rows[*callee].callers.contains(&at)));
    }
}

#[test]
fn a_real_empty_table_has_no_rows() {
    let DecodedTable { table, .. } = table(&fixture("table_empty"));
    assert_eq!((table.rows.len(), table.total), (0, 0));
}

#[test]
fn real_records_survive_being_written_again() {
    for name in ["flame_graph", "grouped", "sandwich", "empty"] {
        let decoded = flame_graph(&fixture(name));
        let record = encode_flame_graph(&decoded.graph, &decoded.symbols, 0.0).unwrap().record;
        assert_eq!(lines(&flame_graph(&record)), lines(&decoded), "{name}");
    }
    let decoded = table(&fixture("table"));
    let again = table(&encode_table(&decoded.table, &decoded.symbols).unwrap());
    let named = |DecodedTable { table, symbols }: &DecodedTable| -> BTreeMap<_, _> {
        let rows = table.rows.iter();
        rows.map(|row| (row.name(symbols).to_string(), (row.flat, row.cumulative, row.callers.clone())))
            .collect()
    };
    assert_eq!(named(&again), named(&decoded));
}

/// An IPC stream of these columns, with the schema's word that none has nulls.
pub(crate) fn stream(batches: &[Vec<(&str, ArrayRef)>], compression: Option<CompressionType>) -> Vec<u8> {
    let fields: Vec<_> =
        batches[0].iter().map(|(name, column)| Field::new(*name, column.data_type().clone(), true)).collect();
    let schema = Arc::new(Schema::new(fields));
    let options = IpcWriteOptions::default().try_with_compression(compression).unwrap();
    let mut writer = StreamWriter::try_new_with_options(Vec::new(), &schema, options).unwrap();
    for columns in batches {
        let columns = columns.iter().map(|(_, column)| column.clone()).collect();
        writer.write(&RecordBatch::try_new(schema.clone(), columns).unwrap()).unwrap();
    }
    writer.into_inner().unwrap()
}

fn flame_columns(parent: ArrayRef, cumulative: ArrayRef, name: ArrayRef) -> Vec<(&'static str, ArrayRef)> {
    vec![("function_name", name), ("cumulative", cumulative), ("parent", parent)]
}

#[track_caller]
fn check_flame_graph(columns: Vec<(&str, ArrayRef)>, expect: &[&str]) {
    for compression in [None, Some(CompressionType::LZ4_FRAME)] {
        let stream = stream(std::slice::from_ref(&columns), compression);
        assert_eq!(lines(&flame_graph(&stream)), expect);
    }
}

#[test]
fn integers_and_keys_may_have_any_width_and_text_any_form() {
    let expect = ["root 3 0", " a 3 0", "  b 3 0"];
    let words = [None, Some("a"), Some("b")];
    let names: Vec<ArrayRef> = vec![
        Arc::new(StringArray::from(words.to_vec())),
        Arc::new(LargeStringArray::from(words.to_vec())),
        Arc::new(LargeBinaryArray::from(words.map(|word| word.map(str::as_bytes)).to_vec())),
        Arc::new(words.into_iter().collect::<DictionaryArray<UInt8Type>>()),
        Arc::new(words.into_iter().collect::<DictionaryArray<Int64Type>>()),
        Arc::new(
            DictionaryArray::<Int32Type>::try_new(
                Int32Array::from(vec![Some(0), Some(1), Some(2)]),
                Arc::new(LargeBinaryArray::from(words.map(|word| word.map(str::as_bytes)).to_vec())),
            )
            .unwrap(),
        ),
    ];
    let parents: Vec<ArrayRef> = vec![
        Arc::new(Int8Array::from(vec![-1, 0, 1])),
        Arc::new(Int16Array::from(vec![-1, 0, 1])),
        Arc::new(Int64Array::from(vec![-1, 0, 1])),
        Arc::new(UInt64Array::from(vec![None, Some(0), Some(1)])),
    ];
    let cumulative: ArrayRef = Arc::new(UInt16Array::from(vec![3; 3]));
    for name in &names {
        for parent in &parents {
            check_flame_graph(flame_columns(parent.clone(), cumulative.clone(), name.clone()), &expect);
        }
    }
}

#[test]
fn negative_values_in_unsigned_columns_are_negative() {
    let mut columns = flame_columns(
        Arc::new(Int32Array::from(vec![-1, 0])),
        Arc::new(UInt64Array::from(vec![5, 5])),
        Arc::new(StringArray::from(vec![None, Some("a")])),
    );
    columns.push(("flat", Arc::new(UInt64Array::from(vec![0, -2i64 as u64]))));
    check_flame_graph(columns, &["root 5 0", " a 5 -2"]);
}

#[test]
fn text_that_is_not_utf8_is_repaired() {
    let columns = flame_columns(
        Arc::new(Int32Array::from(vec![-1, 0])),
        Arc::new(UInt64Array::from(vec![5, 5])),
        Arc::new(LargeBinaryArray::from(vec![None, Some(&b"a\xff"[..])])),
    );
    check_flame_graph(columns, &["root 5 0", " a\u{fffd} 5 0"]);
}

#[test]
fn columns_that_nobody_asked_for_are_stepped_over() {
    let rows = 2;
    let float: ArrayRef = Arc::new(Float64Array::from(vec![1.0; rows]));
    let numbers: ArrayRef = Arc::new(Int64Array::from(vec![7; rows]));
    let item = Arc::new(Field::new_list_field(float.data_type().clone(), true));
    let long = "longer than the twelve bytes that fit into a view";
    let lists = ListArray::from_iter_primitive::<Int64Type, _, _>([Some([Some(1)]), None]);
    let fields = Fields::from(vec![
        Field::new("float", float.data_type().clone(), true),
        Field::new("lists", lists.data_type().clone(), true),
    ]);
    let structs = StructArray::new(fields, vec![float.clone(), Arc::new(lists)], None);
    let runs = RunArray::<Int32Type>::try_new(&Int32Array::from(vec![2]), &StringArray::from(vec!["x"]));
    let mut columns: Vec<(&str, ArrayRef)> = vec![
        ("float", float.clone()),
        ("nothing", Arc::new(NullArray::new(rows))),
        ("view", Arc::new(StringViewArray::from(vec![long; rows]))),
        ("struct", Arc::new(structs)),
        ("runs", Arc::new(runs.unwrap())),
        ("fixed", Arc::new(FixedSizeListArray::new(item, 1, float.clone(), None))),
        ("dictionary", Arc::new(["x", "y"].into_iter().collect::<DictionaryArray<UInt8Type>>())),
        ("view too", Arc::new(StringViewArray::from(vec![long; rows]))),
        ("numbers", numbers),
        // What is known may have no type at all.
        ("function_startline", Arc::new(NullArray::new(rows))),
    ];
    columns.extend(flame_columns(
        Arc::new(Int32Array::from(vec![-1, 0])),
        Arc::new(UInt64Array::from(vec![5, 5])),
        Arc::new(StringArray::from(vec![None, Some("a")])),
    ));
    check_flame_graph(columns, &["root 5 0", " a 5 0"]);
}

#[test]
fn batches_are_one_tree() {
    let batch = |parents: Vec<i32>, names: Vec<Option<&str>>| {
        let cumulative = Arc::new(UInt64Array::from(vec![5; parents.len()]));
        let names = Arc::new(names.into_iter().collect::<DictionaryArray<UInt8Type>>());
        flame_columns(Arc::new(Int32Array::from(parents)), cumulative, names)
    };
    let batches = [
        batch(vec![-1, 0], vec![None, Some("a")]),
        batch(vec![], vec![]),
        batch(vec![0, 1], vec![Some("b"), Some("c")]),
    ];
    let decoded = flame_graph(&stream(&batches, Some(CompressionType::LZ4_FRAME)));
    assert_eq!(lines(&decoded), ["root 5 0", " a 5 0", " b 5 0", "  c 5 0"]);
}

#[test]
fn flame_charts_have_times() {
    let mut columns = flame_columns(
        Arc::new(Int32Array::from(vec![-1, 0, 0])),
        Arc::new(UInt64Array::from(vec![9, 4, 5])),
        Arc::new(StringArray::from(vec![None, Some("a"), Some("a")])),
    );
    columns.push(("timestamp", Arc::new(Int64Array::from(vec![None, Some(1_700), Some(1_800)]))));
    let decoded = flame_graph(&stream(&[columns], None));
    assert_eq!(decoded.timestamps, Some(vec![0, 1_700, 1_800]));
    assert_eq!(lines(&decoded), ["root 9 0", " a 4 0", " a 5 0"]);
}

#[test]
fn labels_are_kept_by_group() {
    let mut columns = flame_columns(
        Arc::new(Int32Array::from(vec![-1, 0, 0, 1])),
        Arc::new(UInt64Array::from(vec![9, 4, 5, 4])),
        Arc::new(StringArray::from(vec![None, None, Some("a"), Some("b")])),
    );
    columns.push(("labels_only", Arc::new(BooleanArray::from(vec![None, Some(true), Some(false), None]))));
    columns.push(("labels.pod", Arc::new(StringArray::from(vec![None, Some("p"), None, Some("p")]))));
    columns.push(("labels.a.b", Arc::new(StringArray::from(vec![None, Some("x"), None, Some("x")]))));
    columns.push(("labels.no", Arc::new(NullArray::new(4))));
    let expect = ["root 9 0", r#" {a.b="x", pod="p"} 4 0"#, " a 5 0", "  b 4 0"];
    check_flame_graph(columns, &expect);
}

#[test]
fn tables_may_have_other_types() {
    let mut callers = LargeListBuilder::new(Int8Builder::new());
    callers.append_value([Some(1), None, Some(0), Some(1)]);
    callers.append_null();
    let callers: LargeListArray = callers.finish();
    let stream = stream(
        &[vec![
            ("function_name", Arc::new(StringArray::from(vec![Some("f"), None]))),
            ("mapping_file", Arc::new(StringArray::from(vec![None, Some("/lib/x")]))),
            ("location_address", Arc::new(Int32Array::from(vec![0, 31]))),
            ("cumulative", Arc::new(Int16Array::from(vec![Some(7), None]))),
            ("flat", Arc::new(Int8Array::from(vec![-3, 4]))),
            ("callers", Arc::new(callers)),
        ]],
        Some(CompressionType::LZ4_FRAME),
    );
    let DecodedTable { table, symbols } = table(&stream);
    let rows: Vec<_> = table
        .rows
        .iter()
        .map(|row| (row.name(&symbols).to_string(), row.flat, row.cumulative, row.callers.clone()))
        .collect();
    assert_eq!(rows, [("f".into(), -3, 7, vec![0, 1]), ("x+0x1f".into(), 4, 0, vec![])]);
    assert_eq!((table.total, table.rows[0].cumulative_diff), (1, None));
}
