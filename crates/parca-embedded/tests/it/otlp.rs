//! OpenTelemetry's profiles, in messages that are not ours.

use bytes::Bytes;
use http::Request;
use opentelemetry_proto::tonic::collector::profiles::v1development::{
    ExportProfilesServiceRequest as Export, ExportProfilesServiceResponse as Exported,
};
use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope, KeyValue, any_value::Value};
use opentelemetry_proto::tonic::profiles::v1development::{
    Function, KeyValueAndUnit, Line, Link, Location, Mapping, Profile, ProfilesDictionary, ResourceProfiles,
    Sample, ScopeProfiles, Stack, ValueType,
};
use opentelemetry_proto::tonic::resource::v1::Resource;
use parca_proto::query::query_request::ReportType;
use parca_proto::query::query_response::Report;
use parca_proto::query::{LabelsRequest, ProfileTypesRequest};
use prost::Message;
use tonic::client::Grpc;

use crate::server::Server;
use crate::wire::merge_of;

const NANOS: u64 = 1_000_000_000;

fn text(value: &str) -> Option<AnyValue> {
    Some(AnyValue { value: Some(Value::StringValue(value.into())) })
}

fn strings() -> Vec<String> {
    ["", "samples", "count", "cpu", "nanoseconds", "work", "main", "thread.name", "a.c", "off_cpu"]
        .map(str::to_owned)
        .to_vec()
}

/// `main` calls `work`; tables with an empty entry at 0, as senders of v1.10 have them.
fn dictionary() -> ProfilesDictionary {
    let function = |name: i32| Function {
        name_strindex: name,
        filename_strindex: 8,
        start_line: 3,
        ..Default::default()
    };
    let location = |function_index: i32| Location {
        lines: vec![Line { function_index, line: 7, column: 1 }],
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
        stack_table: vec![Stack::default(), Stack { location_indices: vec![1, 2] }],
    }
}

pub(crate) fn cpu() -> Profile {
    Profile {
        sample_type: Some(ValueType { type_strindex: 1, unit_strindex: 2 }),
        period_type: Some(ValueType { type_strindex: 3, unit_strindex: 4 }),
        period: 10,
        time_unix_nano: 5 * NANOS,
        duration_nano: NANOS,
        samples: vec![
            Sample {
                stack_index: 1,
                attribute_indices: vec![1],
                timestamps_unix_nano: vec![5 * NANOS + 1, 5 * NANOS + 2],
                ..Default::default()
            },
            Sample {
                stack_index: 1,
                values: vec![3],
                timestamps_unix_nano: vec![5 * NANOS],
                ..Default::default()
            },
        ],
        ..Default::default()
    }
}

pub(crate) fn export(profiles: Vec<Profile>) -> Export {
    let attribute = KeyValue { key: "service.name".into(), value: text(" shop "), ..Default::default() };
    let scope = Some(InstrumentationScope { name: "my.scope".into(), ..Default::default() });
    let scope_profiles = vec![ScopeProfiles { scope, profiles, ..Default::default() }];
    let resource = Some(Resource { attributes: vec![attribute], ..Default::default() });
    let resource_profiles = vec![ResourceProfiles { resource, scope_profiles, ..Default::default() }];
    Export { resource_profiles, dictionary: Some(dictionary()) }
}

async fn grpc(server: &Server, export: Export) -> Result<Exported, tonic::Status> {
    let mut grpc = Grpc::with_origin(server.channel(), server.origin());
    grpc.ready().await.unwrap();
    let path = "/opentelemetry.proto.collector.profiles.v1development.ProfilesService/Export";
    let codec = tonic_prost::ProstCodec::<Export, Exported>::default();
    let answer = grpc.unary(tonic::Request::new(export), path.parse().unwrap(), codec).await?;
    Ok(answer.into_inner())
}

