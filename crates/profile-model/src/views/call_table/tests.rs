use super::*;
use crate::testing::stack;

fn table(stacks: &[(&str, i64, i64)], options: CallTableOptions) -> (Symbols, CallTable) {
    let mut symbols = Symbols::new();
    let stacks: Vec<_> = stacks
        .iter()
        .map(|(text, value, diff)| WeightedStack {
            stack: stack(&mut symbols, text),
            value: *value,
            diff: *diff,
        })
        .collect();
    let table = CallTable::of(&symbols, stacks, options);
    (symbols, table)
}

#[track_caller]
fn check(stacks: &[(&str, i64, i64)], options: CallTableOptions, expect: &[&str]) {
    let (symbols, table) = table(stacks, options);
    let describe = |row: &CallRow| {
        let name = row.name(&symbols);
        let CallRow { flat, cumulative, callers, callees, .. } = row;
        format!("{name} {flat} {cumulative} {callers:?} {callees:?}")
    };
    assert_eq!(table.rows.iter().map(describe).collect::<Vec<_>>(), expect);
}

#[test]
fn callers_and_callees_are_rows() {
    check(
        &[("c a", 1, 0), ("b a", 2, 0), ("c b a", 4, 0)],
        CallTableOptions::default(),
        &["c 5 5 [1, 2] []", "a 0 7 [] [0, 2]", "b 2 6 [1] [0]"],
    );
}

#[test]
fn recursion_counts_once_or_each_time() {
    let stacks = [("f f f main", 5, 0)];
    check(&stacks, CallTableOptions::default(), &["f 5 5 [0, 1] [0]", "main 0 5 [] [0]"]);
    check(&stacks, CallTableOptions::PARCA_TABLE, &["f 5 15 [0, 1] [0]", "main 0 5 [] [0]"]);
}

#[test]
fn top_looks_at_the_innermost_call_only() {
    check(
        &[("inner<outer main", 2, 0)],
        CallTableOptions::PARCA_TOP,
        &["inner 2 2 [1] []", "main 0 2 [] [0]"],
    );
}

#[test]
fn differences_are_summed_and_absent_where_nothing_changed() {
    let (_, table) = table(&[("b a", 3, -2), ("c a", 3, 0)], CallTableOptions::default());
    let diffs: Vec<_> = table.rows.iter().map(|row| (row.flat_diff, row.cumulative_diff)).collect();
    assert_eq!(diffs, [(-2, Some(-2)), (0, Some(-2)), (0, None)]);
    assert_eq!(table.total, 6);
}

#[test]
fn a_stack_without_frames_is_only_in_the_total() {
    let (_, table) = table(&[("", 3, 0)], CallTableOptions::default());
    assert_eq!((table.rows.len(), table.total), (0, 3));
}
