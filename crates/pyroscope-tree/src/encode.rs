use crate::grow::Children;
use crate::{CallTree, Levels, Names};

impl<const SIDES: usize> CallTree<SIDES> {
    /// The tree as rows of bars, number for number as Pyroscope writes them. Nodes without a value on
    /// any side, which that form has no place for, are left out with all below them.
    pub fn to_levels(&self) -> Levels {
        let below = Children::of_sorted(&self.nodes);
        let seen = self.seen();
        let names = self.level_names(&below, &seen);
        let mut root = Vec::new();
        for total in self.totals {
            root.extend([0, total, 0]);
        }
        root.push(0);
        let mut levels = vec![root];
        let mut ends: Vec<[i64; SIDES]> = vec![[0; SIDES]];
        // Where the next child of each node begins, and of the root at 0.
        let mut next = vec![[0_i64; SIDES]; self.nodes.len() + 1];
        for (at, node) in self.nodes.iter().enumerate().filter(|(at, _)| seen[*at]) {
            let level = node.depth + 1;
            if levels.len() == level {
                levels.push(Vec::new());
                ends.push([0; SIDES]);
            }
            let parent = node.parent.map_or(0, |parent| parent + 1);
            for side in 0..SIDES {
                let sums = node.sums[side];
                let start = next[parent][side];
                let end = start.saturating_add(sums.cumulative);
                levels[level].extend([start - ends[level][side], sums.cumulative, sums.flat]);
                next[parent][side] = end;
                next[at + 1][side] = start.saturating_add(sums.flat);
                ends[level][side] = end;
            }
            levels[level].push(names.index[node.name.0]);
        }
        Levels { names: names.names, levels }
    }

    /// Which nodes have a value, and so has all above them.
    fn seen(&self) -> Vec<bool> {
        let mut seen = Vec::with_capacity(self.nodes.len());
        for node in &self.nodes {
            let above = node.parent.is_none_or(|parent| seen[parent]);
            seen.push(above && node.sums.iter().any(|sums| sums.cumulative > 0));
        }
        seen
    }

    /// The names in the server's order: `total`, then depth first, the last sibling first.
    fn level_names(&self, below: &Children, seen: &[bool]) -> LevelNames {
        let mut names = Names::default();
        names.id("total");
        let mut index = vec![0; self.names.len()];
        let mut waiting = below.of_node(None).to_vec();
        while let Some(at) = waiting.pop() {
            if seen[at] {
                let name = self.nodes[at].name.0;
                index[name] = i64::try_from(names.id(&self.names[name]).0).unwrap_or(i64::MAX);
                waiting.extend(below.of_node(Some(at)));
            }
        }
        LevelNames { names: names.into_names().into_iter().map(String::from).collect(), index }
    }
}

struct LevelNames {
    names: Vec<String>,
    /// Where each of the tree's names is in `names`.
    index: Vec<i64>,
}
