//! What is no recording, another version, damaged or too large, with what it says.

use profile_codec::jfr::{self, Contexts, Options};

use super::decode;
use super::recorded::agent;
use super::writer::{Chunk, EXECUTION, Encoding, Form, LONG, PAIR, RUNNABLE, STACK, SYMBOL};

fn sample() -> Chunk {
    let mut chunk = Chunk::new(Form::Compressed, Encoding::Utf8);
    let stack = chunk.stack(&[("a/B", "run", 7)]);
    chunk.execution(stack, RUNNABLE);
    chunk
}

#[track_caller]
fn refused(bytes: &[u8], expect: &str) {
    let error = decode(bytes).err().unwrap();
    assert_eq!(error.to_string(), expect);
    assert!(!error.hint().is_empty(), "{error}");
}

#[test]
fn heads_are_checked() {
    let good = sample().finish();
    let with = |at: usize, bytes: &[u8]| {
        let mut changed = good.clone();
        changed[at..at + bytes.len()].copy_from_slice(bytes);
        changed
    };
    refused(&with(0, b"PK"), "chunk 1, byte 0: expected `FLR\\0`, found 50 4b 52 00 00 02 00 01");
    refused(&with(5, &[1]), "chunk 1: expected version 2 of the format, found 1.1");
    refused(&with(5, &[3]), "chunk 1: expected version 2 of the format, found 3.1");
    let negative =
        "chunk 1, byte 8, the chunk's head: expected a size of more than the head's 68 bytes, found -1";
    refused(&with(8, &[0xff; 8]), negative);
    let ticks = "chunk 1, byte 56, the chunk's head: expected more than no ticks per second, found 0";
    refused(&with(56, &[0; 8]), ticks);
    let cut = "chunk 1 is cut off: its whole events end at byte 0, and nothing before that can be read";
    refused(b"", cut);
    refused(&good[..67], cut);
    let behind = [&good[..], b"junk"].concat();
    refused(&behind, &format!("chunk 2, byte {}: expected `FLR\\0`, found 6a 75 6e 6b", good.len()));
    // A newer minor version has the same bytes in front.
    assert!(decode(&with(7, &[9])).is_ok());
}

#[test]
fn events_fill_their_chunk() {
    let mut bytes = sample().finish();
    bytes[68] = 0;
    refused(
        &bytes,
        "chunk 1, byte 68, the metadata: expected the size of an event within the chunk, found 0",
    );
    bytes[68] = 0x7f;
    let length = bytes.len();
    bytes.truncate(100);
    bytes[8..16].copy_from_slice(&100_u64.to_be_bytes());
    refused(
        &bytes,
        "chunk 1, byte 68, the metadata: expected the size of an event within the chunk, found 127",
    );
    assert!(length > 100);
    let empty = Chunk::new(Form::Compressed, Encoding::Utf8).finish_as_it_is();
    refused(
        &empty,
        "chunk 1, byte 68, the chunk: expected an event that describes the types of events, found none",
    );
}

#[test]
fn what_is_wrong_is_told_with_the_event_and_the_place() {
    let mut chunk = sample();
    chunk.event(EXECUTION, chunk.bytes().long(5));
    let error = decode(&chunk.finish()).err().unwrap().to_string();
    assert!(error.starts_with("chunk 1, byte "), "{error}");
    assert!(error.contains(", jdk.ExecutionSample: expected a byte, found the end at byte "), "{error}");

    let mut chunk = sample();
    chunk.event(1, chunk.bytes().long(5).long(0).long(0).raw(&[0]).int(1).long(4711).int(0));
    let error = decode(&chunk.finish()).err().unwrap().to_string();
    assert!(
        error.ends_with("a checkpoint: expected a type that the metadata describes, found type 4711"),
        "{error}"
    );

    let mut chunk = sample();
    chunk.types.iter_mut().find(|(id, ..)| *id == PAIR).unwrap().2.push(("again", PAIR, ""));
    let value = chunk.bytes().long(1);
    chunk.pooled(PAIR, value);
    let error = decode(&chunk.finish()).err().unwrap().to_string();
    assert!(error.ends_with("expected types that do not contain themselves, found `test.Pair`"), "{error}");

    let mut chunk = sample();
    chunk.types.push((200, "line\nbreak", vec![("x", LONG, "")]));
    chunk.types.push((201, "jdk.ExecutionSample", vec![("stackTrace", 999, "")]));
    let error = decode(&chunk.finish()).err().unwrap().to_string();
    assert!(
        error.ends_with("the metadata: expected a type that the metadata describes, found type 999"),
        "{error}"
    );
}

