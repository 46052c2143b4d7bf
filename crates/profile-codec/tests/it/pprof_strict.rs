use parca_proto::pprof as pb;
use profile_codec::pprof::{self, DecodeError, Limits};
use prost::Message;

use crate::pprof_hostile::small_message;

#[track_caller]
fn check(change: impl FnOnce(&mut pb::Profile), expect: &str) {
    check_with_infos(0, change, expect);
}

#[track_caller]
fn check_with_infos(infos: usize, change: impl FnOnce(&mut pb::Profile), expect: &str) {
    let mut message = small_message();
    change(&mut message);
    let error = pprof::decode_like_parca(&message.encode_to_vec(), infos, &Limits::default()).unwrap_err();
    assert!(matches!(error, DecodeError::Invalid(_)), "{error:?}");
    assert_eq!(error.to_string(), format!("invalid profile: {expect}"));
}

#[test]
fn a_good_profile_is_taken() {
    let bytes = small_message().encode_to_vec();
    for infos in [0, 1] {
        assert!(pprof::decode_like_parca(&bytes, infos, &Limits::default()).is_ok());
    }
}

#[test]
fn what_parca_refuses_is_refused_in_its_words() {
    check(
        |profile| profile.string_table[0] = "x".into(),
        r#"first item in string table is expected to be empty string, but it is "x""#,
    );
    check(|profile| profile.mapping[0].id = 2, "mapping id is not sequential");
    check(|profile| profile.function[1].id = 3, "function id is not sequential");
    check(|profile| profile.location.swap(0, 1), "location id is not sequential");
    check(|profile| profile.mapping[0].filename = 11, "mapping (id: 1) has invalid filename index 11");
    check(|profile| profile.function[1].name = 99, "function (id: 2) has invalid name index 99");
    check(|profile| profile.function[0].system_name = 99, "function (id: 1) has invalid systemname index 99");
    check(|profile| profile.location[0].mapping_id = 2, "location has invalid mapping id: 2");
    check(|profile| profile.location[0].line[1].function_id = 9, "location 1 has invalid function id: 9");
    check(|profile| profile.sample_type.clear(), "missing sample type information");
    check(
        |profile| profile.sample_type.push(pb::ValueType::default()),
        "mismatch: sample has 1 values vs. 2 types",
    );
    check(|profile| profile.sample[0].location_id[1] = 0, "location ids of stacktraces must be non-zero");
    check(|profile| profile.sample[1].location_id[0] = 3, "sample 1 location number 0 (3) is out of range");
    check(|profile| profile.sample[1].label[0].key = 0, "sample 1 label 0 has no key");
    check(|profile| profile.sample[0].label[0].str = 40, "sample 0 label 0 has invalid str index 40");
    check_with_infos(2, |_| (), "profile has 1 mappings but 2 executable infos");
}

#[test]
fn what_ends_a_parca_is_an_error() {
    check(|profile| profile.function[0].name = -1, "function (id: 1) has invalid name index -1");
    check(|profile| profile.function[0].name = 10, "function (id: 1) has invalid name index 10");
    check(|profile| profile.sample[0].label[0].key = -7, "sample 0 label 0 has invalid key index -7");
    check(
        |profile| profile.sample_type[0].unit = i64::MIN,
        "sample type has invalid index -9223372036854775808",
    );
    let empty_table =
        pb::Profile { sample_type: vec![pb::ValueType { r#type: 1, unit: 2 }], ..Default::default() };
    check(|profile| *profile = empty_table, "sample type has invalid index 1");
}

#[test]
fn other_failures_are_told_apart() {
    let limits = Limits::default();
    let error = pprof::decode_like_parca(&[0x1f, 0x8b, 8], 0, &limits).unwrap_err();
    assert!(matches!(error, DecodeError::Gzip(_)));
    assert_eq!(error.to_string(), "decompressing profile: unexpected EOF");
    let error = pprof::decode_like_parca(&[0x0a, 9], 0, &limits).unwrap_err();
    assert!(matches!(error, DecodeError::Wire(_)));
    assert_eq!(error.to_string(), "failed to parse profile: unexpected EOF");
}

#[test]
fn files_may_have_ids_in_any_order() {
    let mut message = small_message();
    message.location[0].id = u64::MAX;
    message.sample[0].location_id[0] = u64::MAX;
    message.function.swap(0, 1);
    assert!(pprof::decode(&message.encode_to_vec(), &Limits::default()).is_ok());

    message.location[1].id = u64::MAX;
    let error = pprof::decode(&message.encode_to_vec(), &Limits::default()).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("invalid profile: expected distinct location ids, found {} twice", u64::MAX)
    );
    message.location[1].id = 0;
    let error = pprof::decode(&message.encode_to_vec(), &Limits::default()).unwrap_err();
    assert_eq!(error.to_string(), "invalid profile: expected a non-zero location id");
}
