//! What tests are made of.
#![allow(clippy::unwrap_used)]

use profile_model::{FlameFrame, FlameGraph, FlameKind, FlameSums, Labels, NodeId, Symbols};

/// A tree from stacks, root first: `main;a 3`. `[path]` is a frame without a function in that binary,
/// `name@file` one with a source file, and `{job=api}` in front the labels of a group.
pub(crate) fn tree(stacks: &str) -> (FlameGraph, Symbols) {
    let mut symbols = Symbols::new();
    let mut nodes = vec![Node { parent: 0, text: String::new(), flat: 0, cumulative: 0 }];
    for line in stacks.lines() {
        let (path, value) = line.trim().rsplit_once(' ').unwrap();
        let value: i64 = value.parse().unwrap();
        let mut at = 0;
        nodes[0].cumulative += value;
        for text in path.split(';') {
            let found = nodes.iter().skip(1).position(|node| node.parent == at && node.text == text);
            let parent = at;
            at = found.map_or(nodes.len(), |found| found + 1);
            if found.is_none() {
                nodes.push(Node { parent, text: text.to_owned(), flat: 0, cumulative: 0 });
            }
            nodes[at].cumulative += value;
        }
        nodes[at].flat += value;
    }
    let mut graph = FlameGraph::new(nodes[0].sums());
    for node in &nodes[1..] {
        let labels = node.text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
        let kind = match labels {
            Some(labels) => {
                let pairs = labels.split(',').map(|pair| pair.split_once('=').unwrap());
                FlameKind::Group(graph.add_group(pairs.collect::<Labels>()))
            }
            None => FlameKind::Frame(frame(&node.text, &mut symbols)),
        };
        graph.append(NodeId::new(node.parent as u32), kind, node.sums()).unwrap();
    }
    (graph, symbols)
}

struct Node {
    parent: usize,
    text: String,
    flat: i64,
    cumulative: i64,
}

impl Node {
    fn sums(&self) -> FlameSums {
        FlameSums { flat: self.flat, cumulative: self.cumulative, diff: 0 }
    }
}

fn frame(text: &str, symbols: &mut Symbols) -> FlameFrame {
    let binary = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let (name, file) = text.split_once('@').unwrap_or((text, ""));
    FlameFrame {
        symbolized: binary.is_none(),
        address: Some(0x10),
        line: None,
        inlined: None,
        mapping_file: binary.map(|path| symbols.intern_string(path)),
        mapping_build_id: None,
        function_name: binary.is_none().then(|| symbols.intern_string(name)),
        function_system_name: None,
        function_file: Some(symbols.intern_string(file)),
        function_start_line: None,
    }
}
