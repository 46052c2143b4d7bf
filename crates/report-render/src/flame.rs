use std::fmt::{self, Write};

use crate::Human;
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
    /// What all shares are of, see [`Selection::whole`](crate::Selection::whole).
    pub whole: i128,
    /// What the values before were multiplied by in a comparison, so that both sides have the same total; nothing
    /// where they are as they were.
    pub scale: Option<f64>,
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

    /// The value of the root: the sum of all values in the tree.
    pub fn total(&self) -> i64 {
        self.graph.node(NodeId::ROOT).cumulative
    }
}

impl Flame<'_> {
    /// The sum of all values as people read it: `1.5 s in all (1500000000 nanoseconds)`, and where that is not what
    /// shares are of, the whole, too: `10 ns of 100 ns in all (10 of 100 nanoseconds)`.
    pub fn sum(&self) -> String {
        sum(self.total().into(), self.whole, &self.value_type.unit)
    }
}

pub(crate) fn sum(total: i128, whole: i128, unit: &str) -> String {
    let (part, all) = (Human::new(total, unit), Human::new(whole, unit));
    if total == whole {
        return format!("{part} in all ({})", part.exact());
    }
    format!("{part} of {all} in all ({total} of {})", all.exact())
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
