use std::{
    hash::{BuildHasher, Hasher},
    ops::Range,
};

use foldhash::fast::RandomState;
use hashbrown::HashTable;
use memchr::{memchr, memrchr};

/// Stacks by their text. What only one stack has below some frame is one node, whatever its length:
/// where stacks hardly repeat, most frames are never looked at one by one.
pub(super) struct Trie {
    nodes: Vec<TrieNode>,
    /// Nodes by parent and first frame.
    children: HashTable<Child>,
    state: RandomState,
    /// What the labels are pieces of.
    text: Vec<u8>,
    /// The nodes that were added for a new stack, in order.
    leaves: Vec<u32>,
    /// The last stack, and where each node on its way ends in it.
    last: Vec<u8>,
    last_nodes: Vec<(u32, usize)>,
}

/// Frames that follow each other, none of which has other frames below it but the last.
#[derive(Clone, Copy)]
pub(super) struct TrieNode {
    pub(super) parent: u32,
    /// Which leaf was the first below it, counted from 0: by that, nodes are in order of first sight.
    first_leaf: u32,
    /// What was added for stacks that end here.
    pub(super) flat: i64,
}

/// A node below another, with all that it takes to find it: the list of nodes is in another place of
/// the memory, and where stacks hardly repeat, each such place is out of the cache.
struct Child {
    /// Half of the hash, so that growing does not read all texts again.
    hash: u32,
    parent: u32,
    node: u32,
    /// Where the frames of the node are in the text, joined by `;`.
    label: Range<usize>,
}

/// The text of a stack, and where in the text of the trie it is stored, if it is.
#[derive(Clone, Copy)]
pub(super) struct StackText<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) stored_at: Option<usize>,
}

impl Trie {
    pub(super) const ROOT: u32 = 0;

    pub(super) fn new() -> Self {
        Self {
            nodes: vec![TrieNode { parent: Self::ROOT, first_leaf: 0, flat: 0 }],
            children: HashTable::new(),
            state: RandomState::default(),
            text: Vec::new(),
            leaves: Vec::new(),
            last: Vec::new(),
            last_nodes: Vec::new(),
        }
    }

    pub(super) fn nodes(&self) -> &[TrieNode] {
        &self.nodes
    }

    pub(super) fn count(&mut self, node: u32, value: i64) {
        let flat = &mut self.nodes[node as usize].flat;
        *flat = flat.saturating_add(value);
    }

    /// The frames of each node, joined by `;`.
    pub(super) fn labels(&self) -> Vec<&[u8]> {
        let mut labels: Vec<&[u8]> = vec![&[]; self.nodes.len()];
        for child in &self.children {
            labels[child.node as usize] = &self.text[child.label.clone()];
        }
        labels
    }

    pub(super) fn text(&self) -> &[u8] {
        &self.text
    }

    /// Keeps a text; gives where it starts.
    pub(super) fn store(&mut self, text: &[u8]) -> usize {
        let start = self.text.len();
        self.text.extend_from_slice(text);
        start
    }

    /// The node at which a stack of at least one frame ends. It stays that, whatever is added later.
    pub(super) fn node(&mut self, stack: StackText<'_>) -> u32 {
        let text = stack.bytes;
        let common = common_prefix(&self.last, text);
        let is_same = |end: usize| end <= common && is_end_of_frame(text, end);
        let kept = self.last_nodes.iter().rposition(|(_, end)| is_same(*end));
        self.last_nodes.truncate(kept.map_or(0, |kept| kept + 1));
        let (mut node, mut end) = (Self::ROOT, None);
        if let Some((last, last_end)) = self.last_nodes.last() {
            (node, end) = (*last, Some(*last_end));
        }
        while end != Some(text.len()) {
            let start = end.map_or(0, |end| end + 1);
            let length;
            (node, length) = self.step(node, stack, start);
            end = Some(start + length);
            self.last_nodes.push((node, start + length));
        }
        self.last.truncate(common);
        self.last.extend_from_slice(&text[common..]);
        node
    }

