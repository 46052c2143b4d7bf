//! Pyroscope's APIs, in the words of its clients: what Grafana, Drilldown and the SDKs send.

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
    let mut request = Request::post(format!("{}{}", server.origin(), path.trim_start_matches('/')));
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
        let raw = pprof::encode(&profile(at * SECOND));
        let labels = [("__name__", "process_cpu"), ("job", "api"), ("pod", pod)];
        server.store().write_raw(crate::server::write_request(&labels, raw)).await.unwrap();
    }
    let pushed = pprof::encode_gzip(&profile((START + 20) * SECOND));
    let name = format!("name=shop%7Bpod%3Dc%7D&from={START}&until={}", START + 10);
    assert_eq!(
        ingest(&server, &format!("{name}&format=pprof"), "application/octet-stream", pushed).await,
        200
    );
    server
}

#[tokio::test]
async fn grafanas_health_check_of_1970_is_answered_with_the_type_of_the_request() {
    let server = filled().await;
    // ProfileTypesRequest { start: 1000, end: 4000 }; the answer has nothing, and still its type.
    let body: &[u8] = &[0x08, 0xe8, 0x07, 0x10, 0xa0, 0x1f];
    let headers = [("content-type", "application/proto"), ("connect-protocol-version", "1")];
    let (head, body) = post(&server, "querier.v1.QuerierService/ProfileTypes", &headers, body).await;
    assert_eq!((head.status.as_u16(), body.len()), (200, 0));
    assert_eq!(head.headers["content-type"], "application/proto");
    // No message at all is one without fields, and a range may end in the future.
    let (head, body) = post(&server, "querier.v1.QuerierService/ProfileTypes", &headers, Bytes::new()).await;
    assert_eq!(head.status, 200);
    assert!(body.windows(ID.len()).any(|window| window == ID.as_bytes()));
    let answer = ask(&server, "ProfileTypes", json!({"start": 1000, "end": 99_999_999_999_999_i64})).await;
    assert_eq!(
        answer["profileTypes"][0],
        json!({"ID": ID, "name": "process_cpu", "sampleType": "cpu", "sampleUnit": "nanoseconds",
               "periodType": "cpu", "periodUnit": "nanoseconds"})
    );
    server.stop().await;
}

