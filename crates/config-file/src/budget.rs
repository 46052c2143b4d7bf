//! How much a file may ask for.

use crate::{Kind, Node};

/// The longest text that is read, in bytes.
pub const MAX_BYTES: usize = 1 << 20;
/// The most values in a file, those that aliases stand for counted each time.
pub const MAX_NODES: usize = 100_000;
/// How deep lists and mappings may be inside each other.
pub const MAX_DEPTH: usize = 64;
/// The most bytes of text in all values, aliases counted each time: a file of aliases to one long
/// text has few nodes.
const MAX_TEXT_BYTES: usize = 8 << 20;

/// What copies of a node need.
#[derive(Clone, Copy)]
pub(crate) struct Cost {
    pub(crate) nodes: usize,
    pub(crate) bytes: usize,
    pub(crate) depth: usize,
}

/// What is left.
pub(crate) struct Budget {
    nodes: usize,
    bytes: usize,
}

impl Budget {
    pub(crate) fn full() -> Self {
        Self { nodes: MAX_NODES, bytes: MAX_TEXT_BYTES }
    }

    /// Takes it out of what is left, or says what there is too much of.
    pub(crate) fn spend(&mut self, cost: Cost) -> Result<(), String> {
        let too_many =
            || format!("expected at most {MAX_NODES} values, found more (aliases count each time)");
        let too_long = || {
            format!("expected at most {MAX_TEXT_BYTES} bytes of text, found more (aliases count each time)")
        };
        self.nodes = self.nodes.checked_sub(cost.nodes).ok_or_else(too_many)?;
        self.bytes = self.bytes.checked_sub(cost.bytes).ok_or_else(too_long)?;
        Ok(())
    }
}

impl Cost {
    /// Of a text or an empty list or mapping.
    pub(crate) fn of_one(bytes: usize) -> Self {
        Self { nodes: 1, bytes, depth: 0 }
    }

    pub(crate) fn of(node: &Node) -> Self {
        match &node.kind {
            Kind::Null => Self::of_one(0),
            Kind::Scalar { text, .. } => Self::of_one(text.len()),
            Kind::Sequence(items) => items.iter().map(Self::of).fold(Self::collection(), Self::with),
            Kind::Mapping(entries) => {
                let entry =
                    |(key, node): &(crate::Key, Node)| Self::of_one(key.text.len()).with(Self::of(node));
                entries.iter().map(entry).fold(Self::collection(), Self::with)
            }
        }
    }

    fn collection() -> Self {
        Self { depth: 1, ..Self::of_one(0) }
    }

    /// With another node inside or beside.
    fn with(self, other: Self) -> Self {
        Self {
            nodes: self.nodes + other.nodes,
            bytes: self.bytes + other.bytes,
            depth: self.depth.max(other.depth + usize::from(self.depth > 0)),
        }
    }
}
