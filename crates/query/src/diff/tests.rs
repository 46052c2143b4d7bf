use profile_model::Profile;
use proptest::prelude::*;
use report_render::{Selection, folded};

use super::*;

fn profile(text: &str) -> Profile {
    folded::parse(text.as_bytes(), &folded::ParseOptions::default()).unwrap()
}

fn side(profile: &Profile) -> Side {
    Side::of(&Selection::new(profile, 0).unwrap())
}

fn diff(before: &str, after: &str, options: DiffOptions, seconds: Option<[f64; 2]>) -> Diff {
    let side = |at: usize, text: &str| {
        let side = side(&profile(text));
        seconds.map_or(side.clone(), |seconds| side.lasting(seconds[at]))
    };
    Diff::between(&side(0, before), &side(1, after), &options).unwrap()
}

fn by(normalise: Normalise) -> DiffOptions {
    DiffOptions { normalise, ..DiffOptions::default() }
}

const BEFORE: &str = "main;load 20\nmain;parse 30\nmain;render 50\n";
/// Twice as long, and `parse` slower by ten points.
const AFTER: &str = "main;load 40\nmain;parse 80\nmain;render 80\n";

#[test]
fn what_got_slower_is_first_and_its_callers_are_not() {
    let diff = diff(BEFORE, AFTER, DiffOptions::default(), None);
    let rows: Vec<_> = diff.rows.iter().map(|row| (row.name.as_str(), row.flat.points())).collect();
    assert_eq!(rows, [("parse", 10.0), ("render", -10.0), ("load", 0.0), ("main", 0.0)]);
    assert_eq!(diff.rows[0].cumulative.points(), 10.0);
    let main = diff.rows.iter().find(|row| row.name == "main").unwrap();
    assert_eq!(main.cumulative.change(), Change::Points(0.0));
}

#[test]
fn windows_of_different_length_are_compared_per_second() {
    let diff = diff(BEFORE, AFTER, by(Normalise::PerSecond), Some([10.0, 20.0]));
    assert_eq!(diff.rows[0].name, "parse");
    assert_eq!(diff.rows[0].flat.change(), Change::PerSecond(1.0));
    assert_eq!(diff.total().change(), Change::PerSecond(0.0));
    let sides = [BEFORE, AFTER].map(|text| side(&profile(text)));
    assert_eq!(Diff::between(&sides[0], &sides[1], &by(Normalise::PerSecond)), Err(DiffError::NoLength));
}

#[test]
fn values_can_be_left_as_they_are() {
    let diff = diff(BEFORE, AFTER, by(Normalise::Nothing), None);
    assert_eq!(diff.rows[0].name, "parse");
    assert_eq!(diff.rows[0].flat.change(), Change::Value(50));
    assert_eq!(diff.total().change(), Change::Value(100));
}

#[test]
fn what_is_new_or_gone_is_named() {
    let diff = diff("main;old 10\n", "main;new 10\n", DiffOptions::default(), None);
    let found: Vec<_> = diff.rows.iter().map(|row| (row.name.as_str(), row.presence())).collect();
    assert_eq!(found, [("new", Presence::New), ("old", Presence::Gone), ("main", Presence::Both)]);
    assert!(diff.rows[0].flat.relative().is_infinite());
}

#[test]
fn one_side_may_be_empty() {
    for (before, after) in [("", "a 5\n"), ("a 5\n", ""), ("", "")] {
        let profiles = [before, after].map(|text| {
            let mut profile = profile("a 5\n");
            if text.is_empty() {
                profile.samples = profile_model::Samples::new(1);
            }
            profile
        });
        let sides = profiles.map(|profile| side(&profile));
        let diff = Diff::between(&sides[0], &sides[1], &DiffOptions::default()).unwrap();
        assert!(diff.rows.iter().all(|row| row.flat.points().is_finite()));
    }
}

#[test]
fn conditions_hold_or_not() {
    let diff = diff(BEFORE, AFTER, DiffOptions::default(), Some([10.0, 20.0]));
    let check = |condition: &str, expect: &[&str]| {
        let verdict = condition.parse::<Condition>().unwrap().check(&diff);
        assert_eq!(verdict.functions, expect, "{condition}");
        assert_eq!(verdict.unchecked, None);
    };
    check("cum>5pp", &["parse"]);
    check("cum > 5 pp", &["parse"]);
    check("cum>10pp", &[]);
    check("cum>=10pp", &["parse"]);
    check("flat<-5pp", &["render"]);
    check("flat<=-10pp", &["render"]);
    check("flat>33%", &["parse"]);
    check("flat>34%", &[]);
    check("flat(^p)>5pp", &["parse"]);
    check("flat(render|load|nosuch)>5pp", &[]);
    check("flat>49", &["parse"]);
    // Twice as much in twice the time is as much.
    check("total>1%", &[]);
    check("total>99", &["total"]);
    let small = super::tests::diff("a 10000\nb 1\n", "a 10000\nb 9\n", DiffOptions::default(), None);
    let condition: Condition = "flat>100%".parse().unwrap();
    assert_eq!(condition.check(&small).functions, [""; 0]);
    assert_eq!(condition.check_above(&small, 0.0).functions, ["b"]);
}

