use std::{hash::BuildHasher, io::Read};

use foldhash::fast::RandomState;
use hashbrown::HashTable;
use memchr::memchr_iter;
use profile_model::{FlameFrame, FlameGraph, FlameKind, FlameSums, NodeId, StringId, Symbols, ValueType};

use profile_codec::folded::for_each_stack;

use super::trie::{StackText, Trie};
use super::{ParseError, ParseOptions};
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
    /// What shares are of: the sum of the sizes of all values.
    pub whole: i128,
    /// What was too little to become a node.
    pub cut: Cut,
}

impl FoldedGraph {
    /// The tree with what it takes to show it.
    pub fn flame(&self) -> Flame<'_> {
        let Self { graph, symbols, value_type, whole, cut: _ } = self;
        Flame { graph, symbols, value_type, is_comparison: false, whole: *whole, scale: None }
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
    let mut stacks = Stacks::new();
    for_each_stack(input, options, |stack, value| stacks.add(stack, value))?;
    Ok(Growth::new(&stacks.trie, min_percent).finish(options.value_type.clone()))
}

/// Stacks, those that were there before found by their whole text: in most inputs lines repeat, and
/// one look-up is cheaper than one for each node.
struct Stacks {
    trie: Trie,
    seen: HashTable<SeenStack>,
    state: RandomState,
}

struct SeenStack {
    hash: u64,
    /// Where the stack is in the text of the trie.
    start: usize,
    length: usize,
    node: u32,
}

/// Where lines do not repeat it is wasted to keep them whole, so that is bounded.
const SEEN_BYTES: usize = 64 << 20;

impl Stacks {
    fn new() -> Self {
        Self { trie: Trie::new(), seen: HashTable::new(), state: RandomState::default() }
    }

    fn add(&mut self, stack: &[u8], value: i64) {
        // As a profile of such stacks shows them.
        let stack = if stack.is_empty() { b"unknown" } else { stack };
        let hash = self.state.hash_one(stack);
        let node = self.find(stack, hash).unwrap_or_else(|| self.insert(stack, hash));
        self.trie.count(node, value);
    }

    fn find(&self, stack: &[u8], hash: u64) -> Option<u32> {
        let text = self.trie.text();
        let is_it =
            |seen: &SeenStack| seen.hash == hash && text[seen.start..seen.start + seen.length] == *stack;
        Some(self.seen.find(hash, is_it)?.node)
    }

    fn insert(&mut self, stack: &[u8], hash: u64) -> u32 {
        if str::from_utf8(stack).is_err() {
            // Repaired first: frames that look the same afterwards are the same.
            let repaired = String::from_utf8_lossy(stack);
            return self.trie.node(StackText { bytes: repaired.as_bytes(), stored_at: None });
        }
        let is_room = self.trie.text().len() + stack.len() <= SEEN_BYTES;
        let stored_at = is_room.then(|| self.trie.store(stack));
        let node = self.trie.node(StackText { bytes: stack, stored_at });
        if let Some(start) = stored_at {
            let seen = SeenStack { hash, start, length: stack.len(), node };
            self.seen.insert_unique(hash, seen, |seen| seen.hash);
        }
        node
    }
}

/// The making of a tree in which each frame is a node.
struct Growth<'a> {
    trie: &'a Trie,
    labels: Vec<&'a [u8]>,
    order: Vec<u32>,
    /// The sum of each node of the trie and all below it.
    sums: Vec<i64>,
    /// The sizes of each node of the trie and all below it, signs aside.
    sizes: Vec<i64>,
    whole: i128,
    /// The least size that becomes a node.
    least: f64,
    symbols: Symbols,
    graph: FlameGraph,
    cut: Cut,
}

impl<'a> Growth<'a> {
    fn new(trie: &'a Trie, min_percent: f64) -> Self {
        let order = trie.order();
        let mut sums: Vec<i64> = trie.nodes().iter().map(|node| node.flat).collect();
        let mut sizes: Vec<i64> = sums.iter().map(|sum| sum.saturating_abs()).collect();
        for at in order.iter().rev() {
            let (at, parent) = (*at as usize, trie.nodes()[*at as usize].parent as usize);
            sums[parent] = sums[parent].saturating_add(sums[at]);
            sizes[parent] = sizes[parent].saturating_add(sizes[at]);
        }
        let total = sums[Trie::ROOT as usize];
        let whole = i128::from(sizes[Trie::ROOT as usize]);
        Self {
            trie,
            labels: trie.labels(),
            order,
            sums,
            sizes,
            whole,
            least: whole as f64 * min_percent / 100.0,
            symbols: Symbols::new(),
            graph: FlameGraph::new(FlameSums { cumulative: total, ..FlameSums::default() }),
            cut: Cut::default(),
        }
    }

    fn finish(mut self, value_type: ValueType) -> FoldedGraph {
        // The node of the last frame of each node of the trie, if it is large enough.
        let mut ids = vec![None; self.sums.len()];
        ids[Trie::ROOT as usize] = Some(NodeId::ROOT);
        for at in std::mem::take(&mut self.order) {
            let at = at as usize;
            let parent = ids[self.trie.nodes()[at].parent as usize];
            ids[at] = match parent {
                Some(parent) if !self.is_little(at) => Some(self.append(parent, at)),
                _ => {
                    self.leave_out(at, parent.is_some());
                    None
                }
            };
        }
        let Self { graph, symbols, cut, whole, .. } = self;
        FoldedGraph { graph, symbols, value_type, whole, cut }
    }

    fn is_little(&self, at: usize) -> bool {
        (self.sizes[at] as f64) < self.least
    }

    fn leave_out(&mut self, at: usize, is_at_edge: bool) {
        self.cut.nodes += memchr_iter(b';', self.labels[at]).count() + 1;
        if is_at_edge {
            self.cut.value = self.cut.value.saturating_add(self.sums[at]);
        }
    }

    /// Adds the frames of a node of the trie, each below the one before; gives the last.
    fn append(&mut self, parent: NodeId, at: usize) -> NodeId {
        let label = self.labels[at];
        let (mut id, mut start) = (parent, 0);
        for end in memchr_iter(b';', label).chain([label.len()]) {
            let name = self.symbols.intern_string(&String::from_utf8_lossy(&label[start..end]));
            let flat = if end == label.len() { self.trie.nodes()[at].flat } else { 0 };
            let sums = FlameSums { cumulative: self.sums[at], flat, diff: 0 };
            let new = self.graph.append(id, FlameKind::Frame(frame(name)), sums);
            id = new.expect("the parent was added to this tree");
            start = end + 1;
        }
        id
    }
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
