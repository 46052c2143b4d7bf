//! Recordings that are made here: what each event measures, whatever the form of the numbers and the strings.

use std::collections::BTreeMap;

use profile_codec::jfr::{self, Options};

use super::writer::{
    ALLOCATION, Chunk, EXECUTION, Encoding, Form, IN_TLAB, LIVE, MALLOC, MONITOR, OTHER, OUTSIDE_TLAB, PARK,
    RUNNABLE, SETTING, SLEEPING, WALL,
};
use super::{by_labels, decode, sums};

fn chunk() -> Chunk {
    Chunk::new(Form::Compressed, Encoding::Utf8)
}

/// The sums of all stacks by sample type.
fn totals(bytes: &[u8], options: &Options) -> BTreeMap<String, i64> {
    let mut totals = BTreeMap::new();
    for ((of, _), value) in sums(&jfr::decode(bytes, options).unwrap()) {
        *totals.entry(of).or_default() += value;
    }
    totals
}

#[track_caller]
fn check(chunk: Chunk, expect: &[(&str, i64)]) {
    let expect = expect.iter().map(|(of, value)| ((*of).to_owned(), *value)).collect();
    assert_eq!(totals(&chunk.finish(), &Options::default()), expect);
}

#[test]
fn each_event_measures_what_it_is_about() {
    for (event, expect) in [
        (IN_TLAB, &[("alloc_in_new_tlab_bytes", 700), ("alloc_in_new_tlab_objects", 1)][..]),
        (OUTSIDE_TLAB, &[("alloc_outside_tlab_bytes", 700), ("alloc_outside_tlab_objects", 1)]),
        (ALLOCATION, &[("alloc_sample_bytes", 700), ("alloc_sample_objects", 1)]),
        (MONITOR, &[("mutex contentions", 1), ("mutex delay", 700)]),
        (PARK, &[("block contentions", 1), ("block delay", 700)]),
        (LIVE, &[("live", 1)]),
        (MALLOC, &[("malloc_bytes", 700), ("malloc_objects", 1)]),
        (OTHER, &[]),
    ] {
        let mut chunk = chunk();
        let stack = chunk.stack(&[("a/B", "run", 7)]);
        chunk.event(event, chunk.bytes().long(5).long(0).long(stack).long(0).long(700));
        check(chunk, expect);
    }
}

#[test]
fn threads_that_sleep_are_on_no_processor() {
    let with = |event: Option<&str>| {
        let mut chunk = chunk();
        if let Some(event) = event {
            chunk.setting(EXECUTION, "event", event);
        }
        let stack = chunk.stack(&[("a/B", "run", 7)]);
        for state in [RUNNABLE, RUNNABLE, SLEEPING, 99] {
            chunk.execution(stack, state);
        }
        chunk
    };
    check(with(None), &[("cpu", 30_000_000)]);
    check(with(Some("itimer")), &[("cpu", 30_000_000)]);
    check(with(Some("wall")), &[("cpu", 30_000_000), ("wall", 40_000_000)]);
}

#[test]
fn samples_of_the_wall_clock_stand_for_several() {
    let with = |settings: &[(&str, &str)]| {
        let mut chunk = chunk();
        for (name, value) in settings {
            chunk.setting(EXECUTION, name, value);
        }
        let stack = chunk.stack(&[("a/B", "run", 7)]);
        chunk.event(WALL, chunk.bytes().long(5).long(0).long(stack).long(SLEEPING).int(3));
        chunk
    };
    check(with(&[]), &[("wall", 30_000_000)]);
    check(with(&[("event", "wall"), ("interval", "5000000")]), &[("wall", 15_000_000)]);
    check(with(&[("event", "cpu"), ("interval", "1"), ("wall", "50000000")]), &[("wall", 150_000_000)]);
}

#[test]
fn a_period_is_that_of_the_event_and_settings_may_follow_samples() {
    let mut chunk = chunk();
    let stack = chunk.stack(&[("a/B", "run", 7)]);
    chunk.execution(stack, RUNNABLE);
    chunk.setting(EXECUTION, "period", "20 ms");
    chunk.setting(SETTING, "period", "1 s");
    check(chunk, &[("cpu", 20_000_000)]);
}

/// Pyroscope's parser takes ticks for nanoseconds.
#[test]
fn delays_are_in_ticks_of_the_chunk() {
    let mut chunk = chunk();
    chunk.ticks_per_second = 2_799_998_547;
    let stack = chunk.stack(&[("a/B", "run", 7)]);
    chunk.event(PARK, chunk.bytes().long(5).long(0).long(stack).long(0).long(2_799_998_547 * 3));
    check(chunk, &[("block contentions", 1), ("block delay", 3_000_000_000)]);
}

