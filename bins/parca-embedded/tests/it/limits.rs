//! Every limit is called by its name where it refuses something, and bombs of every kind take no memory.

use std::io::Write;
use std::net::SocketAddr;

use parca_proto::profilestore::{
    Label, LabelSet, RawProfileSeries, RawSample, WriteArrowRequest, WriteRawRequest,
};
use parca_proto::pyroscope::{push, types};
use parca_proto::query::query_request::ReportType;
use prost::Message;
use serde_json::json;
use test_support::http_request;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::agent_batch::Batch;
use crate::crashes::{ended, memory};
use crate::grpc_web::{QUERY, call, ended as status, frame, merge, sent};
use crate::program;

const WRITE_RAW: &str = "/parca.profilestore.v1alpha1.ProfileStoreService/WriteRaw";
const WRITE_ARROW: &str = "/parca.profilestore.v1alpha1.ProfileStoreService/WriteArrow";
const PUSH: &str = "/push.v1.PusherService/Push";

/// More than any request may have.
const TOO_MUCH: usize = (64 << 20) + 1;
const RESOURCE_EXHAUSTED: u32 = 8;

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packer.write_all(bytes).unwrap();
    packer.finish().unwrap()
}

fn named(profiles: Vec<Vec<u8>>) -> WriteRawRequest {
    let name = Label { name: "__name__".into(), value: "process_cpu".into() };
    let samples = profiles.into_iter().map(|raw| RawSample { raw_profile: raw.into(), ..Default::default() });
    let series =
        RawProfileSeries { labels: Some(LabelSet { labels: vec![name] }), samples: samples.collect() };
    WriteRawRequest { series: vec![series], ..Default::default() }
}

fn pushed(profile: &[u8]) -> push::PushRequest {
    let label = types::LabelPair { name: "__name__".into(), value: "process_cpu".into() };
    let sample = push::RawSample { raw_profile: profile.to_vec().into(), ..Default::default() };
    let series = push::RawProfileSeries { labels: vec![label], samples: vec![sample] };
    push::PushRequest { series: vec![series] }
}

