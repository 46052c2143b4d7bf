//! Tenants: what one of them wrote, nobody else finds by any way out; and what is bounded, is so for each.

use bytes::Bytes;
use http::Request;
use parca_embedded::Access;
use parca_proto::query::query_request::ReportType;
use parca_proto::query::{LabelsRequest, ProfileTypesRequest, QueryRangeRequest, ValuesRequest};
use prost::Message;

use crate::access::{digest, start};
use crate::server::{PROFILE_TYPE, Server, profile, write_request};
use crate::wire::merge;

const GRPC: &str = "application/grpc-web+proto";
const JSON: &str = "application/json";
const SPAN: &str = "0123456789abcdef";

/// One way out: what is asked.
struct Way {
    path: String,
    kind: &'static str,
    body: Vec<u8>,
}

fn grpc(method: &str, message: &impl Message) -> Way {
    let message = message.encode_to_vec();
    let body = [&[0][..], &u32::try_from(message.len()).unwrap().to_be_bytes(), &message].concat();
    Way { path: format!("parca.{method}"), kind: GRPC, body }
}

fn connect(method: &str, question: &serde_json::Value) -> Way {
    let path = format!("querier.v1.QuerierService/{method}");
    Way { path, kind: JSON, body: question.to_string().into_bytes() }
}

fn get(path: &str) -> Way {
    Way { path: path.to_owned(), kind: "", body: Vec::new() }
}

/// Every way out that shows something of what is stored.
fn ways() -> Vec<Way> {
    let at = |seconds| Some(prost_types::Timestamp { seconds, nanos: 0 });
    let range =
        QueryRangeRequest { query: PROFILE_TYPE.into(), start: at(0), end: at(10_000), ..Default::default() };
    let values = ValuesRequest { label_name: "job".into(), ..Default::default() };
    let mut ways = vec![
        grpc("query.v1alpha1.QueryService/ProfileTypes", &ProfileTypesRequest::default()),
        grpc("query.v1alpha1.QueryService/Labels", &LabelsRequest::default()),
        grpc("query.v1alpha1.QueryService/Values", &values),
        grpc("query.v1alpha1.QueryService/QueryRange", &range),
        grpc("query.v1alpha1.QueryService/HasProfileData", &()),
        grpc("profilestore.v1alpha1.AgentsService/Agents", &()),
    ];
    #[expect(deprecated, reason = "old clients still ask for it")]
    let reports = [
        ReportType::FlamegraphUnspecified,
        ReportType::Pprof,
        ReportType::Top,
        ReportType::Callgraph,
        ReportType::FlamegraphTable,
        ReportType::FlamegraphArrow,
        ReportType::TableArrow,
        ReportType::ProfileMetadata,
        ReportType::Flamechart,
    ];
    ways.extend(reports.map(|report| grpc("query.v1alpha1.QueryService/Query", &merge(report))));
    let merge = format!(
        "merge.query={PROFILE_TYPE}&merge.start=1970-01-01T00:00:00Z&merge.end=1970-01-01T02:00:00Z&mode=2&report_type=2"
    );
    let times = "start=1970-01-01T00:00:01Z&end=1970-01-01T02:00:00Z";
    ways.extend([
        get("api/profiles/types"),
        get("api/profiles/labels"),
        get("api/profiles/labels/job/values"),
        get("api/profiles/has_profile_data"),
        get(&format!("api/profiles/query_range?query={PROFILE_TYPE}&{times}")),
        get(&format!("api/profiles/query?{merge}")),
        get("pyroscope/render?query=process_cpu:cpu:nanoseconds:cpu:nanoseconds%7B%7D&from=1&until=7200&format=json"),
    ]);
    let of = serde_json::json!({"profileTypeID": "process_cpu:cpu:nanoseconds:cpu:nanoseconds", "labelSelector": "{}",
        "start": "1", "end": "7200000", "name": "job", "step": 15.0, "groupBy": ["job"],
        "queryType": "HEATMAP_QUERY_TYPE_INDIVIDUAL"});
    ways.extend(
        [
            "ProfileTypes",
            "LabelNames",
            "LabelValues",
            "Series",
            "SelectMergeStacktraces",
            "SelectMergeProfile",
            "SelectSeries",
            "GetProfileStats",
            "SelectHeatmap",
        ]
        .map(|method| connect(method, &of)),
    );
    let mut of_span = of.clone();
    of_span["spanSelector"] = serde_json::json!([SPAN]);
    // What is pushed without a time is of now.
    of_span["end"] = serde_json::json!("9000000000000");
    ways.push(connect("SelectMergeSpanProfile", &of_span));
    ways.push(connect("Diff", &serde_json::json!({"left": of, "right": of})));
    ways
}