    /// The child by which the stack goes on at `start`, and how much of the text it has.
    fn step(&mut self, parent: u32, stack: StackText<'_>, start: usize) -> (u32, usize) {
        let rest = &stack.bytes[start..];
        let frame = first_frame(rest);
        let hash = self.hash(parent, frame);
        let Self { nodes, children, text, .. } = self;
        let is_it = |child: &Child| {
            child.hash == hash && child.parent == parent && starts_with(&text[child.label.clone()], frame)
        };
        let Some(found) = children.find_mut(spread(hash), is_it) else {
            return (self.add_leaf(parent, hash, stack, start), rest.len());
        };
        let Range { start, end } = found.label;
        let common = common_frames(&text[start..end], rest);
        if common == end - start {
            return (found.node, common);
        }
        found.label.end = start + common;
        let below = std::mem::replace(&mut found.node, next_id(nodes.len()));
        (self.split(below, start + common + 1..end), common)
    }

    fn add_leaf(&mut self, parent: u32, hash: u32, stack: StackText<'_>, start: usize) -> u32 {
        let label_start = match stack.stored_at {
            Some(at) => at + start,
            None => self.store(&stack.bytes[start..]),
        };
        let label = label_start..label_start + stack.bytes.len() - start;
        let node = next_id(self.nodes.len());
        self.nodes.push(TrieNode { parent, first_leaf: next_id(self.leaves.len()), flat: 0 });
        self.leaves.push(node);
        self.insert(Child { hash, parent, node, label });
        node
    }

    /// Adds a node above another, which keeps this as its label; gives the new one.
    fn split(&mut self, below: u32, label: Range<usize>) -> u32 {
        let above = next_id(self.nodes.len());
        let node = &mut self.nodes[below as usize];
        let TrieNode { parent, first_leaf, flat: _ } = *node;
        node.parent = above;
        self.nodes.push(TrieNode { parent, first_leaf, flat: 0 });
        let hash = self.hash(above, first_frame(&self.text[label.clone()]));
        self.insert(Child { hash, parent: above, node: below, label });
        above
    }

    fn insert(&mut self, child: Child) {
        self.children.insert_unique(spread(child.hash), child, |child| spread(child.hash));
    }

    fn hash(&self, parent: u32, frame: &[u8]) -> u32 {
        let mut hasher = self.state.build_hasher();
        hasher.write(frame);
        hasher.write_u32(parent);
        (hasher.finish() >> 32) as u32
    }

    /// All nodes but the root in order of first sight, so each after its parent.
    pub(super) fn order(&self) -> Vec<u32> {
        let mut order = Vec::with_capacity(self.nodes.len());
        for (leaf, node) in self.leaves.iter().enumerate() {
            let start = order.len();
            let mut node = *node;
            while node != Self::ROOT && self.nodes[node as usize].first_leaf as usize == leaf {
                order.push(node);
                node = self.nodes[node as usize].parent;
            }
            order[start..].reverse();
        }
        order
    }
}

fn next_id(len: usize) -> u32 {
    u32::try_from(len).expect("the limit on bytes is below 2^32 frames")
}

/// What the table sorts by: the kept half of a hash, spread over all bits.
fn spread(hash: u32) -> u64 {
    u64::from(hash).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

fn first_frame(text: &[u8]) -> &[u8] {
    &text[..memchr(b';', text).unwrap_or(text.len())]
}

fn is_end_of_frame(text: &[u8], at: usize) -> bool {
    text.get(at).is_none_or(|byte| *byte == b';')
}

/// Whether this is the first frame of a text.
fn starts_with(text: &[u8], frame: &[u8]) -> bool {
    text.starts_with(frame) && is_end_of_frame(text, frame.len())
}

/// How many bytes the frames take that two texts have in common; their first frames are the same.
fn common_frames(a: &[u8], b: &[u8]) -> usize {
    let common = common_prefix(a, b);
    if is_end_of_frame(a, common) && is_end_of_frame(b, common) {
        return common;
    }
    memrchr(b';', &a[..common]).expect("the first frame ends before the texts differ")
}

/// How many bytes two texts start alike, compared eight at a time.
fn common_prefix(a: &[u8], b: &[u8]) -> usize {
    let words = a.chunks_exact(8).zip(b.chunks_exact(8)).take_while(|(a, b)| a == b).count();
    let start = 8 * words;
    let rest = a[start..].iter().zip(&b[start..]);
    start + rest.take_while(|(a, b)| a == b).count()
}