#[test]
fn a_limit_in_the_wrong_unit_is_no_pass() {
    let diff = diff(BEFORE, AFTER, DiffOptions::default(), None);
    let verdict = "cum>5ms".parse::<Condition>().unwrap().check(&diff);
    assert!(!verdict.is_met());
    assert_eq!(verdict.unchecked.as_deref(), Some("expected a limit in samples, found one in milliseconds"));
}

#[test]
fn a_condition_on_a_function_that_is_on_neither_side_is_no_pass() {
    let diff = diff(BEFORE, AFTER, DiffOptions::default(), None);
    let verdict = "cum(parze)>5pp".parse::<Condition>().unwrap().check(&diff);
    assert!(!verdict.is_met() && verdict.is_about_nothing);
    assert_eq!(
        verdict.unchecked.as_deref(),
        Some("no function on either side matches `parze`; did you mean `parse`?")
    );
}

#[test]
fn a_first_run_checks_nothing_and_says_so() {
    let diff = diff("", AFTER, DiffOptions::default(), None);
    assert!(diff.has_no_base);
    let verdict = "cum>5pp".parse::<Condition>().unwrap().check(&diff);
    assert!(verdict.is_met());
    assert_eq!(verdict.skipped.as_deref(), Some("there is no baseline yet"));
}

#[test]
fn what_cancels_out_is_not_new() {
    let diff = diff("main;a 5\nmain;a -5\nmain;b 1\n", "main;a 5\nmain;b 1\n", DiffOptions::default(), None);
    let row = diff.rows.iter().find(|row| row.name == "a").unwrap();
    assert_eq!(row.presence(), Presence::Both);
}

#[test]
fn limits_are_compared_in_the_unit_of_the_values() {
    let side = |unit: &str, value: &str| {
        let mut options = folded::ParseOptions::default();
        options.value_type = profile_model::ValueType::new("cpu", unit);
        let profile = folded::parse(format!("main {value}\n").as_bytes(), &options).unwrap();
        Side::of(&Selection::new(&profile, 0).unwrap())
    };
    let options = DiffOptions { normalise: Normalise::Nothing, ..DiffOptions::default() };
    for (unit, before, after) in [
        ("ms", "100", "400"),
        ("ns", "100000000", "400000000"),
        ("us", "100000", "400000"),
        ("minutes", "1", "2"),
    ] {
        let diff = Diff::between(&side(unit, before), &side(unit, after), &options).unwrap();
        let check = |text: &str| text.parse::<Condition>().unwrap().check(&diff).is_met();
        assert!(!check("cum>200ms") && check("cum>2h") && !check("cum>0.001min"), "{unit}");
    }
    let mixed = Diff::between(&side("ms", "100"), &side("nanoseconds", "100000000"), &options).unwrap();
    assert_eq!((mixed.value_type.unit.as_str(), mixed.rows[0].flat.weight()), ("nanoseconds", 0.0));
}

#[test]
fn rates_keep_their_fractions() {
    let diff = diff(
        "main 300\n",
        "main 600\n",
        DiffOptions { normalise: Normalise::PerSecond, ..DiffOptions::default() },
        Some([1000.0, 1000.0]),
    );
    let mut out = Vec::new();
    text(&diff, &TextOptions::default(), &mut out).unwrap();
    let text = String::from_utf8(out).unwrap();
    assert!(text.contains("0.3 samples/s  0.6 samples/s  +0.3 samples/s"), "{text}");
}

#[test]
fn nothing_wraps_at_80_columns() {
    let long = "github.com/some/quite/long/path/of/a/package.(*Receiver).MethodWithALongName";
    let diff = diff(
        &format!("main;{long} 300\n"),
        &format!("main;{long} 100\nmain;x 5\n"),
        DiffOptions::default(),
        None,
    );
    for width in [50, 60, 80, 120] {
        let mut out = Vec::new();
        text(&diff, &TextOptions { width, ..TextOptions::default() }, &mut out).unwrap();
        for line in String::from_utf8(out).unwrap().lines().skip(2) {
            assert!(::words::columns(line) <= width, "{width}: {line}");
        }
    }
}

#[test]
fn mistakes_in_conditions_have_a_caret() {
    let check = |text: &str, expect: &str| {
        assert_eq!(text.parse::<Condition>().unwrap_err().to_string(), expect);
    };
    check("cpu>5pp", "expected `flat`, `cum` or `total`\n  cpu>5pp\n  ^");
    check("cum 5pp", "expected `>`, `>=`, `<` or `<=`\n  cum 5pp\n      ^");
    check("cum>pp", "expected a number such as `5` or `2.5`\n  cum>pp\n      ^");
    check("cum>5parsec", "expected `pp`, `%`, or a unit such as `ms` or `MiB`\n  cum>5parsec\n       ^");
    check("cum(a>5pp", "expected `)`\n  cum(a>5pp\n           ^");
    check(
        "cum(*)>5pp",
        "expected a regular expression: error parsing regexp: missing argument to repetition operator: `*`\n  cum(*)>5pp\n      ^",
    );
    check("total>5pp", "expected `%` or a unit, as the total has no share\n  total>5pp\n         ^");
    check(
        "total(a)>5%",
        "expected `>` or another comparison, as `total` has no functions\n  total(a)>5%\n       ^",
    );
    check("cum>5pp and flat>1pp", "expected the end\n  cum>5pp and flat>1pp\n          ^");
    check("", "expected `flat`, `cum` or `total`\n  \n  ^");
}

