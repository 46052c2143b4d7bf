use super::NodeId;

/// When the nodes of a graph over time were seen.
#[derive(Debug)]
pub(super) struct Clock {
    pub(super) now: i64,
    /// The root's first.
    seen: Vec<Seen>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    last: Option<i64>,
    /// The time before the last.
    before: Option<i64>,
}

impl Clock {
    pub(super) fn at(now: i64) -> Self {
        Self { now, seen: vec![Seen::default()] }
    }

    /// Notes that a node is seen now.
    pub(super) fn see(&mut self, node: NodeId) {
        if self.seen.len() <= node.index() {
            self.seen.resize(node.index() + 1, Seen::default());
        }
        let seen = &mut self.seen[node.index()];
        if seen.last != Some(self.now) {
            *seen = Seen { last: Some(self.now), before: seen.last };
        }
    }

    /// Whether a call that was seen and lasted until `end` goes on: it was there when its parent, which was seen now
    /// already, was seen before. So the order of stacks of one time does not matter.
    pub(super) fn goes_on(&self, parent: NodeId, node: NodeId, end: i64) -> bool {
        let last = self.seen[node.index()].last;
        let is_latest = parent == NodeId::ROOT || last == self.seen[parent.index()].before;
        last == Some(self.now) || is_latest && self.now <= end
    }
}
