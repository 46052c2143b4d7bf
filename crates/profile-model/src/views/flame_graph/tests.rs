#![allow(clippy::unwrap_used)]

use super::*;
use crate::testing::stack;

fn graph(stacks: &[(&str, i64)], options: FlameOptions) -> (Symbols, FlameGraph) {
    let mut symbols = Symbols::new();
    let samples: Vec<_> = stacks
        .iter()
        .map(|(text, value)| (stack(&mut symbols, text), *value))
        .map(|(stack, value)| FlameSample { group: None, stack, value, diff: 0 })
        .collect();
    let graph = FlameGraph::of(&symbols, samples, options);
    (symbols, graph)
}

fn describe(symbols: &Symbols, graph: &FlameGraph, layout: &FlameLayout) -> Vec<String> {
    let name = |node: &FlameNode| match &node.kind {
        FlameKind::Root => "root".to_owned(),
        FlameKind::Group(group) => graph.group(*group).to_string(),
        FlameKind::Frame(frame) => frame.name(symbols).to_string(),
    };
    let describe = |found: &FlameBox| {
        let node = graph.node(found.node);
        format!(
            "{}{} {}+{} {}",
            " ".repeat(found.depth as usize),
            name(node),
            found.offset,
            found.cumulative,
            node.flat
        )
    };
    layout.boxes.iter().map(describe).collect()
}

#[track_caller]
fn check(stacks: &[(&str, i64)], options: FlameOptions, expect: &[&str]) {
    let (symbols, graph) = graph(stacks, options);
    assert_eq!(describe(&symbols, &graph, &graph.layout()), expect);
}

#[test]
fn calls_with_equal_callers_are_one_node() {
    check(
        &[("b a", 1), ("c a", 2), ("a", 4), ("b a", 8), ("a b", 16)],
        FlameOptions::default(),
        &["root 0+31 0", " a 0+15 4", " b 15+16 0", "  b 0+9 9", "  c 9+2 2", "  a 15+16 16"],
    );
}

#[test]
fn inverted_stacks_start_at_the_leaf() {
    let options = FlameOptions { invert: true, ..FlameOptions::default() };
    check(&[("c<b a", 1)], options, &["root 0+1 0", " c 0+1 0", "  b 0+1 0", "   a 0+1 1"]);
}

#[test]
fn inlined_calls_are_levels() {
    let (_, graph) = graph(&[("c<b a", 1)], FlameOptions::default());
    let inlined: Vec<_> = graph
        .nodes()
        .iter()
        .filter_map(|node| match &node.kind {
            FlameKind::Frame(frame) => frame.inlined,
            _ => None,
        })
        .collect();
    assert_eq!(inlined, [false, false, true]);
    assert_eq!(graph.height(), 4);
}

#[test]
fn a_stack_without_frames_leaves_no_trace() {
    check(&[("", 5)], FlameOptions::default(), &["root 0+0 0"]);
    let (_, graph) = graph(&[], FlameOptions::default());
    assert!(graph.is_empty());
    assert_eq!(graph.height(), 1);
}

#[test]
fn what_differs_between_merged_calls_is_forgotten() {
    let (_, graph) = graph(&[("f:1", 1), ("f:2", 1), ("f:1", 1), ("g:1", 1)], FlameOptions::default());
    let lines: Vec<_> = graph
        .children(NodeId::ROOT)
        .filter_map(|id| match &graph.node(id).kind {
            FlameKind::Frame(frame) => Some((frame.line, frame.function_start_line)),
            _ => None,
        })
        .collect();
    assert_eq!(lines, [(None, Some(3)), (Some(1), Some(3))]);
}

#[test]
fn bare_addresses_come_together_unless_binaries_are_kept_apart() {
    let stacks = [("/lib/a@16", 1), ("/lib/b@16", 2), ("/lib/a@17", 4)];
    check(&stacks, FlameOptions::default(), &["root 0+7 0", " unknown 0+3 3", " a+0x11 3+4 4"]);
    let options = FlameOptions { by_mapping_file: true, ..FlameOptions::default() };
    check(&stacks, options, &["root 0+7 0", " a+0x10 0+1 1", " b+0x10 1+2 2", " a+0x11 3+4 4"]);
}

#[test]
fn groups_stand_between_root_and_stacks() {
    let mut symbols = Symbols::new();
    let a = stack(&mut symbols, "a");
    let labels: Labels = [("pod", "p")].into_iter().collect();
    let empty = Labels::default();
    let sample = |group, value| FlameSample { group, stack: a, value, diff: 0 };
    let samples =
        [sample(Some(&labels), 1), sample(None, 2), sample(Some(&labels), 4), sample(Some(&empty), 8)];
    let graph = FlameGraph::of(&symbols, samples, FlameOptions::default());
    assert_eq!(
        describe(&symbols, &graph, &graph.layout()),
        ["root 0+15 0", " {pod=\"p\"} 0+5 0", " a 5+10 10", "  a 0+5 5"]
    );
    assert_eq!(graph.groups(), [labels]);
}

