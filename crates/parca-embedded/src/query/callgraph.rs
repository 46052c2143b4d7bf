//! Functions and the calls between them. Small functions that only pass calls on are bridged, as in the real server.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use parca_proto::query::{Callgraph, CallgraphEdge, CallgraphNode, CallgraphNodeMeta};
use profile_model::{FlameFrame, FlameGraph, FlameKind, NodeId, Symbols};

use super::frames::{Described, described};

/// The share of all below which a function is bridged.
const SMALL: f64 = 0.005;

/// The graph of a flame graph's calls. A function or call that is several times in a stack counts once.
pub(super) fn callgraph(graph: &FlameGraph, symbols: &Symbols) -> Callgraph {
    let mut calls = Calls::new(graph, symbols);
    calls.add_all();
    calls.bridge();
    calls.answer()
}

struct Calls<'a> {
    graph: &'a FlameGraph,
    symbols: &'a Symbols,
    /// By its name; the root has none.
    numbers: BTreeMap<Option<String>, usize>,
    nodes: Vec<Node>,
    edges: BTreeMap<(usize, usize), Edge>,
    total: i64,
}

struct Node {
    frame: Option<FlameFrame>,
    cumulative: i64,
    flat: i64,
    is_bridged: bool,
}

#[derive(Clone, Copy, Default)]
struct Edge {
    cumulative: i64,
    is_collapsed: bool,
}

impl<'a> Calls<'a> {
    fn new(graph: &'a FlameGraph, symbols: &'a Symbols) -> Self {
        let total = graph.node(NodeId::ROOT).cumulative;
        let root = Node { frame: None, cumulative: total, flat: 0, is_bridged: false };
        let numbers = BTreeMap::from([(None, 0)]);
        Self { graph, symbols, numbers, nodes: vec![root], edges: BTreeMap::new(), total }
    }

    /// Each node of the tree, with what it adds that its callers do not have already.
    fn add_all(&mut self) {
        let mut path: Vec<usize> = Vec::new();
        let mut open: Vec<(NodeId, usize)> = vec![(NodeId::ROOT, 0)];
        while let Some((id, depth)) = open.pop() {
            path.truncate(depth);
            let number = self.number(id);
            self.add(id, number, &path);
            path.push(number);
            open.extend(self.graph.children(id).map(|child| (child, depth + 1)));
        }
    }

    fn add(&mut self, id: NodeId, number: usize, path: &[usize]) {
        let node = self.graph.node(id);
        let Some(caller) = path.last() else { return };
        if !path.contains(&number) {
            let sum = &mut self.nodes[number].cumulative;
            *sum = sum.saturating_add(node.cumulative);
        }
        let flat = &mut self.nodes[number].flat;
        *flat = flat.saturating_add(node.flat);
        let is_known = path.windows(2).any(|pair| pair == [*caller, number]);
        if !is_known {
            let edge = self.edges.entry((*caller, number)).or_default();
            edge.cumulative = edge.cumulative.saturating_add(node.cumulative);
        }
    }

    fn number(&mut self, id: NodeId) -> usize {
        let FlameKind::Frame(frame) = &self.graph.node(id).kind else { return 0 };
        let name = Some(frame.name(self.symbols).to_string());
        let next = self.nodes.len();
        let number = *self.numbers.entry(name).or_insert(next);
        if number == next {
            let frame = Some(frame.clone());
            self.nodes.push(Node { frame, cumulative: 0, flat: 0, is_bridged: false });
        }
        number
    }

    /// A small function with one caller and somebody to call goes; its caller calls for it.
    #[expect(clippy::cast_precision_loss, reason = "a share")]
    fn bridge(&mut self) {
        let least = self.total as f64 * SMALL;
        let (mut callers, mut callees): (Vec<BTreeSet<usize>>, Vec<BTreeSet<usize>>) =
            (vec![BTreeSet::new(); self.nodes.len()], vec![BTreeSet::new(); self.nodes.len()]);
        for (from, to) in self.edges.keys() {
            callers[*to].insert(*from);
            callees[*from].insert(*to);
        }
        for number in 1..self.nodes.len() {
            let is_small = (self.nodes[number].cumulative as f64) < least;
            let only = callers[number].first().copied().filter(|_| callers[number].len() == 1);
            let Some(caller) =
                only.filter(|caller| is_small && *caller != number && !callees[number].is_empty())
            else {
                continue;
            };
            self.nodes[number].is_bridged = true;
            self.edges.remove(&(caller, number));
            callees[caller].remove(&number);
            for callee in std::mem::take(&mut callees[number]) {
                let Some(edge) = self.edges.remove(&(number, callee)) else { continue };
                callers[callee].remove(&number);
                if callee == number {
                    continue;
                }
                let bridged = self.edges.entry((caller, callee)).or_default();
                bridged.cumulative = bridged.cumulative.saturating_add(edge.cumulative);
                bridged.is_collapsed = true;
                callers[callee].insert(caller);
                callees[caller].insert(callee);
            }
        }
    }

    fn answer(self) -> Callgraph {
        let kept = self.nodes.iter().enumerate().filter(|(_, node)| !node.is_bridged);
        let nodes: Vec<CallgraphNode> =
            kept.map(|(number, node)| wire_node(node, number, self.symbols)).collect();
        let ids: HashSet<&str> = nodes.iter().map(|node| node.id.as_str()).collect();
        let edge = |((from, to), edge): ((usize, usize), Edge)| CallgraphEdge {
            id: format!("{from}-{to}"),
            source: from.to_string(),
            target: to.to_string(),
            cumulative: edge.cumulative,
            is_collapsed: edge.is_collapsed,
        };
        let edges = self.edges.into_iter().map(edge);
        let edges = edges
            .filter(|edge| ids.contains(edge.source.as_str()) && ids.contains(edge.target.as_str()))
            .collect();
        with_total(nodes, edges, self.total)
    }
}

fn wire_node(node: &Node, number: usize, symbols: &Symbols) -> CallgraphNode {
    let meta = node.frame.as_ref().map(|frame| {
        let Described { location, mapping, function, line } = described(frame, symbols, number);
        CallgraphNodeMeta { location: Some(location), mapping, function, line }
    });
    CallgraphNode { id: number.to_string(), meta, cumulative: node.cumulative, flat: node.flat }
}

#[expect(deprecated, reason = "the field is still on the wire")]
fn with_total(nodes: Vec<CallgraphNode>, edges: Vec<CallgraphEdge>, cumulative: i64) -> Callgraph {
    Callgraph { nodes, edges, cumulative }
}
