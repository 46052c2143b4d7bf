//! Flame graphs in their Arrow form: what a real Parca sends can be read, is the tree of its pprof,
//! and is the tree that we send.

use std::collections::BTreeMap;

use parca_client::{FlamegraphRecord, QueryRequest, Report, ReportKind};
use pql::ProfileType;
use profile_codec::arrow::{ArrowLimits, DecodedFlameGraph, decode_flame_graph};
use profile_codec::pprof::{self, Limits};
use profile_model::{
    FlameBox, FlameFrame, FlameGraph, FlameKind, FlameLayout, FlameOptions, FlameSample, LabelValue, Labels,
    Profile, StringId, Symbols,
};

use crate::fixture::{Pair, Written};
use crate::reports;

pub(crate) async fn flame_graphs(pair: &Pair) {
    for written in &pair.written {
        for profile_type in written.types() {
            merges(pair, written, &profile_type).await;
            sandwiches(pair, written, &profile_type).await;
            singles(pair, written, &profile_type).await;
            charts(pair, written, &profile_type).await;
        }
    }
}

async fn merges(pair: &Pair, written: &Written, profile_type: &ProfileType) {
    for selector in ["", r#"{parity="odd"}"#, r#"{parity="none"}"#] {
        let query = format!("{profile_type}{selector}");
        let whole = QueryRequest::merge(query, written.range(), ReportKind::FlamegraphArrow);
        both(pair, written, &whole).await;
        for percent in [10.0, 100.0] {
            let mut request = whole.clone();
            request.trim_percent = Some(percent);
            both(pair, written, &request).await;
        }
        if !selector.is_empty() {
            continue;
        }
        let mut request = whole.clone();
        request.invert = true;
        both(pair, written, &request).await;
        for fields in [&["labels.parity"][..], &["labels.parity", "labels.job"], &["labels.nope"]] {
            let mut request = whole.clone();
            request.group_by = fields.iter().map(|field| (*field).to_owned()).collect();
            both(pair, written, &request).await;
        }
        for field in ["mapping_file", "location_address", "function_file_name"] {
            let mut request = whole.clone();
            request.group_by = vec![field.to_owned()];
            real_alone(pair, &request).await;
        }
    }
}

async fn singles(pair: &Pair, written: &Written, profile_type: &ProfileType) {
    for profile in written.profiles.iter().take(3) {
        let query = profile_type.to_string();
        both(pair, written, &QueryRequest::single(query, profile.time(), ReportKind::FlamegraphArrow)).await;
    }
}

/// Below and above each of a few functions. Not served by us yet.
async fn sandwiches(pair: &Pair, written: &Written, profile_type: &ProfileType) {
    for function in some_functions(&written.profiles[0]) {
        for invert in [false, true] {
            let query = profile_type.to_string();
            let mut request = QueryRequest::merge(query, written.range(), ReportKind::FlamegraphArrow);
            request.sandwich_by = Some(function.clone());
            request.invert = invert;
            real_alone(pair, &request).await;
        }
    }
}

/// One in the middle of the longest stack, and one that is nowhere.
fn some_functions(profile: &Profile) -> Vec<String> {
    let symbols = &profile.symbols;
    let names = |sample: &profile_model::Sample<'_>| -> Vec<String> {
        let frames = symbols.frames(sample.stack);
        let names = frames.filter_map(|frame| Some(symbols.string(symbols.frame_function(&frame)?.name)));
        names.filter(|name| !name.is_empty()).map(str::to_owned).collect()
    };
    let longest =
        profile.samples.iter().map(|sample| names(&sample)).max_by_key(Vec::len).unwrap_or_default();
    let middle = longest.get(longest.len() / 2).cloned();
    middle.into_iter().chain(["agree: no such function".to_owned()]).collect()
}

