//! What tests are made of.
#![allow(clippy::unwrap_used)]

use profile_codec::arrow::{FlameRow, FlameRows};
use profile_model::{Labels, Symbols};

/// A tree from stacks, root first: `main;a 3`. `[path]` is a frame without a function in that binary,
/// `name@file` one with a source file, and `{job=api}` in front the labels of a group.
pub(crate) fn tree(stacks: &str) -> FlameRows {
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
    let mut flame = FlameRows::default();
    for (at, node) in nodes.iter().enumerate() {
        let labels = node.text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
        let mut row = match labels {
            Some(labels) => {
                let pairs = labels.split(',').map(|pair| pair.split_once('=').unwrap());
                flame.groups.push(pairs.collect::<Labels>());
                FlameRow { group: Some(flame.groups.len() as u32 - 1), ..FlameRow::default() }
            }
            None if at == 0 => FlameRow::default(),
            None => frame(&node.text, &mut symbols),
        };
        (row.parent, row.flat, row.cumulative) = (node.parent as u32, node.flat, node.cumulative);
        flame.rows.push(row);
    }
    flame.symbols = symbols;
    flame
}

struct Node {
    parent: usize,
    text: String,
    flat: i64,
    cumulative: i64,
}

fn frame(text: &str, symbols: &mut Symbols) -> FlameRow {
    let binary = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let (name, file) = text.split_once('@').unwrap_or((text, ""));
    FlameRow {
        function: binary.is_none().then(|| symbols.intern_string(name)),
        file: Some(symbols.intern_string(file)),
        mapping_file: binary.map(|path| symbols.intern_string(path)),
        ..FlameRow::default()
    }
}