async fn answer(server: &Server, way: &Way, token: &str) -> (u16, Bytes) {
    let request = match way.kind {
        "" => Request::get(format!("{}{}", server.origin(), way.path)),
        kind => Request::post(format!("{}{}", server.origin(), way.path)).header("content-type", kind),
    };
    // What a client says of itself separates nobody.
    let request = request.header("authorization", format!("Bearer {token}")).header("x-scope-orgid", "a");
    let (head, body) = server.http1(request.body(Bytes::from(way.body.clone())).unwrap()).await;
    (head.status.as_u16(), body)
}

/// A server of two tenants and somebody who is none.
async fn shared(folder: &tempfile::TempDir) -> Server {
    let path = folder.path().join("access");
    let lines = [("a", "ta", "a"), ("b", "tb", "b"), ("own", "to", "")]
        .map(|(name, token, tenant)| format!("{name} both {} {tenant}\n", digest(token)));
    std::fs::write(&path, lines.concat()).unwrap();
    start(|settings| settings.access = Some(Access::read(path).unwrap())).await
}

async fn write(server: &Server, token: &str, key: Option<&'static str>) {
    let raw = profile_codec::pprof::encode(&profile(5_000_000_000));
    let write = write_request(&[("__name__", "process_cpu"), ("job", "secret"), ("node", "secret")], raw);
    let mut request = tonic::Request::new(write);
    request.metadata_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
    if let Some(key) = key {
        request.metadata_mut().insert("idempotency-key", key.parse().unwrap());
    }
    server.store().write_raw(request).await.unwrap();
}

/// Pushes what was measured in a span, as SDKs do: with basic authentication.
async fn push_span(server: &Server, token: &str) {
    use base64::Engine;
    let mut of = profile(5_000_000_000);
    let [key, span] = ["span_id", SPAN].map(|text| of.symbols.intern_string(text));
    let label = profile_model::SampleLabel { key, value: profile_model::LabelValue::Text(span) };
    let stack = of.samples.stacks()[0];
    of.samples.push(profile_model::Sample { stack, values: &[5], labels: &[label] });
    let basic = base64::engine::general_purpose::STANDARD.encode(format!("{}:{token}", &token[1..]));
    let request = Request::post(format!(
        "{}ingest?name=secret%7Bjob=secret%7D&format=pprof&from=5&until=6",
        server.origin()
    ))
    .header("authorization", format!("Basic {basic}"));
    let raw = profile_codec::pprof::encode(&of);
    let (head, body) = server.http1(request.body(raw.into()).unwrap()).await;
    assert_eq!(head.status, 200, "{body:?}");
}

#[tokio::test]
async fn what_a_tenant_wrote_nobody_else_finds() {
    let folder = tempfile::tempdir().unwrap();
    let server = shared(&folder).await;
    let mut empty = Vec::new();
    for way in ways() {
        empty.push(answer(&server, &way, "tb").await);
    }
    write(&server, "ta", None).await;
    push_span(&server, "ta").await;
    for (way, nothing) in ways().iter().zip(&empty) {
        let own = answer(&server, way, "ta").await;
        assert!(own != *nothing, "{} shows nothing to the tenant: {own:?}", way.path);
        for token in ["tb", "to"] {
            assert_eq!(answer(&server, way, token).await, *nothing, "{} as {token}", way.path);
        }
    }
    server.stop().await;
}

