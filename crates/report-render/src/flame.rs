use std::fmt::{self, Write};

use profile_model::{FlameGraph, FlameKind, FlameNode, FrameName, Labels, NodeId, Symbols, ValueType};

/// A tree of stacks with what it takes to show it.
#[derive(Clone, Copy, Debug)]
pub struct Flame<'a> {
    /// The tree.
    pub graph: &'a FlameGraph,
    /// What the ids in the tree stand for.
    pub symbols: &'a Symbols,
    /// What the values count and in which unit.
    pub value_type: &'a ValueType,
    /// Whether the changes of the nodes are meant to be shown.
    pub is_comparison: bool,
}

/// How a node is called in front of people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NodeName<'a> {
    /// All stacks: `root`.
    Root,
    /// All stacks with these labels: `{job="api"}`.
    Group(&'a Labels),
    /// A call; see [`FrameName`].
    Frame(FrameName<'a>),
}

impl<'a> Flame<'a> {
    /// How a node is called.
    pub fn name(&self, node: &FlameNode) -> NodeName<'a> {
        match &node.kind {
            FlameKind::Root => NodeName::Root,
            FlameKind::Group(group) => NodeName::Group(self.graph.group(*group)),
            FlameKind::Frame(frame) => NodeName::Frame(frame.name(self.symbols)),
        }
    }

    /// The value of the root; all shares are of this.
    pub fn total(&self) -> i64 {
        self.graph.node(NodeId::ROOT).cumulative
    }
}

impl<'a> NodeName<'a> {
    /// The name as one piece of text; `buffer` is written to only where there is none yet.
    pub(crate) fn text<'b>(&self, buffer: &'b mut String) -> &'b str
    where
        'a: 'b,
    {
        if let Self::Frame(FrameName::Function(name)) = self {
            return name;
        }
        buffer.clear();
        write!(buffer, "{self}").expect("a string takes all text");
        buffer
    }
}

impl fmt::Display for NodeName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root => f.write_str("root"),
            Self::Group(labels) => write!(f, "{labels}"),
            Self::Frame(name) => write!(f, "{name}"),
        }
    }
}
