use profile_model::{FunctionTable, ValueType};
use proptest::prelude::*;

use crate::{CallTree, DiffTree, Levels, Tree, TreeError};

fn tree(stacks: &[(&str, i64)]) -> Tree {
    Tree::from_stacks(stacks.iter().map(|(stack, value)| (stack.split(';'), *value)))
}

/// One line per node: its depth in dots, its name, then flat and cumulative of each side.
fn shown<const SIDES: usize>(tree: &CallTree<SIDES>) -> Vec<String> {
    let line = |node: &crate::CallNode<SIDES>| {
        let sums: Vec<_> = node.sums.iter().map(|s| format!(" {}/{}", s.flat, s.cumulative)).collect();
        format!("{}{}{}", ".".repeat(node.depth), tree.name(node), sums.concat())
    };
    tree.nodes().iter().map(line).collect()
}

const LEFT: &[(&str, i64)] = &[("main", 1), ("main;a", 3), ("main;b", 5), ("main;b;c", 2)];
const RIGHT: &[(&str, i64)] = &[("main;a", 6), ("main;d", 4)];

fn levels(names: &[&str], levels: &[&[i64]]) -> Levels {
    Levels {
        names: names.iter().map(|name| (*name).to_owned()).collect(),
        levels: levels.iter().map(|level| level.to_vec()).collect(),
    }
}

/// Facts 3.1: checked against an independent program.
#[test]
fn the_worked_example_of_a_flame_graph() {
    let worked = levels(
        &["total", "main", "b", "c", "a"],
        &[&[0, 11, 0, 0], &[0, 11, 1, 1], &[1, 3, 3, 4, 0, 7, 5, 2], &[9, 2, 2, 3]],
    );
    let decoded: Tree = worked.decode().unwrap();
    assert_eq!(shown(&decoded), ["main 1/11", ".a 3/3", ".b 5/7", "..c 2/2"]);
    assert_eq!((decoded.total(), decoded.truncated()), (11, 0));
    assert_eq!(decoded, tree(LEFT));
    assert_eq!(decoded.to_levels(), worked);
}

/// Facts 3.2.
#[test]
fn the_worked_example_of_a_comparison() {
    let worked = levels(
        &["total", "main", "d", "b", "c", "a"],
        &[
            &[0, 11, 0, 0, 10, 0, 0],
            &[0, 11, 1, 0, 10, 0, 1],
            &[1, 3, 3, 0, 6, 6, 5, 0, 7, 5, 0, 0, 0, 3, 0, 0, 0, 0, 4, 4, 2],
            &[9, 2, 2, 6, 0, 0, 4],
        ],
    );
    let decoded: DiffTree = worked.decode().unwrap();
    let expect = ["main 1/11 0/10", ".a 3/3 6/6", ".b 5/7 0/0", "..c 2/2 0/0", ".d 0/0 4/4"];
    assert_eq!(shown(&decoded), expect);
    assert_eq!(decoded.totals(), [11, 10]);
    assert_eq!(decoded, DiffTree::between(&tree(LEFT), &tree(RIGHT)));
    assert_eq!(decoded.to_levels(), worked);
}

#[test]
fn nothing_is_an_empty_tree() {
    for empty in [levels(&[], &[]), levels(&["total"], &[&[0, 0, 0, 0]]), tree(&[]).to_levels()] {
        let decoded: Tree = empty.decode().unwrap();
        assert!(decoded.is_empty() && decoded.nodes().is_empty());
    }
    for bytes in [&b""[..], b"\0", b"\0\0\0"] {
        assert!(Tree::from_stream(bytes).unwrap().is_empty());
    }
    assert!(DiffTree::between(&tree(&[]), &tree(&[])).to_levels().decode::<2>().unwrap().is_empty());
}

#[test]
fn what_was_cut_off_comes_last_and_is_counted() {
    let cut = tree(&[("z", 1), ("other", 7), ("a;other", 2), ("other;x", 4)]);
    assert_eq!(shown(&cut), ["a 0/2", ".other 2/2", "z 1/1", "other 7/11", ".x 4/4"]);
    assert_eq!(cut.truncated(), 2, "an `other` that calls is a function");
    assert_eq!(tree(&[("a", 1), ("other", 7), ("b;other", 2)]).truncated(), 9);
}

