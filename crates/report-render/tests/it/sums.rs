use proptest::prelude::*;
use report_render::{Selection, folded, json, top};
use serde_json::Value;

use crate::forms;

/// Folded text of few names, so that stacks share callers and functions recur.
fn stacks() -> impl Strategy<Value = String> {
    let stack = (prop::collection::vec(0..6_u8, 1..7), 1..1000_i64);
    prop::collection::vec(stack, 0..30).prop_map(|stacks| {
        let line = |(frames, value): (Vec<u8>, i64)| {
            let frames: Vec<String> = frames.iter().map(|frame| format!("f {frame}")).collect();
            format!("{} {value}\n", frames.join(";"))
        };
        stacks.into_iter().map(line).collect()
    })
}

fn sum_of(values: &Value, key: &str) -> i64 {
    values.as_array().unwrap().iter().map(|value| value[key].as_i64().unwrap()).sum()
}

/// The sum of `flat` of a node and all below it, with a check that `cumulative` is that, too.
fn flat_below(node: &Value) -> i64 {
    let children = node["children"].as_array().unwrap();
    let sum = node["flat"].as_i64().unwrap() + children.iter().map(flat_below).sum::<i64>();
    assert_eq!(node["cumulative"].as_i64().unwrap(), sum);
    sum
}

fn sum_of_lines(folded: &str) -> i64 {
    folded.lines().map(|line| line.rsplit_once(' ').unwrap().1.parse::<i64>().unwrap()).sum()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn all_forms_have_the_same_total(lines in stacks()) {
        let profile = forms::profile(&lines);
        let selection = Selection::new(&profile, 0).unwrap();
        let total = sum_of_lines(&lines);
        prop_assert_eq!(selection.total(), i128::from(total));
        for (name, text) in forms::all(&selection) {
            let parse = || serde_json::from_str::<Value>(&text).unwrap();
            let sum = match name {
                "flame.json" => flat_below(&parse()),
                "stacks.json" => sum_of(&parse(), "value"),
                "top.json" => sum_of(&parse()["rows"], "flat"),
                "top.csv" => text.lines().skip(1).map(|line| line.split(',').nth(4).unwrap().parse::<i64>().unwrap()).sum(),
                "folded" => sum_of_lines(&text),
                "speedscope.json" => parse()["profiles"][0]["weights"].as_array().unwrap().iter().map(|w| w.as_i64().unwrap()).sum(),
                "viewer.json" => parse()["nodes"].as_array().unwrap().chunks(3).map(|node| node[2].as_i64().unwrap()).sum(),
                "html" => {
                    let inside: Value = serde_json::from_str(forms::embedded(&text)).unwrap();
                    inside["data"]["nodes"].as_array().unwrap().chunks(3).map(|node| node[2].as_i64().unwrap()).sum()
                }
                _ => continue,
            };
            prop_assert_eq!(sum, total, "{}", name);
        }
    }

    #[test]
    fn folded_stacks_come_back(lines in stacks()) {
        let profile = forms::profile(&lines);
        let written = forms::form(&Selection::new(&profile, 0).unwrap(), "folded");
        let again = forms::profile(&written);
        prop_assert_eq!(&forms::form(&Selection::new(&again, 0).unwrap(), "folded"), &written);
    }

    #[test]
    fn a_tree_read_at_once_is_the_tree_of_the_profile(lines in "([ab;\u{e9}]{0,6} [0-9]{1,3}\n){0,12}") {
        let profile = forms::profile(&lines);
        let read = folded::parse_graph(lines.as_bytes(), &Default::default(), 0.0).unwrap();
        let mut written = Vec::new();
        folded::write(&read.flame(), &mut written).unwrap();
        let selection = Selection::new(&profile, 0).unwrap();
        prop_assert_eq!(String::from_utf8(written).unwrap(), forms::form(&selection, "folded"));
    }

    #[test]
    fn any_bytes_are_stacks_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let read = folded::parse(&bytes[..], &Default::default());
        let graph = folded::parse_graph(&bytes[..], &Default::default(), 0.0);
        prop_assert_eq!(read.is_ok(), graph.is_ok());
    }

    #[test]
    fn what_is_cut_while_reading_is_what_is_cut_while_writing(
        lines in "([ab;\u{e9}]{1,6} [0-9]{1,2}\n){1,12}",
        min_percent in 0.0..60.0,
    ) {
        let all = folded::parse_graph(lines.as_bytes(), &Default::default(), 0.0).unwrap();
        let large = folded::parse_graph(lines.as_bytes(), &Default::default(), min_percent).unwrap();
        let mut options = json::FlameJsonOptions::default();
        let (mut read, mut written) = (Vec::new(), Vec::new());
        json::flame_graph(&large.flame(), &options, &mut read).unwrap();
        options.limits.min_percent = min_percent;
        let cut = json::flame_graph(&all.flame(), &options, &mut written).unwrap();
        prop_assert_eq!(String::from_utf8(read).unwrap(), String::from_utf8(written).unwrap());
        prop_assert_eq!(large.cut, cut);
    }
}

#[test]
fn what_a_limit_leaves_out_is_in_the_sums() {
    let profile = forms::profile("a;b 5\na;c 3\na;d 2\n 7\n");
    let selection = Selection::new(&profile, 0).unwrap();
    let mut options = top::TopOptions::default();
    options.limit = 2;
    let table = top::Top::of(&selection, &options);
    // Stacks without frames are those of a function, in every form.
    assert_eq!((table.rows[0].name.to_string().as_str(), table.rows[0].flat), ("unknown", 7));
    assert_eq!((table.rows[1].flat, table.rest.functions, table.rest.flat), (5, 3, 5));
    assert_eq!(table.total, 17);
    let mut out = Vec::new();
    assert_eq!(json::stacks(&selection, &mut out).unwrap(), 17);

    let graph = selection.flame_graph(Default::default());
    let mut options = json::FlameJsonOptions::default();
    options.limits.min_percent = 15.0;
    let cut = json::flame_graph(&selection.flame(&graph), &options, &mut Vec::new()).unwrap();
    assert_eq!((cut.nodes, cut.value), (1, 2));
}

#[test]
fn functions_that_weigh_the_same_are_in_the_same_order_wherever_stacks_come_from() {
    let names = |lines: &str, sort| {
        let profile = forms::profile(lines);
        let mut options = top::TopOptions::default();
        (options.sort, options.limit) = (sort, 3);
        let table = top::Top::of(&Selection::new(&profile, 0).unwrap(), &options);
        table.rows.iter().map(|row| row.name.to_string()).collect::<Vec<_>>()
    };
    for lines in ["m;c 5\nm;a 5\nm;b 5\nm;d 6\n", "m;d 6\nm;b 5\nm;a 5\nm;c 5\n"] {
        assert_eq!(names(lines, top::Sort::Flat), ["d", "a", "b"], "{lines}");
        assert_eq!(names(lines, top::Sort::Cumulative), ["m", "d", "a"], "{lines}");
    }
}
