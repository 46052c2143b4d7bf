use super::*;
use crate::testing::stack;

#[track_caller]
fn check(stacks: &[(&str, i64)], expect: &[(&str, i64, i64)]) {
    let mut symbols = Symbols::new();
    let stacks: Vec<_> = stacks.iter().map(|(text, value)| (stack(&mut symbols, text), *value)).collect();
    let table = FunctionTable::of(&symbols, stacks.iter().copied());
    let rows: Vec<_> =
        table.rows.iter().map(|row| (row.name(&symbols).to_string(), row.flat, row.cumulative)).collect();
    let expect: Vec<_> =
        expect.iter().map(|(name, flat, cumulative)| (name.to_string(), *flat, *cumulative)).collect();
    assert_eq!(rows, expect);
    assert_eq!(table.total, stacks.iter().map(|(_, value)| value).sum::<i64>());
}

#[test]
fn flat_is_the_leaf_and_cumulative_the_stack() {
    check(&[("b a", 3), ("a", 4)], &[("b", 3, 3), ("a", 4, 7)]);
}

#[test]
fn a_recursive_function_counts_once_per_stack() {
    check(&[("f f f main", 5)], &[("f", 5, 5), ("main", 0, 5)]);
    check(&[("f:1 f:2 main", 5), ("main f:1", 1)], &[("f", 5, 6), ("main", 1, 6)]);
}

#[test]
fn inlined_calls_count_as_calls() {
    check(&[("inner<outer main", 2)], &[("inner", 2, 2), ("outer", 0, 2), ("main", 0, 2)]);
}

#[test]
fn bare_addresses_are_rows_of_their_binary() {
    check(
        &[("/lib/a@16 main", 1), ("/lib/b@16 main", 2), ("/lib/a@17", 4)],
        &[("a+0x10", 1, 1), ("main", 0, 3), ("b+0x10", 2, 2), ("a+0x11", 4, 4)],
    );
}

#[test]
fn a_stack_without_frames_is_only_in_the_total() {
    check(&[("", 5), ("a", 1)], &[("a", 1, 1)]);
    check(&[], &[]);
}
