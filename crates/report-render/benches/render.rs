//! Rendering speed: `cargo bench -p parca-tools-report-render`.
#![allow(missing_docs, clippy::unwrap_used)]

use std::{fmt::Write, hint::black_box, io};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use report_render::{Selection, folded, html, json, svg, top};

/// Folded stacks with about as many nodes.
fn stacks(nodes: u32) -> String {
    let mut lines = String::new();
    for at in 0..nodes {
        let mixed = at.wrapping_mul(2_654_435_761) >> 8;
        let (a, b) = (mixed % 7, mixed % 97);
        writeln!(lines, "main;worker {a};handle_request_{b};call {};leaf {at} {}", at % 991, at % 9 + 1)
            .unwrap();
    }
    lines
}

fn render(criterion: &mut Criterion) {
    let lines = stacks(100_000);
    let profile = folded::parse(lines.as_bytes(), &Default::default()).unwrap();
    let selection = Selection::new(&profile, 0).unwrap();
    let graph = selection.flame_graph(Default::default());
    let flame = selection.flame(&graph);

    let mut group = criterion.benchmark_group("render");
    group.sample_size(20);
    group.throughput(Throughput::Bytes(lines.len() as u64));
    group.bench_function("folded to profile", |bencher| {
        bencher.iter(|| folded::parse(black_box(lines.as_bytes()), &Default::default()).unwrap());
    });
    group.bench_function("folded to svg", |bencher| {
        let options = svg::SvgOptions::default();
        bencher.iter(|| {
            let least = options.min_percent();
            let read = folded::parse_graph(black_box(lines.as_bytes()), &Default::default(), least).unwrap();
            svg::flame_graph(&read.flame(), &options, &mut io::sink()).unwrap()
        });
    });
    group.throughput(Throughput::Elements(graph.nodes().len() as u64));
    group.bench_function("profile to top", |bencher| {
        bencher.iter(|| {
            let table = top::Top::of(black_box(&selection), &Default::default());
            top::text(&table, &Default::default(), &mut io::sink()).unwrap();
        });
    });
    group.bench_function("tree to html", |bencher| {
        bencher.iter(|| html::page(black_box(&flame), &Default::default(), &mut io::sink()).unwrap());
    });
    group.bench_function("tree to json", |bencher| {
        bencher.iter(|| json::flame_graph(black_box(&flame), &Default::default(), &mut io::sink()).unwrap());
    });
    group.finish();
}

criterion_group!(benches, render);
criterion_main!(benches);
