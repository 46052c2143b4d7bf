use std::ops::Range;

use super::{FlameGraph, NodeId};

/// The nodes of a [`FlameGraph`] level by level, each with its place.
///
/// The root is first, a node comes after its parent, and the children of a node stand together.
#[derive(Clone, Debug)]
pub struct FlameLayout {
    /// The nodes that are shown.
    pub boxes: Vec<FlameBox>,
    /// The sum of the cumulative values of the nodes that were cut off, without what is below them.
    pub trimmed: i64,
}

/// A node's place: it spans `offset..offset + cumulative` on level `depth`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlameBox {
    /// The node.
    pub node: NodeId,
    /// The position of the parent's box; nothing for the root.
    pub parent: Option<usize>,
    /// The positions of the children's boxes.
    pub children: Range<usize>,
    /// Where the box starts, in the unit of the values.
    pub offset: i64,
    /// The node's cumulative value; for the root of a trimmed graph the sum of its kept children.
    pub cumulative: i64,
    /// Levels below the root, which is at 0.
    pub depth: u32,
}

impl FlameGraph {
    /// All nodes, level by level.
    pub fn layout(&self) -> FlameLayout {
        lay_out(self, |_, _| true)
    }

    /// The nodes that are worth showing, by Parca's rule: a node stays if its cumulative value is
    /// larger than this percentage of its parent's, rounded down, all computed in `f32`.
    /// So even with 0 percent, nodes of value 0 or less go; NaN counts as 0.
    pub fn layout_trimmed(&self, percent: f32) -> FlameLayout {
        let share = percent / 100.0;
        let mut layout = lay_out(self, |parent, child| child > (parent as f32 * share) as i64);
        let kept = layout.boxes[0].children.clone();
        let widths = layout.boxes[kept].iter().map(|kept| kept.cumulative);
        layout.boxes[0].cumulative = widths.fold(0, i64::saturating_add);
        layout
    }
}

/// Boxes for the root and all nodes of which `keep` says yes, given the cumulative value of the
/// parent and of the node.
fn lay_out(graph: &FlameGraph, keep: impl Fn(i64, i64) -> bool) -> FlameLayout {
    let root = FlameBox {
        node: NodeId::ROOT,
        parent: None,
        children: 0..0,
        offset: 0,
        cumulative: graph.node(NodeId::ROOT).cumulative,
        depth: 0,
    };
    let mut layout = FlameLayout { boxes: vec![root], trimmed: 0 };
    let mut at = 0;
    while at < layout.boxes.len() {
        layout.add_children(graph, at, &keep);
        at += 1;
    }
    layout
}

impl FlameLayout {
    fn add_children(&mut self, graph: &FlameGraph, parent: usize, keep: impl Fn(i64, i64) -> bool) {
        let start = self.boxes.len();
        let FlameBox { node, mut offset, cumulative: of_parent, depth, .. } = self.boxes[parent];
        for child in graph.children(node) {
            let cumulative = graph.node(child).cumulative;
            if !keep(of_parent, cumulative) {
                self.trimmed = self.trimmed.saturating_add(cumulative);
                continue;
            }
            let (parent, children, depth) = (Some(parent), 0..0, depth + 1);
            self.boxes.push(FlameBox { node: child, parent, children, offset, cumulative, depth });
            offset = offset.saturating_add(cumulative);
        }
        self.boxes[parent].children = start..self.boxes.len();
    }
}
