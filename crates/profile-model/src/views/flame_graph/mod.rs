mod build;
mod calls;
mod clock;
mod grow;
mod layout;
mod profile;

pub use layout::{FlameBox, FlameLayout};

use crate::{FrameName, Labels, StackId, StringId, Symbols};

/// Stacks as one tree: calls that have the same callers are one node.
///
/// The tree is made with [`FlameGraph::of`], or grown node by node, and read through a [`layout`](FlameGraph::layout), or
/// node by node. Strings are ids of the symbols it was made from.
#[derive(Clone, Debug)]
pub struct FlameGraph {
    /// The root first; every other node comes after its parent.
    nodes: Vec<FlameNode>,
    groups: Vec<Labels>,
    /// When each node begins, in a graph over time.
    times: Vec<i64>,
}

/// A node of a [`FlameGraph`] by its position; the root is [`NodeId::ROOT`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(u32);

impl NodeId {
    /// The root of every tree.
    pub const ROOT: Self = Self(0);

    /// The node at this position.
    pub const fn new(position: u32) -> Self {
        Self(position)
    }

    /// The position as an index.
    pub const fn index(self) -> usize {
        self.0 as usize
    }

    fn at(index: usize) -> Self {
        Self(u32::try_from(index).expect("a flame graph has fewer than 2^32 nodes"))
    }
}

/// A node: a call, or what is above all calls.
#[derive(Clone, Debug)]
pub struct FlameNode {
    /// What the node stands for.
    pub kind: FlameKind,
    /// The node above; nothing for the root.
    pub parent: Option<NodeId>,
    /// Levels below the root, which is at 0.
    pub depth: u32,
    /// The sum of values of all stacks through the node.
    pub cumulative: i64,
    /// The sum of values of the stacks that end here.
    pub flat: i64,
    /// The sum of what a comparison changed in the stacks through the node.
    pub diff: i64,
    first_child: Option<NodeId>,
    last_child: Option<NodeId>,
    next_sibling: Option<NodeId>,
}

/// The numbers of a node that is added to a tree; see [`FlameNode`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FlameSums {
    /// The sum of values of all stacks through the node.
    pub cumulative: i64,
    /// The sum of values of the stacks that end here.
    pub flat: i64,
    /// The sum of what a comparison changed in the stacks through the node.
    pub diff: i64,
}

/// What a node stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FlameKind {
    /// All stacks.
    Root,
    /// All stacks with these labels; only where they were asked for. See [`FlameGraph::group`].
    Group(usize),
    /// A call.
    Frame(FlameFrame),
}

/// What is known about the calls of a node. Where calls with different properties were put into one
/// node, the property is `None`, as it also is where it never was known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlameFrame {
    /// Whether the functions of the calls have a name, so that not the address tells them apart.
    pub symbolized: bool,
    /// The address.
    pub address: Option<u64>,
    /// The line in the file.
    pub line: Option<i64>,
    /// Whether the call was inlined into the one above it in its stack.
    pub inlined: Option<bool>,
    /// The path of the binary.
    pub mapping_file: Option<StringId>,
    /// The build id of the binary.
    pub mapping_build_id: Option<StringId>,
    /// The function's name; may be the empty string.
    pub function_name: Option<StringId>,
    /// The name the linker knows the function by.
    pub function_system_name: Option<StringId>,
    /// The source file.
    pub function_file: Option<StringId>,
    /// The line the function starts at.
    pub function_start_line: Option<i64>,
}

/// A stack on its way into a [`FlameGraph`].
#[derive(Clone, Copy, Debug)]
pub struct FlameSample<'a> {
    /// The labels to group by; where there are some, a node for them stands between root and stack.
    pub group: Option<&'a Labels>,
    /// The stack. One without frames leaves no trace in the tree unless that is asked for.
    pub stack: StackId,
    /// What it weighs.
    pub value: i64,
    /// How much of that is new in a comparison; 0 outside one.
    pub diff: i64,
}

/// How a [`FlameGraph`] is built.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct FlameOptions {
    /// Puts the leaves of stacks next to the root: who is called by whom, not who calls whom.
    pub invert: bool,
    /// Keeps calls apart that are in different binaries. Without it even bare addresses of
    /// different binaries come together, as they do in Parca.
    pub by_mapping_file: bool,
    /// Keeps calls at different addresses apart.
    pub by_address: bool,
    /// Keeps functions in different source files apart.
    pub by_function_file: bool,
    /// Puts stacks without frames into a node of which nothing is known, right below the root. Without it they leave
    /// no trace in the tree, as in Parca.
    pub with_frameless: bool,
}

