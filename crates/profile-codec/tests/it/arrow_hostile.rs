//! Streams that are broken, contradict themselves, or ask for too much.

use std::sync::Arc;

use arrow_array::{
    Array, ArrayRef, BinaryArray, BooleanArray, DictionaryArray, Int16Array, Int32Array, Int64Array,
    ListArray, NullArray, StringArray, StringViewArray, UInt64Array, types::Int64Type,
};
use arrow_buffer::{NullBuffer, OffsetBuffer};
use arrow_ipc::CompressionType;
use arrow_schema::{DataType, Field};
use profile_codec::arrow::{
    ArrowError, ArrowLimits, decode_flame_graph, decode_table, encode_flame_graph, encode_table,
};
use profile_model::{
    CallTable, CallTableOptions, FlameGraph, FlameOptions, FlameSample, Function, Labels, Line, Location,
    StackId, StringId, Symbols, WeightedStack,
};

use crate::arrow_decode::{fixture, stream};

fn sample_stack(symbols: &mut Symbols) -> StackId {
    let locations = ["work", "main"].map(|name| {
        let name = symbols.intern_string(name);
        let function = Function { name, system_name: name, filename: StringId::EMPTY, start_line: 3 };
        let function = Some(symbols.intern_function(function));
        let lines = [Line { function, line: 300, column: 0 }];
        symbols.intern_location(Location { mapping: None, address: 0, is_folded: false, lines: &lines })
    });
    symbols.intern_stack(&locations)
}

fn small_flame_graph() -> Vec<u8> {
    let mut symbols = Symbols::new();
    let stack = sample_stack(&mut symbols);
    let labels: Labels = [("pod", "p")].into_iter().collect();
    let sample = FlameSample { group: Some(&labels), stack, value: 70_000, diff: -3 };
    let graph = FlameGraph::of(&symbols, [sample], FlameOptions::default());
    encode_flame_graph(&graph, &symbols, 0.0).unwrap().record.to_vec()
}

fn small_table() -> Vec<u8> {
    let mut symbols = Symbols::new();
    let stack = sample_stack(&mut symbols);
    let stack = WeightedStack { stack, value: 70_000, diff: -3 };
    let table = CallTable::of(&symbols, [stack], CallTableOptions::PARCA_TABLE);
    encode_table(&table, &symbols).unwrap().to_vec()
}

/// Decodes the bytes with each one changed in turn. Whatever comes out, it comes back; and nothing
/// may ask for more memory than a few times the limit.
fn mutate(bytes: &[u8], decode: impl Fn(&[u8], &ArrowLimits) -> bool) {
    let mut limits = ArrowLimits::default();
    limits.max_decoded_bytes = 1 << 20;
    limits.max_rows = 1 << 10;
    let mut mutated = bytes.to_vec();
    let mut refused = 0;
    for at in 0..bytes.len() {
        for value in [0, 0xff, bytes[at] ^ 1, bytes[at] ^ 0x80] {
            mutated[at] = value;
            refused += usize::from(!decode(&mutated, &limits));
        }
        mutated[at] = bytes[at];
    }
    assert!(refused > bytes.len() / 2, "only {refused} refused");
}

#[test]
fn no_changed_byte_of_a_flame_graph_does_harm() {
    mutate(&small_flame_graph(), |bytes, limits| decode_flame_graph(bytes, limits).is_ok());
}

#[test]
fn no_changed_byte_of_a_table_does_harm() {
    mutate(&small_table(), |bytes, limits| decode_table(bytes, limits).is_ok());
}

#[test]
fn streams_that_are_cut_off_are_errors() {
    let limits = ArrowLimits::default();
    // Parca's streams end with their batch.
    for name in ["empty", "trimmed"] {
        let record = fixture(name);
        let decodes = |len: &usize| decode_flame_graph(&record[..*len], &limits).is_ok();
        assert_eq!((0..=record.len()).find(decodes), Some(record.len()), "{name}");
    }
    // Ours have an end mark of eight bytes, without which they are whole too.
    for record in [small_table(), stream(&[flame_columns(vec![-1], &[])], None)] {
        let decodes = |len: &usize| {
            decode_table(&record[..*len], &limits).is_ok()
                || decode_flame_graph(&record[..*len], &limits).is_ok()
        };
        let whole: Vec<_> = (0..=record.len()).filter(decodes).collect();
        assert_eq!(whole, [record.len() - 8, record.len()]);
    }
}

