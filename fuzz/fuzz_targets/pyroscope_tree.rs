//! Any bytes are a stream of nodes or an error; what was read can be written and read again, as a stream
//! and as levels, and can be turned into what reports are made of.
#![no_main]

use libfuzzer_sys::fuzz_target;
use profile_model::ValueType;
use pyroscope_client::{Tree, TreeError};

fuzz_target!(|bytes: &[u8]| {
    let tree = match Tree::from_stream(bytes) {
        Ok(tree) => tree,
        Err(error) => return assert!(error.to_string().len() <= bytes.len() * 3 + 256),
    };
    // The form has the last sibling first, so that those of one name, which no server sends, change places.
    let once = Tree::from_stream(&tree.to_stream()).expect("what was written is a tree");
    assert_eq!(Tree::from_stream(&once.to_stream()), Ok(tree.clone()));
    assert!(once == tree || has_twins(&tree));
    let levels = tree.to_levels();
    let again = levels.decode::<1>().expect("what was written is a tree");
    assert_eq!((again.total(), again.to_levels()), (tree.total(), levels));
    if tree.nodes().iter().all(|node| node.sums[0].cumulative > 0) {
        assert_eq!(again, tree);
    }
    assert!((0..=tree.total()).contains(&tree.truncated()));
    match tree.to_profile(ValueType::new("cpu", "nanoseconds")) {
        Ok(profile) => assert_eq!(profile.samples.total(0), i128::from(tree.total())),
        Err(error) => assert!(matches!(error, TreeError::Stacks { .. })),
    }
});

fn has_twins(tree: &Tree) -> bool {
    let mut seen = std::collections::HashSet::new();
    tree.nodes().iter().any(|node| !seen.insert((node.parent, node.name)))
}
