use parca_proto::query as wire;

use super::Frame;

/// Functions and the calls between them. Parca leaves out what is small.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Callgraph {
    /// The functions.
    pub nodes: Vec<CallgraphNode>,
    /// The calls.
    pub edges: Vec<CallgraphEdge>,
}

/// A function of a [`Callgraph`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CallgraphNode {
    /// What edges name it by.
    pub id: String,
    /// The function; none for the root.
    pub frame: Option<Frame>,
    /// With everything it calls.
    pub cumulative: i64,
    /// By itself.
    pub flat: i64,
}

/// Calls from one function to another.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CallgraphEdge {
    /// The caller's id.
    pub source: String,
    /// The callee's id.
    pub target: String,
    /// What the calls cost.
    pub cumulative: i64,
    /// Whether functions between the two were left out.
    pub is_collapsed: bool,
}

pub(super) fn callgraph(graph: wire::Callgraph) -> Callgraph {
    let node = |wire::CallgraphNode { id, meta, cumulative, flat }| CallgraphNode {
        id,
        frame: meta.map(|meta| Frame::of(meta.location, meta.mapping, meta.function, meta.line)),
        cumulative,
        flat,
    };
    let edge = |wire::CallgraphEdge { source, target, cumulative, is_collapsed, .. }| CallgraphEdge {
        source,
        target,
        cumulative,
        is_collapsed,
    };
    Callgraph {
        nodes: graph.nodes.into_iter().map(node).collect(),
        edges: graph.edges.into_iter().map(edge).collect(),
    }
}
