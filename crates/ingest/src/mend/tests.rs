use profile_model::{Function, LabelValue, Line, Location, Sample, SampleLabel, StringId};

use profile_codec::pprof;

use super::*;

fn profile() -> Profile {
    let mut profile =
        Profile::new(vec![ValueType::new("samples", "count"), ValueType::new("cpu", "nanoseconds")]);
    profile.period_type = Some(ValueType::new("cpu", "nanoseconds"));
    profile.period = 10;
    profile.time_nanos = 1_700_000_000_000_000_000;
    profile.duration_nanos = 1_000_000_000;
    let symbols = &mut profile.symbols;
    let name = symbols.intern_string("main");
    let function = symbols.intern_function(Function {
        name,
        system_name: name,
        filename: StringId::EMPTY,
        start_line: 0,
    });
    let lines = [Line { function: Some(function), line: 7, column: 0 }];
    let location =
        symbols.intern_location(Location { mapping: None, address: 16, is_folded: false, lines: &lines });
    let stack = symbols.intern_stack(&[location]);
    let (thread, a, b) =
        (symbols.intern_string("thread"), symbols.intern_string("a"), symbols.intern_string("b"));
    for (value, thread_name) in [(1, a), (2, b), (4, a)] {
        let label = SampleLabel { key: thread, value: LabelValue::Text(thread_name) };
        profile.samples.push(Sample { stack, values: &[value, 10 * value], labels: &[label] });
    }
    profile
}

fn origin() -> Origin {
    Origin::at(SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000))
}

#[track_caller]
fn check(change: impl FnOnce(&mut Profile), expect: &[&str], look: impl FnOnce(&Head)) {
    let mut profile = profile();
    change(&mut profile);
    let bytes = Bytes::from(pprof::encode_gzip(&profile));
    let ready = ready(bytes.clone(), &origin()).unwrap().remove(0);
    assert_eq!(ready.changes, expect);
    assert!(is_right(&ready.head), "{:?}", ready.head);
    assert_eq!(*ready.pprof.bytes() == bytes, expect.is_empty(), "what is right stays as it is");
    look(&ready.head);
}

#[test]
fn what_is_right_stays_and_the_rest_is_made_right() {
    check(|_| {}, &[], |_| {});
    check(|p| p.time_nanos = 0, &["time"], |head| assert_eq!(head.time_nanos, 1_800_000_000_000_000_000));
    check(|p| p.time_nanos = -5, &["time"], |_| {});
    check(|p| p.duration_nanos = -1, &["duration"], |head| assert_eq!(head.duration_nanos, 0));
    let last = |head: &Head| assert_eq!(head.period_type, ValueType::new("cpu", "nanoseconds"));
    check(|p| p.period_type = None, &["period type"], last);
    check(|p| p.period_type = Some(ValueType::new("cpu", "")), &["period type"], last);
    check(
        |p| p.sample_types[1].name = "cpu-clock:ppp".into(),
        &["names of types"],
        |head| {
            assert_eq!(head.sample_types[1].name, "cpu_clock_ppp");
        },
    );
    check(
        |p| p.sample_types[0] = ValueType::new("1a", ""),
        &["names of types"],
        |head| {
            assert_eq!(head.sample_types[0], ValueType::new("_1a", "count"));
        },
    );
    let snapshot = |p: &mut Profile| {
        p.sample_types = vec![ValueType::new("HEAP", "bytes"), ValueType::new("THREADS", "count")];
        (p.duration_nanos, p.time_nanos) = (1, 0);
    };
    check(snapshot, &["time", "duration"], |head| assert_eq!(head.duration_nanos, 0));
}

#[test]
fn a_window_that_was_asked_for_is_the_duration_where_there_is_none() {
    let mut origin = origin();
    origin.window = Some(Duration::from_secs(9));
    let mut profile = profile();
    profile.duration_nanos = 0;
    assert_eq!(mended(profile, &origin).unwrap().head.duration_nanos, 9_000_000_000);
}

#[test]
fn only_the_sample_types_to_keep_are_kept() {
    let mut origin = origin();
    origin.keep_sample_types = vec![ValueType::new("cpu", "nanoseconds")];
    let ready = ready(pprof::encode_gzip(&profile()).into(), &origin).unwrap().remove(0);
    assert_eq!(ready.head.sample_types, origin.keep_sample_types);
    assert_eq!(pprof::decode(ready.pprof.as_ref(), &Limits::default()).unwrap().samples.total(0), 70);
}

#[test]
fn lines_without_a_function_are_left_out() {
    let mut profile = profile();
    let lines = [Line { function: None, line: 3, column: 0 }];
    let location = profile.symbols.intern_location(Location {
        mapping: None,
        address: 32,
        is_folded: false,
        lines: &lines,
    });
    let stack = profile.symbols.intern_stack(&[location]);
    profile.samples.push(Sample { stack, values: &[1, 10], labels: &[] });
    let ready = mended(profile, &origin()).unwrap();
    assert_eq!(ready.changes, ["lines without a function"]);
    let read = pprof::decode(ready.pprof.as_ref(), &Limits::default()).unwrap();
    assert_eq!(read.samples.total(1), 80);
    assert!(read.symbols.locations().any(|location| location.address == 32 && location.lines.is_empty()));
}

#[test]
fn labels_of_samples_become_profiles_up_to_a_limit() {
    let profile = profile();
    let totals = |keys: Option<&[String]>, limit| -> Vec<(String, i128)> {
        let all = split(&profile, keys, limit);
        all.iter().map(|(labels, one)| (format!("{labels:?}"), one.samples.total(0))).collect()
    };
    let a = (r#"[("thread", "a")]"#.to_owned(), 5);
    let b = (r#"[("thread", "b")]"#.to_owned(), 2);
    assert_eq!(totals(None, 10), [a.clone(), b.clone()]);
    assert_eq!(totals(Some(&["thread".to_owned()]), 10), [a.clone(), b]);
    assert_eq!(totals(Some(&["other".to_owned()]), 10), [("[]".to_owned(), 7)]);
    // Which of them came first is no reason to have a series of its own.
    assert_eq!(totals(None, 1), [("[]".to_owned(), 7)]);
}

#[test]
fn what_comments_say_of_binaries_is_told() {
    let head = |comments: &[&str], mappings| {
        let mut head = Head::default();
        head.comments = comments.iter().map(|one| (*one).to_owned()).collect();
        head.mappings = mappings;
        executable_info(&head)
    };
    let full =
        ExecutableInfo { elf_type: 3, load_segment: Some(LoadSegment { offset: 0x1000, vaddr: 0x2000 }) };
    assert_eq!(head(&["executableInfo=3;1000;2000", "x"], 1), [full]);
    assert_eq!(head(&["executableInfo=2"], 1), [ExecutableInfo { elf_type: 2, load_segment: None }]);
    assert_eq!(head(&["executableInfo=2"], 2), []);
}
