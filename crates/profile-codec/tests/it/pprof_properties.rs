use parca_proto::pprof as pb;
use profile_codec::pprof::{self, Limits};
use proptest::{collection::vec, prelude::*, sample::subsequence};
use prost::Message;

use crate::flat;

const STRINGS: i64 = 6;

fn index() -> impl Strategy<Value = i64> {
    0..STRINGS
}

/// Distinct ids: mostly 1..n, sometimes any.
fn ids() -> impl Strategy<Value = Vec<u64>> {
    prop_oneof![
        (0u64..6).prop_map(|count| (1..=count).collect::<Vec<_>>()),
        subsequence(vec![1u64, 2, 3, 7, 900, u64::MAX], 0..=6).prop_shuffle(),
    ]
}

fn one_of(ids: &[u64]) -> impl Strategy<Value = u64> + use<> {
    let mut ids = ids.to_vec();
    ids.push(0);
    prop::sample::select(ids)
}

fn mappings(ids: Vec<u64>) -> impl Strategy<Value = Vec<pb::Mapping>> {
    let mapping = |id| {
        (any::<(u64, u64, u64)>(), index(), index(), any::<[bool; 4]>()).prop_map(
            move |((memory_start, memory_limit, file_offset), filename, build_id, flags)| pb::Mapping {
                id,
                memory_start,
                memory_limit,
                file_offset,
                filename,
                build_id,
                has_functions: flags[0],
                has_filenames: flags[1],
                has_line_numbers: flags[2],
                has_inline_frames: flags[3],
            },
        )
    };
    ids.into_iter().map(mapping).collect::<Vec<_>>()
}

fn functions(ids: Vec<u64>) -> impl Strategy<Value = Vec<pb::Function>> {
    let function = |id| {
        (index(), index(), index(), any::<i64>()).prop_map(
            move |(name, system_name, filename, start_line)| pb::Function {
                id,
                name,
                system_name,
                filename,
                start_line,
            },
        )
    };
    ids.into_iter().map(function).collect::<Vec<_>>()
}

fn locations(
    ids: Vec<u64>,
    mappings: Vec<u64>,
    functions: Vec<u64>,
) -> impl Strategy<Value = Vec<pb::Location>> {
    let line = move || {
        (one_of(&functions), any::<i64>(), -2i64..300).prop_map(|(function_id, line, column)| pb::Line {
            function_id,
            line,
            column,
        })
    };
    let location = move |id| {
        (one_of(&mappings), any::<u64>(), vec(line(), 0..4), any::<bool>()).prop_map(
            move |(mapping_id, address, line, is_folded)| pb::Location {
                id,
                mapping_id,
                address,
                line,
                is_folded,
            },
        )
    };
    ids.into_iter().map(location).collect::<Vec<_>>()
}

fn samples(types: usize, locations: Vec<u64>) -> impl Strategy<Value = Vec<pb::Sample>> {
    let label = (index(), index(), any::<i64>(), index()).prop_map(|(key, str, num, num_unit)| pb::Label {
        key,
        str,
        num,
        num_unit,
    });
    let depth = if locations.is_empty() { 0..1 } else { 0..6usize };
    let frame = prop::sample::select(if locations.is_empty() { vec![1] } else { locations });
    let sample = (vec(frame, depth), vec(any::<i64>(), types), vec(label, 0..3))
        .prop_map(|(location_id, value, label)| pb::Sample { location_id, value, label });
    vec(sample, if types == 0 { 0..1 } else { 0..8usize })
}

fn value_type() -> impl Strategy<Value = pb::ValueType> {
    (index(), index()).prop_map(|(r#type, unit)| pb::ValueType { r#type, unit })
}

fn profile() -> impl Strategy<Value = pb::Profile> {
    (ids(), ids(), ids(), vec(value_type(), 0..4))
        .prop_flat_map(|(mapping_ids, function_ids, location_ids, sample_type)| {
            let types = sample_type.len();
            (
                Just(sample_type),
                mappings(mapping_ids.clone()),
                functions(function_ids.clone()),
                locations(location_ids.clone(), mapping_ids, function_ids),
                samples(types, location_ids),
                vec("[a-z\u{e9}/.]{0,3}", (STRINGS - 1) as usize),
                any::<[i64; 3]>(),
                [index(), index(), index(), index()],
                prop::option::of(value_type()),
                vec(index(), 0..3),
            )
        })
        .prop_map(
            |(
                sample_type,
                mapping,
                function,
                location,
                sample,
                strings,
                numbers,
                texts,
                period_type,
                comment,
            )| {
                pb::Profile {
                    sample_type,
                    sample,
                    mapping,
                    location,
                    function,
                    string_table: std::iter::once(String::new()).chain(strings).collect(),
                    drop_frames: texts[0],
                    keep_frames: texts[1],
                    time_nanos: numbers[0],
                    duration_nanos: numbers[1],
                    period_type,
                    period: numbers[2],
                    comment,
                    default_sample_type: texts[2],
                    doc_url: texts[3],
                }
            },
        )
}

/// A text label may come out empty, which pprof cannot tell from a number.
fn has_empty_text_label(message: &pb::Profile) -> bool {
    let is_empty = |index: i64| message.string_table[index as usize].is_empty();
    message.sample.iter().flat_map(|sample| &sample.label).any(|label| label.str != 0 && is_empty(label.str))
}

proptest! {
    #[test]
    fn decoding_agrees_with_prost(message in profile()) {
        let decoded = pprof::decode(&message.encode_to_vec(), &Limits::default()).unwrap();
        prop_assert_eq!(Some(flat::of_model(&decoded)), flat::of_message(&message));
    }

    #[test]
    fn encoding_keeps_everything_and_is_stable(message in profile()) {
        prop_assume!(!has_empty_text_label(&message));
        let decoded = pprof::decode(&message.encode_to_vec(), &Limits::default()).unwrap();
        let bytes = pprof::encode(&decoded);
        let read_by_prost = pb::Profile::decode(bytes.as_slice()).unwrap();
        // Go refuses lines without a function, so none are written.
        let expect = flat::of_message(&message).map(flat::Flat::without_nameless_lines);
        prop_assert_eq!(flat::of_message(&read_by_prost), expect);
        let again = pprof::decode(&bytes, &Limits::default()).unwrap();
        prop_assert_eq!(flat::of_model(&again), flat::of_model(&decoded).without_nameless_lines());
        prop_assert_eq!(pprof::encode(&again), bytes);
    }

    #[test]
    fn what_is_encoded_is_what_parca_takes(message in profile()) {
        let labelled = message.sample.iter().flat_map(|sample| &sample.label);
        prop_assume!(labelled.clone().all(|label| !message.string_table[label.key as usize].is_empty()));
        let decoded = pprof::decode(&message.encode_to_vec(), &Limits::default()).unwrap();
        let taken = pprof::decode_like_parca(&pprof::encode_gzip(&decoded), 0, &Limits::default()).unwrap();
        prop_assert_eq!(taken.samples.len(), decoded.samples.len());
    }

    #[test]
    fn any_bytes_give_a_profile_or_an_error(bytes in vec(any::<u8>(), 0..200)) {
        let _ = pprof::decode(&bytes, &Limits::default());
        let _ = pprof::decode_like_parca(&bytes, 0, &Limits::default());
    }
}
