//! What parca-agent writes: batches of its own Arrow writers, and what a real Parca answers after them.

use parca_proto::profilestore::{WriteArrowRequest, WriteRequest};
use parca_proto::query::query_request::{Mode, Options, ReportType};
use parca_proto::query::query_response::Report;
use parca_proto::query::{
    GroupBy, LabelsRequest, MergeProfile, ProfileTypesRequest, QueryRangeRequest, QueryRequest, ValuesRequest,
};
use profile_codec::arrow::{ArrowLimits, decode_flame_graph};
use serde_json::{Map, Value, json};
use tokio_stream::StreamExt;
use tonic::Code;

use crate::server::Server;

const V2: &[u8] = include_bytes!("../../../profile-codec/tests/fixtures/agent/write-arrow-v2.arrows");
const SAMPLES: &[u8] = include_bytes!("../../../profile-codec/tests/fixtures/agent/write-v1-samples.arrows");
const STACKS: &[u8] = include_bytes!("../../../profile-codec/tests/fixtures/agent/write-v1-locations.arrows");
const PARCA: &str = include_str!("../../../profile-codec/tests/fixtures/agent/parca.json");

const START: i64 = 1_795_860_000;

fn at(seconds: i64) -> Option<prost_types::Timestamp> {
    Some(prost_types::Timestamp { seconds, nanos: 0 })
}

async fn total(server: &Server, query: String) -> i64 {
    let options = MergeProfile { query, start: at(START - 60), end: at(START + 60) };
    let request = QueryRequest {
        mode: Mode::Merge.into(),
        options: Some(Options::Merge(options)),
        report_type: ReportType::TableArrow.into(),
        ..Default::default()
    };
    server.query().query(request).await.unwrap().into_inner().total
}

async fn range(server: &Server, query: &str) -> Value {
    let request = QueryRangeRequest {
        query: query.to_owned(),
        start: at(START - 60),
        end: at(START + 60),
        step: Some(prost_types::Duration { seconds: 1, nanos: 0 }),
        sum_by: vec!["comm".into()],
        limit: 0,
    };
    let mut series = Map::new();
    for one in server.query().query_range(request).await.unwrap().into_inner().series {
        let labels = one.labelset.unwrap_or_default().labels;
        let labels: Vec<String> =
            labels.iter().map(|label| format!("{}={}", label.name, label.value)).collect();
        let points = one.samples.iter().map(|sample| {
            let at = sample.timestamp.unwrap();
            json!([at.seconds * 1_000_000_000 + i64::from(at.nanos), sample.value])
        });
        series.insert(labels.join(","), points.collect());
    }
    Value::Object(series)
}