#[test]
fn trimming_cuts_what_is_small_beside_its_parent() {
    let stacks = [("small main", 5), ("big main", 95), ("deep small main", 1), ("tiny", 1), ("gone", 0)];
    let (symbols, graph) = graph(&stacks, FlameOptions::default());
    let layout = graph.layout_trimmed(10.0);
    assert_eq!(describe(&symbols, &graph, &layout), ["root 0+101 0", " main 0+101 0", "  big 0+95 95"]);
    assert_eq!(layout.trimmed, 1 + 6);

    let layout = graph.layout_trimmed(0.0);
    assert_eq!(layout.boxes.len(), 6);
    assert_eq!((layout.trimmed, layout.boxes[0].cumulative), (0, 102));

    let layout = graph.layout_trimmed(100.0);
    assert_eq!(describe(&symbols, &graph, &layout), ["root 0+0 0"]);
    assert_eq!(graph.layout_trimmed(f32::NAN).boxes.len(), 6);
}

#[test]
fn children_know_their_parent_and_stand_together() {
    let (_, graph) = graph(&[("b a", 1), ("c b a", 1), ("c a", 1), ("d", 1)], FlameOptions::default());
    let layout = graph.layout();
    assert_eq!(layout.boxes.len(), graph.nodes().len());
    for (at, found) in layout.boxes.iter().enumerate() {
        assert!(found.children.clone().all(|child| layout.boxes[child].parent == Some(at)));
        let node = graph.node(found.node);
        assert_eq!(node.parent, found.parent.map(|parent| layout.boxes[parent].node));
        let of_children: i64 = graph.children(found.node).map(|child| graph.node(child).cumulative).sum();
        assert_eq!(node.cumulative, node.flat + of_children);
    }
}

#[test]
fn trees_grow_node_by_node() {
    let mut symbols = Symbols::new();
    let stack = stack(&mut symbols, "b a");
    let sample = FlameSample { group: None, stack, value: 3, diff: 1 };
    let built = FlameGraph::of(&symbols, [sample], FlameOptions::default());

    let sums = |node: &FlameNode| FlameSums { cumulative: node.cumulative, flat: node.flat, diff: node.diff };
    let mut grown = FlameGraph::new(sums(&built.nodes()[0]));
    for (at, node) in built.nodes().iter().enumerate().skip(1) {
        let id = grown.append(node.parent.unwrap(), node.kind.clone(), sums(node));
        assert_eq!(id, Some(NodeId::new(at as u32)));
    }
    assert_eq!(describe(&symbols, &grown, &grown.layout()), describe(&symbols, &built, &built.layout()));
    assert_eq!(grown.height(), 3);
}

#[test]
fn what_does_not_fit_into_a_tree_is_not_appended() {
    let mut graph = FlameGraph::new(FlameSums::default());
    let sums = FlameSums::default();
    assert_eq!(graph.append(NodeId::ROOT, FlameKind::Group(0), sums), None);
    assert_eq!(graph.append(NodeId::ROOT, FlameKind::Root, sums), None);
    let group = graph.add_group(Labels::default());
    assert_eq!(graph.append(NodeId::new(1), FlameKind::Group(group), sums), None);
    assert_eq!(graph.append(NodeId::ROOT, FlameKind::Group(group), sums), Some(NodeId::new(1)));
    assert_eq!(graph.nodes().len(), 2);
}

/// Each node over time with where it begins; stacks are root first here, as they are read.
#[track_caller]
fn check_over_time(stacks: &[(i64, &str, i64)], expect: &[&str]) {
    let mut symbols = Symbols::new();
    let samples: Vec<_> = stacks
        .iter()
        .map(|(time, text, value)| {
            let stack = stack(&mut symbols, text);
            (*time, FlameSample { group: None, stack, value: *value, diff: 0 })
        })
        .collect();
    let graph = FlameGraph::over_time(&symbols, samples, FlameOptions::default());
    let layout = graph.layout();
    let lines = describe(&symbols, &graph, &layout);
    let times = layout.boxes.iter().map(|found| graph.time_nanos(found.node));
    let lines: Vec<String> = lines.iter().zip(times).map(|(line, time)| format!("{line} @{time}")).collect();
    assert_eq!(lines, expect);
}

#[test]
fn calls_that_go_on_are_one_node_and_pauses_part_them() {
    // Ten long each: b goes on at 110, is away at 120, and is another call at 130; a ends at 140.
    check_over_time(
        &[(100, "b a", 10), (110, "b a", 10), (120, "c a", 10), (130, "b a", 10), (200, "b a", 10)],
        &[
            "root 0+50 0 @0",
            " a 0+40 0 @100",
            " a 40+10 0 @200",
            "  b 0+20 20 @100",
            "  c 20+10 10 @120",
            "  b 30+10 10 @130",
            "  b 40+10 10 @200",
        ],
    );
}

#[test]
fn stacks_of_one_time_are_one_tree() {
    check_over_time(
        &[(100, "b a", 1), (100, "c a", 2), (100, "b a", 4)],
        &["root 0+7 0 @0", " a 0+7 0 @100", "  b 0+5 5 @100", "  c 5+2 2 @100"],
    );
    // Both go on, whichever came last.
    check_over_time(
        &[(100, "b a", 10), (100, "c a", 10), (110, "b a", 10), (110, "c a", 10)],
        &["root 0+40 0 @0", " a 0+40 0 @100", "  b 0+20 20 @100", "  c 20+20 20 @100"],
    );
}
