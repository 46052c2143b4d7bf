//! A comparison of two ranges is, in every report, the difference of two merges that are asked for apart.

use std::collections::BTreeMap;

use parca_proto::query::profile_diff_selection::{Mode as SideMode, Options as SideOptions};
use parca_proto::query::query_request::{Mode, Options, ReportType};
use parca_proto::query::query_response::Report;
use parca_proto::query::{
    DiffProfile, FlamegraphNode, MergeProfile, ProfileDiffSelection, QueryRequest, QueryResponse,
};
use profile_codec::arrow::{ArrowLimits, decode_flame_graph, decode_table};
use profile_codec::pprof;
use profile_model::{FlameKind, Function, Line, Location, Profile, Sample, StringId, ValueType};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use crate::server::{PROFILE_TYPE, Server};

/// Stacks, the root first, with values.
fn profile(seconds: i64, stacks: &[(&str, i64)]) -> Profile {
    let mut profile = Profile::new(vec![ValueType::new("cpu", "nanoseconds")]);
    profile.period_type = Some(ValueType::new("cpu", "nanoseconds"));
    (profile.time_nanos, profile.duration_nanos) = (seconds * 1_000_000_000, 1_000_000_000);
    for (stack, value) in stacks {
        let symbols = &mut profile.symbols;
        let mut locations: Vec<_> = stack
            .split(';')
            .map(|name| {
                let name = symbols.intern_string(name);
                let function = Function { name, system_name: name, filename: StringId::EMPTY, start_line: 1 };
                let lines = [Line { function: Some(symbols.intern_function(function)), line: 1, column: 0 }];
                symbols.intern_location(Location {
                    mapping: None,
                    address: 0,
                    is_folded: false,
                    lines: &lines,
                })
            })
            .collect();
        locations.reverse();
        let stack = profile.symbols.intern_stack(&locations);
        profile.samples.push(Sample { stack, values: &[*value], labels: &[] });
    }
    profile
}

const BEFORE: &[(&str, i64)] =
    &[("main;serve;parse", 20), ("main;serve;render", 50), ("main;gc", 30), ("main;old", 7)];
const AFTER: &[(&str, i64)] =
    &[("main;serve;parse", 60), ("main;serve", 5), ("main;gc", 10), ("main;new;leaf", 9), ("main;gc;gc", 4)];

fn merge(start: i64, end: i64) -> MergeProfile {
    let at = |seconds| Some(prost_types::Timestamp { seconds, nanos: 0 });
    MergeProfile { query: PROFILE_TYPE.into(), start: at(start), end: at(end) }
}

fn request(mode: Mode, options: Options, report: ReportType) -> QueryRequest {
    QueryRequest {
        mode: mode.into(),
        options: Some(options),
        report_type: report.into(),
        ..Default::default()
    }
}

async fn merged(server: &Server, range: (i64, i64), report: ReportType) -> QueryResponse {
    let request = request(Mode::Merge, Options::Merge(merge(range.0, range.1)), report);
    server.query().query(request).await.unwrap().into_inner()
}

async fn compared(server: &Server, start: i64, absolute: bool, report: ReportType) -> QueryResponse {
    let side = |start, end| ProfileDiffSelection {
        mode: SideMode::Merge.into(),
        options: Some(SideOptions::Merge(merge(start, end))),
    };
    let (a, b) = (Some(side(start, start + 10)), Some(side(start + 10, start + 20)));
    let diff = DiffProfile { a, b, absolute: Some(absolute) };
    server.query().query(request(Mode::Diff, Options::Diff(diff), report)).await.unwrap().into_inner()
}

/// What a report says of each function or path: its value, and what changed.
type Rows = BTreeMap<String, (i64, i64)>;

fn rows(answer: QueryResponse) -> Rows {
    let mut rows = Rows::new();
    match answer.report.unwrap() {
        Report::Top(top) => {
            for node in top.list {
                rows.insert(node.meta.unwrap().function.unwrap().name, (node.cumulative, node.diff));
            }
        }
        Report::Flamegraph(graph) => {
            let strings = &graph.string_table;
            let name = |node: &FlamegraphNode| {
                let meta = node.meta.as_ref().unwrap();
                match &meta.function {
                    Some(function) => function.name.clone(),
                    None => {
                        let location = &graph.locations[meta.location_index as usize - 1];
                        let function = &graph.function[location.lines[0].function_index as usize - 1];
                        strings[function.name_string_index as usize].clone()
                    }
                }
            };
            let root = graph.root.as_ref().unwrap();
            rows.insert(String::new(), (root.cumulative, root.diff));
            let mut open: Vec<(String, &FlamegraphNode)> =
                root.children.iter().map(|child| (String::new(), child)).collect();
            while let Some((above, node)) = open.pop() {
                let path = format!("{above};{}", name(node));
                rows.insert(path.clone(), (node.cumulative, node.diff));
                open.extend(node.children.iter().map(|child| (path.clone(), child)));
            }
        }
        Report::TableArrow(table) => {
            let table = decode_table(&table.record, &ArrowLimits::default()).unwrap();
            for row in &table.table.rows {
                let name = row.name(&table.symbols).to_string();
                rows.insert(name, (row.cumulative, row.cumulative_diff.unwrap_or(0)));
            }
        }
        Report::FlamegraphArrow(graph) => {
            let decoded = decode_flame_graph(&graph.record, &ArrowLimits::default()).unwrap();
            let mut paths: Vec<String> = Vec::new();
            for node in decoded.graph.nodes() {
                let name = match &node.kind {
                    FlameKind::Frame(frame) => format!(";{}", frame.name(&decoded.symbols)),
                    _ => String::new(),
                };
                let path =
                    format!("{}{name}", node.parent.map_or("", |parent| paths[parent.index()].as_str()));
                rows.insert(path.clone(), (node.cumulative, node.diff));
                paths.push(path);
            }
        }
        Report::Pprof(bytes) => {
            let profile = pprof::decode(&bytes, &pprof::Limits::default()).unwrap();
            for (stack, value) in profile.samples.column(0) {
                let frames = profile.symbols.frames(stack).rev();
                let path: String =
                    frames.map(|frame| format!(";{}", profile.symbols.frame_name(&frame))).collect();
                assert!(rows.insert(path, (value, value)).is_none(), "each stack once");
            }
        }
        other => panic!("{other:?}"),
    }
    rows
}

