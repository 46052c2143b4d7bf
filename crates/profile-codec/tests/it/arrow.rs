use arrow_array::{
    Array, ArrayRef, RecordBatch,
    cast::AsArray,
    types::{Int8Type, Int16Type, Int32Type, Int64Type, UInt8Type, UInt16Type, UInt32Type, UInt64Type},
};
use arrow_ipc::reader::StreamReader;
use arrow_schema::DataType;
use profile_codec::arrow::{
    ArrowLimits, EncodedFlameGraph, decode_flame_graph, encode_flame_graph, encode_table,
};
use profile_model::{
    CallTable, CallTableOptions, FlameGraph, FlameOptions, FlameSample, Function, Labels, Line, Location,
    LocationId, Mapping, MappingFlags, NodeId, StackId, Symbols, WeightedStack,
};

use crate::{flame_rows, pprof_files};

fn read(stream: &[u8]) -> RecordBatch {
    let mut reader = StreamReader::try_new(stream, None).unwrap();
    let batch = reader.next().unwrap().unwrap();
    assert!(reader.next().is_none());
    // A table has none.
    if batch.column_by_name("parent").is_some() {
        flame_rows::check(stream, &decode_flame_graph(stream, &ArrowLimits::default()).unwrap());
    }
    batch
}

/// A cell as text; null is `-`.
fn cell(column: &ArrayRef, row: usize) -> String {
    if column.is_null(row) {
        return "-".to_owned();
    }
    match column.data_type() {
        DataType::Boolean => column.as_boolean().value(row).to_string(),
        DataType::Int8 => column.as_primitive::<Int8Type>().value(row).to_string(),
        DataType::Int16 => column.as_primitive::<Int16Type>().value(row).to_string(),
        DataType::Int32 => column.as_primitive::<Int32Type>().value(row).to_string(),
        DataType::Int64 => column.as_primitive::<Int64Type>().value(row).to_string(),
        DataType::UInt8 => column.as_primitive::<UInt8Type>().value(row).to_string(),
        DataType::UInt16 => column.as_primitive::<UInt16Type>().value(row).to_string(),
        DataType::UInt32 => column.as_primitive::<UInt32Type>().value(row).to_string(),
        DataType::UInt64 => column.as_primitive::<UInt64Type>().value(row).to_string(),
        DataType::Binary => format!("{:?}", String::from_utf8_lossy(column.as_binary::<i32>().value(row))),
        DataType::Utf8 => format!("{:?}", column.as_string::<i32>().value(row)),
        DataType::Dictionary(..) => {
            let dictionary = column.as_any_dictionary();
            cell(dictionary.values(), dictionary.normalized_keys()[row])
        }
        DataType::List(_) => {
            let items = column.as_list::<i32>().value(row);
            let items: Vec<_> = (0..items.len()).map(|item| cell(&items, item)).collect();
            format!("[{}]", items.join(","))
        }
        other => panic!("{other}"),
    }
}

/// Each column as a line: name, type and cells.
fn dump(batch: &RecordBatch) -> String {
    let schema = batch.schema();
    let column = |(field, column): (&arrow_schema::FieldRef, &ArrayRef)| {
        let cells: Vec<_> = (0..column.len()).map(|row| cell(column, row)).collect();
        format!("{} {} {}\n", field.name(), short(field.data_type()), cells.join(" "))
    };
    schema.fields().iter().zip(batch.columns()).map(column).collect()
}

fn short(data_type: &DataType) -> String {
    match data_type {
        DataType::Dictionary(key, value) => format!("{}->{}", short(key), short(value)),
        DataType::List(item) => format!("[{}]", short(item.data_type())),
        other => other.to_string().to_lowercase(),
    }
}

fn function(symbols: &mut Symbols, name: &str, line: i64) -> Line {
    let file = symbols.intern_string(&format!("{name}.c"));
    let name = symbols.intern_string(name);
    let function =
        symbols.intern_function(Function { name, system_name: name, filename: file, start_line: 2 });
    Line { function: Some(function), line, column: 0 }
}

fn location(symbols: &mut Symbols, address: u64, lines: &[Line]) -> LocationId {
    let file = symbols.intern_string("/bin/app");
    let build_id = symbols.intern_string("b1");
    let flags = MappingFlags::default();
    let mapping = Mapping { start: 0, limit: 0, offset: 0, file, build_id, flags };
    let mapping = Some(symbols.intern_mapping(mapping));
    symbols.intern_location(Location { mapping, address, is_folded: false, lines })
}