#[test]
fn frames_have_class_method_and_line_and_generated_classes_one_name() {
    let mut chunk = chunk();
    let stacks = [
        chunk.stack(&[("a/B$$Lambda$4/1283928880", "run", 0), ("a/B", "main", -1)]),
        chunk.stack(&[("a/B$$Lambda$9/77", "run", 0), ("a/B", "main", -1)]),
        chunk.stack(&[]),
        77_777,
    ];
    for stack in stacks {
        chunk.execution(stack, RUNNABLE);
    }
    let recording = decode(&chunk.finish()).unwrap();
    let found: Vec<_> = sums(&recording).into_iter().map(|((_, stack), value)| (stack, value)).collect();
    let expect = [("", 10_000_000), ("a/B$$Lambda_.run:0;a/B.main:0", 20_000_000)];
    assert!(found.iter().map(|(stack, value)| (stack.as_str(), *value)).eq(expect), "{found:?}");
    assert_eq!(recording.without_stack, 1);
}

#[test]
fn an_id_means_what_its_own_chunk_says() {
    let one = |class: &str| {
        let mut chunk = chunk();
        let stack = chunk.stack(&[(class, "run", 7)]);
        chunk.execution(stack, RUNNABLE);
        (stack, chunk.finish())
    };
    let ((first_id, first), (second_id, second)) = (one("A"), one("B"));
    assert_eq!(first_id, second_id);
    let recording = decode(&[first, second].concat()).unwrap();
    let stacks: Vec<String> = sums(&recording).into_keys().map(|(_, stack)| stack).collect();
    assert_eq!(stacks, ["A.run:7", "B.run:7"]);
    assert_eq!(recording.profiles[0].duration_nanos, 10_000_000_000);
}

#[test]
fn spans_and_threads_are_labels() {
    let mut chunk = chunk();
    let (stack, thread) = (chunk.stack(&[("a/B", "run", 7)]), chunk.thread("main"));
    let body = chunk.bytes().long(5).long(thread).long(stack).long(RUNNABLE).long(4).long(0xab_cdef).long(9);
    chunk.event(EXECUTION, body);
    let mut options = Options::default();
    options.has_threads = true;
    let recording = jfr::decode(&chunk.finish(), &options).unwrap();
    let labels = by_labels(&recording.profiles[0]);
    assert_eq!(labels.keys().collect::<Vec<_>>(), ["profile_id=0000000000abcdef,thread=main"]);
}

#[test]
fn all_forms_of_numbers_and_strings_say_the_same() {
    for form in [Form::Compressed, Form::BigEndian] {
        for encoding in [Encoding::Utf8, Encoding::Latin1, Encoding::Units, Encoding::Pooled] {
            let mut chunk = Chunk::new(form, encoding);
            chunk.other();
            chunk.setting(EXECUTION, "interval", "5000000");
            chunk.setting(EXECUTION, "event", "itimer");
            let stack = chunk.stack(&[("a/É", "run", 7), ("a/B", "main", i32::MAX)]);
            // What nobody reads stands in pools, too.
            let other = chunk.other_value();
            chunk.pooled(OTHER, other);
            chunk.checkpoint();
            let sleeping = chunk.stack(&[("a/C", "sleep", 1)]);
            chunk.execution(stack, RUNNABLE);
            chunk.metadata();
            chunk.execution(sleeping, SLEEPING);
            chunk.execution(stack, RUNNABLE);
            let recording = decode(&chunk.finish()).unwrap();
            let found = sums(&recording);
            let key = ("cpu".to_owned(), format!("a/É.run:7;a/B.main:{}", i32::MAX));
            assert_eq!(found, BTreeMap::from([(key, 10_000_000)]), "{form:?} {encoding:?}");
            assert_eq!(recording.event.as_deref(), Some("itimer"));
        }
    }
}

#[test]
fn of_a_chunk_that_is_cut_off_what_has_its_stack_is_read() {
    let mut chunk = chunk();
    chunk.metadata();
    for line in 1..=4 {
        let stack = chunk.stack(&[("a/B", "run", line)]);
        chunk.execution(stack, RUNNABLE);
        chunk.checkpoint();
    }
    let bytes = chunk.finish_as_it_is();
    let lines = |cut: usize| {
        let recording = decode(&bytes[..bytes.len() - cut]).unwrap();
        assert_eq!(recording.cut.is_some(), cut > 0);
        (sums(&recording).len(), recording.without_stack)
    };
    assert_eq!(lines(0), (4, 0));
    // The last checkpoint is lost, and so the stack of the last sample.
    assert_eq!(lines(1), (3, 1));
    let error = decode(&bytes[..bytes.len() / 2]).err().unwrap().to_string();
    assert!(error.ends_with("and nothing before that can be read"), "{error}");
}
