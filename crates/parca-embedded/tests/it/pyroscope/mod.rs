//! Pyroscope's APIs, in the words of its clients: what Grafana, Drilldown and the SDKs send.

mod graphs;
mod protocol;
mod readers;
mod spans;
mod writers;

use std::io::Write;

use bytes::Bytes;
use http::Request;
use http::response::Parts;
use profile_codec::pprof;
use profile_model::{LabelValue, Profile, SampleLabel};
use serde_json::{Value, json};

use crate::server::{Server, profile};

const ID: &str = "process_cpu:cpu:nanoseconds:cpu:nanoseconds";
const SECOND: i64 = 1_000_000_000;
/// Times of profiles, in seconds: those of SDKs are never of 1970.
const START: i64 = 1_700_000_000;

async fn post(
    server: &Server,
    path: &str,
    headers: &[(&str, &str)],
    body: impl Into<Bytes>,
) -> (Parts, Bytes) {
    let mut request = Request::post(format!("{}{path}", server.origin()));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    server.http1(request.body(body.into()).unwrap()).await
}

async fn get(server: &Server, path: &str) -> (u16, Value) {
    let request = Request::get(format!("{}{path}", server.origin())).body(Bytes::new()).unwrap();
    let (head, body) = server.http1(request).await;
    (head.status.as_u16(), serde_json::from_slice(&body).unwrap_or(Value::Null))
}

/// A call as JSON.
async fn call(server: &Server, method: &str, request: &Value) -> (u16, Value) {
    let path = format!("querier.v1.QuerierService/{method}");
    let (head, body) =
        post(server, &path, &[("content-type", "application/json")], request.to_string()).await;
    (head.status.as_u16(), serde_json::from_slice(&body).unwrap())
}

async fn ask(server: &Server, method: &str, request: Value) -> Value {
    let (status, answer) = call(server, method, &request).await;
    assert_eq!(status, 200, "{method} {request}: {answer}");
    answer
}

async fn ingest(server: &Server, query: &str, kind: &str, body: impl Into<Bytes>) -> u16 {
    let (head, body) = post(server, &format!("ingest?{query}"), &[("content-type", kind)], body).await;
    if head.status == 200 {
        assert!(body.is_empty());
    }
    head.status.as_u16()
}

fn sum(names: &[&str], time: i64) -> Profile {
    let mut of = profile(time);
    of.sample_types = names.iter().map(|name| profile_model::ValueType::new(*name, "count")).collect();
    of.samples = profile_model::Samples::new(names.len());
    let stack = profile(time).samples.stacks()[0];
    of.samples.push(profile_model::Sample { stack, values: &vec![7; names.len()], labels: &[] });
    of
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A form as pyroscope-go writes it.
fn form(parts: &[(&str, &[u8])]) -> Vec<u8> {
    let mut body = Vec::new();
    for (name, content) in parts {
        body.extend(
            format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"x\"\r\n\r\n").bytes(),
        );
        body.extend(*content);
        body.extend(b"\r\n");
    }
    body.extend(b"--b--\r\n");
    body
}

/// A selection of everything in the window, with more fields or others.
fn select(more: &Value) -> Value {
    let (start, end) = window();
    let mut request = json!({"profileTypeID": ID, "labelSelector": "{}", "start": start, "end": end});
    request.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    request
}

/// A profile as a Parca's clients write it.
async fn write(server: &Server, labels: &[(&str, &str)], profile: &Profile) {
    let request = crate::server::write_request(labels, pprof::encode(profile));
    server.store().write_raw(request).await.unwrap();
}

fn window() -> (i64, i64) {
    ((START - 60) * 1000, (START + 60) * 1000)
}

async fn types(server: &Server) -> Vec<String> {
    let (start, end) = window();
    let answer = ask(server, "ProfileTypes", json!({"start": start, "end": end})).await;
    let types = answer["profileTypes"].as_array().cloned().unwrap_or_default();
    types.iter().map(|of| of["ID"].as_str().unwrap().to_owned()).collect()
}

async fn total(server: &Server, id: &str, selector: &str) -> i64 {
    let (start, end) = window();
    let request = json!({"profileTypeID": id, "labelSelector": selector, "start": start, "end": end});
    let answer = ask(server, "SelectMergeStacktraces", request).await;
    answer["flamegraph"]["total"].as_str().map_or(0, |total| total.parse().unwrap())
}

/// A server with two pods of a job that were scraped, and a program that pushes.
async fn filled() -> Server {
    let server = Server::start().await;
    for (pod, at) in [("a", START), ("b", START + 10)] {
        let labels = [("__name__", "process_cpu"), ("job", "api"), ("pod", pod)];
        write(&server, &labels, &profile(at * SECOND)).await;
    }
    let pushed = pprof::encode_gzip(&profile((START + 20) * SECOND));
    let name = format!("name=shop%7Bpod%3Dc%7D&from={START}&until={}", START + 10);
    assert_eq!(
        ingest(&server, &format!("{name}&format=pprof"), "application/octet-stream", pushed).await,
        200
    );
    server
}

fn base64(bytes: &[u8]) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}