/// `main` calls `work` at two lines, once through an inlined `step`, and once a bare address.
fn sample_stacks() -> (Symbols, [StackId; 3]) {
    let mut symbols = Symbols::new();
    let main = function(&mut symbols, "main", 10);
    let main = location(&mut symbols, 1, &[main]);
    let work = function(&mut symbols, "work", 20);
    let work_elsewhere = Line { line: 21, ..work };
    let step = function(&mut symbols, "step", 30);
    let plain = location(&mut symbols, 2, &[work]);
    let inlined = location(&mut symbols, 3, &[step, work_elsewhere]);
    let bare = location(&mut symbols, 4096, &[]);
    let stacks = [[plain, main], [inlined, main], [bare, main]].map(|stack| symbols.intern_stack(&stack));
    (symbols, stacks)
}

fn flame_samples<'a>(stacks: &[StackId], values: &[i64], group: Option<&'a Labels>) -> Vec<FlameSample<'a>> {
    let pairs = stacks.iter().zip(values);
    pairs.map(|(stack, value)| FlameSample { group, stack: *stack, value: *value, diff: 0 }).collect()
}

#[test]
fn a_flame_graph_has_parcas_columns() {
    let (symbols, stacks) = sample_stacks();
    let samples = flame_samples(&stacks, &[100, 200, 3], None);
    let graph = FlameGraph::of(&symbols, samples, FlameOptions::default());
    let EncodedFlameGraph { record, height, trimmed } = encode_flame_graph(&graph, &symbols, 0.0).unwrap();
    assert_eq!((height, trimmed), (4, 0));
    let expect = r#"
labels_only boolean - false false false false
location_address uint64 - 0 0 4096 0
mapping_file uint8->binary - "/bin/app" "/bin/app" "/bin/app" "/bin/app"
mapping_build_id uint8->binary - "b1" "b1" "b1" "b1"
location_line uint8 - 10 - - 30
inlined boolean false false false false true
function_startline uint8 - 2 2 - 2
function_name uint8->binary - "main" "work" - "step"
function_system_name uint8->binary - "main" "work" - "step"
function_file_name uint8->binary - "main.c" "work.c" - "step.c"
children [uint32] [1] [2,3] [4] - -
parent int32 -1 0 1 1 2
cumulative uint16 303 303 300 3 200
flat uint8 0 0 100 3 200
diff int8 0 0 0 0 0
timestamp int64 0 0 0 0 0
depth uint8 0 1 2 2 3
value_offset uint16 0 0 0 300 0
"#;
    assert_eq!(dump(&read(&record)), expect.trim_start());
}

#[test]
fn trimming_is_told() {
    let (symbols, stacks) = sample_stacks();
    let graph =
        FlameGraph::of(&symbols, flame_samples(&stacks, &[100, 200, 3], None), FlameOptions::default());
    let encoded = encode_flame_graph(&graph, &symbols, 1.0).unwrap();
    assert_eq!((encoded.height, encoded.trimmed, read(&encoded.record).num_rows()), (4, 3, 4));

    let encoded = encode_flame_graph(&graph, &symbols, 100.0).unwrap();
    let batch = read(&encoded.record);
    assert_eq!((encoded.height, encoded.trimmed, batch.num_rows()), (4, 303, 1));
    assert_eq!(cell(batch.column_by_name("cumulative").unwrap(), 0), "0");
}

#[test]
fn groups_are_rows_and_columns() {
    let (symbols, stacks) = sample_stacks();
    let pod: Labels = [("pod", "p1"), ("zone", "z")].into_iter().collect();
    let other: Labels = [("pod", "p2")].into_iter().collect();
    let mut samples = flame_samples(&stacks[..1], &[5], Some(&pod));
    samples.extend(flame_samples(&stacks[..1], &[7], Some(&other)));
    samples.extend(flame_samples(&stacks[2..], &[9], None));
    let graph = FlameGraph::of(&symbols, samples, FlameOptions::default());
    let batch = read(&encode_flame_graph(&graph, &symbols, 0.0).unwrap().record);
    let dump = dump(&batch);
    let lines = [
        "labels_only boolean - true true false false false false false false",
        "inlined boolean false - - false false false false false false",
        r#"function_name uint8->binary - - - "main" "main" "main" - "work" "work""#,
        "parent int32 -1 0 0 0 1 2 3 4 5",
        "cumulative uint8 21 5 7 9 5 7 9 5 7",
        "flat uint8 0 0 0 0 0 0 9 5 7",
        r#"labels.pod uint8->binary - "p1" "p2" - "p1" "p2" - "p1" "p2""#,
        r#"labels.zone uint8->binary - "z" - - "z" - - "z" -"#,
    ];
    for line in lines {
        assert!(dump.lines().any(|found| found == line), "{line}\nin\n{dump}");
    }
    assert!(dump.trim_end().ends_with(lines[7]));
}

