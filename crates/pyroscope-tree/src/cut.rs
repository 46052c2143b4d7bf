use crate::grow::Children;
use crate::{CallTree, Draft, OTHER, Sums};

impl<const SIDES: usize> CallTree<SIDES> {
    /// The calls whose cumulative value is among the `most` greatest, on either side; of each call, the others below
    /// it are one leaf called `other`. Where values are equal there may be a few more calls.
    pub fn cut(&self, most: usize) -> Self {
        if self.nodes.len() <= most {
            return self.clone();
        }
        let least = self.least(most);
        let below = Children::of_sorted(&self.nodes);
        let mut draft = Draft::default();
        let mut waiting = vec![(None, None)];
        while let Some((from, to)) = waiting.pop() {
            let mut rest = [0_i64; SIDES];
            for at in below.of_node(from) {
                let node = &self.nodes[*at];
                if greatest(&node.sums) < least || self.name(node) == OTHER {
                    for (rest, sums) in rest.iter_mut().zip(node.sums) {
                        *rest = rest.saturating_add(sums.cumulative);
                    }
                } else {
                    let name = draft.names.id(self.name(node));
                    waiting.push((Some(*at), Some(draft.push(to, name, node.sums))));
                }
            }
            if rest.iter().any(|rest| *rest > 0) {
                let name = draft.names.id(OTHER);
                draft.push(to, name, rest.map(|rest| Sums { flat: rest, cumulative: rest }));
            }
        }
        draft.finish(self.totals)
    }

    /// The least value among the greatest.
    fn least(&self, most: usize) -> i64 {
        let mut values: Vec<i64> = self.nodes.iter().map(|node| greatest(&node.sums)).collect();
        let at = values.len().saturating_sub(most.max(1));
        *values.select_nth_unstable(at).1
    }
}

fn greatest(sums: &[Sums]) -> i64 {
    sums.iter().map(|sums| sums.cumulative).max().unwrap_or(0)
}
