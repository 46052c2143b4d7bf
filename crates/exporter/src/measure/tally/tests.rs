use super::*;
use crate::matcher::{Matcher, TextMatch};
use crate::testing::tree;

fn functions(matchers: Vec<Matcher>) -> Functions {
    Functions { matchers, ..Functions::default() }
}

fn everything() -> Matcher {
    Matcher::new(Field::Function, TextMatch::Glob(Pattern::glob("*").unwrap()))
}

fn shown(tally: &Tally) -> Vec<String> {
    let rows = tally.groups[0].sums.iter().enumerate();
    let line = |(at, sums): (usize, &Sums)| format!("{} {} {}", tally.name(at), sums.flat, sums.cumulative);
    let mut lines: Vec<String> = rows.map(line).collect();
    lines.sort();
    lines
}

fn check(stacks: &str, functions: &Functions, expect: &[&str]) {
    assert_eq!(shown(&Tally::of(tree(stacks), functions)), expect, "{stacks}");
}

#[test]
fn recursion_counts_once_for_a_stack() {
    let all = functions(vec![everything()]);
    check("main;f 1\nmain;f;f;f 2\nmain;f;g;f 4", &all, &["f 7 7", "g 0 4", "main 0 7"]);
    check("f;g 1\ng;f 2", &all, &["f 2 3", "g 1 3"]);
}

#[test]
fn matchers_are_alternatives_and_a_function_comes_once() {
    let two = functions(vec![Matcher::contains("a"), Matcher::contains("ab")]);
    check("x;ab 1\nx;b;a 2", &two, &["a 2 2", "ab 1 1"]);
    check("x;y 1", &functions(vec![]), &[]);
}

#[test]
fn a_stack_pattern_counts_only_stacks_that_it_matches() {
    let below = |pattern: &str, name: &str| Matcher {
        stack: Some(Pattern::regex(pattern).unwrap()),
        ..Matcher::contains(name)
    };
    let stacks = "main;http;json 1\nmain;batch;json 2\nmain;http;json;json 4";
    check(stacks, &functions(vec![below("http;", "json")]), &["json 5 5"]);
    check(stacks, &functions(vec![below("http;", "json"), below("batch", "json")]), &["json 7 7"]);
    check(
        stacks,
        &functions(vec![below("http;", "json"), Matcher::contains("main")]),
        &["json 5 5", "main 0 7"],
    );
    check(stacks, &functions(vec![below("nothing", "json")]), &["json 0 0"]);
}

#[test]
fn frames_without_a_function_follow_the_policy() {
    let stacks = "main;[/usr/lib/libc.so.6] 1\nmain;[/opt/app] 2\nmain;[/lib/libc.so.6] 4\nmain 8";
    let with = |unsymbolized| Functions { unsymbolized, ..functions(vec![Matcher::contains("main")]) };
    check(stacks, &with(Unsymbolized::Drop), &["main 8 15"]);
    check(stacks, &with(Unsymbolized::Aggregate), &["[unsymbolized] 7 7", "main 8 15"]);
    check(
        stacks,
        &with(Unsymbolized::PerBinary),
        &["[unsymbolized] app 2 2", "[unsymbolized] libc.so.6 5 5", "main 8 15"],
    );
}

#[test]
fn functions_of_one_name_in_different_files_are_told_apart_by_matchers_only() {
    let in_go = Matcher::new(Field::File, TextMatch::Suffix(".go".into()));
    check("f@a.go 1\nf@a.c 2\nf@b.go;f@a.c 4", &functions(vec![in_go]), &["f 1 5"]);
}

#[test]
fn several_functions_together_count_a_stack_once() {
    let stacks = "main;a;b 1\nmain;b;c 2\nmain;a 4\nmain;d 8";
    let tally = Tally::of(tree(stacks), &functions(vec![everything()]));
    let is_one = |row: u32| ["a", "b"].contains(&tally.name(row as usize));
    assert_eq!(tally.together(&tally.groups[0], is_one), Sums { flat: 5, cumulative: 7 });
}
