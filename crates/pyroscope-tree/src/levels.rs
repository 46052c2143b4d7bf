use std::array;

use parca_proto::pyroscope::querier as wire;

use crate::{CallTree, Draft, NameId, Sums, TreeError};

/// A flame graph as Pyroscope's `FlameGraph` and `FlameGraphDiff` have it: rows of bars, the row of
/// the one root first.
///
/// A bar is, for each side, its distance from the bar before it in the row, its cumulative and its
/// flat value; then the index of its name. So a bar has 4 numbers with one side and 7 with two. A
/// bar's children begin where its flat value ends.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Levels {
    /// The functions.
    pub names: Vec<String>,
    /// The numbers of each row.
    pub levels: Vec<Vec<i64>>,
}

impl Levels {
    /// The tree. No levels at all are an empty one.
    ///
    /// Sums are taken as they are, so a bar may be wider than its flat value and its children
    /// together. Bars without width are found below the last bar that touches them.
    ///
    /// # Errors
    /// For a row that is no list of bars, and for a bar with a wrong name or place.
    pub fn decode<const SIDES: usize>(&self) -> Result<CallTree<SIDES>, TreeError> {
        let mut draft = Draft::default();
        let names: Vec<NameId> = self.names.iter().map(|name| draft.names.id(name)).collect();
        let mut totals = [0; SIDES];
        let mut above: Row<SIDES> = Row::default();
        for (level, numbers) in self.levels.iter().enumerate() {
            let mut row = Row::default();
            let mut ends = [0; SIDES];
            for (bar, numbers) in bars::<SIDES>(level, numbers)?.enumerate() {
                let place = Place { level, bar };
                let placed = Bar::<SIDES>::read(place, numbers, &mut ends)?;
                let name = place.name(&names, numbers[3 * SIDES])?;
                let node = if level == 0 {
                    totals = placed.sums.map(|sums| sums.cumulative);
                    None
                } else {
                    let parent = above.parent(&placed).ok_or(TreeError::Parent { level, bar })?;
                    Some(draft.push(parent, name, placed.sums))
                };
                row.push(node, placed);
            }
            above = row;
        }
        Ok(draft.finish(totals))
    }

    /// The levels of an answer.
    pub fn of_single(graph: wire::FlameGraph) -> Self {
        Self { names: graph.names, levels: numbers(graph.levels) }
    }

    /// The levels of an answer that compares.
    pub fn of_diff(graph: wire::FlameGraphDiff) -> Self {
        Self { names: graph.names, levels: numbers(graph.levels) }
    }
}

fn numbers(levels: Vec<wire::Level>) -> Vec<Vec<i64>> {
    levels.into_iter().map(|level| level.values).collect()
}

fn bars<const SIDES: usize>(
    level: usize,
    numbers: &[i64],
) -> Result<std::slice::ChunksExact<'_, i64>, TreeError> {
    let width = 3 * SIDES + 1;
    let found = numbers.len();
    if !found.is_multiple_of(width) {
        return Err(TreeError::Width { level, width, found });
    }
    if level == 0 && found != width {
        return Err(TreeError::Root { found: found / width });
    }
    Ok(numbers.chunks_exact(width))
}

#[derive(Clone, Copy)]
struct Place {
    level: usize,
    bar: usize,
}

impl Place {
    fn positive(self, found: i64) -> Result<i64, TreeError> {
        let Self { level, bar } = self;
        if found < 0 { Err(TreeError::Negative { level, bar, found }) } else { Ok(found) }
    }

    fn name(self, names: &[NameId], found: i64) -> Result<NameId, TreeError> {
        let Self { level, bar } = self;
        let name = usize::try_from(found).ok().and_then(|index| names.get(index));
        name.copied().ok_or(TreeError::Name { level, bar, names: names.len(), found })
    }

    fn sum(self, a: i64, b: i64) -> Result<i64, TreeError> {
        a.checked_add(b).ok_or(TreeError::Overflow { level: self.level, bar: self.bar })
    }
}

/// A bar in its place, on each side from `starts` to `ends`.
struct Bar<const SIDES: usize> {
    starts: [i64; SIDES],
    ends: [i64; SIDES],
    sums: [Sums; SIDES],
}

impl<const SIDES: usize> Bar<SIDES> {
    /// Reads a bar; `ends` is where the one before it ends, and then where this one does.
    fn read(place: Place, numbers: &[i64], ends: &mut [i64; SIDES]) -> Result<Self, TreeError> {
        let mut bar = Self { starts: [0; SIDES], ends: [0; SIDES], sums: [Sums::default(); SIDES] };
        for (side, numbers) in numbers.chunks_exact(3).take(SIDES).enumerate() {
            let distance = place.positive(numbers[0])?;
            let sums = Sums { cumulative: place.positive(numbers[1])?, flat: place.positive(numbers[2])? };
            bar.starts[side] = place.sum(ends[side], distance)?;
            bar.ends[side] = place.sum(bar.starts[side], sums.cumulative)?;
            bar.sums[side] = sums;
            ends[side] = bar.ends[side];
        }
        Ok(bar)
    }

    fn is_wide(&self, side: usize) -> bool {
        self.starts[side] < self.ends[side]
    }

    /// Whether another bar lies within this one, on each side on which it is seen.
    fn holds(&self, other: &Self) -> bool {
        (0..SIDES).all(|side| {
            !other.is_wide(side)
                || (self.starts[side] <= other.starts[side] && other.ends[side] <= self.ends[side])
        })
    }
}

/// The bars of a level from left to right.
struct Row<const SIDES: usize> {
    bars: Vec<(Option<usize>, Bar<SIDES>)>,
    /// The bars that are seen on a side: bars without width lie on borders that others share.
    wide: [Vec<usize>; SIDES],
}

impl<const SIDES: usize> Default for Row<SIDES> {
    fn default() -> Self {
        Self { bars: Vec::new(), wide: array::from_fn(|_| Vec::new()) }
    }
}

impl<const SIDES: usize> Row<SIDES> {
    fn push(&mut self, node: Option<usize>, bar: Bar<SIDES>) {
        for side in (0..SIDES).filter(|side| bar.is_wide(*side)) {
            self.wide[side].push(self.bars.len());
        }
        self.bars.push((node, bar));
    }

    /// The node that a bar of the next level belongs below; nothing inside if that is the root of all.
    fn parent(&self, bar: &Bar<SIDES>) -> Option<Option<usize>> {
        let found = match (0..SIDES).find(|side| bar.is_wide(*side)) {
            Some(side) => {
                let wide = &self.wide[side];
                let after = wide.partition_point(|at| self.bars[*at].1.starts[side] <= bar.starts[side]);
                wide[after.checked_sub(1)?]
            }
            None => {
                self.bars.partition_point(|(_, above)| above.starts[0] <= bar.starts[0]).checked_sub(1)?
            }
        };
        let (node, above) = &self.bars[found];
        above.holds(bar).then_some(*node)
    }
}
