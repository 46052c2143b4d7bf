use std::cmp::Reverse;

use profile_model::{FlameNode, NodeId};

use crate::{Cut, Flame, Limits};

/// How siblings are ordered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// As the tree has them: by first sight.
    FirstSight,
    /// The largest first, equal ones by first sight.
    #[default]
    Value,
    /// By name, so that a function keeps its place from one profile to the next.
    Name,
}

/// A node on a [`Walk`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct Visit<'a> {
    pub(crate) id: NodeId,
    pub(crate) node: &'a FlameNode,
    /// Where the node starts, in the unit of the values; its width is its cumulative value.
    pub(crate) start: i64,
}

/// The nodes of a tree that are worth showing, each parent before its children, siblings in order.
///
/// Keeps its own stack: a tree may be deeper than the thread's stack allows.
pub(crate) struct Walk<'a> {
    flame: Flame<'a>,
    order: Order,
    /// The least size that is shown, in the unit of the values.
    least: f64,
    max_depth: u32,
    pending: Vec<Visit<'a>>,
    siblings: Vec<Visit<'a>>,
    shown: usize,
    cut_value: i64,
}

impl<'a> Walk<'a> {
    pub(crate) fn new(flame: Flame<'a>, order: Order, limits: Limits) -> Self {
        let least = (flame.total() as f64).abs() * limits.min_percent / 100.0;
        let root = Visit { id: NodeId::ROOT, node: flame.graph.node(NodeId::ROOT), start: 0 };
        Self {
            flame,
            order,
            least: if least.is_nan() { 0.0 } else { least },
            max_depth: limits.max_depth,
            pending: vec![root],
            siblings: Vec::new(),
            shown: 0,
            cut_value: 0,
        }
    }

    /// What was left out; complete once the walk has ended.
    pub(crate) fn cut(&self) -> Cut {
        Cut { nodes: self.flame.graph.nodes().len() - self.shown, value: self.cut_value }
    }

    fn push_children(&mut self, parent: Visit<'a>) {
        let Flame { graph, .. } = self.flame;
        let visit = |id| Visit { id, node: graph.node(id), start: 0 };
        self.siblings.extend(graph.children(parent.id).map(visit));
        self.sort_siblings();
        let mut start = parent.start;
        for sibling in &mut self.siblings {
            sibling.start = start;
            start = start.saturating_add(sibling.node.cumulative.max(0));
        }
        while let Some(sibling) = self.siblings.pop() {
            if self.is_kept(sibling.node) {
                self.pending.push(sibling);
            } else {
                self.cut_value = self.cut_value.saturating_add(sibling.node.cumulative);
            }
        }
    }

    fn sort_siblings(&mut self) {
        let flame = self.flame;
        match self.order {
            _ if self.siblings.len() < 2 => {}
            Order::FirstSight => {}
            Order::Value => {
                self.siblings.sort_unstable_by_key(|visit| (Reverse(visit.node.cumulative), visit.id));
            }
            Order::Name => self.siblings.sort_by_cached_key(|visit| flame.name(visit.node).to_string()),
        }
    }

    fn is_kept(&self, node: &FlameNode) -> bool {
        // What a comparison shrank to nothing is worth seeing, too.
        let change = if self.flame.is_comparison { node.diff } else { 0 };
        let size = (node.cumulative as f64).abs().max((change as f64).abs());
        node.depth <= self.max_depth && size >= self.least
    }
}

impl<'a> Iterator for Walk<'a> {
    type Item = Visit<'a>;

    fn next(&mut self) -> Option<Visit<'a>> {
        let visit = self.pending.pop()?;
        self.shown += 1;
        self.push_children(visit);
        Some(visit)
    }
}