fn flame_columns(parents: Vec<i32>, names: &[Option<&str>]) -> Vec<(&'static str, ArrayRef)> {
    let mut names = names.to_vec();
    names.resize(parents.len(), None);
    vec![
        ("cumulative", Arc::new(UInt64Array::from(vec![1; parents.len()]))),
        ("parent", Arc::new(Int32Array::from(parents))),
        ("function_name", Arc::new(StringArray::from(names))),
    ]
}

#[track_caller]
fn check(result: Result<impl std::fmt::Debug, ArrowError>, expect: &str) {
    assert_eq!(result.unwrap_err().to_string(), expect);
}

#[track_caller]
fn check_flame_graph(columns: Vec<(&str, ArrayRef)>, expect: &str) {
    check(decode_flame_graph(&stream(&[columns], None), &ArrowLimits::default()), expect);
}

#[test]
fn trees_that_are_none_are_errors() {
    check_flame_graph(
        flame_columns(vec![-1, 1], &[]),
        "column `parent`, row 1: expected an index in range, found `1`",
    );
    check_flame_graph(
        flame_columns(vec![-1, 2, 0], &[]),
        "column `parent`, row 1: expected an index in range, found `2`",
    );
    check_flame_graph(
        flame_columns(vec![-1, -1], &[]),
        "column `parent`, row 1: expected an index in range, found `-1`",
    );
    check_flame_graph(
        flame_columns(vec![0], &[]),
        "column `parent`, row 0: expected -1, as the root comes first, found `0`",
    );
    check_flame_graph(
        flame_columns(vec![], &[]),
        "invalid arrow stream: expected a row for the root, found no rows",
    );
}

#[test]
fn columns_that_are_missing_or_of_other_types_are_errors() {
    check_flame_graph(
        flame_columns(vec![-1], &[]).split_off(1),
        "expected a column `cumulative`, found none",
    );
    let mut columns = flame_columns(vec![-1], &[]);
    columns[0].1 = Arc::new(BooleanArray::from(vec![true]));
    check_flame_graph(columns, "column `cumulative`: expected integers, found `Bool`");
    let mut columns = flame_columns(vec![-1], &[]);
    columns[2].1 = Arc::new(StringViewArray::from(vec!["x"]));
    check_flame_graph(
        columns,
        "column `function_name`: expected text or bytes, in a dictionary or not, found `Utf8View`",
    );
}

#[test]
fn neighbours_that_are_no_rows_are_errors() {
    let table = |neighbour| {
        let callees = ListArray::from_iter_primitive::<Int64Type, _, _>([Some([Some(neighbour)])]);
        let one: ArrayRef = Arc::new(Int64Array::from(vec![1]));
        let columns: Vec<(&str, ArrayRef)> =
            vec![("flat", one.clone()), ("cumulative", one), ("callees", Arc::new(callees))];
        decode_table(&stream(&[columns], None), &ArrowLimits::default())
    };
    assert!(table(0).is_ok());
    check(table(1), "invalid arrow stream: expected callers and callees that are rows, found `1` of 1");
    check(table(-1), "column `callees`, row 0: expected an index in range, found `-1`");
}

#[test]
fn limits_are_kept() {
    let columns = flame_columns(vec![-1, 0, 1, 2], &[None, Some("a"), Some("a"), Some("a")]);
    let stream = stream(&[columns.clone(), columns], Some(CompressionType::LZ4_FRAME));
    let check = |change: fn(&mut ArrowLimits), expect: &str| {
        let mut limits = ArrowLimits::default();
        change(&mut limits);
        check(decode_flame_graph(&stream, &limits), expect);
    };
    check(|limits| limits.max_rows = 3, "expected at most 3 rows");
    check(|limits| limits.max_columns = 2, "expected at most 2 columns");
    check(|limits| limits.max_depth = 2, "expected at most 2 levels");
    check(|limits| limits.max_decoded_bytes = 50, "expected at most 50 decoded bytes");
    check(|limits| limits.max_metadata_bytes = 100, "expected at most 100 bytes of metadata");
    let whole = "column `parent`, row 0: expected an index in range, found `-1`";
    check(|limits| limits.max_rows = 8, whole);
}

