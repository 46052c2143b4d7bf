//! Profiles of OpenTelemetry, in messages that are not ours, sent to both.

use std::time::{Duration, SystemTime};

use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use opentelemetry_proto::tonic::collector::profiles::v1development::{
    ExportProfilesServiceRequest as Export, ExportProfilesServiceResponse as Exported,
};
use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope, KeyValue, any_value::Value};
use opentelemetry_proto::tonic::profiles::v1development::{
    Function, KeyValueAndUnit, Line, Link, Location, Mapping, Profile, ProfilesDictionary, ResourceProfiles,
    Sample, ScopeProfiles, Stack, ValueType,
};
use opentelemetry_proto::tonic::resource::v1::Resource;
use parca_client::{LabelsRequest, QueryRangeRequest, QueryRequest, ReportKind};
use profile_model::{TimeRange, Timestamp};

use crate::fixture::Pair;

const START: u64 = 1_700_000_000;
const NANOS: u64 = 1_000_000_000;

fn text(value: &str) -> Option<AnyValue> {
    Some(AnyValue { value: Some(Value::StringValue(value.into())) })
}

fn strings() -> Vec<String> {
    let words = ["", "samples", "count", "cpu", "nanoseconds", "work", "main", "thread.name"];
    words.map(str::to_owned).to_vec()
}

/// Function 0 and 1 are alike, as the real one takes the one before.
fn dictionary() -> ProfilesDictionary {
    let function = |name_strindex: i32| Function { name_strindex, ..Default::default() };
    let location = |function_index: i32| Location {
        lines: vec![Line { function_index, line: 7, column: 0 }],
        ..Default::default()
    };
    ProfilesDictionary {
        mapping_table: vec![Mapping::default()],
        location_table: vec![Location::default(), location(1), location(2)],
        function_table: vec![Function::default(), function(5), function(6)],
        link_table: vec![Link::default()],
        string_table: strings(),
        attribute_table: vec![
            KeyValueAndUnit::default(),
            KeyValueAndUnit { key_strindex: 7, value: text("worker"), unit_strindex: 0 },
        ],
        stack_table: vec![
            Stack::default(),
            Stack { location_indices: vec![1, 2] },
            Stack { location_indices: vec![2] },
        ],
    }
}

fn export(scope: &str) -> Export {
    let at = |millis: u64| START * NANOS + millis * 1_000_000;
    let sample = |stack_index: i32, attribute_indices: Vec<i32>, values: Vec<i64>, times: Vec<u64>| Sample {
        stack_index,
        attribute_indices,
        values,
        timestamps_unix_nano: times,
        ..Default::default()
    };
    let profile = Profile {
        sample_type: Some(ValueType { type_strindex: 1, unit_strindex: 2 }),
        period_type: Some(ValueType { type_strindex: 3, unit_strindex: 4 }),
        period: 10,
        time_unix_nano: at(0),
        duration_nano: 5 * NANOS,
        samples: vec![
            sample(1, vec![1], Vec::new(), vec![at(1), at(1500), at(2500)]),
            sample(2, Vec::new(), vec![3, 4], vec![at(10), at(1600)]),
        ],
        ..Default::default()
    };
    let untimed = Profile { samples: vec![sample(1, Vec::new(), vec![6], Vec::new())], ..profile.clone() };
    let attribute = KeyValue { key: "service.name".into(), value: text(" shop "), ..Default::default() };
    let scope = Some(InstrumentationScope { name: scope.into(), ..Default::default() });
    let scope_profiles =
        vec![ScopeProfiles { scope, profiles: vec![profile, untimed], ..Default::default() }];
    let resource = Some(Resource { attributes: vec![attribute], ..Default::default() });
    Export {
        resource_profiles: vec![ResourceProfiles { resource, scope_profiles, ..Default::default() }],
        dictionary: Some(dictionary()),
    }
}

async fn send(url: &str, export: Export) {
    let channel = Client::builder(TokioExecutor::new()).http2_only(true).build_http::<tonic::body::Body>();
    let mut grpc = tonic::client::Grpc::with_origin(channel, url.parse().unwrap());
    grpc.ready().await.unwrap();
    let path = "/opentelemetry.proto.collector.profiles.v1development.ProfilesService/Export";
    let codec = tonic_prost::ProstCodec::<Export, Exported>::default();
    grpc.unary(tonic::Request::new(export), path.parse().unwrap(), codec).await.unwrap();
}

pub(crate) async fn exports(pair: &Pair) {
    let run = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_nanos();
    let scope = format!("agree.otlp{run}");
    for url in [pair.real.url(), pair.ours.url()] {
        send(url, export(&scope)).await;
    }
    let query = format!("agree_otlp{run}:samples:count:cpu:nanoseconds:delta");
    let start = Timestamp::new(i64::try_from(START).unwrap(), 0);
    let range = TimeRange::new(start, Timestamp::new(start.seconds() + 10, 0));
    for selector in
        ["", r#"{thread_name="worker"}"#, r#"{service_name="shop",thread_name=""}"#, r#"{service_name="x"}"#]
    {
        let request = QueryRequest::merge(format!("{query}{selector}"), range, ReportKind::TableArrow);
        let (real, ours) = pair.ask(&request).await.unwrap();
        assert_eq!(real.total, ours.total, "{selector}");
    }
    let mut series = QueryRangeRequest::new(query.as_str(), range, Duration::from_secs(1));
    series.sum_by = vec!["thread_name".to_owned()];
    let (real, ours) = pair.ask(&series).await.unwrap();
    assert_eq!(real, ours);
    let mut labels = LabelsRequest::default();
    labels.profile_type = Some(query.parse().unwrap());
    let (real, ours) = pair.ask(&labels).await.unwrap();
    assert_eq!(real, ours);
    assert_eq!(ours, ["service_name", "thread_name"]);
}
