use profile_model::{LabelValue, Profile, Sample, SampleLabel};
use re2::Regex;
use report_render::{
    Selection, compare, compare_by_share,
    transform::{self, Filter, GroupBy},
};

use crate::forms;

fn folded(profile: &Profile) -> String {
    forms::form(&Selection::new(profile, 0).unwrap(), "folded")
}

const STACKS: &str = "main;parse;read 6\nmain;parse 1\nmain;render;read 3\nidle 90\n";

#[test]
fn filters_are_those_of_pprof() {
    let check = |set: fn(&mut Filter, Regex), regex: &str, expect: &str| {
        let mut filter = Filter::default();
        set(&mut filter, Regex::new(regex).unwrap());
        assert_eq!(folded(&filter.apply(forms::profile(STACKS))), expect);
    };
    check(|filter, regex| filter.focus = Some(regex), "^parse$", "main;parse 1\nmain;parse;read 6\n");
    check(|filter, regex| filter.ignore = Some(regex), "read|idle", "main;parse 1\n");
    check(|filter, regex| filter.hide = Some(regex), "main|idle", "parse 1\nparse;read 6\nrender;read 3\n");
    check(|filter, regex| filter.focus = Some(regex), "nothing", "");
}

#[test]
fn trimming_keeps_the_total_and_says_what_went() {
    let check = |percent, expect: &str, nodes, value| {
        let trimmed = transform::trim(forms::profile(STACKS), 0, percent);
        assert_eq!(folded(&trimmed.profile), expect);
        assert_eq!((trimmed.cut.nodes, trimmed.cut.value), (nodes, value));
        assert_eq!(trimmed.profile.samples.total(0), 100);
    };
    check(0.0, "idle 90\nmain;parse 1\nmain;parse;read 6\nmain;render;read 3\n", 0, 0);
    check(5.0, "idle 90\nmain;(trimmed) 3\nmain;parse 1\nmain;parse;read 6\n", 2, 3);
    check(50.0, "(trimmed) 10\nidle 90\n", 5, 10);
    check(200.0, "(trimmed) 100\n", 6, 100);
    check(f64::NAN, "idle 90\nmain;parse 1\nmain;parse;read 6\nmain;render;read 3\n", 0, 0);
}

#[test]
fn a_sandwich_has_callers_and_callees() {
    let halves = transform::sandwich(&forms::profile("a;f;b;f;c 2\nd;f 3\ne 4\n"), "f");
    assert_eq!(folded(&halves.callers), "a;f 2\nd;f 3\n");
    assert_eq!(folded(&halves.callees), "f 3\nf;b;f;c 2\n");
    assert!(transform::sandwich(&forms::profile(STACKS), "nothing").callers.samples.is_empty());
}

#[test]
fn stacks_are_turned_and_grouped() {
    assert_eq!(folded(&transform::invert(forms::profile("a;b 1\na;c 2\n"))), "b;a 1\nc;a 2\n");
    let mut profile = forms::profile("");
    let plain = forms::profile("a;b 1\n");
    let mut transfer = profile_model::Transfer::new(&plain.symbols);
    let stack = transfer.stack(&mut profile.symbols, plain.samples.stacks()[0]);
    let key = profile.symbols.intern_string("thread");
    let value = LabelValue::Text(profile.symbols.intern_string("one"));
    profile.samples.push(Sample { stack, values: &[1], labels: &[SampleLabel { key, value }] });
    profile.samples.push(Sample { stack, values: &[2], labels: &[] });
    let by = [GroupBy::Label("thread".to_owned()), GroupBy::File, GroupBy::Mapping];
    assert_eq!(folded(&transform::group(profile, &by)), "a;b 2\nthread=one;a;b 1\n");
}

#[test]
fn a_comparison_by_share_does_not_see_the_load() {
    let base = forms::profile("main;a 30\nmain;b 70\n");
    let twice = forms::profile("main;a 60\nmain;b 140\n");
    let [base, twice] = [&base, &twice].map(|profile| Selection::new(profile, 0).unwrap());
    let diffs = |profile: &Profile| -> i64 {
        Selection::comparison(profile).unwrap().diffs().map(|(_, diff)| diff.abs()).sum()
    };
    assert_eq!(diffs(&compare(&base, &twice).unwrap().profile), 100);
    assert_eq!(diffs(&compare_by_share(&base, &twice).unwrap().profile), 0);
    let other = Profile::new(vec![profile_model::ValueType::new("alloc", "bytes")]);
    assert!(compare(&base, &Selection::new(&other, 0).unwrap()).is_err());
}
