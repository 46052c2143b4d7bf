//! What is refused, with code and text; and that what ends a real Parca ends nothing here.

use bytes::Bytes;
use parca_proto::profilestore::{RawProfileSeries, WriteRawRequest};
use parca_proto::query::query_request::{Mode, Options, ReportType};
use parca_proto::query::query_response::Report;
use parca_proto::query::{
    DiffProfile, HasProfileDataRequest, ProfileDiffSelection, QueryRequest, ShareProfileRequest,
    SingleProfile, profile_diff_selection,
};
use profile_codec::pprof;
use prost::Message;
use tonic::{Code, Status};

use crate::server::{Server, profile, write_request};
use crate::wire::merge;

const NAMED: &[(&str, &str)] = &[("__name__", "process_cpu")];

#[track_caller]
fn check<T: std::fmt::Debug>(answer: Result<T, Status>, code: Code, text: &str) {
    let status = answer.unwrap_err();
    assert_eq!((status.code(), status.message()), (code, text));
}

async fn is_alive(server: &Server) {
    let answer = server.query().has_profile_data(HasProfileDataRequest {}).await.unwrap();
    assert!(answer.into_inner().has_data);
}

#[tokio::test]
async fn queries_that_end_a_real_parca_end_nothing() {
    let server = Server::start().await;
    server.write(&profile(5_000_000_000)).await;
    let mut client = server.query();
    let source = "source_reference: cannot be blank.";
    check(client.query(merge(ReportType::Source)).await, Code::InvalidArgument, source);
    // One of the lines has no function.
    let top = client.query(merge(ReportType::Top)).await.unwrap().into_inner();
    let Some(Report::Top(top)) = top.report else { panic!("{top:?}") };
    assert_eq!(top.list.iter().map(|node| node.flat).sum::<i64>(), 1_000_000_000);
    for report in [ReportType::Callgraph, ReportType::FlamegraphTable] {
        assert_eq!(client.query(merge(report)).await.unwrap().into_inner().total, 1_000_000_000);
    }
    check(
        client.query(metadata_of_single_diff()).await,
        Code::InvalidArgument,
        "b: expected a merge for the metadata of a diff, found a single profile",
    );
    check(
        client.share_profile(ShareProfileRequest::default()).await,
        Code::Unimplemented,
        "this server shares nothing with others",
    );
    is_alive(&server).await;
    server.stop().await;
}

fn metadata_of_single_diff() -> QueryRequest {
    let time = Some(prost_types::Timestamp { seconds: 5, nanos: 0 });
    let single = SingleProfile { query: crate::server::PROFILE_TYPE.into(), time };
    let side = ProfileDiffSelection {
        options: Some(profile_diff_selection::Options::Single(single)),
        ..Default::default()
    };
    let diff = DiffProfile { a: Some(side.clone()), b: Some(side), ..Default::default() };
    QueryRequest {
        mode: Mode::Diff.into(),
        options: Some(Options::Diff(diff)),
        report_type: ReportType::ProfileMetadata.into(),
        ..Default::default()
    }
}

#[tokio::test]
async fn services_that_are_not_here_are_unknown() {
    let server = Server::start().await;
    for path in [
        // What agents send beside profiles.
        "/opentelemetry.proto.collector.logs.v1.LogsService/Export",
        "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
        "/parca.telemetry.v1alpha1.TelemetryService/ReportPanic",
        "/querier.v1.QuerierService/Nothing",
    ] {
        let request = http::Request::post(format!("http://{}{path}", server.server.address()))
            .header("content-type", "application/grpc-web+proto")
            .body(Bytes::from_static(&[0; 5]))
            .unwrap();
        let (head, _) = server.http1(request).await;
        assert_eq!(head.headers.get("grpc-status").unwrap(), "12", "{path}");
    }
    server.stop().await;
}

#[tokio::test]
async fn agents_are_told_to_keep_their_debug_information() {
    use parca_proto::debuginfo::debuginfo_service_client::DebuginfoServiceClient;
    use parca_proto::debuginfo::{ShouldInitiateUploadRequest, UploadRequest};
    let server = Server::start().await;
    let mut client = DebuginfoServiceClient::with_origin(server.channel(), server.origin());
    let request = ShouldInitiateUploadRequest { build_id: "deadbeef".into(), ..Default::default() };
    let answer = client.should_initiate_upload(request).await.unwrap().into_inner();
    assert!(!answer.should_initiate_upload && !answer.reason.is_empty());
    // Its first message says nothing of what is uploaded, which ends a real Parca.
    let status = client.upload(tokio_stream::once(UploadRequest { data: None })).await.unwrap_err();
    assert_eq!(status.code(), Code::FailedPrecondition);
    server.stop().await;
}

/// A profile in the words of its schema, to be broken.
fn message() -> parca_proto::pprof::Profile {
    parca_proto::pprof::Profile::decode(pprof::encode(&profile(1)).as_slice()).unwrap()
}

fn broken(change: impl FnOnce(&mut parca_proto::pprof::Profile)) -> Vec<u8> {
    let mut message = message();
    change(&mut message);
    message.encode_to_vec()
}

#[tokio::test]
async fn writes_that_cannot_be_stored_are_refused_with_a_reason() {
    let server = Server::start().await;
    server.write(&profile(5_000_000_000)).await;
    let mut client = server.store();
    let good = pprof::encode(&profile(1));
    let invalid = Code::InvalidArgument;

    let no_labels = RawProfileSeries { labels: None, samples: Vec::new() };
    let no_labels = WriteRawRequest { series: vec![no_labels], ..Default::default() };
    check(client.write_raw(no_labels).await, invalid, "missing __name__ label");
    let labels: [(&[(&str, &str)], &str); 4] = [
        (&[("job", "a")], "missing __name__ label"),
        (&[("__name__", "")], "missing __name__ label"),
        (&[NAMED[0], ("", "a")], "invalid label name: "),
        (&[NAMED[0], ("job", "a"), ("job", "b")], "duplicate label name: job"),
    ];
    for (labels, text) in labels {
        check(client.write_raw(write_request(labels, good.clone())).await, invalid, text);
    }

    let broken: [(Vec<u8>, Code, &str); 7] = [
        (b"not a profile".to_vec(), invalid, "failed to parse profile: "),
        (vec![0x1f, 0x8b, 8, 0], Code::Unknown, "decompressing profile: "),
        (broken(|profile| profile.function[0].name = -1), invalid, "invalid profile: "),
        (broken(|profile| profile.string_table.clear()), invalid, "invalid profile: "),
        (broken(|profile| profile.location[0].id = 9), invalid, "invalid profile: "),
        (broken(|profile| profile.sample[0].value.push(1)), invalid, "invalid profile: "),
        (broken(|profile| profile.sample_type.clear()), invalid, "invalid profile: "),
    ];
    for (bytes, code, text) in broken {
        let status = client.write_raw(write_request(NAMED, bytes)).await.unwrap_err();
        assert_eq!(status.code(), code, "{status:?}");
        assert!(status.message().starts_with(text), "expected {text:?}, found {:?}", status.message());
    }
    let status = client.write_raw(write_request(&[("__name__", "a-b")], good)).await.unwrap_err();
    assert_eq!(status.code(), Code::Unknown);
    let text = "invalid profile type at row 0 (a-b:cpu:nanoseconds:cpu:nanoseconds:delta): ";
    assert!(status.message().starts_with(text), "{}", status.message());

    // Not one of them left anything behind.
    assert_eq!(server.server.stats().profiles, 1);
    is_alive(&server).await;
    server.stop().await;
}
