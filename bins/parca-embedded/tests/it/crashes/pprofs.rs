//! WriteRaw, and debug information.

use parca_proto::debuginfo::UploadRequest;
use parca_proto::pprof::{Function, Label, Line, Location, Mapping, Profile, Sample, ValueType};
use parca_proto::profilestore::{self, LabelSet, RawProfileSeries, RawSample, WriteRawRequest};
use prost::Message;

use super::{Case, FAILED_PRECONDITION, INVALID_ARGUMENT, OK, case};

const WRITE_RAW: &str = "/parca.profilestore.v1alpha1.ProfileStoreService/WriteRaw";

fn request(labels: Option<LabelSet>, profile: &Profile) -> WriteRawRequest {
    let samples = vec![RawSample { raw_profile: profile.encode_to_vec().into(), ..Default::default() }];
    WriteRawRequest { series: vec![RawProfileSeries { labels, samples }], ..Default::default() }
}

fn named() -> Option<LabelSet> {
    let label = |name: &str, value: &str| profilestore::Label { name: name.into(), value: value.into() };
    Some(LabelSet { labels: vec![label("__name__", "process_cpu"), label("job", "crash")] })
}

/// A profile whose second line has no function.
fn profile() -> Profile {
    let strings = ["", "cpu", "nanoseconds", "main", "a.c", "app", "key", "value"];
    let of = ValueType { r#type: 1, unit: 2 };
    let line = |function_id| vec![Line { function_id, line: 7, ..Default::default() }];
    let location =
        |id, function_id| Location { id, mapping_id: 1, line: line(function_id), ..Default::default() };
    let label = Label { key: 6, str: 7, ..Default::default() };
    Profile {
        sample_type: vec![of],
        period_type: Some(of),
        period: 1,
        sample: vec![Sample { location_id: vec![1, 2], value: vec![5], label: vec![label] }],
        mapping: vec![Mapping { id: 1, filename: 5, ..Default::default() }],
        location: vec![location(1, 1), location(2, 0)],
        function: vec![Function { id: 1, name: 3, system_name: 3, filename: 4, start_line: 1 }],
        string_table: strings.map(Into::into).to_vec(),
        time_nanos: 1_700_000_000_000_000_000,
        duration_nanos: 1_000_000_000,
        ..Default::default()
    }
}

/// Stored, so that there is something to ask for.
pub(super) fn good() -> Case {
    case("WriteRaw with a line without a function", WRITE_RAW, &request(named(), &profile()), &[OK])
}

type Change = fn(&mut Profile);

/// Each place that has the number of a string.
const STRINGS: [(&str, Change); 18] = [
    ("the name of a function", |profile| profile.function[0].name = -1),
    ("the system name of a function", |profile| profile.function[0].system_name = -1),
    ("the file of a function", |profile| profile.function[0].filename = -1),
    ("the file of a mapping", |profile| profile.mapping[0].filename = -1),
    ("the build id of a mapping", |profile| profile.mapping[0].build_id = -1),
    ("a sample type", |profile| profile.sample_type[0].r#type = -1),
    ("the unit of a sample type", |profile| profile.sample_type[0].unit = i64::MIN),
    ("a period type", |profile| period(profile).r#type = -1),
    ("the unit of a period type", |profile| period(profile).unit = -1),
    ("the key of a label", |profile| profile.sample[0].label[0].key = -1),
    ("the text of a label", |profile| profile.sample[0].label[0].str = -1),
    ("the unit of a label", |profile| profile.sample[0].label[0].num_unit = -1),
    ("a comment", |profile| profile.comment = vec![-1]),
    ("frames to drop", |profile| profile.drop_frames = -1),
    ("frames to keep", |profile| profile.keep_frames = -1),
    ("the usual sample type", |profile| profile.default_sample_type = -1),
    ("the address of a document", |profile| profile.doc_url = -1),
    ("the length of the table as the name of a function", |profile| {
        profile.function[0].name = i64::try_from(profile.string_table.len()).unwrap();
    }),
];

fn period(profile: &mut Profile) -> &mut ValueType {
    profile.period_type.as_mut().unwrap()
}

const OTHERS: [(&str, Change); 4] = [
    ("an empty string table", |profile| profile.string_table.clear()),
    ("no sample types", |profile| profile.sample_type.clear()),
    ("a mapping that is not there", |profile| profile.location[0].mapping_id = u64::MAX),
    ("no period type, which ends every list of types", |profile| profile.period_type = None),
];

pub(super) fn cases() -> Vec<Case> {
    let mut cases = vec![
        case("WriteRaw without labels", WRITE_RAW, &request(None, &profile()), &[INVALID_ARGUMENT]),
        case(
            "Upload whose first message says nothing of what comes",
            "/parca.debuginfo.v1alpha1.DebuginfoService/Upload",
            &UploadRequest { data: None },
            &[FAILED_PRECONDITION],
        ),
    ];
    cases.extend(STRINGS.iter().chain(&OTHERS).map(|(what, change)| {
        let mut profile = profile();
        change(&mut profile);
        // What nobody reads may be anything.
        case(format!("WriteRaw with {what}"), WRITE_RAW, &request(named(), &profile), &[OK, INVALID_ARGUMENT])
    }));
    cases
}
