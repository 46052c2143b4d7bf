use std::collections::HashMap;

use crate::{CallTree, DiffTree, Draft, NameId, Sums, Tree};

impl Tree {
    /// One tree with the values of several; sums saturate.
    pub fn merge<'a>(trees: impl IntoIterator<Item = &'a Self>) -> Self {
        let mut union = Union::<1>::default();
        for tree in trees {
            union.add(tree, 0);
        }
        union.finish()
    }

    /// A tree from stacks, the root first, and their values. Stacks of nothing and values that are not above 0 leave
    /// no trace, as in the server: a bar has no negative width. Sums saturate.
    pub fn from_stacks<'a, S>(stacks: impl IntoIterator<Item = (S, i64)>) -> Self
    where
        S: IntoIterator<Item = &'a str>,
    {
        let mut union = Union::<1>::default();
        for (stack, value) in stacks.into_iter().filter(|(_, value)| *value > 0) {
            let mut node = None;
            for name in stack {
                let name = union.draft.names.id(name);
                node = Some(union.node(node, name));
                union.count(node, 0, Sums { flat: 0, cumulative: value });
            }
            if node.is_some() {
                union.count(node, 0, Sums { flat: value, cumulative: 0 });
                union.totals[0] = union.totals[0].saturating_add(value);
            }
        }
        union.finish()
    }
}

impl DiffTree {
    /// Both trees in one: what is on one side only has zeros on the other.
    pub fn between(baseline: &Tree, compared: &Tree) -> Self {
        let mut union = Union::<2>::default();
        union.add(baseline, 0);
        union.add(compared, 1);
        union.finish()
    }
}

/// A tree that others are added to.
struct Union<const SIDES: usize> {
    draft: Draft<SIDES>,
    known: HashMap<(Option<usize>, NameId), usize>,
    totals: [i64; SIDES],
}

impl<const SIDES: usize> Default for Union<SIDES> {
    fn default() -> Self {
        let draft = Draft { names: crate::Names::default(), nodes: Vec::new() };
        Self { draft, known: HashMap::new(), totals: [0; SIDES] }
    }
}

impl<const SIDES: usize> Union<SIDES> {
    fn add(&mut self, tree: &Tree, side: usize) {
        let mut here = Vec::with_capacity(tree.nodes.len());
        for node in &tree.nodes {
            let name = self.draft.names.id(tree.name(node));
            let at = self.node(node.parent.map(|parent| here[parent]), name);
            self.count(Some(at), side, node.sums[0]);
            here.push(at);
        }
        self.totals[side] = self.totals[side].saturating_add(tree.total());
    }

    fn node(&mut self, parent: Option<usize>, name: NameId) -> usize {
        let draft = &mut self.draft;
        *self
            .known
            .entry((parent, name))
            .or_insert_with(|| draft.push(parent, name, [Sums::default(); SIDES]))
    }

    fn count(&mut self, node: Option<usize>, side: usize, more: Sums) {
        if let Some(at) = node {
            let sums = &mut self.draft.nodes[at].sums[side];
            sums.flat = sums.flat.saturating_add(more.flat);
            sums.cumulative = sums.cumulative.saturating_add(more.cumulative);
        }
    }

    fn finish(self) -> CallTree<SIDES> {
        self.draft.finish(self.totals)
    }
}