/// Answers to the questions that the real one was asked.
async fn answers(server: &Server) -> Value {
    let mut client = server.query();
    let types = client.profile_types(ProfileTypesRequest::default()).await.unwrap().into_inner().types;
    let types = types.into_iter().map(|of| {
        let delta = if of.delta { ":delta" } else { "" };
        format!(
            "{}:{}:{}:{}:{}{delta}",
            of.name, of.sample_type, of.sample_unit, of.period_type, of.period_unit
        )
    });
    let types: Vec<String> = types.collect();
    let labels = client.labels(LabelsRequest::default()).await.unwrap().into_inner().label_names;
    let mut values = Map::new();
    for label in &labels {
        let request = ValuesRequest { label_name: label.clone(), ..Default::default() };
        let found = client.values(request).await.unwrap().into_inner().label_values;
        values.insert(label.clone(), json!(found));
    }
    let mut answers = Map::new();
    for of in &types {
        let answer = json!({
            "merge_total": total(server, of.clone()).await,
            "range_by_comm": range(server, of).await,
            "total_comm_worker_1": total(server, format!(r#"{of}{{comm="worker-1"}}"#)).await,
            "total_cpu_3": total(server, format!(r#"{of}{{cpu="3"}}"#)).await,
        });
        answers.insert(of.clone(), answer);
    }
    json!({"types": types, "answers": answers, "labels": labels, "values": values})
}

async fn is_as_in_parca(server: &Server) {
    let expect: Value = serde_json::from_str(PARCA).unwrap();
    assert_eq!(answers(server).await, expect);
}

fn arrow(ipc: &'static [u8]) -> WriteArrowRequest {
    WriteArrowRequest { ipc_buffer: ipc.into() }
}

#[tokio::test]
async fn write_arrow_stores_what_a_real_parca_stores() {
    let server = Server::start().await;
    server.store().write_arrow(arrow(V2)).await.unwrap();
    is_as_in_parca(&server).await;
    // An agent that did not get its answer sends the batch again.
    server.store().write_arrow(arrow(V2)).await.unwrap();
    is_as_in_parca(&server).await;
    server.stop().await;
}

/// The exchange as the agent has it: it reads until the server ends the stream.
async fn write(server: &Server, messages: Vec<&'static [u8]>) -> Result<usize, tonic::Status> {
    let (send, requests) = tokio::sync::mpsc::channel(1);
    let requests = tokio_stream::wrappers::ReceiverStream::new(requests);
    let mut messages = messages.into_iter().map(|record| WriteRequest { record: record.into() });
    send.send(messages.next().unwrap()).await.unwrap();
    let mut answers = server.store().write(requests).await?.into_inner();
    let mut count = 0;
    while let Some(answer) = answers.next().await {
        let answer = answer?;
        assert!(answer.record.len() > 100);
        count += 1;
        match messages.next() {
            Some(message) => send.send(message).await.unwrap(),
            // Half-closed before the answer.
            None => return Ok(count),
        }
    }
    Ok(count)
}

#[tokio::test]
async fn write_stores_what_a_real_parca_stores() {
    let server = Server::start().await;
    assert_eq!(write(&server, vec![SAMPLES, STACKS]).await.unwrap(), 1);
    is_as_in_parca(&server).await;
    assert_eq!(write(&server, vec![SAMPLES, STACKS]).await.unwrap(), 1);
    is_as_in_parca(&server).await;
    server.stop().await;
}

#[tokio::test]
async fn what_is_refused_says_why_and_stores_nothing() {
    let server = Server::start().await;
    let check = |status: tonic::Status, code: Code, text: &str| {
        assert_eq!(status.code(), code, "{status:?}");
        assert!(status.message().starts_with(text), "{status:?}");
    };
    let invalid = Code::InvalidArgument;
    for (bytes, text) in [
        (b"ARROW1\0\0".as_slice(), "failed to create arrow IPC reader: "),
        (SAMPLES, "validate record: missing column \"locations\""),
        (STACKS, "validate record: missing column \"locations\""),
    ] {
        check(server.store().write_arrow(arrow(bytes)).await.unwrap_err(), invalid, text);
    }
    for (messages, code, text) in [
        (vec![b"ARROW1\0\0".as_slice()], invalid, "failed to create reader: "),
        (vec![V2], invalid, "failed to add sample record"),
        (vec![SAMPLES, SAMPLES], invalid, "failed to add locations record: missing column \"locations\""),
    ] {
        check(write(&server, messages).await.unwrap_err(), code, text);
    }
    assert_eq!(server.server.stats().profiles, 0);
    let refused = r#"parca_embedded_refused_writes_total{method="WriteArrow",reason="arrow"}"#;
    assert!((server.metric(refused).await - 3.0).abs() < f64::EPSILON);
    server.stop().await;
}

/// A chart of all CPU samples, a lane for each value of a label.
async fn chart(
    server: &Server,
    report: ReportType,
    fields: &[&str],
) -> profile_codec::arrow::DecodedFlameGraph {
    let query = "parca_agent:samples:count:cpu:nanoseconds:delta".to_owned();
    let request = QueryRequest {
        mode: Mode::Merge.into(),
        options: Some(Options::Merge(MergeProfile { query, start: at(START - 60), end: at(START + 60) })),
        report_type: report.into(),
        group_by: Some(GroupBy { fields: fields.iter().map(|field| (*field).to_owned()).collect() }),
        ..Default::default()
    };
    let answer = server.query().query(request).await.unwrap().into_inner();
    let Some(Report::FlamegraphArrow(graph)) = answer.report else { panic!("{:?}", answer.report) };
    decode_flame_graph(&graph.record, &ArrowLimits::default()).unwrap()
}

#[tokio::test]
async fn a_flame_chart_has_each_call_in_its_time() {
    let server = Server::start().await;
    server.store().write_arrow(arrow(V2)).await.unwrap();
    let decoded = chart(&server, ReportType::Flamechart, &["labels.thread_id"]).await;
    let (graph, times) = (&decoded.graph, decoded.timestamps.unwrap());
    let in_batch = START * 1_000_000_000..(START + 6) * 1_000_000_000;
    let mut calls = 0;
    for (at, node) in graph.nodes().iter().enumerate() {
        assert_eq!(times[at] == 0, node.depth < 2, "roots and lanes have no time");
        assert!(node.depth < 2 || in_batch.contains(&times[at]), "{}", times[at]);
        let id = profile_model::NodeId::new(at.try_into().unwrap());
        let children: Vec<i64> = graph.children(id).map(|child| times[child.index()]).collect();
        assert!(children.is_sorted(), "{children:?}");
        calls += usize::from(node.depth == 2);
    }
    // A thread samples another stack each time, so that calls end and come again.
    assert!(
        graph.groups().len() > 1 && calls > 2 * graph.groups().len(),
        "{calls} in {}",
        graph.groups().len()
    );
    // A graph by time is the same chart, and a chart of nothing has no times.
    let same = chart(&server, ReportType::FlamegraphArrow, &["labels.thread_id", "timestamp"]).await;
    assert_eq!(same.timestamps.unwrap(), times);
    let summed = chart(&server, ReportType::FlamegraphArrow, &["labels.thread_id"]).await;
    assert!(summed.timestamps.is_none() && summed.graph.nodes().len() < graph.nodes().len());
    assert_eq!(summed.graph.nodes()[0].cumulative, graph.nodes()[0].cumulative);
    server.stop().await;
}