async fn http(server: &Server, kind: &str, body: Vec<u8>) -> (u16, Bytes) {
    let request = Request::post(format!("{}v1development/profiles", server.origin()));
    let request = request.header("content-type", kind).body(Bytes::from(body)).unwrap();
    let (head, body) = server.http1(request).await;
    (head.status.as_u16(), body)
}

const TYPE: &str = "my_scope:samples:count:cpu:nanoseconds:delta";

/// Total and rows of a merge.
async fn rows(server: &Server, query: &str) -> (i64, Vec<(String, i64, i64)>) {
    let answer = server.query().query(merge_of(query, ReportType::Top)).await.unwrap().into_inner();
    let Some(Report::Top(top)) = answer.report else { panic!("{answer:?}") };
    let name = |node: &parca_proto::query::TopNode| {
        node.meta.as_ref().and_then(|meta| meta.function.as_ref()).map_or(String::new(), |of| of.name.clone())
    };
    (answer.total, top.list.iter().map(|node| (name(node), node.flat, node.cumulative)).collect())
}

#[tokio::test]
async fn profiles_come_by_grpc_and_http_and_count_once() {
    let server = Server::start().await;
    let answer = grpc(&server, export(vec![cpu()])).await.unwrap();
    assert_eq!(answer, Exported::default());
    // The function of index i is that of index i; a value for each period.
    let expect = (50, vec![("work".to_owned(), 50, 50), ("main".to_owned(), 0, 50)]);
    assert_eq!(rows(&server, TYPE).await, expect);
    assert_eq!(rows(&server, &format!("{TYPE}{{thread_name=\"worker\",service_name=\"shop\"}}")).await.0, 20);
    let labels = server.query().labels(LabelsRequest::default()).await.unwrap().into_inner().label_names;
    assert_eq!(labels, ["service_name", "thread_name"]);
    // Sent again, and by the other way.
    for kind in ["application/x-protobuf", "application/protobuf"] {
        let (status, body) = http(&server, kind, export(vec![cpu()]).encode_to_vec()).await;
        assert_eq!((status, body.is_empty()), (200, true));
    }
    assert_eq!(rows(&server, TYPE).await, expect);
    server.stop().await;
}

#[tokio::test]
async fn json_is_taken_with_ids_in_hexadecimal() {
    let server = Server::start().await;
    let json = serde_json::json!({
        "resourceProfiles": [{
            "resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "shop"}}]},
            "scopeProfiles": [{"scope": {"name": "my.scope"}, "profiles": [{
                "profileId": "0102030405060708090a0b0c0d0e0f10",
                "sampleType": {"typeStrindex": 1, "unitStrindex": 2},
                "periodType": {"typeStrindex": 3, "unitStrindex": 4},
                "period": "10", "timeUnixNano": "5000000000", "durationNano": "1000000000", "isNew": 1,
                "samples": [{"stackIndex": 1, "values": ["7"]}]
            }]}]
        }],
        "dictionary": {
            "linkTable": [{"traceId": "00000000000000000000000000000000", "spanId": "0000000000000000"}],
            "stringTable": strings(),
            "stackTable": [{}, {"locationIndices": [1]}],
            "locationTable": [{}, {"lines": [{"functionIndex": 1}]}],
            "functionTable": [{}, {"nameStrindex": 5}],
        }
    });
    let (status, body) = http(&server, "application/json", json.to_string().into_bytes()).await;
    assert_eq!((status, &body[..]), (200, b"{}".as_slice()));
    assert_eq!(rows(&server, TYPE).await, (70, vec![("work".to_owned(), 70, 70)]));
    let (status, body) = http(&server, "application/json", b"{".to_vec()).await;
    assert_eq!(status, 400);
    assert!(String::from_utf8_lossy(&body).contains("ExportProfilesServiceRequest"));
    assert_eq!(http(&server, "text/plain", Vec::new()).await.0, 415);
    server.stop().await;
}