#[test]
fn a_broken_flame_graph_is_an_error_that_says_where() {
    let check = |rows: &[&[i64]], expect: &str| {
        let found = levels(&["total", "a"], rows).decode::<1>().unwrap_err();
        assert_eq!(found.to_string(), expect, "{rows:?}");
    };
    check(&[&[0, 1, 0]], "level 0: expected 4 numbers for each bar, found 3 in all");
    check(&[&[]], "level 0: expected one bar, found 0");
    check(&[&[0, 1, 0, 0, 0, 1, 0, 0]], "level 0: expected one bar, found 2");
    check(&[&[0, -5, 0, 0]], "level 0, bar 0: expected no number below zero, found -5");
    check(
        &[&[0, 4, 0, 0], &[0, 2, 2, 1, 0, 2, 2, 2]],
        "level 1, bar 1: expected the index of one of 2 names, found 2",
    );
    check(&[&[0, 4, 0, 0], &[0, 2, 2, -1]], "level 1, bar 0: expected the index of one of 2 names, found -1");
    let above = "expected a bar above it that is as wide, found none";
    check(&[&[0, 4, 0, 0], &[0, 5, 5, 1]], &format!("level 1, bar 0: {above}"));
    check(&[&[0, 4, 0, 0], &[0, 2, 0, 1, 0, 2, 0, 1], &[1, 2, 2, 1]], &format!("level 2, bar 0: {above}"));
    check(&[&[0, 4, 0, 0], &[1, 2, 0, 1], &[0, 1, 1, 1]], &format!("level 2, bar 0: {above}"));
    check(
        &[&[0, 4, 0, 0], &[i64::MAX, i64::MAX, 0, 1]],
        "level 1, bar 0: expected an end below 2^63, found a greater one",
    );
    assert!(levels(&["total"], &[&[0, 1, 0, 0]]).decode::<2>().is_err());
}

#[test]
fn a_broken_stream_is_an_error_that_says_where() {
    let check =
        |bytes: &[u8], expect: TreeError| assert_eq!(Tree::from_stream(bytes), Err(expect), "{bytes:?}");
    check(&[0, 0], TreeError::End { node: 0 });
    check(&[0, 0, 1], TreeError::End { node: 1 });
    check(&[0, 0, 2, 1, b'a', 1, 0], TreeError::End { node: 2 });
    check(&[0, 0, 1, 9, b'a', 1, 0], TreeError::End { node: 1 });
    check(&[0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1], TreeError::End { node: 1 });
    check(&[0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2], TreeError::Number { node: 0 });
    check(&[0, 0, 1, 1, b'a', 1, 0, 7], TreeError::Trailing { nodes: 2, bytes: 1 });
    check(&[1, b'x', 0, 0], TreeError::StreamRoot { name: "x".into(), value: 0 });
    let most = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f];
    let two: Vec<u8> = [&[0, 0, 2, 0][..], &most, &[0, 0], &most, &[0]].concat();
    check(&two, TreeError::Sum);
}

#[test]
fn depth_is_no_danger() {
    let deep = Tree::from_stacks([(std::iter::repeat_n("f", 50_000), 1)]);
    assert_eq!(deep.to_levels().decode::<1>().unwrap(), deep);
    assert_eq!(Tree::from_stream(&deep.to_stream()).unwrap(), deep);
    assert_eq!(deep.to_profile(ValueType::new("a", "b")).unwrap().samples.len(), 1);
    assert_eq!(deep.to_flame_graph(0).1.height(), 50_001);

    let mut bytes = vec![0, 0, 1];
    for _ in 0..20_000 {
        bytes.extend([1, b'f', 1, 1]);
    }
    bytes.extend([1, b'f', 1, 0]);
    let wide = Tree::from_stream(&bytes).unwrap();
    assert_eq!(wide.total(), 20_001);
    assert!(matches!(wide.to_profile(ValueType::new("a", "b")), Err(TreeError::Stacks { .. })));
}

#[test]
fn a_profile_of_a_tree_ranks_functions_alike() {
    let profile =
        tree(&[("main;a;a", 3), ("main;b", 5), ("main", 1)]).to_profile(ValueType::new("cpu", "ns")).unwrap();
    let table = FunctionTable::of(&profile.symbols, profile.samples.column(0));
    let rows: Vec<_> = table
        .rows
        .iter()
        .map(|row| (row.name(&profile.symbols).to_string(), row.flat, row.cumulative))
        .collect();
    assert_eq!(table.total, 9);
    for expect in [("main".to_owned(), 1, 9), ("a".to_owned(), 3, 3), ("b".to_owned(), 5, 5)] {
        assert!(rows.contains(&expect), "{rows:?}");
    }
}

