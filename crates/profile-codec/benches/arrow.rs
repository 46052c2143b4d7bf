//! How fast Parca's Arrow records are read and written; throughput is in bytes of the record as it
//! is sent, compressed.
//!
//! `arrow-ipc` is the same bytes through its reader, without making a tree of them. It takes only
//! records of ours: Parca's say falsely that they have no nulls.
//!
//! With `ARROW_RECORD=<file>` the flame graph's record is left in that file, so that others can be
//! measured on the same bytes. pyarrow, which like `arrow-ipc` makes columns and no tree of them:
//!
//! ```sh
//! ARROW_RECORD=/tmp/flame.arrow cargo bench -p profile-codec --bench arrow -- --quick
//! python -m timeit -s 'import pyarrow as pa; b = open("/tmp/flame.arrow", "rb").read()' \
//!     'pa.ipc.open_stream(b).read_all()'
//! python -m timeit -s 'import pyarrow as pa; b = open("/tmp/flame.arrow", "rb").read()' \
//!     'pa.ipc.open_stream(b).read_all().to_pylist()'
//! ```
//!
//! The second makes values of Python of all rows, which is still less than a tree.
#![allow(clippy::unwrap_used, missing_docs)]

use std::hint::black_box;

use arrow_ipc::reader::StreamReader;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use profile_codec::arrow::{ArrowLimits, decode_flame_graph, decode_table, encode_flame_graph, encode_table};
use profile_model::{
    CallTable, CallTableOptions, FlameGraph, FlameOptions, FlameSample, Function, Line, Location, LocationId,
    Mapping, MappingFlags, StackId, Symbols, WeightedStack,
};

const NODES: usize = 100_000;

/// Numbers below a bound that are the same in every run.
fn numbers() -> impl FnMut(usize) -> usize {
    let mut seed = 1u64;
    move |below| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) as usize % below
    }
}

fn locations(symbols: &mut Symbols) -> Vec<LocationId> {
    let file = symbols.intern_string("/usr/local/bin/service");
    let build_id = symbols.intern_string("2a1b6e0fd9c4e5a7");
    let flags = MappingFlags::default();
    let mapping = symbols.intern_mapping(Mapping { start: 0, limit: 0, offset: 0, file, build_id, flags });
    let location = |at: i64| {
        let name = symbols.intern_string(&format!("github.com/example/pkg{}.(*Type).Method{at}", at % 97));
        let filename = symbols.intern_string(&format!("/src/example/pkg{}/file{}.go", at % 97, at % 331));
        let function =
            symbols.intern_function(Function { name, system_name: name, filename, start_line: at % 800 });
        let lines = [Line { function: Some(function), line: at % 900, column: 0 }];
        let mapping = Some(mapping);
        symbols.intern_location(Location { mapping, address: 0, is_folded: false, lines: &lines })
    };
    (0..4_000).map(location).collect()
}

/// Stacks of 25 frames, of which each shares some with the one before, for a tree of that many
/// nodes.
fn stacks(symbols: &mut Symbols) -> Vec<(StackId, i64)> {
    let locations = locations(symbols);
    let mut random = numbers();
    let mut root_first: Vec<LocationId> = Vec::new();
    let (mut nodes, mut stacks) = (0, Vec::new());
    while nodes < NODES {
        root_first.truncate(random(root_first.len() + 1));
        while root_first.len() < 25 {
            root_first.push(locations[random(locations.len())]);
            nodes += 1;
        }
        let leaf_first: Vec<_> = root_first.iter().rev().copied().collect();
        stacks.push((symbols.intern_stack(&leaf_first), random(1_000) as i64 * 10_000_000 + 1));
    }
    stacks
}

fn benches(criterion: &mut Criterion) {
    let mut symbols = Symbols::new();
    let stacks = stacks(&mut symbols);
    let samples = stacks.iter().map(|(stack, value)| FlameSample {
        group: None,
        stack: *stack,
        value: *value,
        diff: 0,
    });
    let graph = FlameGraph::of(&symbols, samples, FlameOptions::default());
    let weighted =
        stacks.iter().map(|(stack, value)| WeightedStack { stack: *stack, value: *value, diff: 0 });
    let table = CallTable::of(&symbols, weighted, CallTableOptions::PARCA_TABLE);
    let limits = ArrowLimits::default();

    let record = encode_flame_graph(&graph, &symbols, 0.0).unwrap().record;
    if let Some(file) = std::env::var_os("ARROW_RECORD") {
        std::fs::write(file, &record).unwrap();
    }
    let mut group = criterion.benchmark_group("arrow flame graph");
    group.throughput(Throughput::Bytes(record.len() as u64));
    let id =
        |what| BenchmarkId::new(what, format!("{} nodes, {} KiB", graph.nodes().len(), record.len() / 1024));
    group.bench_function(id("decode"), |bencher| {
        bencher.iter(|| decode_flame_graph(black_box(&record), &limits).unwrap());
    });
    group.bench_function(id("arrow-ipc"), |bencher| {
        bencher
            .iter(|| StreamReader::try_new(black_box(&record[..]), None).unwrap().next().unwrap().unwrap());
    });
    group.bench_function(id("encode"), |bencher| {
        bencher.iter(|| encode_flame_graph(black_box(&graph), &symbols, 0.0).unwrap());
    });
    group.finish();

    let record = encode_table(&table, &symbols).unwrap();
    let mut group = criterion.benchmark_group("arrow table");
    group.throughput(Throughput::Bytes(record.len() as u64));
    let id = |what| BenchmarkId::new(what, format!("{} rows, {} KiB", table.rows.len(), record.len() / 1024));
    group.bench_function(id("decode"), |bencher| {
        bencher.iter(|| decode_table(black_box(&record), &limits).unwrap());
    });
    group.bench_function(id("encode"), |bencher| {
        bencher.iter(|| encode_table(black_box(&table), &symbols).unwrap());
    });
    group.finish();
}

criterion_group!(all, benches);
criterion_main!(all);
