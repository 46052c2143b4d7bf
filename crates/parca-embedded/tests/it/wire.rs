//! The ways in: native gRPC, gRPC-Web under any path, gzip, health, reflection.

use std::collections::BTreeSet;

use bytes::{BufMut, Bytes, BytesMut};
use http::Request;
use parca_proto::query::query_request::{Mode, Options, ReportType};
use parca_proto::query::query_response::Report;
use parca_proto::query::{
    MergeProfile, ProfileTypesRequest, ProfileTypesResponse, QueryRequest, QueryResponse,
};
use profile_codec::arrow::{ArrowLimits, decode_flame_graph};
use prost::Message;
use tonic::codec::CompressionEncoding::Gzip;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use tonic_reflection::pb::v1::ServerReflectionRequest;
use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;

use crate::server::{PROFILE_TYPE, Server, profile};

pub(crate) fn merge(report: ReportType) -> QueryRequest {
    merge_of(PROFILE_TYPE, report)
}

pub(crate) fn merge_of(query: &str, report: ReportType) -> QueryRequest {
    let at = |seconds| Some(prost_types::Timestamp { seconds, nanos: 0 });
    let options = MergeProfile { query: query.into(), start: at(0), end: at(10_000) };
    QueryRequest {
        mode: Mode::Merge.into(),
        options: Some(Options::Merge(options)),
        report_type: report.into(),
        ..Default::default()
    }
}

#[tokio::test]
async fn what_is_written_can_be_asked_for() {
    let server = Server::start().await;
    server.write(&profile(5_000_000_000)).await;
    let mut client = server.query();
    let types = client.profile_types(ProfileTypesRequest::default()).await.unwrap().into_inner().types;
    assert_eq!(types.len(), 1);
    assert_eq!((types[0].name.as_str(), types[0].delta), ("process_cpu", true));

    let answer = client.query(merge(ReportType::FlamegraphArrow)).await.unwrap().into_inner();
    assert_eq!((answer.total, answer.filtered), (1_000_000_000, 0));
    let Some(Report::FlamegraphArrow(graph)) = answer.report else { panic!("{answer:?}") };
    assert_eq!((graph.unit.as_str(), graph.height), ("nanoseconds", 3));
    let decoded = decode_flame_graph(&graph.record, &ArrowLimits::default()).unwrap();
    assert_eq!(decoded.graph.nodes()[0].cumulative, 1_000_000_000);
    server.stop().await;
}

#[tokio::test]
async fn answers_are_compressed_where_questions_are() {
    let server = Server::start().await;
    server.write(&profile(5_000_000_000)).await;
    let plain = server.query().accept_compressed(Gzip).query(merge(ReportType::Pprof)).await.unwrap();
    assert_eq!(plain.metadata().get("grpc-encoding"), None);
    let mut zipping = server.query().accept_compressed(Gzip).send_compressed(Gzip);
    let zipped = zipping.query(merge(ReportType::Pprof)).await.unwrap();
    assert_eq!(zipped.metadata().get("grpc-encoding").unwrap(), "gzip");
    assert_eq!(plain.into_inner(), zipped.into_inner());
    // What was sent compressed arrives: a profile, too.
    let request = crate::server::write_request(
        &[("__name__", "process_cpu")],
        profile_codec::pprof::encode_gzip(&profile(6_000_000_000)),
    );
    server.store().send_compressed(Gzip).write_raw(request).await.unwrap();
    let twice = zipping.query(merge(ReportType::TableArrow)).await.unwrap().into_inner();
    assert_eq!(twice.total, 2_000_000_000);
    server.stop().await;
}

/// The message and the trailers of a gRPC-Web answer.
async fn grpc_web(server: &Server, path: &str, message: &impl Message) -> (Bytes, String) {
    let mut frame = BytesMut::new();
    frame.put_u8(0);
    frame.put_u32(message.encoded_len() as u32);
    message.encode(&mut frame).unwrap();
    let request = Request::post(format!("http://{}{path}", server.server.address()))
        .header("content-type", "application/grpc-web+proto")
        .body(frame.freeze())
        .unwrap();
    let (head, mut body) = server.http1(request).await;
    assert_eq!((head.status.as_u16(), head.version), (200, http::Version::HTTP_11), "{path}");
    if let Some(status) = head.headers.get("grpc-status") {
        return (Bytes::new(), format!("grpc-status:{}", status.to_str().unwrap()));
    }
    let (mut message, mut trailers) = (Bytes::new(), String::new());
    while !body.is_empty() {
        let len = u32::from_be_bytes(body[1..5].try_into().unwrap()) as usize;
        let mut frame = body.split_to(5 + len);
        let payload = frame.split_off(5);
        if frame[0] & 0x80 == 0 {
            message = payload;
        } else {
            trailers = String::from_utf8(payload.to_vec()).unwrap();
        }
    }
    (message, trailers)
}

#[tokio::test]
async fn grpc_web_is_served_under_any_path() {
    let server = Server::start().await;
    server.write(&profile(5_000_000_000)).await;
    for prefix in ["", "/api", "/a/b/c"] {
        let path = format!("{prefix}/parca.query.v1alpha1.QueryService/ProfileTypes");
        let (message, trailers) = grpc_web(&server, &path, &ProfileTypesRequest::default()).await;
        assert!(trailers.contains("grpc-status:0"), "{path}: {trailers:?}");
        assert_eq!(ProfileTypesResponse::decode(message).unwrap().types.len(), 1, "{path}");
        let path = format!("{prefix}/parca.query.v1alpha1.QueryService/Query");
        let (message, _) = grpc_web(&server, &path, &merge(ReportType::Top)).await;
        assert_eq!(QueryResponse::decode(message).unwrap().total, 1_000_000_000, "{path}");
    }
    let nowhere = "/api/parca.query.v1alpha1.QueryService/Nothing";
    let (_, trailers) = grpc_web(&server, nowhere, &ProfileTypesRequest::default()).await;
    assert!(trailers.contains("grpc-status:12"), "{trailers:?}");
    server.stop().await;
}

#[tokio::test]
async fn health_is_told() {
    let server = Server::start().await;
    let mut client = HealthClient::with_origin(server.channel(), server.origin());
    let health = client.check(HealthCheckRequest::default()).await.unwrap().into_inner();
    assert_eq!(health.status(), ServingStatus::Serving);
    server.stop().await;
}

#[tokio::test]
async fn reflection_lists_what_is_served() {
    let server = Server::start().await;
    let mut client = ServerReflectionClient::with_origin(server.channel(), server.origin());
    let request = ServerReflectionRequest {
        host: String::new(),
        message_request: Some(MessageRequest::ListServices(String::new())),
    };
    let answer = client.server_reflection_info(tokio_stream::once(request)).await.unwrap();
    let answer = answer.into_inner().message().await.unwrap().unwrap();
    let Some(MessageResponse::ListServicesResponse(list)) = answer.message_response else {
        panic!("{answer:?}")
    };
    let names: BTreeSet<String> = list.service.into_iter().map(|service| service.name).collect();
    for name in [
        "grpc.health.v1.Health",
        "parca.profilestore.v1alpha1.AgentsService",
        "parca.profilestore.v1alpha1.ProfileStoreService",
        "parca.query.v1alpha1.QueryService",
        "parca.scrape.v1alpha1.ScrapeService",
    ] {
        assert!(names.contains(name), "{name} is not among {names:?}");
    }
    server.stop().await;
}