#[test]
fn an_empty_flame_graph_is_one_row_in_types_of_its_own() {
    let symbols = Symbols::new();
    let graph = FlameGraph::of(&symbols, [], FlameOptions::default());
    let EncodedFlameGraph { record, height, trimmed } = encode_flame_graph(&graph, &symbols, 0.0).unwrap();
    assert_eq!((height, trimmed), (1, 0));
    let expect = "
labels_only boolean -
location_address uint64 -
mapping_file int32->binary -
mapping_build_id int32->binary -
location_line uint8 -
inlined boolean false
function_startline uint8 -
function_name int32->binary -
function_system_name int32->binary -
function_file_name int32->binary -
children [uint32] -
parent int32 -1
cumulative uint64 -
flat uint8 -
diff uint8 -
timestamp int64 -
depth uint8 -
value_offset uint8 0
";
    assert_eq!(dump(&read(&record)), expect.trim_start());
}

#[test]
fn negative_differences_do_not_wrap() {
    let (symbols, stacks) = sample_stacks();
    let samples = [FlameSample { group: None, stack: stacks[0], value: 5, diff: -99_800 }];
    let graph = FlameGraph::of(&symbols, samples, FlameOptions::default());
    let batch = read(&encode_flame_graph(&graph, &symbols, 0.0).unwrap().record);
    let diff = batch.column_by_name("diff").unwrap();
    assert_eq!((diff.data_type(), cell(diff, 1)), (&DataType::Int32, "-99800".to_owned()));
}

#[test]
fn a_table_has_parcas_columns() {
    let (mut symbols, stacks) = sample_stacks();
    let [work, main] = *symbols.stack(stacks[0]) else { panic!("two frames") };
    let recursive = symbols.intern_stack(&[work, work, main]);
    let weighted = |stack, value, diff| WeightedStack { stack, value, diff };
    let stacks = [
        weighted(stacks[0], 100, 0),
        weighted(stacks[1], 200, 0),
        weighted(stacks[2], 3, -1),
        weighted(recursive, 1000, 0),
    ];
    let table = CallTable::of(&symbols, stacks, CallTableOptions::PARCA_TABLE);
    let expect = r#"
mapping_file uint16->utf8 "/bin/app" "/bin/app" "/bin/app" "/bin/app"
mapping_build_id uint16->utf8 "b1" "b1" "b1" "b1"
location_address uint64 0 0 0 4096
location_line int64 20 10 30 -
function_startline int64 2 2 2 -
function_name uint32->utf8 "work" "main" "step" -
function_system_name uint16->utf8 "work" "main" "step" -
function_file_name uint32->utf8 "work.c" "main.c" "step.c" -
cumulative int64 2300 1303 200 3
cumulative_diff int64 - -1 - -1
flat int64 1100 0 200 3
flat_diff int64 0 0 0 -1
callers [int64] [0,1] - [0] [1]
callees [int64] [0,2] [0,3] - -
"#;
    assert_eq!(dump(&read(&encode_table(&table, &symbols).unwrap())), expect.trim_start());
}

#[test]
fn an_empty_table_has_no_rows() {
    let symbols = Symbols::new();
    let table = CallTable::of(&symbols, [], CallTableOptions::PARCA_TABLE);
    let batch = read(&encode_table(&table, &symbols).unwrap());
    assert_eq!((batch.num_rows(), batch.num_columns()), (0, 14));
}

#[test]
fn real_profiles_keep_their_totals() {
    for path in pprof_files::profiles() {
        let profile = pprof_files::read(&path);
        let symbols = &profile.symbols;
        for sample_type in 0..profile.sample_types.len() {
            let stacks: Vec<_> = profile.samples.column(sample_type).collect();
            let samples = stacks.iter().map(|(stack, value)| FlameSample {
                group: None,
                stack: *stack,
                value: *value,
                diff: 0,
            });
            let graph = FlameGraph::of(symbols, samples, FlameOptions::default());
            let batch = read(&encode_flame_graph(&graph, symbols, 0.0).unwrap().record);
            let total = graph.node(NodeId::ROOT).cumulative;
            let cumulative = cell(batch.column_by_name("cumulative").unwrap(), 0);
            assert_eq!(cumulative, total.to_string(), "{}", path.display());

            let weighted =
                stacks.iter().map(|(stack, value)| WeightedStack { stack: *stack, value: *value, diff: 0 });
            let table = CallTable::of(symbols, weighted, CallTableOptions::PARCA_TABLE);
            let batch = read(&encode_table(&table, symbols).unwrap());
            let flat = batch.column_by_name("flat").unwrap().as_primitive::<Int64Type>();
            assert_eq!(flat.iter().flatten().sum::<i64>(), total, "{}", path.display());
        }
    }
}