#[tokio::test]
async fn what_has_no_period_type_gets_its_own() {
    let server = Server::start().await;
    let off_cpu = Profile {
        sample_type: Some(ValueType { type_strindex: 9, unit_strindex: 4 }),
        period_type: Some(ValueType::default()),
        ..cpu()
    };
    grpc(&server, export(vec![off_cpu])).await.unwrap();
    let types =
        server.query().profile_types(ProfileTypesRequest::default()).await.unwrap().into_inner().types;
    assert_eq!((types[0].period_type.as_str(), types[0].period_unit.as_str()), ("off_cpu", "nanoseconds"));
    server.stop().await;
}

/// What ends a Parca, or is refused by it: an answer here, and the others are stored.
#[tokio::test]
async fn a_profile_that_cannot_be_taken_costs_itself_only() {
    let server = Server::start().await;
    let sample = |sample: Sample| Profile { samples: vec![sample], ..cpu() };
    let broken: [(Profile, &str); 7] = [
        (Profile { sample_type: None, ..cpu() }, "expected a sample type"),
        (
            Profile { period_type: Some(ValueType { type_strindex: -1, unit_strindex: 0 }), ..cpu() },
            "string_table",
        ),
        (
            Profile { period_type: Some(ValueType { type_strindex: 99, unit_strindex: 0 }), ..cpu() },
            "string_table",
        ),
        (
            sample(Sample { stack_index: 1, values: vec![1, 2], ..Default::default() }),
            "found 2 values and 0 timestamps",
        ),
        (sample(Sample { stack_index: 1, ..Default::default() }), "found 0 values and 0 timestamps"),
        (sample(Sample { stack_index: 9, values: vec![1], ..Default::default() }), "stack_table"),
        (sample(Sample { stack_index: -9, values: vec![1], ..Default::default() }), "stack_table"),
    ];
    for (profile, words) in broken {
        let status = grpc(&server, export(vec![profile.clone()])).await.unwrap_err();
        assert_eq!(status.code(), tonic::Code::InvalidArgument, "{status:?}");
        assert!(status.message().contains(words), "{status:?}");
        let partial = grpc(&server, export(vec![profile, cpu()])).await.unwrap().partial_success.unwrap();
        assert_eq!(partial.rejected_profiles, 1);
        assert!(partial.error_message.contains(words), "{partial:?}");
    }
    let refused = r#"parca_embedded_refused_writes_total{method="Export",reason="otlp"}"#;
    assert!(server.metric(refused).await > 10.0);
    server.stop().await;
}

#[tokio::test]
async fn requests_that_end_a_parca_are_answered() {
    let server = Server::start().await;
    let mut no_resource = export(vec![cpu()]);
    no_resource.resource_profiles[0].resource = None;
    no_resource.resource_profiles[0].scope_profiles[0].scope = None;
    grpc(&server, no_resource).await.unwrap();
    assert_eq!(rows(&server, "unknown:samples:count:cpu:nanoseconds:delta").await.0, 50);
    let mut line = export(vec![cpu()]);
    line.dictionary.as_mut().unwrap().location_table[1].lines[0].function_index = -1;
    assert!(grpc(&server, line).await.unwrap_err().message().contains("function_table"));
    let mut key = export(vec![cpu()]);
    key.dictionary.as_mut().unwrap().attribute_table[0].key_strindex = 7;
    grpc(&server, key).await.unwrap();
    let mut link = export(vec![cpu()]);
    link.dictionary.as_mut().unwrap().link_table[0] = Link { trace_id: vec![0; 16], span_id: vec![0; 8] };
    grpc(&server, link).await.unwrap();
    for (export, words) in [
        (Export::default(), "expected resource_profiles"),
        (Export { dictionary: None, ..export(vec![cpu()]) }, "expected a dictionary"),
    ] {
        assert!(grpc(&server, export).await.unwrap_err().message().contains(words));
    }
    server.stop().await;
}