/// The difference of two reports of merges.
fn difference(before: &Rows, after: &Rows) -> Rows {
    let of = |rows: &Rows, name: &str| rows.get(name).map_or(0, |(value, _)| *value);
    let names = before.keys().chain(after.keys());
    names.map(|name| (name.clone(), (of(after, name), of(after, name) - of(before, name)))).collect()
}

/// Writes one profile into each of two ranges of 10 s that begin there; none where there are no stacks.
async fn fill(server: &Server, start: i64, before: &[(&str, i64)], after: &[(&str, i64)]) {
    for (seconds, stacks) in [(start + 5, before), (start + 15, after)] {
        if !stacks.is_empty() {
            server.write(&profile(seconds, stacks)).await;
        }
    }
}

#[expect(deprecated, reason = "old clients still ask for it")]
const REPORTS: [ReportType; 6] = [
    ReportType::Top,
    ReportType::FlamegraphUnspecified,
    ReportType::FlamegraphTable,
    ReportType::TableArrow,
    ReportType::FlamegraphArrow,
    ReportType::Pprof,
];

/// Compares the two ranges that begin there in every report.
async fn check(server: &Server, start: i64) {
    for report in REPORTS {
        let ranges = [(start, start + 10), (start + 10, start + 20)];
        let sides =
            [merged(server, ranges[0], report).await, merged(server, ranges[1], report).await].map(rows);
        let mut expect = difference(&sides[0], &sides[1]);
        let mut found = rows(compared(server, start, true, report).await);
        match report {
            // This form leaves out what is nothing on the second side, and its root has what is drawn.
            ReportType::FlamegraphArrow => expect.retain(|name, (value, _)| *value != 0 || name.is_empty()),
            // It has what changed, and nothing else.
            ReportType::Pprof => {
                expect.retain(|_, (_, diff)| *diff != 0);
                expect.values_mut().for_each(|(value, diff)| *value = *diff);
            }
            _ => {}
        }
        if report == ReportType::FlamegraphArrow && sides[1].get("").is_none_or(|(value, _)| *value == 0) {
            continue;
        }
        found.retain(|_, row| *row != (0, 0));
        expect.retain(|_, row| *row != (0, 0));
        assert_eq!(found, expect, "{report:?} of {sides:?}");
    }
}

#[tokio::test]
async fn a_comparison_is_the_difference_of_two_merges() {
    for (before, after) in
        [(BEFORE, AFTER), (AFTER, BEFORE), (BEFORE, &[][..]), (&[][..], AFTER), (AFTER, AFTER)]
    {
        let server = Server::start().await;
        fill(&server, 0, before, after).await;
        check(&server, 0).await;
        server.stop().await;
    }
}

/// Stacks of a few functions, which call themselves and each other, with values.
fn stacks() -> impl Strategy<Value = Vec<(String, i64)>> {
    let stack = prop::collection::vec(prop::sample::select(vec!["a", "b", "c", "d", "main"]), 1..5);
    let stack = stack.prop_map(|names| names.join(";"));
    prop::collection::vec((stack, 1..100_i64), 0..8)
}

#[test]
fn any_comparison_is_the_difference_of_two_merges() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let server = runtime.block_on(Server::start());
    // Each case has ranges of its own.
    let start = std::cell::Cell::new(0);
    let mut runner = TestRunner::new(ProptestConfig::with_cases(40));
    runner
        .run(&(stacks(), stacks()), |(before, after)| {
            start.set(start.get() + 100);
            let [before, after] = [&before, &after]
                .map(|side| side.iter().map(|(stack, value)| (stack.as_str(), *value)).collect::<Vec<_>>());
            runtime.block_on(async {
                fill(&server, start.get(), &before, &after).await;
                check(&server, start.get()).await;
            });
            Ok(())
        })
        .unwrap();
    runtime.block_on(server.stop());
}

#[tokio::test]
async fn the_smaller_side_is_scaled_to_the_larger() {
    let server = Server::start().await;
    fill(&server, 0, &[("main;a", 10), ("main;b", 20)], &[("main;a", 30), ("main;b", 30)]).await;
    let answer = compared(&server, 0, false, ReportType::Top).await;
    assert_eq!(answer.total, 60);
    let found = rows(answer);
    assert_eq!((found["a"], found["b"], found["main"]), ((30, 10), (30, -10), (60, 0)));
    server.stop().await;
}
