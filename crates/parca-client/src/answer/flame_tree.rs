use std::collections::HashMap;

use parca_proto::metastore::{Function, Location, Mapping};
use parca_proto::query as wire;
use prost::Message as _;

use super::Frame;
use crate::call::malformed;
use crate::fields::{Field, Fields, Malformed, Value};
use crate::{Code, Error};

/// The most nodes of a tree: one takes 2 bytes of an answer and 32 bytes here.
const MAX_NODES: usize = 8 << 20;

/// A flame graph: nodes in the order a reader of the tree meets them, parents before children.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct FlameTree {
    /// The first is the root. Depth has no limit, so this is a list.
    pub nodes: Vec<FlameNode>,
    /// What nodes point to; each frame once.
    pub frames: Vec<Frame>,
    /// The unit of the values.
    pub unit: String,
    /// As the server says: how many locations deep, plus one.
    pub height: i32,
    /// Sum of the values cut out; may be below zero.
    pub trimmed: i64,
}

/// One node of a [`FlameTree`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct FlameNode {
    /// Index of the parent in [`FlameTree::nodes`]; none for the root.
    pub parent: Option<u32>,
    /// Index in [`FlameTree::frames`]; none for the root.
    pub frame: Option<u32>,
    /// With everything it calls.
    pub cumulative: i64,
    /// Compared minus base.
    pub diff: i64,
}

impl FlameTree {
    /// The frame of a node of this tree.
    pub fn frame(&self, node: &FlameNode) -> Option<&Frame> {
        self.frames.get(node.frame? as usize)
    }
}

/// Reads an encoded `Flamegraph`. Field numbers are those of `parca.query.v1alpha1`.
pub(super) fn flame_tree(flamegraph: &[u8]) -> Result<FlameTree, Error> {
    let (mut root, mut rest) = (None, Vec::new());
    for field in Fields::of(flamegraph) {
        match field.map_err(Malformed::in_answer)? {
            Field { number: 1, value: Value::Bytes(bytes), .. } => root = Some(bytes),
            Field { raw, .. } => rest.extend_from_slice(raw),
        }
    }
    let tables = wire::Flamegraph::decode(rest.as_slice()).map_err(malformed)?;
    let (unit, height, trimmed) = (tables.unit.clone(), tables.height, tables.trimmed);
    let mut reader = Reader { frames: Frames::new(tables), nodes: Vec::new() };
    if let Some(root) = root {
        reader.read(root)?;
    }
    Ok(FlameTree { nodes: reader.nodes, frames: reader.frames.frames, unit, height, trimmed })
}

struct Reader {
    nodes: Vec<FlameNode>,
    frames: Frames,
}

/// The numbers that a node's fields have in its message; the root's message has no frame.
#[derive(Clone, Copy)]
struct Numbers {
    meta: u64,
    cumulative: u64,
    diff: u64,
    children: u64,
}

const ROOT: Numbers = Numbers { meta: u64::MAX, cumulative: 1, diff: 2, children: 3 };
const NODE: Numbers = Numbers { meta: 1, cumulative: 2, diff: 3, children: 4 };

