//! Comparisons, filters, sandwiches and call graphs.

use std::collections::BTreeMap;

use parca_client::{
    Callgraph, Filter, FlameTree, FrameCriteria, QueryAnswer, QueryRequest, Report, ReportKind, Selection,
    StringCondition, Subject, Top,
};
use pql::ProfileType;

use crate::fixture::{Pair, Written};

/// Differences of the profiles that are one after the other: the reports in which the real one is right.
pub(crate) async fn differences(pair: &Pair) {
    for written in series(pair) {
        for profile_type in written.types() {
            for [base, compared] in
                [["even", "odd"], ["odd", "even"], ["odd", "none"], ["none", "odd"], ["odd", "odd"]]
            {
                let side = |parity: &str| {
                    Selection::merge(format!(r#"{profile_type}{{parity="{parity}"}}"#), written.range())
                };
                for absolute in [true, false] {
                    for report in [ReportKind::FlamegraphTable, ReportKind::Top] {
                        let subject = Subject::Diff { base: side(base), compared: side(compared), absolute };
                        same(pair, &QueryRequest::new(subject, report)).await;
                    }
                }
            }
        }
    }
}

fn series(pair: &Pair) -> impl Iterator<Item = &Written> {
    pair.written.iter().filter(|written| written.profiles.len() > 1 && written.is_safe_for_top())
}

pub(crate) async fn filters(pair: &Pair) {
    for written in safe(pair).take(6) {
        let Some(profile_type) = written.types().first().cloned() else { continue };
        let words = words_of(pair, written, &profile_type).await;
        for word in &words {
            for filter in filters_of(word) {
                for report in [ReportKind::Top, ReportKind::FlamegraphTable] {
                    let mut request = merge(written, &profile_type, report);
                    request.filters = vec![filter.clone()];
                    same(pair, &request).await;
                }
            }
        }
    }
}

fn filters_of(word: &str) -> Vec<Filter> {
    let word = || word.to_owned();
    let conditions = [
        StringCondition::Contains(word().to_uppercase()),
        StringCondition::NotContains(word()),
        StringCondition::Equal(word()),
        StringCondition::NotEqual(word()),
        StringCondition::StartsWith(word()),
        StringCondition::NotStartsWith(word()),
    ];
    let mut filters = Vec::new();
    for condition in conditions {
        let criteria = FrameCriteria::function(condition.clone());
        filters.push(Filter::Stack(criteria.clone()));
        filters.push(Filter::Frame(criteria));
    }
    filters
}

pub(crate) async fn sandwiches(pair: &Pair) {
    for written in safe(pair).take(6) {
        let Some(profile_type) = written.types().first().cloned() else { continue };
        for function in words_of(pair, written, &profile_type).await {
            for invert in [false, true] {
                let mut request = merge(written, &profile_type, ReportKind::FlamegraphTable);
                request.sandwich_by = Some(function.clone());
                request.invert = invert;
                let Some((real, ours)) = pair.ask(&request).await else { continue };
                assert_eq!(real.total, ours.total, "{request:?}");
            }
        }
    }
}

/// Of what was inlined, the real one takes the caller for the one that did something: only profiles without it agree.
pub(crate) async fn call_graphs(pair: &Pair) {
    let is_plain = |written: &&Written| {
        written.profiles.iter().all(|profile| profile.symbols.locations().all(|at| at.lines.len() <= 1))
    };
    for written in safe(pair).filter(is_plain) {
        for profile_type in written.types() {
            let request = merge(written, &profile_type, ReportKind::Callgraph);
            let Some((real, ours)) = pair.ask(&request).await else { continue };
            assert_eq!(real.total, ours.total, "{request:?}");
            let (Some(Report::Callgraph(real)), Some(Report::Callgraph(ours))) = (real.report, ours.report)
            else {
                panic!("{request:?}")
            };
            assert_eq!(flats(&real), flats(&ours), "{request:?}");
        }
    }
}

/// Flat values by function: what does not depend on how recursion counts and on what is bridged.
fn flats(graph: &Callgraph) -> BTreeMap<String, i64> {
    let mut flats = BTreeMap::new();
    for node in graph.nodes.iter().filter(|node| node.flat != 0) {
        let name = node.frame.as_ref().map(|frame| frame.function.clone()).unwrap_or_default();
        *flats.entry(name).or_default() += node.flat;
    }
    flats
}

fn safe(pair: &Pair) -> impl Iterator<Item = &Written> {
    pair.written.iter().filter(|written| written.is_safe_for_top())
}

fn merge(written: &Written, profile_type: &ProfileType, report: ReportKind) -> QueryRequest {
    QueryRequest::merge(profile_type.to_string(), written.range(), report)
}

/// Names of some functions that are there.
async fn words_of(pair: &Pair, written: &Written, profile_type: &ProfileType) -> Vec<String> {
    let request = merge(written, profile_type, ReportKind::Top);
    let Some((_, ours)) = pair.ask(&request).await else { return Vec::new() };
    let Some(Report::Top(top)) = ours.report else { panic!("{request:?}") };
    let names = top.rows.iter().map(|row| row.frame.function.clone()).filter(|name| !name.is_empty());
    let names: Vec<String> = names.collect();
    [0, names.len() / 2].iter().filter_map(|at| names.get(*at).cloned()).collect()
}

async fn same(pair: &Pair, request: &QueryRequest) {
    let Some((real, ours)) = pair.ask(request).await else { return };
    assert_eq!((real.total, real.filtered), (ours.total, ours.filtered), "{request:?}");
    assert_eq!(described(real), described(ours), "{request:?}");
}

/// A report as lines, in an order of their own.
fn described(answer: QueryAnswer) -> Vec<String> {
    let mut lines = match answer.report {
        Some(Report::Top(top)) => functions(&top),
        Some(Report::Flamegraph(tree)) => paths(&tree),
        other => panic!("{other:?}"),
    };
    lines.sort_unstable();
    lines
}

fn functions(top: &Top) -> Vec<String> {
    let mut sums: BTreeMap<(String, u64), [i64; 3]> = BTreeMap::new();
    for row in &top.rows {
        let sum = sums.entry((row.frame.function.clone(), row.frame.address)).or_default();
        for (sum, value) in sum.iter_mut().zip([row.flat, row.cumulative, row.diff]) {
            *sum += value;
        }
    }
    sums.into_iter().map(|(name, sums)| format!("{name:?} {sums:?}")).collect()
}

/// Every node by the names above it.
fn paths(tree: &FlameTree) -> Vec<String> {
    let mut paths: Vec<String> = Vec::new();
    let mut lines = Vec::new();
    for node in &tree.nodes {
        let name = tree.frame(node).map(|frame| format!("{}+{:x}", frame.function, frame.address));
        let above = node.parent.map_or("", |parent| paths[parent as usize].as_str());
        let path = format!("{above};{}", name.unwrap_or_default());
        lines.push(format!("{path} {} {}", node.cumulative, node.diff));
        paths.push(path);
    }
    lines
}
