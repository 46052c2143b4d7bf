//! OpenTelemetry's exports.

use parca_proto::otlp::collector::ExportProfilesServiceRequest as Export;
use parca_proto::otlp::common::{AnyValue, InstrumentationScope, any_value::Value};
use parca_proto::otlp::profiles::{
    Function, KeyValueAndUnit, Line, Link, Location, Mapping, Profile, ProfilesDictionary, ResourceProfiles,
    Sample, ScopeProfiles, Stack, ValueType,
};
use parca_proto::otlp::resource::Resource;

use super::{Case, INVALID_ARGUMENT, OK, case};

const EXPORT: &str = "/opentelemetry.proto.collector.profiles.v1development.ProfilesService/Export";
const TIME: u64 = 1_700_000_000_000_000_000;

fn good() -> Export {
    let strings = ["", "samples", "count", "cpu", "nanoseconds", "work", "key"];
    let value = AnyValue { value: Some(Value::StringValue("value".into())) };
    let lines = vec![Line { function_index: 1, line: 7, column: 1 }];
    let dictionary = ProfilesDictionary {
        mapping_table: vec![Mapping::default()],
        location_table: vec![Location::default(), Location { lines, ..Default::default() }],
        function_table: vec![Function::default(), Function { name_strindex: 5, ..Default::default() }],
        link_table: vec![Link::default()],
        string_table: strings.map(Into::into).to_vec(),
        attribute_table: vec![
            KeyValueAndUnit::default(),
            KeyValueAndUnit { key_strindex: 6, value: Some(value), unit_strindex: 0 },
        ],
        stack_table: vec![Stack::default(), Stack { location_indices: vec![1] }],
    };
    let sample = Sample { stack_index: 1, attribute_indices: vec![1], values: vec![3], ..Default::default() };
    let profile = Profile {
        sample_type: Some(ValueType { type_strindex: 1, unit_strindex: 2 }),
        period_type: Some(ValueType { type_strindex: 3, unit_strindex: 4 }),
        period: 1,
        time_unix_nano: TIME,
        duration_nano: 1_000_000_000,
        samples: vec![sample],
        ..Default::default()
    };
    let scope = Some(InstrumentationScope { name: "crash".into(), ..Default::default() });
    let scope_profiles = vec![ScopeProfiles { scope, profiles: vec![profile], ..Default::default() }];
    let resource = Some(Resource::default());
    let resource_profiles = vec![ResourceProfiles { resource, scope_profiles, ..Default::default() }];
    Export { resource_profiles, dictionary: Some(dictionary) }
}

fn scope(export: &mut Export) -> &mut ScopeProfiles {
    &mut export.resource_profiles[0].scope_profiles[0]
}

fn profile(export: &mut Export) -> &mut Profile {
    &mut scope(export).profiles[0]
}

fn sample(export: &mut Export) -> &mut Sample {
    &mut profile(export).samples[0]
}

fn dictionary(export: &mut Export) -> &mut ProfilesDictionary {
    export.dictionary.as_mut().unwrap()
}

type Change = fn(&mut Export);

const CHANGES: [(&str, Change); 22] = [
    ("nothing else", |_| ()),
    ("no resource", |export| export.resource_profiles[0].resource = None),
    ("no scope", |export| scope(export).scope = None),
    ("two values and no times", |export| sample(export).values = vec![1, 2]),
    ("two values and one time", |export| {
        (sample(export).values, sample(export).timestamps_unix_nano) = (vec![1, 2], vec![TIME]);
    }),
    ("no sample type", |export| profile(export).sample_type = None),
    ("no period type", |export| profile(export).period_type = None),
    ("a period type that is no text", |export| {
        profile(export).period_type = Some(ValueType { type_strindex: 99, unit_strindex: 2 });
    }),
    ("a unit of a period of -1", |export| {
        profile(export).period_type = Some(ValueType { type_strindex: 3, unit_strindex: -1 });
    }),
    ("a function of -1", |export| dictionary(export).location_table[1].lines[0].function_index = -1),
    ("a function that is not there", |export| {
        dictionary(export).location_table[1].lines[0].function_index = i32::MAX;
    }),
    ("a first attribute with a key and no value", |export| {
        dictionary(export).attribute_table[0].key_strindex = 6;
        sample(export).attribute_indices = vec![0];
    }),
    ("an attribute of -1", |export| sample(export).attribute_indices = vec![-1]),
    ("an attribute whose key is no text", |export| dictionary(export).attribute_table[1].key_strindex = -7),
    ("a stack of -1", |export| sample(export).stack_index = -1),
    ("a link that is not there", |export| sample(export).link_index = 9),
    ("a location of -1", |export| dictionary(export).stack_table[1].location_indices = vec![-1, i32::MAX]),
    ("a mapping of -1", |export| dictionary(export).location_table[1].mapping_index = -1),
    ("a name of -1", |export| dictionary(export).function_table[1].name_strindex = -1),
    ("no dictionary", |export| export.dictionary = None),
    ("empty tables", |export| export.dictionary = Some(ProfilesDictionary::default())),
    ("times beyond all", |export| {
        (profile(export).time_unix_nano, profile(export).duration_nano) = (u64::MAX, u64::MAX);
    }),
];

pub(super) fn cases() -> Vec<Case> {
    let changed = |(what, change): &(&str, Change)| {
        let mut export = good();
        change(&mut export);
        // What can be stored of it is.
        case(format!("Export with {what}"), EXPORT, &export, &[OK, INVALID_ARGUMENT])
    };
    CHANGES.iter().map(changed).collect()
}
