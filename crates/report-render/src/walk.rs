use profile_model::{FlameNode, NodeId};

use crate::{Cut, Flame, Limits};

/// How siblings are ordered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// As the tree has them: by first sight.
    FirstSight,
    /// The largest first, equal ones by name.
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
    /// Where the node starts, in the unit of the values.
    pub(crate) start: i64,
    /// How wide the node is, see [`FlameGraph::widths`](profile_model::FlameGraph::widths).
    pub(crate) width: i64,
}

/// The nodes of a tree that are worth showing, each parent before its children, siblings in order.
///
/// Keeps its own stack: a tree may be deeper than the thread's stack allows.
pub(crate) struct Walk<'a> {
    flame: Flame<'a>,
    order: Order,
    widths: Vec<i64>,
    /// The least size that is shown, in the unit of the values.
    least: f64,
    max_depth: u32,
    pending: Vec<Visit<'a>>,
    siblings: Vec<Visit<'a>>,
    shown: usize,
    cut_value: i64,
}

impl<'a> Walk<'a> {
    /// The nodes that are a large enough share of the whole.
    pub(crate) fn new(flame: Flame<'a>, order: Order, limits: Limits) -> Self {
        // In a comparison widths are those of both sides, and so is what they are a share of.
        let whole = if flame.is_comparison { 0.0 } else { flame.whole as f64 };
        Self::above(flame, order, limits, whole)
    }

    /// The nodes that are a large enough share of what is drawn, which after a filter is less than the whole.
    pub(crate) fn of_drawn(flame: Flame<'a>, order: Order, limits: Limits) -> Self {
        Self::above(flame, order, limits, 0.0)
    }

    fn above(flame: Flame<'a>, order: Order, limits: Limits, whole: f64) -> Self {
        let widths = flame.graph.widths(flame.is_comparison);
        let width = widths[NodeId::ROOT.index()];
        let least = whole.max(width as f64) * limits.min_percent / 100.0;
        let root = Visit { id: NodeId::ROOT, node: flame.graph.node(NodeId::ROOT), start: 0, width };
        Self {
            flame,
            order,
            widths,
            least: if least.is_nan() { 0.0 } else { least },
            max_depth: limits.max_depth,
            pending: vec![root],
            siblings: Vec::new(),
            shown: 0,
            cut_value: 0,
        }
    }

    /// How wide the root is.
    pub(crate) fn width(&self) -> i64 {
        self.widths[NodeId::ROOT.index()]
    }

    /// What was left out; complete once the walk has ended.
    pub(crate) fn cut(&self) -> Cut {
        Cut { nodes: self.flame.graph.nodes().len() - self.shown, value: self.cut_value }
    }

    fn push_children(&mut self, parent: Visit<'a>) {
        let Flame { graph, .. } = self.flame;
        let visit = |id: NodeId| Visit { id, node: graph.node(id), start: 0, width: self.widths[id.index()] };
        self.siblings.extend(graph.children(parent.id).map(visit));
        self.sort_siblings();
        let mut start = parent.start;
        for sibling in &mut self.siblings {
            sibling.start = start;
            start = start.saturating_add(sibling.width);
        }
        while let Some(sibling) = self.siblings.pop() {
            if self.is_kept(sibling) {
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
                let name = |visit: &Visit<'_>| flame.name(visit.node).to_string();
                self.siblings.sort_by(|a, b| {
                    b.width.cmp(&a.width).then_with(|| name(a).cmp(&name(b))).then(a.id.cmp(&b.id))
                });
            }
            Order::Name => self.siblings.sort_by_cached_key(|visit| flame.name(visit.node).to_string()),
        }
    }

    fn is_kept(&self, visit: Visit<'_>) -> bool {
        visit.node.depth <= self.max_depth && visit.width as f64 >= self.least
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