/// A pprof of so many functions, each the leaf of a stack of its own.
fn functions(count: u64) -> Vec<u8> {
    use parca_proto::pprof::{Function, Line, Location, Profile, Sample, ValueType};
    let of = ValueType { r#type: 1, unit: 2 };
    let names = (1..=count).map(|id| format!("function_with_a_name_as_long_as_they_are_{id:07}"));
    let line = |id| vec![Line { function_id: id, line: 1, ..Default::default() }];
    let profile = Profile {
        sample_type: vec![of],
        period_type: Some(of),
        period: 1,
        sample: (1..=count)
            .map(|id| Sample { location_id: vec![id], value: vec![1], ..Default::default() })
            .collect(),
        location: (1..=count).map(|id| Location { id, line: line(id), ..Default::default() }).collect(),
        function: (1..=count)
            .map(|id| Function { id, name: i64::try_from(id).unwrap() + 2, ..Default::default() })
            .collect(),
        string_table: ["", "cpu", "nanoseconds"].map(str::to_owned).into_iter().chain(names).collect(),
        time_nanos: 1_700_000_000_000_000_000,
        duration_nanos: 1_000_000_000,
        ..Default::default()
    };
    profile.encode_to_vec()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_expands_to_more_than_a_request_may_have_is_refused_by_the_name_of_the_limit() {
    let (process, address) = program(&[]).await;
    let before = memory(address).await;
    let bomb = gzip(&vec![0; TOO_MUCH]);
    assert!(bomb.len() < 1 << 20);

    // The whole of a request, by each way in and out that has messages.
    for path in [
        WRITE_RAW,
        WRITE_ARROW,
        "/opentelemetry.proto.collector.profiles.v1development.ProfilesService/Export",
        PUSH,
        "/querier.v1.QuerierService/Series",
        QUERY,
    ] {
        let body = frame(1, &bomb);
        let found = status(&sent(address, path, &[("grpc-encoding", "gzip")], &body).await);
        assert_eq!(found.status, RESOURCE_EXHAUSTED, "{path}: {}", found.words);
        assert!(found.words.starts_with("request_size:"), "{path}: {}", found.words);
    }
    for (path, kind, expect) in [
        (PUSH, "application/proto", 429),
        (PUSH, "application/json", 429),
        ("/querier.v1.QuerierService/Series", "application/json", 429),
        ("/ingest?name=a&format=pprof", "application/octet-stream", 413),
        ("/v1development/profiles", "application/x-protobuf", 413),
        ("/v1development/profiles", "application/json", 413),
    ] {
        let headers = [("content-type", kind), ("content-encoding", "gzip")];
        let answer = http_request(address, "POST", path, &headers, &bomb).await.unwrap();
        assert_eq!(answer.status, expect, "{path}: {}", answer.text());
        assert!(answer.text().contains("request_size:"), "{path}: {}", answer.text());
    }

    // What is in a request.
    let half = gzip(&[functions(1), vec![0x32, 0], [0x32, 0].repeat(TOO_MUCH / 4)].concat());
    for profiles in [vec![bomb.clone()], vec![half.clone(); 3]] {
        let found = call(address, WRITE_RAW, &[named(profiles).encode_to_vec()]).await;
        assert_eq!(found.status, RESOURCE_EXHAUSTED, "{}", found.words);
        assert!(found.words.starts_with("expanded_size:"), "{}", found.words);
    }
    let ipc_buffer = Batch { bomb_bytes: TOO_MUCH, ..Batch::default() }.ipc();
    assert!(ipc_buffer.len() < 1 << 20);
    let arrow = WriteArrowRequest { ipc_buffer: ipc_buffer.into() };
    let found = call(address, WRITE_ARROW, &[arrow.encode_to_vec()]).await;
    assert_eq!(found.status, RESOURCE_EXHAUSTED, "{}", found.words);
    assert!(found.words.contains("expanded_size:"), "{}", found.words);

    let part = |name: &str, content: &[u8]| {
        let head = format!("--b\r\ncontent-disposition: form-data; name={name}\r\n\r\n");
        [head.as_bytes(), content, b"\r\n"].concat()
    };
    let form = |parts: &[Vec<u8>]| [parts.concat(), b"--b--\r\n".to_vec()].concat();
    let forms = [
        form(&[part("profile", &bomb)]),
        form(&[part("profile", &functions(1)), part("sample_type_config", &bomb)]),
    ];
    let multipart = "multipart/form-data; boundary=b";
    let pushes = [
        (PUSH, "application/proto", pushed(&bomb).encode_to_vec()),
        ("/ingest?name=a&format=pprof", "application/octet-stream", bomb.clone()),
    ];
    for (path, kind, body) in forms.into_iter().map(|form| ("/ingest?name=a", multipart, form)).chain(pushes)
    {
        let answer = http_request(address, "POST", path, &[("content-type", kind)], &body).await.unwrap();
        assert_eq!(answer.status, if path == PUSH { 429 } else { 413 }, "{path}: {}", answer.text());
        let words = answer.text();
        assert!(words.contains("expanded_size:") || words.contains("request_size:"), "{path}: {words}");
    }
    let after = memory(address).await;
    assert!(after < before + f64::from(400 << 20), "{before} bytes, then {after}");
    ended(process).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_long_is_refused_before_it_is_read() {
    let (process, address) = program(&[]).await;
    for (path, kind) in [
        (PUSH, "application/proto"),
        ("/ingest?name=a", "application/octet-stream"),
        ("/v1development/profiles", "application/json"),
        ("/querier.v1.QuerierService/Diff", "application/json"),
        ("/settings.v1.SettingsService/Get", "application/json"),
    ] {
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: {address}\r\ncontent-type: {kind}\r\ncontent-length: {TOO_MUCH}\r\n\r\n"
        );
        let words = answered(address, head.as_bytes()).await;
        assert!(
            words.starts_with("HTTP/1.1 4") && words.contains("request_size: expected at most"),
            "{path}: {words}"
        );
    }
    for path in [WRITE_RAW, PUSH, QUERY] {
        let head = [&[0][..], &u32::try_from(TOO_MUCH).unwrap().to_be_bytes()].concat();
        let found = status(&sent(address, path, &[], &head).await);
        assert_eq!(found.status, RESOURCE_EXHAUSTED, "{path}: {}", found.words);
        assert!(found.words.starts_with("request_size:"), "{path}: {}", found.words);
    }
    ended(process).await;
}

/// What comes before the server closes, or the whole of an answer's head and its first line.
async fn answered(address: SocketAddr, request: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request).await.unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"at a time\"}") {
        match stream.read_u8().await {
            Ok(byte) => answer.push(byte),
            Err(_) => break,
        }
    }
    String::from_utf8(answer).unwrap()
}

