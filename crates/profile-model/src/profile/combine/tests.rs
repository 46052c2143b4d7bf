#![allow(clippy::unwrap_used)]

use super::*;
use crate::{StringId, testing::stack};

fn profile(stacks: &[(&str, &str, i64)]) -> Profile {
    let mut profile = Profile::new(vec![ValueType::new("cpu", "nanoseconds")]);
    for (text, thread, value) in stacks {
        let stack = stack(&mut profile.symbols, text);
        let key = profile.symbols.intern_string("thread");
        let value_id = profile.symbols.intern_string(thread);
        let label = SampleLabel { key, value: LabelValue::Text(value_id) };
        let labels = if thread.is_empty() { vec![] } else { vec![label] };
        profile.samples.push(Sample { stack, values: &[*value], labels: &labels });
    }
    profile
}

fn describe(profile: &Profile) -> Vec<String> {
    let symbols = &profile.symbols;
    let describe = |sample: Sample<'_>| {
        let frames = symbols.frames(sample.stack).map(|frame| symbols.frame_name(&frame).to_string());
        let labels: Vec<_> = sample
            .labels
            .iter()
            .map(|label| match label.value {
                LabelValue::Text(text) => symbols.string(text),
                LabelValue::Number { .. } => "number",
            })
            .collect();
        format!("{} {labels:?} {:?}", frames.collect::<Vec<_>>().join(" "), sample.values)
    };
    profile.samples.iter().map(describe).collect()
}

#[test]
fn merging_sums_equal_stacks_of_equal_labels() {
    let a = profile(&[("b a", "", 1), ("b a", "t1", 2), ("a", "", 4)]);
    let b = profile(&[("c", "", 8), ("b a", "t1", 16), ("b a", "", 32), ("a", "", -4)]);
    let merged = Profile::merge([&a, &b]).unwrap();
    assert_eq!(describe(&merged), ["b a [] [33]", "b a [\"t1\"] [18]", "c [] [8]"]);
    assert_eq!(merged.samples.total(0), a.samples.total(0) + b.samples.total(0));
}

#[test]
fn merging_takes_the_earliest_time_the_whole_duration_and_all_comments() {
    let head = |time_nanos, duration_nanos, period, comment: &str| Profile {
        time_nanos,
        duration_nanos,
        period,
        comments: vec![comment.to_owned()],
        ..profile(&[])
    };
    let parts = [head(0, 1, 5, "x"), head(7, 2, 6, "y"), head(5, 4, 1, "x")];
    let merged = Profile::merge(&parts).unwrap();
    assert_eq!((merged.time_nanos, merged.duration_nanos, merged.period), (5, 7, 6));
    assert_eq!(merged.comments, ["x", "y"]);
}

#[test]
fn sums_saturate() {
    let most = profile(&[("a", "", i64::MAX)]);
    let merged = Profile::merge([&most, &most]).unwrap();
    assert_eq!(merged.samples.total(0), i128::from(i64::MAX));
}

#[test]
fn profiles_of_different_types_do_not_merge() {
    let a = profile(&[]);
    let b = Profile::new(vec![ValueType::new("space", "bytes"), ValueType::new("objects", "count")]);
    assert_eq!(
        Profile::merge([&a, &b]).unwrap_err().to_string(),
        "expected sample types `cpu/nanoseconds`, found `space/bytes, objects/count`"
    );
    assert!(Profile::diff(&a, &b).is_err());
    assert_eq!(Profile::merge([]).unwrap_err(), CombineError::Nothing);
}

#[test]
fn a_diff_is_what_changed() {
    let base = profile(&[("a", "", 1), ("b", "", 2), ("c", "", 3)]);
    let compared = profile(&[("b", "", 2), ("c", "", 5), ("d", "", 7)]);
    let diff = Profile::diff(&base, &compared).unwrap();
    assert_eq!(describe(&diff), ["c [] [2]", "d [] [7]", "a [] [-1]"]);
}

#[test]
fn numeric_labels_keep_their_unit() {
    let mut original = profile(&[]);
    let key = original.symbols.intern_string("bytes");
    let unit = original.symbols.intern_string("KiB");
    let label = SampleLabel { key, value: LabelValue::Number { value: 9, unit } };
    original.samples.push(Sample { stack: StackId::EMPTY, values: &[1], labels: &[label] });
    let merged = Profile::merge([&profile(&[("shift", "", 1)]), &original]).unwrap();
    let carried = merged.samples.get(1).unwrap().labels[0];
    assert_eq!(merged.symbols.string(carried.key), "bytes");
    let LabelValue::Number { value: 9, unit } = carried.value else { panic!("{carried:?}") };
    assert_ne!(unit, StringId::EMPTY);
    assert_eq!(merged.symbols.string(unit), "KiB");
}

#[test]
fn an_empty_first_part_leaves_the_types_of_the_others() {
    let full = Profile {
        period: 512,
        period_type: Some(ValueType::new("space", "bytes")),
        ..profile(&[("a", "", 1)])
    };
    for parts in [[&Profile::default(), &full], [&full, &Profile::default()]] {
        let merged = Profile::merge(parts).unwrap();
        assert_eq!(
            (&merged.sample_types, &merged.period_type, merged.period),
            (&full.sample_types, &full.period_type, 512)
        );
        assert_eq!(merged.samples.total(0), 1);
    }
    assert!(Profile::merge([&Profile::default()]).unwrap().samples.is_empty());
}