impl Reader {
    /// Walks the tree with a stack of its own: a profile may be deeper than a thread's.
    fn read(&mut self, root: &[u8]) -> Result<(), Error> {
        let mut open = vec![(self.add(None)?, Fields::of(root), ROOT)];
        while let Some((at, fields, numbers)) = open.last_mut() {
            let (at, numbers) = (*at, *numbers);
            let Some(field) = fields.next() else {
                open.pop();
                continue;
            };
            let Field { number, value, .. } = field.map_err(Malformed::in_answer)?;
            let node = &mut self.nodes[at as usize];
            match value {
                Value::Varint(value) if number == numbers.cumulative => node.cumulative = value as i64,
                Value::Varint(value) if number == numbers.diff => node.diff = value as i64,
                Value::Bytes(meta) if number == numbers.meta => node.frame = self.frames.index(meta)?,
                Value::Bytes(child) if number == numbers.children => {
                    open.push((self.add(Some(at))?, Fields::of(child), NODE));
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn add(&mut self, parent: Option<u32>) -> Result<u32, Error> {
        if self.nodes.len() >= MAX_NODES {
            let text = format!("expected a flame graph of at most {MAX_NODES} nodes, found more");
            return Err(Error::new(Code::ResourceExhausted, text)
                .with_hint("cut small nodes with the trim threshold"));
        }
        self.nodes.push(FlameNode { parent, ..FlameNode::default() });
        Ok(self.nodes.len() as u32 - 1)
    }
}

/// The frames seen so far.
struct Frames {
    strings: Vec<String>,
    locations: Vec<Location>,
    functions: Vec<Function>,
    mappings: Vec<Mapping>,
    frames: Vec<Frame>,
    /// By location index and line index, where nodes point to tables.
    by_index: HashMap<(u32, u32), u32>,
    /// Where nodes hold names themselves.
    by_value: HashMap<Frame, u32>,
}

impl Frames {
    fn new(tables: wire::Flamegraph) -> Self {
        Self {
            strings: tables.string_table,
            locations: tables.locations,
            functions: tables.function,
            mappings: tables.mapping,
            frames: Vec::new(),
            by_index: HashMap::new(),
            by_value: HashMap::new(),
        }
    }

    fn index(&mut self, meta: &[u8]) -> Result<Option<u32>, Error> {
        let meta = wire::FlamegraphNodeMeta::decode(meta).map_err(malformed)?;
        let next = self.frames.len() as u32;
        let index = if meta.location_index > 0 {
            let key = (meta.location_index, meta.line_index);
            *self.by_index.entry(key).or_insert_with(|| {
                self.frames.push(from_tables(
                    key,
                    &self.strings,
                    &self.locations,
                    &self.functions,
                    &self.mappings,
                ));
                next
            })
        } else {
            let frame = Frame::of(meta.location, meta.mapping, meta.function, meta.line);
            *self.by_value.entry(frame).or_insert_with_key(|frame| {
                self.frames.push(frame.clone());
                next
            })
        };
        Ok(Some(index))
    }
}

/// Indices into tables are from 1; 0 and those past the end mean that nothing is known.
fn at<T>(table: &[T], index: u32) -> Option<&T> {
    table.get((index as usize).checked_sub(1)?)
}

fn from_tables(
    (location_index, line_index): (u32, u32),
    strings: &[String],
    locations: &[Location],
    functions: &[Function],
    mappings: &[Mapping],
) -> Frame {
    let text = |index: u32| strings.get(index as usize).cloned().unwrap_or_default();
    let Some(location) = at(locations, location_index) else { return Frame::default() };
    let mut frame = Frame { address: location.address, ..Frame::default() };
    if let Some(mapping) = at(mappings, location.mapping_index) {
        frame.mapping_file = text(mapping.file_string_index);
        frame.build_id = text(mapping.build_id_string_index);
    }
    let Some(line) = location.lines.get(line_index as usize) else { return frame };
    frame.line = line.line;
    if let Some(function) = at(functions, line.function_index) {
        frame.function = text(function.name_string_index);
        frame.system_name = text(function.system_name_string_index);
        frame.filename = text(function.filename_string_index);
        frame.start_line = function.start_line;
    }
    frame
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use parca_proto::metastore::Line;

    use super::*;

    fn node(
        meta: wire::FlamegraphNodeMeta,
        cumulative: i64,
        children: Vec<wire::FlamegraphNode>,
    ) -> wire::FlamegraphNode {
        wire::FlamegraphNode { meta: Some(meta), cumulative, diff: -cumulative, children }
    }

    fn tree(children: Vec<wire::FlamegraphNode>) -> wire::Flamegraph {
        let root = Some(wire::FlamegraphRootNode { cumulative: 9, diff: 1, children });
        wire::Flamegraph { root, unit: "bytes".into(), height: 3, trimmed: -1, ..Default::default() }
    }

    #[test]
    fn names_in_nodes_and_names_in_tables_read_alike() {
        let function = |name: &str| Some(Function { name: name.into(), ..Default::default() });
        let own = |name| wire::FlamegraphNodeMeta { function: function(name), ..Default::default() };
        let legacy =
            tree(vec![node(own("a"), 5, vec![node(own("b"), 3, vec![])]), node(own("b"), 4, vec![])]);

        let index = |at| wire::FlamegraphNodeMeta { location_index: at, ..Default::default() };
        let line = |function_index| vec![Line { function_index, ..Default::default() }];
        let location = |function_index| Location { lines: line(function_index), ..Default::default() };
        let by_string = |name_string_index| Function { name_string_index, ..Default::default() };
        let table = wire::Flamegraph {
            string_table: vec!["".into(), "a".into(), "b".into()],
            locations: vec![location(1), location(2)],
            function: vec![by_string(1), by_string(2)],
            ..tree(vec![node(index(1), 5, vec![node(index(2), 3, vec![])]), node(index(2), 4, vec![])])
        };

        for wire in [legacy, table] {
            let tree = flame_tree(&wire.encode_to_vec()).unwrap();
            let rows: Vec<_> = tree
                .nodes
                .iter()
                .map(|node| {
                    (node.parent, tree.frame(node).map(ToString::to_string), node.cumulative, node.diff)
                })
                .collect();
            let name = |name: &str| Some(name.to_owned());
            let expect = [
                (None, None, 9, 1),
                (Some(0), name("a"), 5, -5),
                (Some(1), name("b"), 3, -3),
                (Some(0), name("b"), 4, -4),
            ];
            assert_eq!(rows, expect);
            assert_eq!(
                (tree.unit.as_str(), tree.height, tree.trimmed, tree.frames.len()),
                ("bytes", 3, -1, 2)
            );
        }
    }

    #[test]
    fn a_tree_deeper_than_a_call_stack_is_read() {
        let mut bytes = vec![0x10, 0x01];
        for _ in 0..20_000 {
            let mut outer = vec![0x22];
            prost::encoding::encode_varint(bytes.len() as u64, &mut outer);
            outer.append(&mut bytes);
            bytes = outer;
        }
        let mut root = vec![0x1a];
        prost::encoding::encode_varint(bytes.len() as u64, &mut root);
        root.append(&mut bytes);
        let mut flamegraph = vec![0x0a];
        prost::encoding::encode_varint(root.len() as u64, &mut flamegraph);
        flamegraph.append(&mut root);
        let tree = flame_tree(&flamegraph).unwrap();
        assert_eq!(tree.nodes.len(), 20_002);
        assert_eq!(tree.nodes.last().unwrap().cumulative, 1);
    }

    #[test]
    fn indices_past_the_tables_give_unknown_frames() {
        let meta = wire::FlamegraphNodeMeta { location_index: 7, line_index: 9, ..Default::default() };
        let tree = flame_tree(&tree(vec![node(meta, 1, vec![])]).encode_to_vec()).unwrap();
        assert_eq!(tree.frames[0].to_string(), "unknown");
        assert!(flame_tree(&[0x0a, 0x05, 0x1a]).is_err());
        assert!(flame_tree(&[]).unwrap().nodes.is_empty());
    }
}
