use std::collections::BTreeMap;
use std::time::Duration;

use super::*;
use crate::matcher::{Field, Matcher, Pattern, TextMatch};
use crate::measure::{Divisor, Tally};
use crate::settings::{Compare, GroupLabel, Rank, Top, Unit};
use crate::testing::tree;

const WINDOW: Window = Window { start_ms: 80_000, end_ms: 100_000 };

fn query() -> QuerySettings {
    let text = "process_cpu:cpu:nanoseconds:cpu:nanoseconds:delta";
    let mut query = QuerySettings::new("q", text.parse().unwrap(), Duration::from_secs(20));
    query.query_label = false;
    query.functions.matchers =
        vec![Matcher::new(Field::Function, TextMatch::Glob(Pattern::glob("*").unwrap()))];
    query
}

fn table(query: &QuerySettings, stacks: &str, total: i64, divisor: &Divisor) -> Table {
    let tally = Tally::of(tree(stacks), &query.functions);
    let keep = |name: &str| query.group_by.iter().any(|group| group.label == name);
    Table::new(tally, total, "nanoseconds".to_owned(), divisor, &keep)
}

/// Roots first, then as the series come by value: their order means nothing.
fn shown(samples: &Made) -> Vec<String> {
    let line = |one: &Series| {
        let labels =
            format!("{:?}", one.labels).replace("profile_exporter_", "").replace(r#",query_name="q""#, "");
        format!("{} {}", labels.replace(r#"{query_name="q"}"#, "{}"), one.samples[0].value)
    };
    let mut lines: Vec<String> = samples.series.iter().map(line).collect();
    lines.sort();
    lines
}

/// The order of series means nothing.
#[track_caller]
fn assert_same(found: &Made, expect: &[&str]) {
    let mut expect = expect.to_vec();
    expect.sort();
    assert_eq!(shown(found), expect);
}

fn check(query: &QuerySettings, stacks: &str, total: i64, expect: &[&str]) {
    let table = table(query, stacks, total, &Divisor::One);
    assert_same(&series_of(query, WINDOW, &table, None, usize::MAX, &mut LabelCache::default()), expect);
}

#[test]
fn the_originals_series_are_there_under_the_originals_names() {
    let mut query = query();
    query.query_label = true;
    query.functions.matchers = vec![Matcher::contains("a")];
    let table = table(&query, "main;a 3\nmain;b 5", 8, &Divisor::One);
    let made = series_of(&query, WINDOW, &table, None, usize::MAX, &mut LabelCache::default());
    let mut labels: Vec<String> = made.series.iter().map(|one| format!("{:?}", one.labels)).collect();
    labels.sort();
    let text = r#"query="process_cpu:cpu:nanoseconds:cpu:nanoseconds:delta",query_name="q""#;
    let expect = [
        format!(r#"profile_exporter_cumulative_value{{function_name="a",{text}}}"#),
        format!(r#"profile_exporter_cumulative_value{{function_name="main",{text}}}"#),
        format!(r#"profile_exporter_flat_value{{function_name="a",{text}}}"#),
        format!(r#"profile_exporter_flat_value{{function_name="main",{text}}}"#),
        format!("profile_exporter_root_cumulative_value{{{text}}}"),
    ];
    assert_eq!(labels, expect);
    assert!(made.series.iter().all(|one| one.samples[0].timestamp_ms == 100_000));
    assert_eq!(&*made.series[1].metadata.as_ref().unwrap().unit, "nanoseconds");
}

#[test]
fn stacks_without_frames_are_in_the_root() {
    check(
        &query(),
        "a 3",
        8,
        &[
            "root_cumulative_value{} 8",
            r#"flat_value{function_name="a"} 3"#,
            r#"cumulative_value{function_name="a"} 3"#,
        ],
    );
    check(&query(), "a 0", 0, &["root_cumulative_value{} 0"]);
}

#[test]
fn values_are_sums_rates_or_shares() {
    let mut query = query();
    query.metrics.flat = None;
    query.value = ValueKind::PerSecond;
    check(
        &query,
        "a 4000000000",
        20_000_000_000,
        &["root_cumulative_value{} 1", r#"cumulative_value{function_name="a"} 0.2"#],
    );
    query.value = ValueKind::Ratio;
    check(&query, "a 3", 12, &["root_cumulative_value{} 1", r#"cumulative_value{function_name="a"} 0.25"#]);
    query.value = ValueKind::WindowSum;
    query.metrics.unit = Some(Unit::Seconds);
    check(
        &query,
        "a 500000000",
        1_000_000_000,
        &["root_cumulative_value{} 1", r#"cumulative_value{function_name="a"} 0.5"#],
    );
}

#[test]
fn only_the_largest_and_the_rest_once_per_stack() {
    let mut query = query();
    query.metrics.flat = None;
    query.metrics.root = None;
    query.functions.top = Some(Top { n: 2, by: Rank::Cumulative, other: true });
    check(
        &query,
        "main;a 9\nmain;b;c 3\nmain;c;b 2",
        14,
        &[
            r#"cumulative_value{function_name="main"} 14"#,
            r#"cumulative_value{function_name="a"} 9"#,
            // b and c are in five together, not in ten.
            r#"cumulative_value{function_name="[other]"} 5"#,
        ],
    );
    query.functions.top = Some(Top { n: 1, by: Rank::Flat, other: false });
    check(&query, "main;a 9\nmain;b;c 3", 12, &[r#"cumulative_value{function_name="a"} 9"#]);
    query.functions.top = None;
    query.functions.min_ratio = 0.5;
    check(
        &query,
        "main;a 9\nmain;b 3",
        12,
        &[r#"cumulative_value{function_name="main"} 12"#, r#"cumulative_value{function_name="a"} 9"#],
    );
    (query.functions.min_ratio, query.functions.min_value) = (0.0, 10.0);
    check(&query, "main;a 9\nmain;b 3", 12, &[r#"cumulative_value{function_name="main"} 12"#]);
}

#[test]
fn groups_have_their_own_roots_and_shares() {
    let mut query = query();
    query.metrics.flat = None;
    query.group_by = vec![GroupLabel { label: "k8s/pod".into(), name: "k8s_pod".into() }];
    let stacks = "{k8s/pod=x};main;a 6\n{k8s/pod=y};main 2\nloose 1";
    check(
        &query,
        stacks,
        9,
        &[
            "root_cumulative_value{} 1",
            r#"root_cumulative_value{k8s_pod="x"} 6"#,
            r#"root_cumulative_value{k8s_pod="y"} 2"#,
            r#"cumulative_value{function_name="loose"} 1"#,
            r#"cumulative_value{function_name="a",k8s_pod="x"} 6"#,
            r#"cumulative_value{function_name="main",k8s_pod="x"} 6"#,
            r#"cumulative_value{function_name="main",k8s_pod="y"} 2"#,
        ],
    );
    query.value = ValueKind::Ratio;
    query.functions.matchers = vec![Matcher::contains("a")];
    check(
        &query,
        "{k8s/pod=x};a 6\n{k8s/pod=x};b 2\n{k8s/pod=y};a 2",
        10,
        &[
            r#"root_cumulative_value{k8s_pod="x"} 0.8"#,
            r#"root_cumulative_value{k8s_pod="y"} 0.2"#,
            r#"cumulative_value{function_name="a",k8s_pod="x"} 0.75"#,
            r#"cumulative_value{function_name="a",k8s_pod="y"} 1"#,
        ],
    );
}

#[test]
fn snapshots_are_averaged_by_job() {
    let mut query = query();
    query.metrics.flat = None;
    let divisor = Divisor::PerJob(BTreeMap::from([("api".to_owned(), 4.0), ("db".to_owned(), 2.0)]));
    let table = table(&query, "{job=api};a 40\n{job=db};a 40", 80, &divisor);
    let made = series_of(&query, WINDOW, &table, None, usize::MAX, &mut LabelCache::default());
    assert_same(&made, &["root_cumulative_value{} 30", r#"cumulative_value{function_name="a"} 30"#]);
}

#[test]
fn a_comparison_has_differences_and_ratios_of_what_is_new_and_gone() {
    let mut query = query();
    query.metrics.flat = None;
    query.metrics.root = None;
    query.compare = Some(Compare { offset: Duration::from_secs(86_400), text: "1d".into() });
    let now = table(&query, "a 6\nnew 1", 7, &Divisor::One);
    let before = table(&query, "a 4\ngone 2", 6, &Divisor::One);
    let made = series_of(&query, WINDOW, &now, Some(&before), usize::MAX, &mut LabelCache::default());
    assert_same(
        &made,
        &[
            r#"cumulative_value{function_name="a"} 6"#,
            r#"cumulative_value_difference{function_name="a",offset="1d"} 2"#,
            r#"cumulative_value_ratio{function_name="a",offset="1d"} 1.5"#,
            r#"cumulative_value_difference{function_name="gone",offset="1d"} -2"#,
            r#"cumulative_value_ratio{function_name="gone",offset="1d"} 0"#,
            r#"cumulative_value{function_name="new"} 1"#,
            r#"cumulative_value_difference{function_name="new",offset="1d"} 1"#,
        ],
    );
}

#[test]
fn too_many_series_are_left_out_smallest_first() {
    let mut query = query();
    query.group_by = vec![GroupLabel { label: "pod".into(), name: "pod".into() }];
    let stacks = "{pod=x};a 1\n{pod=x};b 5\n{pod=y};a 4\n{pod=y};c 2";
    let table = table(&query, stacks, 12, &Divisor::One);
    let made = series_of(&query, WINDOW, &table, None, 5, &mut LabelCache::default());
    assert_eq!(made.over_limit, 4);
    assert_same(
        &made,
        &[
            r#"root_cumulative_value{pod="x"} 6"#,
            r#"root_cumulative_value{pod="y"} 6"#,
            r#"flat_value{function_name="b",pod="x"} 5"#,
            r#"cumulative_value{function_name="b",pod="x"} 5"#,
            r#"flat_value{function_name="a",pod="y"} 4"#,
            r#"cumulative_value{function_name="a",pod="y"} 4"#,
        ],
    );
}

#[test]
fn long_values_are_cut_and_stay_different() {
    let check = |text: &str, limit, expect: &str| assert_eq!(&*fitted(text, limit), expect);
    check("short", 5, "short");
    let long = "é".repeat(20);
    let (one, two) = (fitted(&format!("{long}1"), 30), fitted(&format!("{long}2"), 30));
    assert!(one.len() <= 30 && one != two, "{one} {two}");
    assert!(one.starts_with("éééééé~"), "{one}");
}

#[test]
fn labels_are_the_same_from_window_to_window() {
    let mut query = query();
    query.group_by = vec![GroupLabel { label: "pod".into(), name: "pod".into() }];
    query.compare = Some(Compare { offset: Duration::from_secs(60), text: "1m".into() });
    let mut cache = LabelCache::default();
    for stacks in ["{pod=x};a 1\n{pod=y};a 2", "{pod=y};a 3\n{pod=y};b 4", "{pod=x};a 1\nb 1"] {
        let (now, before) = (table(&query, stacks, 9, &Divisor::One), table(&query, "a 1", 1, &Divisor::One));
        let cached = series_of(&query, WINDOW, &now, Some(&before), usize::MAX, &mut cache);
        let fresh = series_of(&query, WINDOW, &now, Some(&before), usize::MAX, &mut LabelCache::default());
        assert_eq!(cached.series, fresh.series);
    }
    let table = table(&query, "z 1", 1, &Divisor::One);
    (0..KEPT_ROUNDS).for_each(|_| drop(series_of(&query, WINDOW, &table, None, usize::MAX, &mut cache)));
    let names: usize = cache.groups.values().map(|group| group.functions.len()).sum();
    assert_eq!((cache.groups.len(), names), (1, 1), "only z is left");
}