const CPU: &str = "process_cpu:cpu:nanoseconds:cpu:nanoseconds:delta";

/// The ways to ask for all functions of [`CPU`], each with what the limit is called there.
async fn asked(address: SocketAddr) -> [(&'static str, String); 3] {
    let grpc = call(address, QUERY, &[merge(CPU, ReportType::Top.into()).encode_to_vec()]).await;
    let times = "merge.start=2023-01-01T00:00:00Z&merge.end=2024-01-01T00:00:00Z";
    let path = format!("/api/profiles/query?mode=2&report_type=2&merge.query={CPU}&{times}");
    let rest = http_request(address, "GET", &path, &[], b"").await.unwrap();
    let question = json!({"profileTypeID": "process_cpu:cpu:nanoseconds:cpu:nanoseconds", "labelSelector": "{}",
        "start": "1600000000000", "end": "1800000000000", "maxNodes": "0"});
    let path = "/querier.v1.QuerierService/SelectMergeStacktraces";
    let headers = [("content-type", "application/json")];
    let connect =
        http_request(address, "POST", path, &headers, question.to_string().as_bytes()).await.unwrap();
    [
        ("gRPC", format!("{} {}", grpc.status, grpc.words)),
        ("the JSON gateway", format!("{} {}", rest.status, rest.text())),
        ("Connect", format!("{} {}", connect.status, connect.text())),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_that_are_too_long_or_too_late_name_the_limit() {
    for (flags, name, codes) in [
        (["--query-answer-size", "1MiB"], "query_answer_size", ["8 ", "429 ", "429 "]),
        (["--query-timeout", "1ms"], "query_timeout", ["4 ", "504 ", "504 "]),
    ] {
        let (process, address) = program(&flags).await;
        let written = call(address, WRITE_RAW, &[named(vec![functions(30_000)]).encode_to_vec()]).await;
        assert_eq!(written.status, 0, "{}", written.words);
        for ((way, words), code) in asked(address).await.into_iter().zip(codes) {
            assert!(words.starts_with(code) && words.contains(name), "{way}: {:.300}", words);
        }
        ended(process).await;
    }
}

#[tokio::test]
async fn an_address_that_others_reach_is_warned_of() {
    let folder = tempfile::tempdir().unwrap();
    let access = folder.path().join("access");
    std::fs::write(&access, format!("a both {}\n", "0".repeat(64))).unwrap();
    let access = access.to_str().unwrap();
    for (flags, expect) in [
        (&[][..], "whoever reaches this address can read and write profiles"),
        (&["--auth-file", access], "whoever listens between sees tokens and profiles"),
    ] {
        // What comes later wins.
        let flags = [&["--http-address", "0.0.0.0:0"][..], flags].concat();
        let all = [&["--self-profile-interval", "0s"][..], &flags].concat();
        let mut process = test_support::Process::start(crate::PARCA_EMBEDDED, all, crate::NONE);
        process.stderr_line("who may come in", |line| line.contains("WARN") && line.contains(expect)).await;
    }
    let (process, _) = program(&[]).await;
    assert!(!process.stderr().contains("WARN"), "{}", process.stderr());
}
