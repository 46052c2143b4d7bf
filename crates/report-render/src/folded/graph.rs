use std::{hash::BuildHasher, io::Read};

use foldhash::fast::FixedState;
use hashbrown::{HashMap, HashTable};
use memchr::memchr_iter;
use profile_model::{FlameFrame, FlameGraph, FlameKind, FlameSums, NodeId, StringId, Symbols, ValueType};

use super::{ParseError, ParseOptions, parse::for_each_stack};
use crate::{Cut, Flame};

/// A tree read from folded stacks.
#[derive(Clone, Debug)]
pub struct FoldedGraph {
    /// The tree.
    pub graph: FlameGraph,
    /// What the ids in the tree stand for.
    pub symbols: Symbols,
    /// What the values count, from the options.
    pub value_type: ValueType,
    /// What was too little to become a node.
    pub cut: Cut,
}

impl FoldedGraph {
    /// The tree with what it takes to show it.
    pub fn flame(&self) -> Flame<'_> {
        let Self { graph, symbols, value_type, cut: _ } = self;
        Flame { graph, symbols, value_type, is_comparison: false }
    }
}

/// Reads folded stacks straight into a tree: several times faster than [`parse`](super::parse) and
/// a tree from that, where no other view is wanted. Nodes that weigh less than `min_percent` of the
/// total are not made and reported as cut; 0 makes all.
///
/// # Errors
/// As [`parse`](super::parse).
pub fn parse_graph(
    input: impl Read,
    options: &ParseOptions,
    min_percent: f64,
) -> Result<FoldedGraph, ParseError> {
    let mut tree = Tree::new();
    for_each_stack(input, options, |stack, value| tree.add(stack, value))?;
    Ok(tree.finish(options.value_type.clone(), min_percent))
}

/// A tree that knows no more of a frame than its name.
struct Tree {
    nodes: Vec<Node>,
    /// Nodes by parent and name, both in one number.
    by_parent: HashMap<u64, u32, FixedState>,
    names: Names,
    seen: Seen,
    hasher: FixedState,
    /// The last stack: its nodes from the root, and where each frame ends in its text.
    last: Vec<(u32, usize)>,
    last_text: Vec<u8>,
}

#[derive(Clone, Copy)]
struct Node {
    parent: u32,
    name: u32,
    flat: i64,
}

impl Tree {
    fn new() -> Self {
        Self {
            nodes: vec![Node { parent: 0, name: u32::MAX, flat: 0 }],
            by_parent: HashMap::default(),
            names: Names::default(),
            seen: Seen::default(),
            // Keys chosen by others can slow this down, not break it; the limit on bytes bounds it.
            hasher: FixedState::default(),
            last: Vec::new(),
            last_text: Vec::new(),
        }
    }

    fn add(&mut self, stack: &[u8], value: i64) {
        if stack.is_empty() {
            return;
        }
        let hash = self.hasher.hash_one(stack);
        let node = match self.seen.find(stack, hash) {
            Some(known) => known,
            None => {
                let node = self.descend(stack);
                self.seen.insert(stack, hash, node);
                node
            }
        };
        let flat = &mut self.nodes[node as usize].flat;
        *flat = flat.saturating_add(value);
    }

    /// The node of the last frame of a stack, from where it parts from the stack before it.
    fn descend(&mut self, stack: &[u8]) -> u32 {
        let common = common_prefix(&self.last_text, stack);
        let is_same = |end: usize| end <= common && stack.get(end).is_none_or(|byte| *byte == b';');
        let kept = self.last.iter().rposition(|(_, end)| is_same(*end));
        self.last.truncate(kept.map_or(0, |kept| kept + 1));
        let (mut node, mut start) = self.last.last().map_or((0, 0), |(node, end)| (*node, end + 1));
        if start <= stack.len() {
            let offset = start;
            for end in memchr_iter(b';', &stack[offset..]).map(|at| at + offset).chain([stack.len()]) {
                node = self.child(node, &stack[start..end]);
                self.last.push((node, end));
                start = end + 1;
            }
        }
        self.last_text.clear();
        self.last_text.extend_from_slice(stack);
        node
    }

    /// The child of this name, made if there is none.
    fn child(&mut self, parent: u32, name: &[u8]) -> u32 {
        let hash = self.hasher.hash_one(name);
        let Some(name) = self.names.intern(name, hash) else {
            return self.child(parent, String::from_utf8_lossy(name).as_bytes());
        };
        *self.by_parent.entry(u64::from(parent) << 32 | u64::from(name)).or_insert_with(|| {
            let id = u32::try_from(self.nodes.len()).expect("the limit on bytes is below 2^32 frames");
            self.nodes.push(Node { parent, name, flat: 0 });
            id
        })
    }