#[tokio::test]
async fn types_have_five_parts_and_series_a_service() {
    let server = filled().await;
    assert_eq!(types(&server).await, [ID]);
    let (start, end) = window();
    let names = json!(["service_name", "__profile_type__"]);
    let answer =
        ask(&server, "Series", json!({"labelNames": names, "matchers": [], "start": start, "end": end}))
            .await;
    let pair = |name: &str, value: &str| json!({"name": name, "value": value});
    let set =
        |service: &str| json!({"labels": [pair("service_name", service), pair("__profile_type__", ID)]});
    assert_eq!(answer["labelsSet"], json!([set("api"), set("shop")]));
    let matcher = json!([format!(r#"{{__profile_type__="{ID}",service_name="api",}}"#)]);
    let request = json!({"name": "pod", "matchers": matcher, "start": start, "end": end});
    assert_eq!(ask(&server, "LabelValues", request).await["names"], json!(["a", "b"]));
    let request = json!({"matchers": [format!("{ID}{{}}")], "start": start, "end": end});
    let names = ask(&server, "LabelNames", request).await["names"].clone();
    for name in ["__profile_type__", "__type__", "job", "pod", "service_name", "pyroscope_spy"] {
        assert!(names.as_array().unwrap().contains(&json!(name)), "{name} {names}");
    }
    server.stop().await;
}

#[tokio::test]
async fn selectors_select_by_service_type_and_label() {
    let server = filled().await;
    for (selector, expect) in [
        ("{}", 3),
        ("", 3),
        (r#"{service_name="api"}"#, 2),
        (r#"{service_name="shop"}"#, 1),
        (r#"{service_name=~"a.*"}"#, 2),
        (r#"{service_name=~"p"}"#, 0),
        (r#"{service_name!="api"}"#, 1),
        (r#"{service_name!~"api|shop"}"#, 0),
        (r#"{service_name="api",pod="b"}"#, 1),
        (r#"{pod=~"a|c"}"#, 2),
        (r#"{__type__="cpu",__name__="process_cpu"}"#, 3),
        (r#"{__type__="other"}"#, 0),
        (r#"{service_name="nobody"}"#, 0),
    ] {
        assert_eq!(total(&server, ID, selector).await, expect * SECOND, "{selector}");
    }
    assert_eq!(total(&server, &format!("{ID}:delta"), "{}").await, 3 * SECOND);
    assert_eq!(total(&server, "memory:a:b:c:d", "{}").await, 0);
    server.stop().await;
}

#[tokio::test]
async fn flame_graphs_are_such_as_grafana_reads() {
    let server = filled().await;
    let (start, end) = window();
    let request = |more: Value| {
        let mut request = json!({"profileTypeID": ID, "labelSelector": "{}", "start": start, "end": end});
        request.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        request
    };
    for more in [
        json!({}),
        json!({"maxNodes": 0}),
        json!({"maxNodes": null}),
        json!({"maxNodes": "1048576"}),
        json!({"format": "PROFILE_FORMAT_FUNCTIONS"}),
    ] {
        let graph = ask(&server, "SelectMergeStacktraces", request(more)).await["flamegraph"].clone();
        assert_eq!(graph["names"][0], "total");
        assert_eq!(graph["levels"][0]["values"], json!(["0", "3000000000", "0", "0"]));
        assert_eq!(graph["total"], "3000000000");
        assert!(graph["names"].as_array().unwrap().contains(&json!("work")));
    }
    let cut = ask(&server, "SelectMergeStacktraces", request(json!({"maxNodes": 1}))).await;
    assert_eq!(cut["flamegraph"]["names"], json!(["total", "main", "other"]));
    let site = json!({"stackTraceSelector": {"call_site": [{"name": "main"}, {"name": "work"}]}});
    assert_eq!(
        ask(&server, "SelectMergeStacktraces", request(site)).await["flamegraph"]["total"],
        "2100000000"
    );
    // Nothing is an empty graph, not an error.
    let nothing = json!({"profileTypeID": ID, "labelSelector": "{}", "start": 1000, "end": 2000});
    let empty = ask(&server, "SelectMergeStacktraces", nothing).await;
    assert_eq!(
        empty["flamegraph"],
        json!({"names": ["total"], "levels": [{"values": ["0", "0", "0", "0"]}]})
    );
    let pprof_answer = ask(&server, "SelectMergeStacktraces", request(json!({"format": 4}))).await;
    assert_eq!(pprof_answer["pprof"]["profile"]["period"], "1000000000");
    let dot = ask(&server, "SelectMergeStacktraces", request(json!({"format": "PROFILE_FORMAT_DOT"}))).await;
    assert!(dot["dot"].as_str().unwrap().contains("Showing nodes accounting for"));
    for (wrong, words) in [
        (json!({"maxNodes": -1}), "maxNodes"),
        (json!({"maxNodes": 1_048_577}), "maxNodes"),
        (json!({"start": 0}), "missing time range"),
        (json!({"end": 5}), "start before the end"),
        (json!({"profileTypeID": "a:b:c"}), "must be of the form"),
        (json!({"labelSelector": "{a=b}"}), "expected a label selector"),
    ] {
        let (status, answer) = call(&server, "SelectMergeStacktraces", &request(wrong.clone())).await;
        assert_eq!((status, &answer["code"]), (400, &json!("invalid_argument")), "{wrong} {answer}");
        assert!(answer["message"].as_str().unwrap().contains(words), "{answer}");
    }
    server.stop().await;
}

#[tokio::test]
async fn series_are_sums_per_step_by_group() {
    let server = filled().await;
    let request = |group_by: Value, limit: i64| {
        json!({"profileTypeID": ID, "labelSelector": "{}", "start": (START - 15) * 1000, "end": (START + 45) * 1000,
               "step": 15.0, "groupBy": group_by, "limit": limit})
    };
    let series = ask(&server, "SelectSeries", request(json!([]), 0)).await["series"].clone();
    let point = |at: i64, value: i64| json!({"timestamp": ((START + at) * 1000).to_string(), "value": value * SECOND});
    assert_eq!(series, json!([{"points": [point(0, 1), point(15, 1), point(30, 1)]}]));
    let by = ask(&server, "SelectSeries", request(json!(["service_name"]), 0)).await["series"].clone();
    let labels = |value: &str| json!([{"name": "service_name", "value": value}]);
    assert_eq!(by[0], json!({"labels": labels("api"), "points": [point(0, 1), point(15, 1)]}));
    assert_eq!(by[1]["labels"], labels("shop"));
    let one = ask(&server, "SelectSeries", request(json!(["service_name"]), 1)).await["series"].clone();
    assert_eq!(one.as_array().unwrap().len(), 1);
    let by_type =
        ask(&server, "SelectSeries", request(json!(["__profile_type__"]), 0)).await["series"].clone();
    assert_eq!(by_type[0]["labels"], json!([{"name": "__profile_type__", "value": ID}]));
    server.stop().await;
}

#[tokio::test]
async fn two_selections_are_compared() {
    let server = filled().await;
    let (start, end) = window();
    let side = |service: &str| json!({"profileTypeID": ID, "labelSelector": format!("{{service_name=\"{service}\"}}"), "start": start, "end": end});
    let graph =
        ask(&server, "Diff", json!({"left": side("api"), "right": side("shop")})).await["flamegraph"].clone();
    assert_eq!((&graph["leftTicks"], &graph["rightTicks"]), (&json!("2000000000"), &json!("1000000000")));
    assert_eq!(graph["total"], "3000000000");
    let query = |service: &str| format!("{ID}%7Bservice_name%3D%22{service}%22%7D");
    let sides = format!(
        "leftQuery={}&leftFrom={start}&leftUntil={end}&rightQuery={}&rightFrom={start}&rightUntil={end}",
        query("api"),
        query("shop")
    );
    let (status, page) = get(&server, &format!("pyroscope/render-diff?{sides}&max-nodes=64")).await;
    assert_eq!(status, 200);
    assert_eq!((&page["leftTicks"], &page["rightTicks"]), (&json!(2_000_000_000), &json!(1_000_000_000)));
    assert_eq!(page["metadata"]["format"], "double");
    assert_eq!(page["flamebearer"]["levels"][0], json!([0, 2_000_000_000, 0, 0, 1_000_000_000, 0, 0]));
    server.stop().await;
}

#[tokio::test]
async fn render_is_as_older_clients_read_it() {
    let server = filled().await;
    let query = format!("query={ID}%7B%7D&from={}&until={}", START - 15, START + 45);
    let (status, page) = get(&server, &format!("pyroscope/render?{query}&maxNodes=100&format=json")).await;
    assert_eq!(status, 200, "{page}");
    assert_eq!(page["flamebearer"]["numTicks"], 3 * SECOND);
    assert_eq!(
        page["metadata"],
        json!({"format": "single", "name": "cpu", "sampleRate": 1_000_000_000, "spyName": "", "units": "samples"})
    );
    let timeline = &page["timeline"];
    assert_eq!(timeline["durationDelta"], 15);
    let samples: i64 =
        timeline["samples"].as_array().unwrap().iter().map(|value| value.as_i64().unwrap()).sum();
    assert_eq!(samples, 3 * SECOND);
    let (_, grouped) = get(&server, &format!("pyroscope/render?{query}&groupBy=service_name")).await;
    assert_eq!(grouped["groups"].as_object().unwrap().keys().collect::<Vec<_>>(), ["api", "shop"]);
    for wrong in ["", "query=x", "query=a:b:c:d:e%7B"] {
        let (status, error) = get(&server, &format!("pyroscope/render?{wrong}")).await;
        assert_eq!((status, &error["code"]), (400, &json!("invalid_argument")), "{wrong}");
    }
    server.stop().await;
}

#[tokio::test]
async fn connects_rules_of_http_hold() {
    let server = filled().await;
    let path = "querier.v1.QuerierService/ProfileTypes";
    let (status, _) = get(&server, path).await;
    assert_eq!(status, 405);
    let check = async |headers: &[(&str, &str)], body: &[u8], status: u16, code: &str| {
        let (head, body) = post(&server, path, headers, body.to_vec()).await;
        let answer: Value = serde_json::from_slice(&body).unwrap_or(Value::Null);
        assert_eq!(
            (head.status.as_u16(), answer["code"].as_str().unwrap_or("")),
            (status, code),
            "{headers:?}"
        );
        head
    };
    let json_type = ("content-type", "application/json");
    check(&[], b"{}", 415, "").await;
    check(&[("content-type", "application/x-www-form-urlencoded")], b"{}", 415, "").await;
    check(&[json_type], b"", 400, "invalid_argument").await;
    check(&[json_type], b"{}}", 400, "invalid_argument").await;
    check(&[json_type, ("connect-protocol-version", "2")], b"{}", 400, "invalid_argument").await;
    check(&[json_type, ("connect-timeout-ms", "soon")], b"{}", 400, "invalid_argument").await;
    check(&[json_type, ("content-encoding", "br")], b"{}", 501, "unimplemented").await;
    let head = check(&[json_type, ("content-encoding", "gzip")], &gzip(b"{}"), 200, "").await;
    assert_eq!(head.headers["content-encoding"], "gzip");
    let json_with_charset = ("content-type", "application/json; charset=utf-8");
    check(&[json_with_charset], b"{}", 200, "").await;
    let (head, _) = post(&server, "querier.v1.QuerierService/Nothing", &[json_type], "{}").await;
    assert_eq!(head.status, 404);
    let (head, body) = post(&server, "settings.v1.SettingsService/Get", &[json_type], "{}").await;
    assert_eq!((head.status.as_u16(), &body[..]), (200, b"{}".as_slice()));
    let (head, body) = post(&server, "vcs.v1.VCSService/GithubApp", &[json_type], "{}").await;
    assert_eq!(head.status, 501);
    assert!(String::from_utf8_lossy(&body).contains("unimplemented"));
    assert_eq!(get(&server, "ready").await.0, 200);
    let stats = ask(&server, "GetProfileStats", json!({})).await;
    let millis = |seconds: i64| ((START + seconds) * 1000).to_string();
    assert_eq!(
        stats,
        json!({"dataIngested": true, "oldestProfileTime": millis(0), "newestProfileTime": millis(20)})
    );
    server.stop().await;
}

#[tokio::test]
async fn what_sdks_push_is_told_apart_and_timed() {
    let server = Server::start().await;
    let times = format!("from={}&until={}", START * SECOND, (START + 10) * SECOND);
    let kind = "multipart/form-data; boundary=b";
    // As pyroscope-go sends mutexes and blocking: only how they are shown tells which is which.
    for shown in ["mutex_count", "block_count"] {
        let mut of = sum(&["contentions"], 0);
        of.duration_nanos = 0;
        let config = json!({"contentions": {"display-name": shown, "units": "lock_samples"}}).to_string();
        let body = form(&[("profile", &pprof::encode_gzip(&of)), ("sample_type_config", config.as_bytes())]);
        let query = format!("aggregationType=sum&{times}&name=my.app%7B__session_id__%3D1%7D&spyName=gospy");
        assert_eq!(ingest(&server, &query, kind, body).await, 200);
    }
    // Java's form has its profile compressed and its length unsaid; folded text has the type in its name.
    assert_eq!(ingest(&server, &format!("{times}&name=my.app.cpu"), "", "main;work 100\n").await, 200);
    assert_eq!(
        types(&server).await,
        ["block:contentions:count:cpu:nanoseconds", "mutex:contentions:count:cpu:nanoseconds", ID]
    );
    assert_eq!(
        total(&server, "mutex:contentions:count:cpu:nanoseconds", r#"{service_name="my.app"}"#).await,
        7
    );
    assert_eq!(total(&server, ID, r#"{service_name="my.app",pyroscope_spy="unknown"}"#).await, SECOND);
    // Sums are deltas to a Parca, too.
    let delta = "mutex:contentions:count:cpu:nanoseconds:delta";
    let request = crate::wire::merge_of(delta, parca_proto::query::query_request::ReportType::Top);
    let mut request = request;
    if let Some(parca_proto::query::query_request::Options::Merge(merge)) = &mut request.options {
        merge.end = Some(prost_types::Timestamp { seconds: START + 100, nanos: 0 });
    }
    assert_eq!(server.query().query(request).await.unwrap().into_inner().total, 7);
    server.stop().await;
}

#[tokio::test]
async fn tags_of_samples_are_labels() {
    let server = Server::start().await;
    let mut tagged = profile(START * SECOND);
    let [key, one] = ["controller", "slow"].map(|text| tagged.symbols.intern_string(text));
    let span = tagged.symbols.intern_string("span_id");
    let label = |key, text| SampleLabel { key, value: LabelValue::Text(text) };
    let stack = tagged.samples.stacks()[0];
    let labels = [label(key, one), label(span, one)];
    tagged.samples.push(profile_model::Sample { stack, values: &[5], labels: &labels });
    let raw = serde_json::Value::String(base64(&pprof::encode(&tagged)));
    let labels =
        json!([{"name": "__name__", "value": "process_cpu"}, {"name": "service_name", "value": "py"}]);
    let push = json!({"series": [{"labels": labels, "samples": [{"rawProfile": raw}]}]});
    let json_type = [("content-type", "application/json")];
    let (head, body) = post(&server, "push.v1.PusherService/Push", &json_type, push.to_string()).await;
    assert_eq!((head.status.as_u16(), &body[..]), (200, b"{}".as_slice()));
    assert_eq!(total(&server, ID, r#"{controller="slow"}"#).await, 5);
    assert_eq!(total(&server, ID, r#"{service_name="py"}"#).await, SECOND + 5);
    assert_eq!(total(&server, ID, r#"{span_id!=""}"#).await, 0);
    server.stop().await;
}

fn base64(bytes: &[u8]) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

#[tokio::test]
async fn what_cannot_be_taken_says_why() {
    let server = Server::start().await;
    let octets = "application/octet-stream";
    let good = || pprof::encode(&profile(START * SECOND));
    let form_type = "multipart/form-data; boundary=b";
    for (query, kind, body, status) in [
        ("name=", octets, good(), 400),
        ("", octets, good(), 400),
        ("name=a%22&format=pprof", octets, good(), 400),
        ("name=a&format=pprof", octets, b"junk".to_vec(), 422),
        ("name=a&format=jfr", octets, b"FLR\0".to_vec(), 415),
        ("name=a", form_type, form(&[("jfr", b"FLR\0")]), 415),
        ("name=a", form_type, form(&[("prev_profile", b"x")]), 422),
        ("name=a", form_type, b"no form".to_vec(), 422),
        ("name=my.app", "", b"a;b 1\n".to_vec(), 422),
        ("name=a&format=trie", octets, b"x".to_vec(), 415),
        // Nothing is no fault.
        ("name=a", form_type, form(&[("profile", b"")]), 200),
        ("name=a&format=pprof", octets, Vec::new(), 200),
        // Kinder than the original: the form says what it is.
        ("name=a&format=pprof", form_type, form(&[("profile", &good())]), 200),
    ] {
        assert_eq!(ingest(&server, query, kind, body).await, status, "{query} {kind}");
    }
    let proto = [("content-type", "application/proto")];
    let (head, body) = post(&server, "push.v1.PusherService/Push", &proto, b"\xff\xff".as_slice()).await;
    assert_eq!(
        (head.status.as_u16(), &head.headers["content-type"]),
        (400, &http::HeaderValue::from_static("application/json"))
    );
    assert!(String::from_utf8_lossy(&body).contains("invalid_argument"));
    let refused = r#"parca_embedded_refused_writes_total{method="ingest",reason="pyroscope"}"#;
    assert!(server.metric(refused).await > 5.0);
    server.stop().await;
}

#[tokio::test]
async fn a_heat_map_counts_profiles_by_their_size() {
    let server = filled().await;
    let (start, end) = window();
    let request = |more: Value| {
        let mut request = json!({"profileTypeID": ID, "labelSelector": "{}", "start": start, "end": end,
            "step": 15.0, "queryType": "HEATMAP_QUERY_TYPE_INDIVIDUAL"});
        request.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        request
    };
    let counted = |answer: &Value| -> Vec<i64> {
        let series = answer["series"].as_array().cloned().unwrap_or_default();
        let slots = series.iter().flat_map(|series| series["slots"].as_array().unwrap().clone());
        slots.map(|slot| slot["counts"].as_array().unwrap().iter().filter_map(Value::as_i64).sum()).collect()
    };
    // Two of them in one step.
    let all = ask(&server, "SelectHeatmap", request(json!({}))).await;
    assert_eq!(counted(&all).iter().sum::<i64>(), 3);
    assert_eq!(all["series"][0]["slots"][0]["yMin"].as_array().unwrap().len(), 20);
    let by = ask(&server, "SelectHeatmap", request(json!({"groupBy": ["service_name"], "limit": 1}))).await;
    assert_eq!(by["series"][0]["labels"], json!([{"name": "service_name", "value": "api"}]));
    assert_eq!(counted(&by).iter().sum::<i64>(), 2);
    for (more, status) in [
        (json!({"queryType": "HEATMAP_QUERY_TYPE_SPAN"}), 501),
        (json!({"queryType": 0}), 400),
        (json!({"step": 0.0}), 400),
        (json!({"end": start}), 400),
        (json!({"limit": -1}), 400),
    ] {
        assert_eq!(call(&server, "SelectHeatmap", &request(more.clone())).await.0, status, "{more}");
    }
    server.stop().await;
}

#[tokio::test]
async fn answers_that_are_too_long_name_their_limit() {
    let mut settings = parca_embedded::Settings::default();
    settings.self_profile_every = None;
    settings.query_limits.answer_bytes = 40;
    let stop = tokio_util::sync::CancellationToken::new();
    let server = parca_embedded::start("127.0.0.1:0", settings, stop.clone()).await.unwrap();
    let server = Server::over(server, stop);
    for at in [5, START] {
        server.write(&profile(at * SECOND)).await;
    }
    let (start, end) = window();
    let request = json!({"profileTypeID": ID, "labelSelector": "{}", "start": start, "end": end});
    let (status, answer) = call(&server, "SelectMergeStacktraces", &request).await;
    assert_eq!((status, &answer["code"]), (429, &json!("resource_exhausted")));
    assert!(answer["message"].as_str().unwrap().starts_with("query_answer_size: "), "{answer}");
    let top = crate::wire::merge_of(
        crate::server::PROFILE_TYPE,
        parca_proto::query::query_request::ReportType::Top,
    );
    let status = server.query().query(top).await.unwrap_err();
    assert_eq!(status.code(), tonic::Code::ResourceExhausted);
    assert!(status.message().starts_with("query_answer_size: "), "{status:?}");
    let (status, _) = get(&server, &format!("pyroscope/render?query={ID}&from={start}&until={end}")).await;
    assert_eq!(status, 429);
    server.stop().await;
}
