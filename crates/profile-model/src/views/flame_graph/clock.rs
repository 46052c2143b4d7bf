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
    /// When it began, and all values that were seen since then: how long it lasted.
    end: i64,
}

impl Clock {
    pub(super) fn at(now: i64) -> Self {
        Self { now, seen: vec![Seen::default()] }
    }

    /// Notes that a node is seen now, for so many nanoseconds.
    pub(super) fn see(&mut self, node: NodeId, value: i64) {
        if self.seen.len() <= node.index() {
            self.seen.resize(node.index() + 1, Seen::default());
        }
        let seen = &mut self.seen[node.index()];
        let began = if seen.last.is_none() { self.now } else { seen.end };
        seen.end = began.saturating_add(value);
        if seen.last != Some(self.now) {
            seen.before = seen.last.replace(self.now);
        }
    }

    /// Whether a call that was seen goes on: it lasted until now, and was there when its parent, which was seen now
    /// already, was seen before. So the order of stacks of one time does not matter.
    pub(super) fn goes_on(&self, parent: NodeId, node: NodeId) -> bool {
        let Seen { last, end, .. } = self.seen[node.index()];
        let is_latest = parent == NodeId::ROOT || last == self.seen[parent.index()].before;
        last == Some(self.now) || is_latest && self.now <= end
    }
}
