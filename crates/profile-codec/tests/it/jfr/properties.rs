//! What was written is read, and whatever else is there, too, is an error and no panic.

use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::prelude::*;

use super::recorded::agent;
use super::writer::{
    ALLOCATION, Chunk, Encoding, Form, IN_TLAB, LIVE, MALLOC, MONITOR, OUTSIDE_TLAB, PARK, RUNNABLE,
    SLEEPING, WALL,
};
use super::{decode, sums};

/// A sample: what is written of it.
#[derive(Clone, Debug)]
struct Written {
    /// Which of [`EVENTS`], or a thread in some state.
    event: usize,
    /// Numbers of classes and methods, and lines.
    frames: Vec<(u8, u8, i32)>,
    amount: u32,
    /// Whether a chunk, a checkpoint or other events follow it.
    after: [bool; 3],
}

const EVENTS: [(u64, &str, &str); 8] = [
    (IN_TLAB, "alloc_in_new_tlab_objects", "alloc_in_new_tlab_bytes"),
    (OUTSIDE_TLAB, "alloc_outside_tlab_objects", "alloc_outside_tlab_bytes"),
    (ALLOCATION, "alloc_sample_objects", "alloc_sample_bytes"),
    (MONITOR, "mutex contentions", "mutex delay"),
    (PARK, "block contentions", "block delay"),
    (MALLOC, "malloc_objects", "malloc_bytes"),
    (LIVE, "live", ""),
    (WALL, "wall", ""),
];

fn written() -> impl Strategy<Value = Written> {
    let frames = vec((0..5_u8, 0..3_u8, -1..9_i32), 0..6);
    (0..EVENTS.len() + 2, frames, any::<u32>(), any::<[bool; 3]>())
        .prop_map(|(event, frames, amount, after)| Written { event, frames, amount, after })
}

fn form() -> impl Strategy<Value = (Form, Encoding)> {
    let forms = prop_oneof![Just(Form::Compressed), Just(Form::BigEndian)];
    let encodings = prop_oneof![
        Just(Encoding::Utf8),
        Just(Encoding::Latin1),
        Just(Encoding::Units),
        Just(Encoding::Pooled)
    ];
    (forms, encodings)
}

/// The bytes of a recording of these samples, and what is to be read in them.
fn recording(
    (form, encoding): (Form, Encoding),
    samples: &[Written],
) -> (Vec<u8>, BTreeMap<(String, String), i64>) {
    let (mut bytes, mut expected) = (Vec::new(), BTreeMap::new());
    let mut chunk = Chunk::new(form, encoding);
    for sample in samples {
        let names: Vec<(String, String, i32)> = sample
            .frames
            .iter()
            .map(|(class, method, line)| (format!("p/C{class}"), format!("é{method}"), *line))
            .collect();
        let frames: Vec<(&str, &str, i32)> =
            names.iter().map(|(class, method, line)| (class.as_str(), method.as_str(), *line)).collect();
        let stack = chunk.stack(&frames);
        let shown: Vec<String> =
            names.iter().map(|(class, method, line)| format!("{class}.{method}:{}", line.max(&0))).collect();
        let mut expect = |of: &str, value: i64| {
            if !of.is_empty() {
                *expected.entry((of.to_owned(), shown.join(";"))).or_default() += value;
            }
        };
        let amount = i64::from(sample.amount);
        match EVENTS.get(sample.event) {
            Some((WALL, of, _)) => {
                let body =
                    chunk.bytes().long(5).long(0).long(stack).long(SLEEPING).int(u64::from(sample.amount));
                chunk.event(WALL, body);
                expect(of, amount * 10_000_000);
            }
            Some((event, count, size)) => {
                chunk.event(*event, chunk.bytes().long(5).long(0).long(stack).long(0).long(amount as u64));
                expect(count, 1);
                expect(size, amount);
            }
            None if sample.event == EVENTS.len() => {
                chunk.execution(stack, RUNNABLE);
                expect("cpu", 10_000_000);
            }
            None => chunk.execution(stack, SLEEPING),
        }
        let [is_last, has_checkpoint, has_other] = sample.after;
        if has_checkpoint {
            chunk.checkpoint();
        }
        if has_other {
            chunk.other();
        }
        if is_last {
            bytes.extend(chunk.finish());
            chunk = Chunk::new(form, encoding);
        }
    }
    bytes.extend(chunk.finish());
    (bytes, expected)
}

proptest! {
    #[test]
    fn what_was_written_is_read(form in form(), samples in vec(written(), 0..20)) {
        let (bytes, expected) = recording(form, &samples);
        let read = decode(&bytes).unwrap();
        prop_assert_eq!(sums(&read), expected);
        prop_assert_eq!((read.without_stack, read.cut), (0, None));
    }

    /// A recording that ends anywhere has no sample that the whole one has not.
    #[test]
    fn the_start_of_a_recording_is_a_part_of_it(form in form(), samples in vec(written(), 1..20), at in 0.0..1.0_f64) {
        let (bytes, expected) = recording(form, &samples);
        let at = (at * bytes.len() as f64) as usize;
        if let Ok(read) = decode(&bytes[..at]) {
            for (key, value) in sums(&read) {
                prop_assert!(value <= expected[&key], "{:?}", key);
            }
        }
    }

    #[test]
    fn any_change_is_read_or_refused(
        form in form(),
        samples in vec(written(), 1..10),
        changes in vec((0.0..1.0_f64, any::<u8>()), 1..8),
    ) {
        let (mut bytes, _) = recording(form, &samples);
        for (at, byte) in changes {
            let at = (at * bytes.len() as f64) as usize;
            bytes[at] = byte;
        }
        if let Err(error) = decode(&bytes) {
            prop_assert!(!error.to_string().contains('\n'), "{}", error);
        }
    }

    #[test]
    fn any_bytes_behind_a_head_are_read_or_refused(is_compressed: bool, tail in vec(any::<u8>(), 0..300)) {
        let mut bytes = Chunk::new(Form::Compressed, Encoding::Utf8).finish_as_it_is();
        bytes[67] = u8::from(is_compressed);
        bytes.extend(tail);
        let length = bytes.len() as u64;
        bytes[8..16].copy_from_slice(&length.to_be_bytes());
        let _ = decode(&bytes);
    }
}

#[test]
fn a_real_recording_with_any_byte_changed_is_read_or_refused() {
    let mut bytes = agent();
    for at in (0..bytes.len()).step_by(bytes.len() / 200) {
        let before = bytes[at];
        for change in [0, 0xff] {
            bytes[at] = change;
            let _ = decode(&bytes);
        }
        bytes[at] = before;
    }
}
