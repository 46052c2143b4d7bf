use std::io::Write;

use parca_proto::pprof as pb;
use profile_codec::pprof::{self, DecodeError, Limits, WireError};
use prost::Message;

use crate::flat;

/// A profile that uses every field.
pub(crate) fn small_message() -> pb::Profile {
    let strings = ["", "cpu", "nanoseconds", "main", "work", "/bin/app", "main.c", "thread", "t-1", "bytes"];
    pb::Profile {
        sample_type: vec![pb::ValueType { r#type: 1, unit: 2 }],
        sample: vec![
            pb::Sample {
                location_id: vec![1, 2],
                value: vec![300],
                label: vec![pb::Label { key: 7, str: 8, num: 0, num_unit: 0 }],
            },
            pb::Sample {
                location_id: vec![2],
                value: vec![-1],
                label: vec![pb::Label { key: 9, str: 0, num: 512, num_unit: 9 }],
            },
        ],
        mapping: vec![pb::Mapping {
            id: 1,
            memory_start: 4096,
            memory_limit: 8192,
            filename: 5,
            has_functions: true,
            ..Default::default()
        }],
        location: vec![
            pb::Location {
                id: 1,
                mapping_id: 1,
                address: 5000,
                line: vec![
                    pb::Line { function_id: 2, line: 20, column: 3 },
                    pb::Line { function_id: 1, line: 10, column: 0 },
                ],
                is_folded: true,
            },
            pb::Location { id: 2, mapping_id: 1, address: 6000, ..Default::default() },
        ],
        function: vec![
            pb::Function { id: 1, name: 3, system_name: 3, filename: 6, start_line: 1 },
            pb::Function { id: 2, name: 4, system_name: 4, filename: 6, start_line: 15 },
        ],
        string_table: strings.map(str::to_owned).to_vec(),
        drop_frames: 3,
        keep_frames: 4,
        time_nanos: 1_700_000_000_000_000_000,
        duration_nanos: 10_000_000_000,
        period_type: Some(pb::ValueType { r#type: 1, unit: 2 }),
        period: 10_000_000,
        comment: vec![6],
        default_sample_type: 1,
        doc_url: 5,
    }
}

/// Ours reads what prost reads, and nothing else. (Groups, which prost skips, are no part of this.)
#[track_caller]
fn check_against_prost(bytes: &[u8]) {
    let ours = pprof::decode(bytes, &Limits::default());
    let _ = pprof::decode_like_parca(bytes, 0, &Limits::default());
    let Ok(message) = pb::Profile::decode(bytes) else { return };
    match (ours, flat::of_message(&message)) {
        (Ok(ours), theirs) => assert_eq!(Some(flat::of_model(&ours)), theirs, "{bytes:?}"),
        (Err(DecodeError::Wire(WireError::WireType(3 | 4))), _) | (Err(_), None) => {}
        (Err(error), Some(_)) => panic!("{error} on {bytes:?}"),
    }
}

#[test]
fn every_change_of_one_byte_gives_a_profile_or_an_error() {
    let bytes = small_message().encode_to_vec();
    check_against_prost(&bytes);
    let mut changed = bytes.clone();
    for at in 0..bytes.len() {
        let bits = (0..8).map(|bit| bytes[at] ^ (1 << bit));
        let neighbours = [bytes[at].wrapping_add(1), bytes[at].wrapping_sub(1)];
        for value in bits.chain(neighbours).chain([0, 0x7f, 0x80, 0xff]) {
            changed[at] = value;
            check_against_prost(&changed);
        }
        changed[at] = bytes[at];
    }
}

#[test]
fn every_cut_gives_a_profile_or_an_error() {
    let bytes = small_message().encode_to_vec();
    for end in 0..bytes.len() {
        check_against_prost(&bytes[..end]);
    }
}

#[test]
fn changed_gzip_gives_a_profile_or_an_error() {
    let profile = pprof::decode(&small_message().encode_to_vec(), &Limits::default()).unwrap();
    let bytes = pprof::encode_gzip(&profile);
    let mut changed = bytes.clone();
    for at in 0..bytes.len() {
        for flip in [0x01, 0x10, 0x80, 0xff] {
            changed[at] ^= flip;
            let _ = pprof::decode(&changed, &Limits::default());
            changed[at] = bytes[at];
        }
        assert!(pprof::decode(&bytes[..at], &Limits::default()).is_err() || at == 0, "cut at {at}");
    }
}

#[test]
fn no_bytes_are_a_profile_without_anything() {
    let profile = pprof::decode(b"", &Limits::default()).unwrap();
    assert!(profile.sample_types.is_empty() && profile.samples.is_empty());
}

#[test]
fn gzip_may_come_in_several_members() {
    let bytes = small_message().encode_to_vec();
    let (head, tail) = bytes.split_at(bytes.len() / 2);
    let members: Vec<u8> = [head, tail].into_iter().flat_map(gzip).collect();
    let expect = pprof::decode(&bytes, &Limits::default()).unwrap();
    let read = pprof::decode(&members, &Limits::default()).unwrap();
    assert_eq!(flat::of_model(&read), flat::of_model(&expect));
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[track_caller]
fn check_limit(bytes: &[u8], limit: impl FnOnce(&mut Limits), expect: &str) {
    let mut limits = Limits::default();
    assert!(pprof::decode(bytes, &limits).is_ok());
    limit(&mut limits);
    assert_eq!(pprof::decode(bytes, &limits).unwrap_err().to_string(), expect);
}

#[test]
fn more_than_the_limits_is_refused() {
    let bytes = small_message().encode_to_vec();
    check_limit(&bytes, |limits| limits.max_decoded_bytes = 100, "expected at most 100 decoded bytes");
    check_limit(&gzip(&bytes), |limits| limits.max_decoded_bytes = 100, "expected at most 100 decoded bytes");
    check_limit(&bytes, |limits| limits.max_samples = 1, "expected at most 1 samples");
    check_limit(&bytes, |limits| limits.max_stack_depth = 1, "expected at most 1 locations in a sample");
    check_limit(
        &bytes,
        |limits| limits.max_sample_numbers = 4,
        "expected at most 4 locations and values of samples",
    );
    check_limit(&bytes, |limits| limits.max_sample_types = 0, "expected at most 0 sample types");
    check_limit(&bytes, |limits| limits.max_table_entries = 1, "expected at most 1 labels");
}

#[test]
fn a_bomb_is_refused_before_it_takes_memory() {
    let bomb = gzip(&vec![0; 4 << 20]);
    assert!(bomb.len() < 10_000);
    let mut limits = Limits::default();
    limits.max_decoded_bytes = 1 << 16;
    assert!(matches!(pprof::decode(&bomb, &limits), Err(DecodeError::TooLarge { .. })));
}

#[test]
fn a_long_comment_many_times_over_is_refused_before_it_takes_memory() {
    let message = pb::Profile {
        string_table: vec![String::new(), "x".repeat(1000)],
        comment: vec![1; 1_000_000],
        ..Default::default()
    };
    let error = pprof::decode(&message.encode_to_vec(), &Limits::default()).unwrap_err();
    assert_eq!(error.to_string(), "expected at most 268435456 bytes of text in the head");
}

#[test]
fn text_that_is_not_utf8_is_repaired() {
    let mut bytes = small_message().encode_to_vec();
    let at = bytes.windows(4).position(|window| window == b"work").unwrap();
    bytes[at] = 0xff;
    let profile = pprof::decode(&bytes, &Limits::default()).unwrap();
    assert!(profile.symbols.find_string("\u{fffd}ork").is_some());
}
