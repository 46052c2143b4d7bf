//! Profiles as trees of calls by name.

use std::collections::HashMap;

use parca_proto::pyroscope::querier as wire;
use profile_model::{LocationId, Profile, StackId, Symbols};
use pyroscope_tree::{DiffTree, Levels, Tree};

/// The names of each location's calls, the outermost first.
struct Names(HashMap<LocationId, Vec<String>>);

impl Names {
    fn of(symbols: &Symbols, stacks: impl Iterator<Item = StackId>) -> Self {
        let mut names: HashMap<LocationId, Vec<String>> = HashMap::new();
        for location in stacks.flat_map(|stack| symbols.stack(stack)) {
            names.entry(*location).or_insert_with(|| {
                symbols
                    .frames_at(*location)
                    .rev()
                    .map(|frame| symbols.frame_name(&frame).to_string())
                    .collect()
            });
        }
        Self(names)
    }

    /// The names of a stack's calls, the root first.
    fn stack<'a>(&'a self, leaf_first: &'a [LocationId]) -> impl Iterator<Item = &'a str> + Clone + 'a {
        leaf_first.iter().rev().flat_map(|location| self.0.get(location)).flatten().map(String::as_str)
    }
}

/// The tree of the profiles' first sample types, of stacks that begin with the names in `site`.
pub(crate) fn tree(profiles: &[Profile], site: &[String]) -> Tree {
    let trees = profiles.iter().filter(|profile| !profile.sample_types.is_empty()).map(|profile| {
        let symbols = &profile.symbols;
        let names = Names::of(symbols, profile.samples.stacks().iter().copied());
        let stacks =
            profile.samples.column(0).map(|(stack, value)| (names.stack(symbols.stack(stack)), value));
        Tree::from_stacks(stacks.filter(|(stack, _)| starts_with(stack.clone(), site)))
    });
    let trees: Vec<Tree> = trees.collect();
    Tree::merge(&trees)
}

/// Whether a stack begins with these names, the root first.
pub(crate) fn is_below(symbols: &Symbols, stack: StackId, site: &[String]) -> bool {
    let names = Names::of(symbols, std::iter::once(stack));
    starts_with(names.stack(symbols.stack(stack)), site)
}

fn starts_with<'a>(mut stack: impl Iterator<Item = &'a str>, site: &[String]) -> bool {
    site.iter().all(|name| stack.next() == Some(name.as_str()))
}

pub(crate) fn flame_graph(tree: &Tree) -> wire::FlameGraph {
    let max_self = tree.nodes().iter().map(|node| node.sums[0].flat).max().unwrap_or(0);
    let Levels { names, levels } = tree.to_levels();
    wire::FlameGraph { names, levels: wire_levels(levels), total: tree.total(), max_self }
}

pub(crate) fn flame_graph_diff(tree: &DiffTree) -> wire::FlameGraphDiff {
    let flats = tree.nodes().iter().flat_map(|node| node.sums.map(|sums| sums.flat));
    let max_self = flats.max().unwrap_or(0);
    let [left_ticks, right_ticks] = tree.totals();
    let Levels { names, levels } = tree.to_levels();
    wire::FlameGraphDiff {
        names,
        levels: wire_levels(levels),
        total: left_ticks.saturating_add(right_ticks),
        max_self,
        left_ticks,
        right_ticks,
    }
}

fn wire_levels(levels: Vec<Vec<i64>>) -> Vec<wire::Level> {
    levels.into_iter().map(|values| wire::Level { values }).collect()
}
