//! Any numbers are a tree or an error, with one side and with two; a tree whose sums agree is the same
//! one when it was written and read again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pyroscope_client::{CallTree, Levels, Tree};

fuzz_target!(|input: (u8, Vec<Vec<i8>>, Vec<i64>)| {
    let (names, small, large) = input;
    let mut levels: Vec<Vec<i64>> =
        small.iter().map(|row| row.iter().copied().map(i64::from).collect()).collect();
    // Mostly small numbers, as bars must fit below others; a few of any size.
    for (at, number) in large.into_iter().enumerate() {
        if let Some(slot) = levels.iter_mut().flatten().nth(at * 5) {
            *slot = number;
        }
    }
    let names = (0..names).map(|name| if name == 1 { "other".to_owned() } else { format!("n{}", name / 2) });
    let levels = Levels { names: names.collect(), levels };
    sides::<2>(&levels);
    if let Some(tree) = sides::<1>(&levels) {
        stream(&tree);
    }
});

fn sides<const SIDES: usize>(levels: &Levels) -> Option<CallTree<SIDES>> {
    let tree = levels.decode::<SIDES>().map_err(|error| error.to_string()).ok()?;
    for side in 0..SIDES {
        let (_, graph) = tree.to_flame_graph(side);
        assert_eq!(graph.nodes().len(), tree.nodes().len() + 1);
    }
    assert!(tree.truncated_sides().iter().all(|sum| *sum >= 0));
    let written = tree.to_levels();
    if agrees(&tree) {
        let again = written.decode::<SIDES>().expect("what was written is a tree");
        assert_eq!(again.totals(), tree.totals());
        let seen = tree.nodes().iter().all(|node| node.sums.iter().any(|sums| sums.cumulative > 0));
        if seen {
            assert_eq!(again, tree);
        }
        assert_eq!(again.to_levels(), written);
    }
    Some(tree)
}

/// Whether all nodes hold what they and their children weigh.
fn agrees<const SIDES: usize>(tree: &CallTree<SIDES>) -> bool {
    let mut left: Vec<[i64; SIDES]> = Vec::new();
    let mut of_root = tree.totals();
    for node in tree.nodes() {
        let above = node.parent.map_or(&mut of_root, |parent| &mut left[parent]);
        for (left, sums) in above.iter_mut().zip(node.sums) {
            *left -= sums.cumulative;
            if *left < 0 {
                return false;
            }
        }
        left.push(node.sums.map(|sums| sums.cumulative.saturating_sub(sums.flat)));
    }
    left.iter().flatten().all(|left| *left >= 0)
}

/// The other form keeps names and flat values.
fn stream(tree: &Tree) {
    let bytes = tree.to_stream();
    // Flat values may be more than there is room for; then the sum may not fit. Siblings of one name change
    // places, and do so again.
    if let Ok(again) = Tree::from_stream(&bytes).and_then(|again| Tree::from_stream(&again.to_stream())) {
        let flat = |tree: &Tree| -> Vec<(String, usize, i64)> {
            let of = |node: &pyroscope_client::CallNode<1>| {
                (tree.name(node).to_owned(), node.depth, node.sums[0].flat)
            };
            tree.nodes().iter().map(of).collect()
        };
        assert_eq!(flat(&again), flat(tree));
    }
}
