//! How fast profiles are read and written; throughput is in bytes after decompression.
//!
//! `prost` is the same bytes through prost's generated structs, without making a model of them.
#![allow(clippy::unwrap_used, missing_docs)]

use std::{hint::black_box, path::Path};

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use parca_proto::pprof as pb;
use profile_codec::pprof::{self, Limits};
use prost::Message;

/// A profile of the shape that Go's CPU profiler writes: 2000 functions, 4000 locations, 10 000
/// samples of 25 frames and two values.
fn synthetic() -> Vec<u8> {
    let mut seed = 1u64;
    let mut random = move |below: u64| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) % below
    };
    let mut string_table =
        vec![String::new(), "cpu".into(), "nanoseconds".into(), "samples".into(), "count".into()];
    let names = string_table.len() as i64;
    string_table
        .extend((0..2000).map(|at| format!("github.com/example/service/pkg{}.(*Type).Method{at}", at % 97)));
    let function = |id: u64| {
        let name = names + id as i64 - 1;
        pb::Function { id, name, system_name: name, filename: name, start_line: id as i64 }
    };
    let function = (1..=2000).map(function).collect();
    let location = (1..=4000u64)
        .map(|id| pb::Location {
            id,
            mapping_id: 1,
            address: 0x40_0000 + id * 64,
            line: vec![pb::Line { function_id: random(2000) + 1, line: random(900) as i64, column: 0 }],
            is_folded: false,
        })
        .collect();
    let sample = (0..10_000)
        .map(|_| {
            let count = random(50) as i64 + 1;
            pb::Sample {
                location_id: (0..25).map(|_| random(4000) + 1).collect(),
                value: vec![count, count * 10_000_000],
                label: vec![],
            }
        })
        .collect();
    pb::Profile {
        sample_type: vec![pb::ValueType { r#type: 3, unit: 4 }, pb::ValueType { r#type: 1, unit: 2 }],
        sample,
        mapping: vec![pb::Mapping { id: 1, memory_limit: 1 << 32, ..Default::default() }],
        location,
        function,
        string_table,
        period_type: Some(pb::ValueType { r#type: 1, unit: 2 }),
        period: 10_000_000,
        ..Default::default()
    }
    .encode_to_vec()
}

/// The synthetic profile, and real ones where there are any; not compressed.
fn inputs() -> Vec<(String, Vec<u8>)> {
    let mut inputs = vec![("synthetic".to_owned(), synthetic())];
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../test-support/data/profiles");
    let folder = std::env::var_os("PROFILES_DIR").map_or(beside, Into::into);
    for name in ["fgprof", "profile1", "alloc_objects"] {
        if let Ok(file) = std::fs::read(folder.join(format!("{name}.pb.gz"))) {
            let mut bytes = Vec::new();
            std::io::Read::read_to_end(&mut flate2::read::MultiGzDecoder::new(&file[..]), &mut bytes)
                .unwrap();
            inputs.push((name.to_owned(), bytes));
        }
    }
    inputs
}

fn benches(criterion: &mut Criterion) {
    let limits = Limits::default();
    let mut group = criterion.benchmark_group("pprof");
    for (name, bytes) in inputs() {
        let profile = pprof::decode(&bytes, &limits).unwrap();
        let compressed = pprof::encode_gzip(&profile);
        group.throughput(Throughput::Bytes(bytes.len() as u64));
        let id = |what| BenchmarkId::new(what, format!("{name} ({} KiB)", bytes.len() / 1024));
        group.bench_function(id("decode"), |bencher| {
            bencher.iter(|| pprof::decode(black_box(&bytes), &limits).unwrap());
        });
        group.bench_function(id("decode like parca"), |bencher| {
            bencher.iter(|| pprof::decode_like_parca(black_box(&bytes), 0, &limits).unwrap());
        });
        group.bench_function(id("decode gzip"), |bencher| {
            bencher.iter(|| pprof::decode(black_box(&compressed), &limits).unwrap());
        });
        group.bench_function(id("prost"), |bencher| {
            bencher.iter(|| pb::Profile::decode(black_box(&bytes[..])).unwrap());
        });
        group.bench_function(id("encode"), |bencher| {
            bencher.iter(|| pprof::encode(black_box(&profile)));
        });
    }
    group.finish();
}

criterion_group!(all, benches);
criterion_main!(all);
