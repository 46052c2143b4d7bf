//! Trees of calls as Pyroscope sends them, and their three encodings: levels of a flame graph, levels of a
//! comparison, a stream of nodes. Functions over values; they take anybody's bytes.
//!
//! ```
//! use pyroscope_tree::{CallTree, Levels};
//!
//! let names = ["total", "main", "b", "c", "a"].map(String::from).to_vec();
//! let levels = vec![vec![0, 11, 0, 0], vec![0, 11, 1, 1], vec![1, 3, 3, 4, 0, 7, 5, 2], vec![9, 2, 2, 3]];
//! let tree: CallTree<1> = Levels { names, levels }.decode()?;
//! let rows: Vec<_> = tree.nodes().iter().map(|node| (node.depth, tree.name(node), node.sums[0].flat)).collect();
//! assert_eq!(rows, [(0, "main", 1), (1, "a", 3), (1, "b", 5), (2, "c", 2)]);
//! # Ok::<(), pyroscope_tree::TreeError>(())
//! ```
//!
//! What it does not know: any server, any client, files and lines of functions.

mod convert;
mod cut;
mod encode;
mod error;
mod grow;
mod levels;
mod stream;
mod union;

pub use error::TreeError;
pub(crate) use grow::{Draft, Names};
pub use levels::Levels;

/// What Pyroscope calls the rest that it cut off.
pub(crate) const OTHER: &str = "other";

/// Calls by their callers: one tree for [`SIDES`](Tree) sets of values.
///
/// Nodes stand in the order of a walk from the roots, each after its parent; siblings are sorted by
/// the bytes of their names, `other` last. So equal trees are equal values, whatever form they came in.
/// Only names tell functions apart: there are no files and lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallTree<const SIDES: usize> {
    names: Vec<Box<str>>,
    nodes: Vec<CallNode<SIDES>>,
    totals: [i64; SIDES],
}

/// The tree of one selection.
pub type Tree = CallTree<1>;

/// The tree of a comparison: the baseline is on side 0, what is compared with it on side 1.
pub type DiffTree = CallTree<2>;

/// A call of a [`CallTree`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallNode<const SIDES: usize> {
    /// The function; see [`CallTree::name`].
    pub name: NameId,
    /// The caller's position in [`CallTree::nodes`]; nothing for a root.
    pub parent: Option<usize>,
    /// How many callers there are above.
    pub depth: usize,
    /// The values of each side.
    pub sums: [Sums; SIDES],
}

/// A name in a [`CallTree`]: equal names have equal ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NameId(pub(crate) usize);

/// The values of a call, in the unit of the profile type.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sums {
    /// Of stacks that end here.
    pub flat: i64,
    /// Of all stacks through here.
    pub cumulative: i64,
}

impl<const SIDES: usize> CallTree<SIDES> {
    /// All calls, each after its caller.
    pub fn nodes(&self) -> &[CallNode<SIDES>] {
        &self.nodes
    }

    /// The function of a node.
    pub fn name(&self, node: &CallNode<SIDES>) -> &str {
        &self.names[node.name.0]
    }

    /// The sums of all stacks, side by side.
    pub fn totals(&self) -> [i64; SIDES] {
        self.totals
    }

    /// Whether there is nothing: no data, which is no error for Pyroscope.
    pub fn is_empty(&self) -> bool {
        self.totals.iter().all(|total| *total == 0)
    }

    /// What the server cut off to keep to the number of nodes, side by side: the values of leaves
    /// called `other`. They may hide functions with large values, and a function that is really
    /// called so counts among them.
    pub fn truncated_sides(&self) -> [i64; SIDES] {
        let mut sums = [0_i64; SIDES];
        for (at, node) in self.nodes.iter().enumerate().filter(|(_, node)| self.name(node) == OTHER) {
            let is_leaf = self.nodes.get(at + 1).is_none_or(|next| next.depth <= node.depth);
            for (sum, side) in sums.iter_mut().zip(node.sums).filter(|_| is_leaf) {
                *sum = sum.saturating_add(side.flat);
            }
        }
        sums
    }
}

impl Tree {
    /// The sum of all stacks.
    pub fn total(&self) -> i64 {
        self.totals[0]
    }

    /// What the server cut off: see [`truncated_sides`](Self::truncated_sides).
    pub fn truncated(&self) -> i64 {
        self.truncated_sides()[0]
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