type Stacks = Vec<(Vec<&'static str>, i64)>;

fn stacks() -> impl Strategy<Value = Stacks> {
    let name = prop::sample::select(vec!["a", "b", "c", "other", "total", "", "é\n"]);
    let stack = prop::collection::vec(name, 1..6);
    prop::collection::vec((stack, 1..1000_i64), 0..20)
}

fn grown(stacks: &Stacks) -> Tree {
    Tree::from_stacks(stacks.iter().map(|(stack, value)| (stack.iter().copied(), *value)))
}

fn numbers() -> impl Strategy<Value = Levels> {
    let number = prop_oneof![8 => 0..6_i64, 1 => -1..2_i64, 1 => any::<i64>()];
    let row = |width| prop::collection::vec(number.clone(), width);
    let rows = (row(4..5), prop::collection::vec(row(4..13), 0..5));
    rows.prop_map(|(first, more)| Levels {
        names: ["total", "a", "b"].map(String::from).to_vec(),
        levels: std::iter::once(first).chain(more).collect(),
    })
}

proptest! {
    #[test]
    fn a_tree_comes_back_from_levels_and_streams(stacks in stacks()) {
        let tree = grown(&stacks);
        prop_assert_eq!(tree.to_levels().decode::<1>().unwrap(), tree.clone());
        prop_assert_eq!(Tree::from_stream(&tree.to_stream()).unwrap(), tree.clone());
        prop_assert_eq!(Tree::merge([&tree]), tree.clone());
        let profile = tree.to_profile(ValueType::default()).unwrap();
        prop_assert_eq!(profile.samples.total(0), i128::from(tree.total()));
        let (_, graph) = tree.to_flame_graph(0);
        prop_assert_eq!(graph.nodes().len(), tree.nodes().len() + 1);
    }

    #[test]
    fn a_comparison_comes_back_from_levels(left in stacks(), right in stacks()) {
        let (left, right) = (grown(&left), grown(&right));
        let diff = DiffTree::between(&left, &right);
        prop_assert_eq!(diff.totals(), [left.total(), right.total()]);
        prop_assert_eq!(diff.to_levels().decode::<2>().unwrap(), diff.clone());
    }

    #[test]
    fn merging_is_pushing_all_stacks_into_one(left in stacks(), right in stacks()) {
        let merged = Tree::merge([&grown(&left), &grown(&right)]);
        let mut both = left;
        both.extend(right);
        prop_assert_eq!(merged, grown(&both));
    }

    #[test]
    fn no_numbers_and_no_bytes_make_a_panic(levels in numbers(), bytes in prop::collection::vec(any::<u8>(), 0..60)) {
        if let Ok(tree) = levels.decode::<1>() {
            let _ = (tree.to_levels(), tree.to_stream(), tree.truncated(), tree.to_profile(ValueType::default()));
        }
        let _ = levels.decode::<2>().map(|tree| tree.to_levels());
        if let Ok(tree) = Tree::from_stream(&bytes) {
            prop_assert_eq!(Tree::from_stream(&tree.to_stream()).unwrap(), tree);
        }
    }
}

#[test]
fn what_is_cut_off_is_other() {
    let check = |stacks: &[(&str, i64)], most: usize, expect: &[&str]| {
        assert_eq!(shown(&tree(stacks).cut(most)), expect, "{most}");
    };
    check(LEFT, 4, &["main 1/11", ".a 3/3", ".b 5/7", "..c 2/2"]);
    check(LEFT, 3, &["main 1/11", ".a 3/3", ".b 5/7", "..other 2/2"]);
    check(LEFT, 2, &["main 1/11", ".b 5/7", "..other 2/2", ".other 3/3"]);
    check(LEFT, 1, &["main 1/11", ".other 10/10"]);
    check(LEFT, 0, &["main 1/11", ".other 10/10"]);
    let cut = DiffTree::between(&tree(LEFT), &tree(RIGHT)).cut(3);
    assert_eq!(
        shown(&cut),
        ["main 1/11 0/10", ".a 3/3 6/6", ".b 5/7 0/0", "..other 2/2 0/0", ".other 0/0 4/4"]
    );
}

proptest! {
    #[test]
    fn a_cut_keeps_the_total(stacks in prop::collection::vec(("[ab](;[abc]){0,4}", 1..100_i64), 0..30), most in 0..20_usize) {
        let whole = Tree::from_stacks(stacks.iter().map(|(stack, value)| (stack.split(';'), *value)));
        let cut = whole.cut(most);
        prop_assert_eq!(cut.total(), whole.total());
        prop_assert_eq!(cut.nodes().iter().map(|node| node.sums[0].flat).sum::<i64>(), whole.total());
        prop_assert_eq!(Tree::from_stream(&cut.to_stream()).unwrap(), cut);
    }
}