#[test]
fn a_length_before_lz4_data_is_not_believed() {
    let mut parents = vec![0; 1_000];
    parents[0] = -1;
    let stream = stream(&[flame_columns(parents, &[])], Some(CompressionType::LZ4_FRAME));
    // The column of 1000 parents, and that of as many values.
    for (len, name) in [(4_000u64, "parents"), (8_000, "values")] {
        let at = stream.windows(8).position(|bytes| bytes == len.to_le_bytes()).expect(name);
        let check_len = |len: u64, expect: &str| {
            let mut stream = stream.clone();
            stream[at..at + 8].copy_from_slice(&len.to_le_bytes());
            check(decode_flame_graph(&stream, &ArrowLimits::default()), expect);
        };
        check_len(1 << 60, "expected at most 268435456 decoded bytes");
        let never = "invalid lz4 data: a buffer is longer than its compressed form can hold";
        check_len(250 << 20, never);
        check_len(len + 8, "invalid lz4 data: a buffer is shorter than it says");
        check_len(len - 8, "invalid lz4 data: a block is broken, or a buffer longer than it says");
        check_len(-2i64 as u64, "invalid arrow stream: expected a length of a buffer, found `-2`");
    }
}

#[test]
fn long_labels_many_times_over_are_refused() {
    let rows = 100;
    let mut columns = flame_columns(vec![0; rows], &[]);
    columns[1].1 =
        Arc::new(Int32Array::from_iter_values((0..rows as i32).map(|row| if row == 0 { -1 } else { 0 })));
    columns.push(("labels_only", Arc::new(BooleanArray::from(vec![true; rows]))));
    let values = Arc::new(StringArray::from(vec!["x".repeat(1_000)]));
    let keys = arrow_array::Int8Array::from(vec![0; rows]);
    let labels = arrow_array::DictionaryArray::try_new(keys, values).unwrap();
    columns.push(("labels.a", Arc::new(labels)));
    let stream = stream(&[columns], Some(CompressionType::LZ4_FRAME));
    let mut limits = ArrowLimits::default();
    limits.max_decoded_bytes = 50_000;
    check(decode_flame_graph(&stream, &limits), "expected at most 50000 decoded bytes");
    assert!(decode_flame_graph(&stream, &ArrowLimits::default()).is_ok());
}

/// Offsets that go back and forth, so that every second entry is all of the data; those between
/// them, which would be longer than nothing, are null.
fn overlapping(entries: usize, data: i32) -> (Vec<i32>, NullBuffer) {
    let offsets = (0..=entries).map(|at| if at % 2 == 0 { 0 } else { data }).collect();
    (offsets, (0..entries).map(|at| at % 2 == 0).collect())
}

/// A stream of one column of 1000 entries, whose offsets go up by one each, with offsets that
/// overlap in their place.
fn with_overlap(columns: Vec<(&str, ArrayRef)>) -> Vec<u8> {
    let mut stream = stream(&[columns], None);
    let (offsets, _) = overlapping(1_000, 1_000);
    let bytes =
        |offsets: &mut dyn Iterator<Item = i32>| offsets.flat_map(i32::to_le_bytes).collect::<Vec<_>>();
    let written = bytes(&mut (0..=1_000));
    let at = stream.windows(written.len()).position(|bytes| bytes == written).unwrap();
    stream[at..at + written.len()].copy_from_slice(&bytes(&mut offsets.into_iter()));
    stream
}