/// Ordinary profiles have one time for all of their samples, with which a real Parca makes no chart
/// of a merge; of a single profile it makes one without times.
async fn charts(pair: &Pair, written: &Written, profile_type: &ProfileType) {
    let query = profile_type.to_string();
    let mut request = QueryRequest::merge(query.as_str(), written.range(), ReportKind::Flamechart);
    match pair.real.call(&request).await {
        Ok(answer) => {
            let Some(Report::FlamegraphArrow(chart)) = answer.report else { panic!("{request:?}") };
            let decoded = decode(&chart, &request);
            // Calls are apart that are apart in time; together they are what the pprof has.
            let depth_one = decoded.graph.nodes().iter().filter(|node| node.depth == 1);
            assert_eq!(depth_one.map(|node| node.cumulative).sum::<i64>(), answer.total, "{request:?}");
            let named = decoded.timestamps.is_some() || decoded.graph.is_empty();
            assert!(named, "{} nodes, total {} for {request:?}", decoded.graph.nodes().len(), answer.total);
        }
        Err(error) => {
            let text = "multiple samples for the same timestamp is not allowed";
            assert!(error.message().contains(text), "{request:?}: {error}");
        }
    }
    request = QueryRequest::single(query, written.profiles[0].time(), ReportKind::Flamechart);
    real_alone(pair, &request).await;
}

/// One question to both: each answer is the tree of its own pprof, and they are the same.
async fn both(pair: &Pair, written: &Written, request: &QueryRequest) {
    let ours = pair.ours.call(request).await;
    let Some(real) = real_alone(pair, request).await else {
        assert!(ours.is_err(), "{request:?}");
        return;
    };
    let Some(Report::FlamegraphArrow(ours)) = ours.unwrap().report else { panic!("{request:?}") };
    let ours = Tree::of_record(&decode(&ours, request), request);
    real.assert_same(&ours, request, "theirs", "ours");
    if request.invert {
        // It turns stacks over in every report, not only in trees.
        let ask = |report| {
            let mut request = request.clone();
            request.report = report;
            request
        };
        reports::all(pair, written, ask).await;
    }
}

/// Both records are the same tree.
pub(crate) fn same_record(real: &FlamegraphRecord, ours: &FlamegraphRecord, request: &QueryRequest) {
    let tree = |record| Tree::of_record(&decode(record, request), request);
    tree(real).assert_same(&tree(ours), request, "theirs", "ours");
}

/// The real Parca's answer, which must be the tree of its pprof for the same question.
///
/// Of a sandwich it has several answers, and gives any of them, in each form: one of the pprofs must
/// be that of the tree.
async fn real_alone(pair: &Pair, request: &QueryRequest) -> Option<Tree> {
    let answer = pair.real.call(request).await.ok()?;
    let Some(Report::FlamegraphArrow(message)) = answer.report else { panic!("{request:?}") };
    let tree = Tree::of_record(&decode(&message, request), request);
    let tree_and_sums = (tree, message.height, message.trimmed);
    let tries = if request.sandwich_by.is_some() { 30 } else { 1 };
    for _ in 1..tries {
        if tree_of_pprof(pair, request).await == tree_and_sums {
            return Some(tree_and_sums.0);
        }
    }
    let (tree, height, trimmed) = tree_of_pprof(pair, request).await;
    tree_and_sums.0.assert_same(&tree, request, "arrow", "pprof");
    assert_eq!((message.height, message.trimmed), (height, trimmed), "{request:?}");
    Some(tree)
}

/// With its height, and what is trimmed.
async fn tree_of_pprof(pair: &Pair, request: &QueryRequest) -> (Tree, i32, i64) {
    let mut request = request.clone();
    request.report = ReportKind::Pprof;
    let answer = pair.real.call(&request).await.unwrap();
    let Some(Report::Pprof(bytes)) = answer.report else { panic!("{request:?}") };
    let profile = pprof::decode(&bytes, &Limits::default()).unwrap();
    let graph = graph_of(&profile, &request);
    let layout = graph.layout_trimmed(request.trim_percent.unwrap_or(0.0));
    let tree = Tree::of(&graph, &profile.symbols, &layout, &request);
    (tree, i32::try_from(graph.height()).unwrap(), layout.trimmed)
}

fn decode(message: &FlamegraphRecord, request: &QueryRequest) -> DecodedFlameGraph {
    match decode_flame_graph(&message.record, &ArrowLimits::default()) {
        Ok(decoded) => decoded,
        Err(error) => panic!("{request:?}: {error}"),
    }
}

