use super::{FlameFrame, FlameGraph, FlameKind, FlameNode, FlameSums, NodeId};
use crate::Labels;

impl FlameGraph {
    /// A tree of nothing but a root, to be grown with [`append`](Self::append): for readers of
    /// trees that others have built.
    pub fn new(root: FlameSums) -> Self {
        let nodes = vec![FlameNode::new(FlameKind::Root, None, 0, root)];
        Self { nodes, groups: Vec::new(), times: Vec::new() }
    }

    /// Adds a node as the last child of another. Ids count up from the root's.
    ///
    /// The sums are taken as they are; nothing is added to those of the nodes above. Nothing
    /// happens, and there is no id, if the parent or the group is not in the tree, or if the node
    /// would be a second root.
    pub fn append(&mut self, parent: NodeId, kind: FlameKind, sums: FlameSums) -> Option<NodeId> {
        let fits = match kind {
            FlameKind::Root => false,
            FlameKind::Group(group) => group < self.groups.len(),
            FlameKind::Frame(_) => true,
        };
        (fits && parent.index() < self.nodes.len()).then(|| self.link(parent, kind, sums))
    }

    /// Adds values of stacks without frames: as a node of which nothing is known, right below the root, and to the
    /// root's sum. Nothing is added for 0.
    pub fn add_frameless(&mut self, value: i64) {
        if value == 0 {
            return;
        }
        let root = &mut self.nodes[0];
        root.cumulative = root.cumulative.saturating_add(value);
        let sums = FlameSums { cumulative: value, flat: value, diff: 0 };
        self.link(NodeId::ROOT, FlameKind::Frame(FlameFrame::UNKNOWN), sums);
    }

    /// Adds the labels of a group; the number is what [`FlameKind::Group`] holds.
    pub fn add_group(&mut self, labels: Labels) -> usize {
        self.groups.push(labels);
        self.groups.len() - 1
    }

    /// [`append`](Self::append) for what is known to fit.
    pub(super) fn link(&mut self, parent: NodeId, kind: FlameKind, sums: FlameSums) -> NodeId {
        let id = NodeId::at(self.nodes.len());
        let above = &mut self.nodes[parent.index()];
        let depth = above.depth + 1;
        let elder = above.last_child.replace(id);
        above.first_child.get_or_insert(id);
        if let Some(elder) = elder {
            self.nodes[elder.index()].next_sibling = Some(id);
        }
        self.nodes.push(FlameNode::new(kind, Some(parent), depth, sums));
        id
    }
}

impl FlameNode {
    fn new(kind: FlameKind, parent: Option<NodeId>, depth: u32, sums: FlameSums) -> Self {
        let FlameSums { cumulative, flat, diff } = sums;
        let (first_child, last_child, next_sibling) = (None, None, None);
        Self { kind, parent, depth, cumulative, flat, diff, first_child, last_child, next_sibling }
    }
}