impl FlameGraph {
    /// The tree of these stacks.
    ///
    /// Below one parent, calls come together whose function has the same name (else the same name
    /// for the linker), or that have the same address where there is no function; options keep more
    /// apart. Siblings are in order of first sight. Sums saturate.
    pub fn of<'s>(
        symbols: &Symbols,
        samples: impl IntoIterator<Item = FlameSample<'s>>,
        options: FlameOptions,
    ) -> Self {
        let mut builder = build::Builder::new(symbols, options);
        for sample in samples {
            builder.add(sample);
        }
        builder.finish()
    }

    /// The tree of stacks over time, given with nanoseconds since 1970 and in their order: a call that follows itself
    /// without a pause is one node, and calls that do not are siblings. Values count as nanoseconds: what was seen at a
    /// time lasted so long. Calls of equal times come together.
    ///
    /// At the root, calls of stacks between do not make a pause, as in Parca, whose flame charts this is.
    pub fn over_time<'s>(
        symbols: &Symbols,
        samples: impl IntoIterator<Item = (i64, FlameSample<'s>)>,
        options: FlameOptions,
    ) -> Self {
        let mut builder = build::Builder::new(symbols, options);
        for (time_nanos, sample) in samples {
            builder.add_at(time_nanos, sample);
        }
        builder.finish()
    }

    /// When the calls of a node began, in nanoseconds since 1970, in a graph [over time](Self::over_time); else 0.
    pub fn time_nanos(&self, id: NodeId) -> i64 {
        self.times.get(id.index()).copied().unwrap_or(0)
    }

    /// All nodes, every one after its parent; a [`NodeId`] is a position in it.
    pub fn nodes(&self) -> &[FlameNode] {
        &self.nodes
    }

    /// A node by its id.
    pub fn node(&self, id: NodeId) -> &FlameNode {
        &self.nodes[id.index()]
    }

    /// The nodes right below one, in order of first sight.
    pub fn children(&self, id: NodeId) -> impl Iterator<Item = NodeId> + '_ {
        std::iter::successors(self.node(id).first_child, |child| self.node(*child).next_sibling)
    }

    /// How wide each node is drawn, by the position of the node: the sum of the sizes of what ends in it and
    /// below it, signs aside, so that children fit below their parent also where values are below 0. Where all
    /// values are positive it is the cumulative value. In a comparison both sides count, what was before and
    /// what is now, so that what is gone has a place. Saturating.
    pub fn widths(&self, is_comparison: bool) -> Vec<i64> {
        // What of a node is in no child: what ends there, and what was cut off below it.
        let mut own: Vec<[i64; 2]> = self
            .nodes
            .iter()
            .map(|node| [node.cumulative, if is_comparison { node.diff } else { 0 }])
            .collect();
        for node in &self.nodes {
            if let Some(parent) = node.parent {
                let [value, diff] = &mut own[parent.index()];
                *value = value.saturating_sub(node.cumulative);
                *diff = diff.saturating_sub(if is_comparison { node.diff } else { 0 });
            }
        }
        let size = |[value, diff]: [i64; 2]| {
            let before = if is_comparison { value.saturating_sub(diff) } else { 0 };
            value.saturating_abs().saturating_add(before.saturating_abs())
        };
        let mut widths: Vec<i64> = own.into_iter().map(size).collect();
        for (at, node) in self.nodes.iter().enumerate().rev() {
            if let Some(parent) = node.parent {
                widths[parent.index()] = widths[parent.index()].saturating_add(widths[at]);
            }
        }
        widths
    }

    /// The labels of a group.
    pub fn group(&self, group: usize) -> &Labels {
        &self.groups[group]
    }

    /// The labels of all groups, in order of first sight.
    pub fn groups(&self) -> &[Labels] {
        &self.groups
    }

    /// Whether there is nothing but the root.
    pub fn is_empty(&self) -> bool {
        self.nodes.len() == 1
    }

    /// How many levels there are, that of the root included.
    pub fn height(&self) -> u32 {
        self.nodes.iter().map(|node| node.depth + 1).max().unwrap_or(1)
    }
}

impl FlameFrame {
    /// How the calls are called; see [`FrameName`].
    pub fn name<'a>(&self, symbols: &'a Symbols) -> FrameName<'a> {
        let names = [self.function_name, self.function_system_name];
        let file = self.mapping_file.map(|file| symbols.string(file));
        FrameName::from_parts(names.map(|name| name.map(|name| symbols.string(name))), file, self.address)
    }
}

#[cfg(test)]
mod tests;