#[test]
fn reports_say_what_changed() {
    let diff = diff(BEFORE, AFTER, DiffOptions::default(), None);
    let mut out = Vec::new();
    text(&diff, &TextOptions::default(), &mut out).unwrap();
    let expect = "\
Changed functions, by share of each side's whole:
(samples: 100 samples before, 200 samples after)
flat before    after     change  cum before    after     change  function
    30.00 %  40.00 %  +10.00 pp     30.00 %  40.00 %  +10.00 pp  parse
    50.00 %  40.00 %  -10.00 pp     50.00 %  40.00 %  -10.00 pp  render
";
    assert_eq!(String::from_utf8(out).unwrap(), expect);

    let verdicts = ["cum>5pp", "cum>50pp", "cum>5ms"].map(|c| c.parse::<Condition>().unwrap().check(&diff));
    let mut out = Vec::new();
    markdown(&diff, "a <b>", &verdicts, 1, &mut out).unwrap();
    let expect = "\
### a \\<b\\>

- :x: `cum>5pp`: `parse`
- :white_check_mark: `cum>50pp`: no function is beyond it
- :warning: `cum>5ms`: expected a limit in samples, found one in milliseconds

Changes of samples, by share of each side's whole (100 samples before, 200 samples after):

| function | flat | flat, relative | cumulative | cumulative, relative |
|---|---:|---:|---:|---:|
| `parse` | +10.00 pp | +33.3 % | +10.00 pp | +33.3 % |

1 more functions changed.
";
    assert_eq!(String::from_utf8(out).unwrap(), expect);

    let mut out = Vec::new();
    junit("a\"b", &verdicts, &mut out).unwrap();
    let expect = "\
<?xml version=\"1.0\" encoding=\"UTF-8\"?>
<testsuites>
  <testsuite name=\"a&quot;b\" tests=\"3\" failures=\"1\" errors=\"1\">
    <testcase classname=\"a&quot;b\" name=\"cum&gt;5pp\">
      <failure message=\"1 beyond cum&gt;5pp\">parse</failure>
    </testcase>
    <testcase classname=\"a&quot;b\" name=\"cum&gt;50pp\"/>
    <testcase classname=\"a&quot;b\" name=\"cum&gt;5ms\">
      <error message=\"expected a limit in samples, found one in milliseconds\"/>
    </testcase>
  </testsuite>
</testsuites>
";
    assert_eq!(String::from_utf8(out).unwrap(), expect);

    let mut out = Vec::new();
    json(&diff, &verdicts, &mut out).unwrap();
    let value: serde_json::Value = serde_json::from_slice(&out).unwrap();
    assert_eq!(value["functions"][0]["name"], "parse");
    assert_eq!(value["functions"][0]["flat"]["change"], 10.0);
    assert_eq!(value["conditions"][0]["met"], false);
}

proptest! {
    #[test]
    fn conditions_print_what_they_parsed(text in "(flat|cum|total)(\\([a-z.*\\[\\]()|\\\\]{0,8}\\))?(>=|<=|>|<) ?-?[0-9]{1,4}(\\.[0-9]{1,3})? ?(pp|%|ms|MiB|)") {
        if let Ok(condition) = text.parse::<Condition>() {
            let printed = condition.to_string();
            prop_assert_eq!(printed.parse::<Condition>().unwrap(), condition, "{}", printed);
        }
    }

    #[test]
    fn no_condition_panics(text in "(flat|cum|total|\\(|\\)|\\[|>|<=|-|[0-9.]{1,3}|pp|%|µ|.){0,8}") {
        let error = text.parse::<Condition>().map(|_| ());
        if let Err(error) = error {
            prop_assert!(error.to_string().ends_with('^'));
        }
    }

    #[test]
    fn flat_changes_of_shares_sum_up_to_nothing(
        before in prop::collection::vec(1_u32..1000, 1..8),
        after in prop::collection::vec(1_u32..1000, 1..8),
    ) {
        let lines = |values: &[u32]| -> String {
            values.iter().enumerate().map(|(at, value)| format!("main;f{at} {value}\n")).collect()
        };
        let diff = diff(&lines(&before), &lines(&after), DiffOptions::default(), None);
        let sum: f64 = diff.rows.iter().map(|row| row.flat.points()).sum();
        prop_assert!(sum.abs() < 1e-9, "{sum}");
        let sizes: Vec<f64> = diff.rows.iter().map(|row| row.flat.points().abs()).collect();
        prop_assert!(sizes.is_sorted_by(|a, b| a >= b));
    }
}
