use std::collections::HashMap;

use crate::{CallNode, CallTree, NameId, OTHER, Sums};

/// Names with ids by first sight. The hasher is the safe one: the names are strangers'.
#[derive(Default)]
pub(crate) struct Names {
    ids: HashMap<Box<str>, usize>,
    names: Vec<Box<str>>,
}

impl Names {
    pub(crate) fn id(&mut self, name: &str) -> NameId {
        if let Some(id) = self.ids.get(name) {
            return NameId(*id);
        }
        let id = self.names.len();
        self.ids.insert(name.into(), id);
        self.names.push(name.into());
        NameId(id)
    }

    pub(crate) fn into_names(self) -> Vec<Box<str>> {
        self.names
    }
}

/// A tree on its way: nodes after their parents, in any order besides.
#[derive(Default)]
pub(crate) struct Draft<const SIDES: usize> {
    pub(crate) names: Names,
    pub(crate) nodes: Vec<CallNode<SIDES>>,
}

impl<const SIDES: usize> Draft<SIDES> {
    /// Adds a node and gives back its position. Depths are counted at the end.
    pub(crate) fn push(&mut self, parent: Option<usize>, name: NameId, sums: [Sums; SIDES]) -> usize {
        self.nodes.push(CallNode { name, parent, depth: 0, sums });
        self.nodes.len() - 1
    }

    /// The tree with its nodes and names in order.
    pub(crate) fn finish(self, totals: [i64; SIDES]) -> CallTree<SIDES> {
        let Self { names: Names { names, .. }, nodes } = self;
        let below = Children::of(&nodes, &ranks(&names));
        let mut sorted = Draft::default();
        let mut waiting: Vec<(usize, Option<usize>)> = Vec::new();
        let wait = |waiting: &mut Vec<_>, of: Option<usize>, parent| {
            waiting.extend(below.of_node(of).iter().rev().map(|child| (*child, parent)));
        };
        wait(&mut waiting, None, None);
        while let Some((at, parent)) = waiting.pop() {
            let node = &nodes[at];
            let name = sorted.names.id(&names[node.name.0]);
            let position = sorted.push(parent, name, node.sums);
            sorted.nodes[position].depth = parent.map_or(0, |parent| sorted.nodes[parent].depth + 1);
            wait(&mut waiting, Some(at), Some(position));
        }
        CallTree { names: sorted.names.into_names(), nodes: sorted.nodes, totals }
    }
}

/// The place of each name among siblings.
fn ranks(names: &[Box<str>]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..names.len()).collect();
    order.sort_unstable_by_key(|at| (&*names[*at] == OTHER, &names[*at]));
    let mut ranks = vec![0; names.len()];
    for (rank, at) in order.into_iter().enumerate() {
        ranks[at] = rank;
    }
    ranks
}

/// The children of every node, in order.
pub(super) struct Children {
    /// Where those of each node start in `order`; the first entry is for those without a parent.
    starts: Vec<usize>,
    order: Vec<usize>,
}

impl Children {
    fn of<const SIDES: usize>(nodes: &[CallNode<SIDES>], ranks: &[usize]) -> Self {
        let mut order: Vec<usize> = (0..nodes.len()).collect();
        order.sort_by_key(|at| (slot(nodes[*at].parent), ranks[nodes[*at].name.0]));
        Self { starts: starts(nodes), order }
    }

    /// Of nodes that are in order already.
    pub(super) fn of_sorted<const SIDES: usize>(nodes: &[CallNode<SIDES>]) -> Self {
        let mut order: Vec<usize> = (0..nodes.len()).collect();
        order.sort_by_key(|at| slot(nodes[*at].parent));
        Self { starts: starts(nodes), order }
    }

    pub(super) fn of_node(&self, node: Option<usize>) -> &[usize] {
        let slot = slot(node);
        &self.order[self.starts[slot]..self.starts[slot + 1]]
    }
}

fn slot(parent: Option<usize>) -> usize {
    parent.map_or(0, |parent| parent + 1)
}

fn starts<const SIDES: usize>(nodes: &[CallNode<SIDES>]) -> Vec<usize> {
    let mut starts = vec![0; nodes.len() + 2];
    for node in nodes {
        starts[slot(node.parent) + 1] += 1;
    }
    for at in 1..starts.len() {
        starts[at] += starts[at - 1];
    }
    starts
}