/// Types with names that are known and fields that are not as a JDK has them.
#[test]
fn fields_of_other_types_than_usual_are_passed_over() {
    let mut chunk = sample();
    for (id, fields) in [(STACK, vec![("frames", LONG, "")]), (SYMBOL, vec![("string", LONG, "")])] {
        chunk.types.iter_mut().find(|(known, ..)| *known == id).unwrap().2 = fields;
    }
    let mut other = Chunk::new(Form::Compressed, Encoding::Utf8);
    other.types = chunk.types.clone();
    let value = other.bytes().long(3);
    let stack = other.pooled(STACK, value);
    other.execution(stack, RUNNABLE);
    let recording = decode(&other.finish()).unwrap();
    assert_eq!(recording.profiles[0].samples.total(0), 10_000_000);
    assert_eq!(recording.profiles[0].symbols.stack(recording.profiles[0].samples.stacks()[0]), []);
}

#[test]
fn nothing_is_larger_than_the_limits() {
    let limited = |set: fn(&mut profile_codec::pprof::Limits), expect: &str| {
        let mut options = Options::default();
        set(&mut options.limits);
        let error = jfr::decode(&agent(), &options).err().unwrap();
        assert_eq!(error.to_string(), expect);
        assert!(!error.hint().is_empty());
    };
    limited(|limits| limits.max_decoded_bytes = 1000, "expected at most 1000 bytes of a recording");
    limited(|limits| limits.max_samples = 3, "expected at most 3 samples");
    limited(|limits| limits.max_stack_depth = 4, "expected at most 4 frames in a stack");
    limited(|limits| limits.max_sample_numbers = 100, "expected at most 100 frames in all stacks");
    let values = "expected at most 100 values in the constant pools of a chunk";
    limited(|limits| limits.max_table_entries = 100, values);
    // A name of a class that many methods have is a text in each.
    let mut chunk = Chunk::new(Form::Compressed, Encoding::Utf8);
    let class = "C".repeat(1000);
    for method in 0..100 {
        let stack = chunk.stack(&[(&class, &format!("m{method}"), 1)]);
        chunk.execution(stack, RUNNABLE);
    }
    let mut options = Options::default();
    options.limits.max_decoded_bytes = 20_000;
    let bytes = chunk.finish();
    assert!(bytes.len() < 20_000, "{}", bytes.len());
    let error = jfr::decode(&bytes, &options).err().unwrap().to_string();
    assert_eq!(error, "expected at most 20000 bytes of names");
}

/// Types that hold each other twice are a tree of a million leaves that takes no byte.
#[test]
fn types_within_types_take_no_time_that_bytes_do_not_pay_for() {
    let fields = |next: u64| vec![("left", next, ""), ("right", next, "")];
    let mut chunk = sample();
    for level in 300..330 {
        chunk.types.push((level, "test.Level", fields(level + 1)));
    }
    chunk.types.push((330, "test.Last", vec![]));
    chunk.types.push((400, "test.Levels", vec![("levels", 300, "a")]));
    let value = chunk.bytes().int(u64::from(u32::MAX) >> 1);
    chunk.pooled(400, value);
    assert!(decode(&chunk.finish()).is_ok());

    let mut chunk = sample();
    for level in 300..340 {
        chunk.types.push((level, "test.Level", fields(level + 1)));
    }
    chunk.types.push((340, "test.Last", vec![]));
    let value = chunk.bytes();
    chunk.pooled(300, value);
    let error = decode(&chunk.finish()).err().unwrap().to_string();
    assert_eq!(error, "expected at most 32 types within types");
}

#[test]
fn labels_that_are_none_are_refused() {
    for bytes in [&b"\x0b"[..], b"\x0a\x05", b"\x08\x01", b"\x0a\x04\x12\x02\x0a\x07"] {
        let error = Contexts::decode(bytes).err().unwrap().to_string();
        assert!(error.starts_with("expected the labels of a recording"), "{error}");
    }
    assert_eq!(Contexts::decode(b"").unwrap().labels(0).count(), 0);
}