#[tokio::test]
async fn what_sdks_push_is_their_tenants_whatever_they_say_of_themselves() {
    let folder = tempfile::tempdir().unwrap();
    let server = shared(&folder).await;
    write(&server, "ta", None).await;
    // As SDKs push: with basic authentication, and a tenant of their own choice in a header.
    let basic = |name: &str, token: &str| {
        use base64::Engine;
        format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(format!("{name}:{token}")))
    };
    let request = Request::post(format!("{}ingest?name=shop&format=pprof", server.origin()))
        .header("x-scope-orgid", "a")
        .header("authorization", basic("b", "tb"));
    let mut of = crate::server::profile(1_700_000_001_000_000_000);
    let [key, span] = ["span_id", "0123456789abcdef"].map(|text| of.symbols.intern_string(text));
    let label = profile_model::SampleLabel { key, value: profile_model::LabelValue::Text(span) };
    let stack = of.samples.stacks()[0];
    of.samples.push(profile_model::Sample { stack, values: &[5], labels: &[label] });
    let raw = profile_codec::pprof::encode(&of);
    assert_eq!(server.http1(request.body(raw.into()).unwrap()).await.0.status, 200);
    for (name, token, expect) in [("a", "ta", "secret"), ("b", "tb", "shop"), ("own", "to", "")] {
        let request = Request::post(format!("{}querier.v1.QuerierService/LabelValues", server.origin()))
            .header("content-type", "application/json")
            .header("authorization", basic(name, token));
        let body = r#"{"name":"service_name","start":1,"end":1800000000000}"#;
        let (_, body) = server.http1(request.body(Bytes::from_static(body.as_bytes())).unwrap()).await;
        let expect =
            if expect.is_empty() { "{}".to_owned() } else { format!("{{\"names\":[\"{expect}\"]}}") };
        assert_eq!(String::from_utf8_lossy(&body), expect, "{name}");
        // Nor is a span another's.
        let request =
            Request::post(format!("{}querier.v1.QuerierService/SelectMergeSpanProfile", server.origin()))
                .header("content-type", "application/json")
                .header("authorization", basic(name, token));
        let body = r#"{"profileTypeID":"process_cpu:cpu:nanoseconds:cpu:nanoseconds","start":1,"end":1800000000000,"spanSelector":["0123456789abcdef"]}"#;
        let (_, body) = server.http1(request.body(Bytes::from_static(body.as_bytes())).unwrap()).await;
        let has = String::from_utf8_lossy(&body).contains(r#""total":"5""#);
        assert_eq!(has, name == "b", "{name} {body:?}");
    }
    server.stop().await;
}

#[tokio::test]
async fn a_key_of_one_tenant_is_new_to_another() {
    let folder = tempfile::tempdir().unwrap();
    let server = shared(&folder).await;
    let way = grpc("query.v1alpha1.QueryService/HasProfileData", &());
    let nothing = answer(&server, &way, "tb").await;
    for token in ["ta", "tb"] {
        write(&server, token, Some("key")).await;
        assert!(answer(&server, &way, token).await != nothing, "{token}");
    }
    assert_eq!(answer(&server, &way, "to").await, nothing);
    server.stop().await;
}

#[tokio::test]
async fn pages_of_the_whole_server_are_no_tenants_and_count_each() {
    let folder = tempfile::tempdir().unwrap();
    let server = shared(&folder).await;
    write(&server, "ta", None).await;
    for path in ["metrics", "", "debug/pprof/profile?seconds=x", "nothing"] {
        assert_eq!(answer(&server, &get(path), "ta").await.0, 404, "{path}");
    }
    let (_, metrics) = answer(&server, &get("metrics"), "to").await;
    let metrics = std::str::from_utf8(&metrics).unwrap();
    for line in ["parca_embedded_store_profiles 0", "parca_embedded_store_profiles{tenant=\"a\"} 1"] {
        assert!(metrics.lines().any(|found| found == line), "{line}: {metrics}");
    }
    assert!(!metrics.contains("tenant=\"b\""), "who was not here has no store");
    server.stop().await;
}