    fn finish(self, value_type: ValueType, min_percent: f64) -> FoldedGraph {
        let sums = self.cumulative();
        let least = (sums[0] as f64).abs() * min_percent / 100.0;
        let mut symbols = Symbols::new();
        let mut name_ids: Vec<Option<StringId>> = vec![None; self.names.hashes.len()];
        let mut graph = FlameGraph::new(FlameSums { cumulative: sums[0], ..FlameSums::default() });
        let mut ids = vec![None; self.nodes.len()];
        ids[0] = Some(NodeId::ROOT);
        let mut cut = Cut::default();
        for (at, node) in self.nodes.iter().enumerate().skip(1) {
            let Some(parent) = ids[node.parent as usize] else {
                cut.nodes += 1;
                continue;
            };
            if (sums[at] as f64).abs() < least {
                cut.nodes += 1;
                cut.value = cut.value.saturating_add(sums[at]);
                continue;
            }
            let name = self.names.get(node.name);
            let name = *name_ids[node.name as usize]
                .get_or_insert_with(|| symbols.intern_string(&String::from_utf8_lossy(name)));
            let sums = FlameSums { cumulative: sums[at], flat: node.flat, diff: 0 };
            ids[at] = graph.append(parent, FlameKind::Frame(frame(name)), sums);
        }
        FoldedGraph { graph, symbols, value_type, cut }
    }

    /// The sum of each node and all below it.
    fn cumulative(&self) -> Vec<i64> {
        let mut sums: Vec<i64> = self.nodes.iter().map(|node| node.flat).collect();
        for at in (1..self.nodes.len()).rev() {
            let parent = self.nodes[at].parent as usize;
            sums[parent] = sums[parent].saturating_add(sums[at]);
        }
        sums
    }
}

/// Distinct names, end to end.
#[derive(Default)]
struct Names {
    text: Vec<u8>,
    ends: Vec<usize>,
    hashes: Vec<u64>,
    ids: HashTable<u32>,
}

impl Names {
    fn get(&self, id: u32) -> &[u8] {
        let id = id as usize;
        let start = if id == 0 { 0 } else { self.ends[id - 1] };
        &self.text[start..self.ends[id]]
    }

    /// The number of a name; none if it is not UTF-8.
    fn intern(&mut self, name: &[u8], hash: u64) -> Option<u32> {
        if let Some(known) = self.ids.find(hash, |id| self.get(*id) == name) {
            return Some(*known);
        }
        str::from_utf8(name).ok()?;
        let id = self.ends.len() as u32;
        self.text.extend_from_slice(name);
        self.ends.push(self.text.len());
        self.hashes.push(hash);
        self.ids.insert_unique(hash, id, |id| self.hashes[*id as usize]);
        Some(id)
    }
}

/// The nodes of stacks that were there before, by their whole text: in most inputs lines repeat, and
/// one look-up is cheaper than one for each frame.
#[derive(Default)]
struct Seen {
    text: Vec<u8>,
    stacks: HashTable<SeenStack>,
}

struct SeenStack {
    hash: u64,
    /// Where the stack is in the text.
    start: usize,
    end: usize,
    node: u32,
}

/// Where lines do not repeat this is wasted, so it is bounded.
const SEEN_BYTES: usize = 64 << 20;

impl Seen {
    fn find(&self, stack: &[u8], hash: u64) -> Option<u32> {
        let is_it = |seen: &SeenStack| seen.hash == hash && self.text[seen.start..seen.end] == *stack;
        Some(self.stacks.find(hash, is_it)?.node)
    }

    fn insert(&mut self, stack: &[u8], hash: u64, node: u32) {
        let (start, end) = (self.text.len(), self.text.len() + stack.len());
        if end <= SEEN_BYTES {
            self.text.extend_from_slice(stack);
            self.stacks.insert_unique(hash, SeenStack { hash, start, end, node }, |seen| seen.hash);
        }
    }
}

/// How many bytes two texts start alike, compared eight at a time.
fn common_prefix(a: &[u8], b: &[u8]) -> usize {
    let words = a.chunks_exact(8).zip(b.chunks_exact(8)).take_while(|(a, b)| a == b).count();
    let start = 8 * words;
    let rest = a[start..].iter().zip(&b[start..]);
    start + rest.take_while(|(a, b)| a == b).count()
}

/// A frame of which only the name is known.
fn frame(name: StringId) -> FlameFrame {
    FlameFrame {
        symbolized: true,
        address: Some(0),
        line: Some(0),
        inlined: Some(false),
        mapping_file: None,
        mapping_build_id: None,
        function_name: Some(name),
        function_system_name: Some(name),
        function_file: Some(StringId::EMPTY),
        function_start_line: Some(0),
    }
}