fn graph_of(profile: &Profile, request: &QueryRequest) -> FlameGraph {
    let text = |id| profile.symbols.string(id);
    let groups: Vec<Labels> = profile
        .samples
        .iter()
        .map(|sample| {
            let labels = sample.labels.iter().filter_map(|label| match label.value {
                LabelValue::Text(value) => Some((text(label.key), text(value))),
                LabelValue::Number { .. } => None,
            });
            labels.collect()
        })
        .collect();
    let samples = profile.samples.iter().zip(&groups).map(|(sample, group)| FlameSample {
        group: Some(group),
        stack: sample.stack,
        value: sample.values[0],
        diff: 0,
    });
    let mut options = FlameOptions::default();
    let has = |field: &str| request.group_by.iter().any(|by| by == field);
    options.by_mapping_file = has("mapping_file");
    options.by_address = has("location_address");
    options.by_function_file = has("function_file_name");
    FlameGraph::of(&profile.symbols, samples, options)
}

/// What a tree says, but for the order of siblings: nodes by the names on the way to them.
#[derive(Debug, PartialEq, Eq)]
struct Tree(BTreeMap<Vec<String>, Vec<Node>>);

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Node {
    cumulative: i64,
    flat: i64,
    diff: i64,
    frame: Option<Known>,
}

/// What is known of a frame, as far as the Arrow form has it: 0 and nothing are one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Known {
    texts: [Option<String>; 5],
    line: i64,
    start_line: i64,
    address: Option<u64>,
    inlined: Option<bool>,
}

impl Tree {
    fn of_record(decoded: &DecodedFlameGraph, request: &QueryRequest) -> Self {
        Self::of(&decoded.graph, &decoded.symbols, &decoded.graph.layout(), request)
    }

    fn of(graph: &FlameGraph, symbols: &Symbols, layout: &FlameLayout, request: &QueryRequest) -> Self {
        let mut paths: Vec<Vec<String>> = Vec::new();
        let mut nodes: BTreeMap<Vec<String>, Vec<Node>> = BTreeMap::new();
        for found in &layout.boxes {
            let FlameBox { node, parent, cumulative, .. } = found;
            let node = graph.node(*node);
            let mut path = parent.map_or(Vec::new(), |parent| paths[parent].clone());
            let frame = match &node.kind {
                FlameKind::Root => None,
                FlameKind::Group(group) => {
                    path.push(graph.group(*group).to_string());
                    None
                }
                FlameKind::Frame(frame) => {
                    let known = Known::of(frame, symbols);
                    path.push(known.identity(request));
                    Some(known)
                }
            };
            let node = Node { cumulative: *cumulative, flat: node.flat, diff: node.diff, frame };
            nodes.entry(path.clone()).or_default().push(node);
            paths.push(path);
        }
        nodes.values_mut().for_each(|nodes| nodes.sort());
        Self(nodes)
    }

    #[track_caller]
    fn assert_same(&self, other: &Self, request: &QueryRequest, name: &str, other_name: &str) {
        for path in self.0.keys().chain(other.0.keys()) {
            let (found, expected) = (self.0.get(path), other.0.get(path));
            assert_eq!(found, expected, "{name} and {other_name} at {path:?} of {request:?}");
        }
    }
}

impl Known {
    fn of(frame: &FlameFrame, symbols: &Symbols) -> Self {
        let text = |id: Option<StringId>| id.map(|id| symbols.string(id).to_owned());
        Self {
            texts: [
                text(frame.function_name),
                text(frame.function_system_name),
                text(frame.function_file),
                text(frame.mapping_file),
                text(frame.mapping_build_id),
            ],
            line: frame.line.unwrap_or(0),
            start_line: frame.function_start_line.unwrap_or(0),
            address: if frame.symbolized { Some(0) } else { frame.address },
            inlined: frame.inlined,
        }
    }

    /// What tells siblings apart.
    fn identity(&self, request: &QueryRequest) -> String {
        let [name, _, file, mapping, _] = &self.texts;
        let mut identity = match name {
            Some(name) => name.clone(),
            None => format!("{:?}", self.address),
        };
        for (field, value) in [("mapping_file", mapping), ("function_file_name", file)] {
            if request.group_by.iter().any(|by| by == field) {
                identity.push_str(&format!(" {value:?}"));
            }
        }
        identity
    }
}