#[test]
fn entries_that_overlap_are_refused_even_where_nobody_looks() {
    let limits = ArrowLimits::default();
    let (_, nulls) = overlapping(1_000, 1_000);
    let expect = "column `function_name`, row 2: expected offsets in ascending order, found `0`";
    let words = StringArray::new(
        OffsetBuffer::from_lengths(vec![1; 1_000]),
        "x".repeat(1_000).into_bytes().into(),
        Some(nulls.clone()),
    );
    let columns = |name: ArrayRef| {
        let rows = name.len();
        let parents = Int32Array::from_iter_values((0..rows as i32).map(|row| if row == 0 { -1 } else { 0 }));
        let cumulative = UInt64Array::from(vec![1; rows]);
        let (parents, cumulative): (ArrayRef, ArrayRef) = (Arc::new(parents), Arc::new(cumulative));
        vec![("parent", parents), ("cumulative", cumulative), ("function_name", name)]
    };
    check(decode_flame_graph(&with_overlap(columns(Arc::new(words.clone()))), &limits), expect);
    let keys = Int16Array::from_iter_values((0..500).map(|at| at * 2));
    let dictionary = DictionaryArray::try_new(keys, Arc::new(words)).unwrap();
    check(decode_flame_graph(&with_overlap(columns(Arc::new(dictionary))), &limits), expect);

    let item = Arc::new(Field::new_list_field(DataType::Int64, true));
    let items = Arc::new(Int64Array::from_iter_values(0..1_000));
    let callers = ListArray::new(item, OffsetBuffer::from_lengths(vec![1; 1_000]), items, Some(nulls));
    let ones: ArrayRef = Arc::new(Int64Array::from(vec![1; 1_000]));
    let columns: Vec<(&str, ArrayRef)> =
        vec![("cumulative", ones.clone()), ("flat", ones), ("callers", Arc::new(callers))];
    let expect = "column `callers`, row 2: expected offsets in ascending order, found `0`";
    check(decode_table(&with_overlap(columns), &limits), expect);
}

#[test]
fn text_that_grows_when_it_is_repaired_is_counted_as_grown() {
    let name = Arc::new(BinaryArray::from(vec![None, Some(&[0xff; 10_000][..])]));
    let mut columns = flame_columns(vec![-1, 0], &[]);
    columns[2].1 = name;
    let stream = stream(&[columns], None);
    let mut limits = ArrowLimits::default();
    limits.max_decoded_bytes = 40_000;
    check(decode_flame_graph(&stream, &limits), "expected at most 40000 decoded bytes");
    limits.max_decoded_bytes = 41_000;
    assert!(decode_flame_graph(&stream, &limits).is_ok());
}

#[test]
fn many_columns_of_nothing_in_many_batches_take_no_time() {
    let mut columns = flame_columns(vec![-1], &[]);
    let names: Vec<String> = (0..1_000).map(|at| format!("labels.{at}")).collect();
    columns.extend(names.iter().map(|name| (name.as_str(), Arc::new(NullArray::new(1)) as ArrayRef)));
    let mut limits = ArrowLimits::default();
    limits.max_metadata_bytes = 64 << 20;
    let mut batches = vec![columns.clone()];
    let below: ArrayRef = Arc::new(Int32Array::from(vec![0]));
    columns[1].1 = below;
    batches.resize(1_000, columns);
    let decoded = decode_flame_graph(&stream(&batches, None), &limits).unwrap();
    assert_eq!(decoded.graph.nodes().len(), 1_000);
}

#[test]
fn a_record_may_start_at_any_address() {
    let record = small_flame_graph();
    for shift in 0..8 {
        let mut bytes = vec![0; shift];
        bytes.extend(&record);
        assert!(decode_flame_graph(&bytes[shift..], &ArrowLimits::default()).is_ok(), "{shift}");
    }
}

#[test]
fn other_compression_is_told() {
    // Written by pyarrow: our `arrow-ipc` has no zstd.
    check(
        decode_flame_graph(&fixture("zstd"), &ArrowLimits::default()),
        "unsupported arrow stream: expected buffers compressed by LZ4, or not at all, found `ZSTD`",
    );
}

#[test]
fn what_is_no_stream_is_told() {
    let limits = ArrowLimits::default();
    let no_schema = "invalid arrow stream: expected a schema, found the end of the stream";
    check(decode_table(b"", &limits), no_schema);
    check(decode_table(b"\xff\xff\xff\xff\0\0\0\0", &limits), no_schema);
    let file = "invalid arrow stream: expected a message, found `0x4f525241`";
    check(decode_table(b"ARROW1\0\0", &limits), file);
    check(decode_table(b"\xff\xff\xff\xff\x09\0\0\0abc", &limits), "expected 9 bytes of a head, found 3");
    let schema_only = stream(&[flame_columns(vec![-1], &[])], None);
    let schema_len = 8 + u32::from_le_bytes(schema_only[4..8].try_into().unwrap()) as usize;
    let expect = "invalid arrow stream: expected a record batch, found the end of the stream";
    check(decode_table(&schema_only[..schema_len], &limits), expect);
}
