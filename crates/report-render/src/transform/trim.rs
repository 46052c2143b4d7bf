use hashbrown::HashMap;
use profile_model::{FrameName, Line, LocationId, Profile, StackId, Symbols, WeightedStack};

use super::{location_with, map_stacks, named_location};
use crate::{Cut, Selection};

/// A profile without what weighs little.
#[derive(Clone, Debug)]
pub struct Trimmed {
    /// The profile; its totals are what they were.
    pub profile: Profile,
    /// What is now in frames called `(trimmed)`.
    pub cut: Cut,
}

/// What stands for all that was cut below one caller.
const REPLACEMENT: &str = "(trimmed)";

/// Replaces the calls that weigh less than a share of the whole, in percent, with all that they
/// called, by one frame `(trimmed)` below each caller. The size counts, not the sign. The share is
/// that of one sample type; a position the profile does not have changes nothing.
pub fn trim(profile: Profile, sample_type: usize, min_percent: f64) -> Trimmed {
    let Some(selection) = Selection::new(&profile, sample_type) else {
        return Trimmed { profile, cut: Cut::default() };
    };
    let tree = Tree::of(&selection);
    let whole = selection.whole() as f64;
    let (kept, cut) = tree.cut(whole * min_percent / 100.0, profile.symbols.stacks().len());
    if cut.is_nothing() {
        return Trimmed { profile, cut };
    }
    let profile = map_stacks(profile, |symbols, stack| match kept[stack.index()] {
        Some(frames) => Some(cut_stack(symbols, stack, frames)),
        None => Some(stack),
    });
    Trimmed { profile, cut }
}

/// The first so many frames of a stack, counted from the root, with the replacement below them.
fn cut_stack(symbols: &mut Symbols, stack: StackId, frames: usize) -> StackId {
    let mut left = frames;
    let mut root_first = Vec::with_capacity(frames + 1);
    for location in symbols.stack(stack).to_vec().into_iter().rev() {
        let lines: Vec<Line> = symbols.location(location).lines.to_vec();
        let size = lines.len().max(1);
        if left < size {
            if left > 0 {
                root_first.push(location_with(symbols, Some(location), &lines[size - left..]));
            }
            break;
        }
        root_first.push(location);
        left -= size;
    }
    root_first.push(named_location(symbols, REPLACEMENT));
    root_first.reverse();
    symbols.intern_stack(&root_first)
}

type FastMap<K, V> = HashMap<K, V, foldhash::fast::RandomState>;

/// What a tree of the stacks weighs; unlike a flame graph it knows where each stack ends.
struct Tree {
    /// The root first, parents before their children.
    nodes: Vec<Node>,
    /// Each stack with the node of its leaf.
    stacks: Vec<(StackId, usize)>,
}

struct Node {
    parent: usize,
    depth: usize,
    cumulative: i64,
    /// How large all that is, signs aside.
    size: i64,
}

impl Tree {
    fn of(selection: &Selection<'_>) -> Self {
        let mut tree =
            Self { nodes: vec![Node { parent: 0, depth: 0, cumulative: 0, size: 0 }], stacks: Vec::new() };
        let mut names = Names::new(&selection.profile().symbols);
        let mut children: FastMap<(usize, u32), usize> = HashMap::default();
        for WeightedStack { stack, value, .. } in selection.weighted_stacks() {
            let mut node = 0;
            for location in names.symbols.stack(stack).iter().rev() {
                for name in names.of(*location).iter().rev() {
                    node = *children.entry((node, *name)).or_insert_with(|| tree.append(node));
                }
            }
            tree.stacks.push((stack, node));
            let sums = &mut tree.nodes[node];
            sums.cumulative = sums.cumulative.saturating_add(value);
            sums.size = sums.size.saturating_add(value.saturating_abs());
        }
        tree.sum_up();
        tree
    }

    fn append(&mut self, parent: usize) -> usize {
        let depth = self.nodes[parent].depth + 1;
        self.nodes.push(Node { parent, depth, cumulative: 0, size: 0 });
        self.nodes.len() - 1
    }

    fn sum_up(&mut self) {
        for at in (1..self.nodes.len()).rev() {
            let Node { parent, cumulative, size, .. } = self.nodes[at];
            let above = &mut self.nodes[parent];
            above.cumulative = above.cumulative.saturating_add(cumulative);
            above.size = above.size.saturating_add(size);
        }
    }

    /// For each stack that is cut how many frames from the root stay, and what is cut.
    fn cut(&self, least: f64, stacks: usize) -> (Vec<Option<usize>>, Cut) {
        let mut cut = Cut::default();
        // Where the nearest kept call is, this one included.
        let mut kept_depth = vec![0; self.nodes.len()];
        for (at, node) in self.nodes.iter().enumerate().skip(1) {
            let is_below_cut = kept_depth[node.parent] < node.depth - 1;
            let is_cut = is_below_cut || (node.size as f64) < least;
            kept_depth[at] = if is_cut { kept_depth[node.parent] } else { node.depth };
            cut.nodes += usize::from(is_cut);
            if is_cut && !is_below_cut {
                cut.value = cut.value.saturating_add(node.cumulative);
            }
        }
        let mut kept = vec![None; stacks];
        for (stack, leaf) in &self.stacks {
            let frames = kept_depth[*leaf];
            kept[stack.index()] = (frames < self.nodes[*leaf].depth).then_some(frames);
        }
        (kept, cut)
    }
}

/// Numbers for the names of frames, worked out once per location.
struct Names<'a> {
    symbols: &'a Symbols,
    numbers: FastMap<FrameName<'a>, u32>,
    /// For each location, innermost line first.
    by_location: Vec<Option<Box<[u32]>>>,
}

impl<'a> Names<'a> {
    fn new(symbols: &'a Symbols) -> Self {
        Self { symbols, numbers: HashMap::default(), by_location: vec![None; symbols.locations().len()] }
    }

    fn of(&mut self, location: LocationId) -> &[u32] {
        let Self { symbols, numbers, by_location } = self;
        by_location[location.index()].get_or_insert_with(|| {
            let frames = symbols.frames_at(location);
            let number = |frame| {
                let next = numbers.len() as u32;
                *numbers.entry(symbols.frame_name(&frame)).or_insert(next)
            };
            frames.map(number).collect()
        })
    }
}
