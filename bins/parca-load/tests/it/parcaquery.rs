//! `/parcaquery` as its users have it: the examples of its documentation, every form of report, and
//! what is said when there is none.

use std::collections::BTreeMap;
use std::io::Read;
use std::sync::LazyLock;

use flate2::read::GzDecoder;
use jsonschema::Validator;
use parca_client::{Client, QueryRequest, RawSample, RawSeries, ReportKind, Settings, WriteRawRequest};
use parca_proto::pprof;
use profile_model::{TimeRange, Timestamp};
use prost::Message;
use serde_json::Value;
use test_support::{GrpcDouble, Reply, Response, Signal, http_get, http_request};
use url::form_urlencoded;

use crate::fixture::{Load, Parca};

/// 2023-11-01, the day of the documentation's example.
const DAY: i64 = 1_698_796_800;
const START: &str = "2023-11-01T00:00:00Z";
const END: &str = "2023-11-01T00:05:00Z";
const AGENT: &str = "parca_agent_cpu:cpu:nanoseconds:cpu:nanoseconds:delta";
const RESIDENT: &str = "process_resident_memory_bytes:space:bytes:space:bytes";

static ANSWER: LazyLock<Validator> =
    LazyLock::new(|| schema(include_str!("../../../../docs/parcaquery.schema.json")));
static ERROR: LazyLock<Validator> =
    LazyLock::new(|| schema(include_str!("../../../../docs/parcaquery-error.schema.json")));

fn schema(text: &str) -> Validator {
    jsonschema::draft202012::new(&serde_json::from_str(text).unwrap()).unwrap()
}

/// The types of the documentation's examples with the given stacks, root first, and values.
async fn write(url: &str, stacks: &[(&str, i64)]) {
    let client = Client::new(&Settings::new(url)).unwrap();
    for (id, labels) in [
        (AGENT, vec![("job", "parca-load"), ("namespace", "my_namespace")]),
        (RESIDENT, vec![("job", "parca-load"), ("namespace", "my_namespace")]),
        ("memory:inuse_space:bytes:space:bytes", vec![("job", "other")]),
    ] {
        let name = id.split(':').next().unwrap();
        let labels = labels.into_iter().chain([("__name__", name)]);
        let series = RawSeries {
            labels: labels.map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
            samples: (0..4)
                .map(|minute| RawSample::new(profile(id, DAY + 60 * minute, stacks).encode_to_vec()))
                .collect(),
        };
        client.write_raw(&WriteRawRequest::new(vec![series])).await.unwrap();
    }
}

fn profile(id: &str, seconds: i64, stacks: &[(&str, i64)]) -> pprof::Profile {
    let parts: Vec<&str> = id.split(':').collect();
    let mut profile = pprof::Profile {
        string_table: ["", parts[1], parts[2], parts[3], parts[4]].map(str::to_owned).into(),
        sample_type: vec![pprof::ValueType { r#type: 1, unit: 2 }],
        period_type: Some(pprof::ValueType { r#type: 3, unit: 4 }),
        period: 1,
        time_nanos: seconds * 1_000_000_000,
        duration_nanos: if id.ends_with(":delta") { 10_000_000_000 } else { 0 },
        ..Default::default()
    };
    let mut known = BTreeMap::new();
    for (stack, value) in stacks {
        let mut location_id: Vec<u64> = Vec::new();
        for name in stack.split(';').filter(|name| !name.is_empty()) {
            let next = known.len() as u64 + 1;
            let id = *known.entry((*name).to_owned()).or_insert(next);
            if id == next {
                let name_index = i64::try_from(profile.string_table.len()).unwrap();
                profile.string_table.push(name.to_owned());
                profile.function.push(pprof::Function {
                    id,
                    name: name_index,
                    system_name: name_index,
                    ..Default::default()
                });
                let line = vec![pprof::Line { function_id: id, line: 7, ..Default::default() }];
                profile.location.push(pprof::Location { id, line, ..Default::default() });
            }
            location_id.insert(0, id);
        }
        profile.sample.push(pprof::Sample { location_id, value: vec![*value], label: Vec::new() });
    }
    profile
}

const STACKS: [(&str, i64); 4] =
    [("main;parse", 30), ("main;parse;read", 50), ("main;render", 15), ("main;gc</script>\"&", 5)];
/// Four profiles of that.
const TOTAL: i64 = 400;

/// A parca-load on a Parca with these stacks in it.
async fn start(stacks: &[(&str, i64)]) -> (Parca, Load) {
    let parca = Parca::start().await;
    write(&parca.url(), stacks).await;
    let load = Load::start(&parca.url(), &["-lanes", "labels"]).await;
    (parca, load)
}

async fn ask(load: &Load, parameters: &[(&str, &str)], headers: &[(&str, &str)]) -> Response {
    let query: String = form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish();
    http_get(load.address, &format!("/parcaquery?{query}"), headers).await.unwrap()
}

async fn report(load: &Load, query: &str, report_type: &str) -> Response {
    let parameters = [("query", query), ("start", START), ("end", END), ("reportType", report_type)];
    ask(load, &parameters, &[]).await
}

/// An answer in an envelope, which is as the schema says.
#[track_caller]
fn envelope(response: &Response) -> Value {
    assert_eq!(response.status, 200, "{}", response.text());
    assert_eq!(response.header("content-type"), Some("application/json"));
    let answer: Value = serde_json::from_slice(&response.body).unwrap();
    let mistakes: Vec<String> = ANSWER.iter_errors(&answer).map(|error| error.to_string()).collect();
    assert_eq!(mistakes, Vec::<String>::new(), "{answer:#}");
    answer
}

#[track_caller]
fn refused(response: &Response, status: u16) -> Value {
    assert_eq!(response.status, status, "{}", response.text());
    let answer: Value = serde_json::from_slice(&response.body).unwrap();
    let mistakes: Vec<String> = ERROR.iter_errors(&answer).map(|error| error.to_string()).collect();
    assert_eq!(mistakes, Vec::<String>::new(), "{answer:#}");
    answer["error"].clone()
}

fn flat_sum(node: &Value) -> i64 {
    let children = node["children"].as_array().unwrap();
    node["flat"].as_i64().unwrap() + children.iter().map(flat_sum).sum::<i64>()
}

/// The total that the server itself gives for a merge.
async fn server_total(url: &str, query: &str) -> i64 {
    let client = Client::new(&Settings::new(url)).unwrap();
    let range = TimeRange::new(Timestamp::new(DAY, 0), Timestamp::new(DAY + 300, 0));
    client.query(&QueryRequest::merge(query, range, ReportKind::FlamegraphArrow)).await.unwrap().total
}

#[tokio::test]
async fn the_examples_of_the_documentation() {
    let (parca, load) = start(&STACKS).await;
    examples(&parca.url(), &load).await;
    load.stop(Signal::INT).await;
}

#[tokio::test]
async fn the_examples_of_the_documentation_on_a_real_parca() {
    let Some(url) = test_support::needs("PARCA_URL") else { return };
    write(&url, &STACKS).await;
    let load = Load::start(&url, &["-lanes", "labels"]).await;
    examples(&url, &load).await;
    load.stop(Signal::INT).await;
}

async fn examples(url: &str, load: &Load) {
    let queries = [
        (AGENT, vec![AGENT]),
        ("parca_agent_cpu", vec![AGENT]),
        (r#"parca_agent_cpu{job="parca-load"}"#, vec![AGENT]),
        (r#"{namespace="my_namespace"}"#, vec![AGENT, RESIDENT]),
        ("process_resident_memory_bytes", vec![RESIDENT]),
    ];
    for (query, types) in queries {
        for (report_type, field) in [
            ("pprof", "pprof"),
            ("flamegraph_arrow", "flamegraph_arrow"),
            ("json_flamegraph", "flamegraph"),
            ("json_stacks", "stacks"),
        ] {
            let answer = envelope(&report(load, query, report_type).await);
            assert_eq!((&answer["start"], &answer["end"]), (&START.into(), &END.into()));
            let profiles = answer["profiles"].as_array().unwrap();
            let found: Vec<&str> = profiles.iter().map(|one| one["profileType"].as_str().unwrap()).collect();
            assert_eq!(found, types, "{query} {report_type}");
            for profile in profiles {
                let id = profile["profileType"].as_str().unwrap();
                // On a real one with those of earlier runs: a multiple of what was written now.
                assert_eq!(profile["total"], server_total(url, id).await, "{query} {report_type}");
                assert_eq!(profile["total"].as_i64().unwrap() % TOTAL, 0);
                assert!(!profile[field].is_null());
            }
        }
    }
}

#[tokio::test]
async fn all_forms_of_one_merge_agree() {
    let (_parca, load) = start(&STACKS).await;
    let json = |report_type: &'static str| {
        let load = &load;
        async move { envelope(&report(load, AGENT, report_type).await)["profiles"][0].clone() }
    };
    let tree = json("json_flamegraph").await;
    assert_eq!(flat_sum(&tree["flamegraph"]), TOTAL);
    assert_eq!(tree["flamegraph"]["cumulative"], TOTAL);
    let stacks = json("json_stacks").await;
    let values = stacks["stacks"].as_array().unwrap().iter().map(|stack| stack["value"].as_i64().unwrap());
    assert_eq!(values.sum::<i64>(), TOTAL);
    let samples = json("pprof").await["pprof"]["sample"].as_array().unwrap().clone();
    let values = samples.iter().map(|sample| sample["value"][0].as_str().unwrap().parse::<i64>().unwrap());
    assert_eq!(values.sum::<i64>(), TOTAL);

    let folded = report(&load, AGENT, "folded").await.text();
    let mut lines: Vec<&str> = folded.lines().collect();
    lines.sort_unstable();
    assert_eq!(lines, ["main;gc</script>\"& 20", "main;parse 120", "main;parse;read 200", "main;render 60"]);
    let file = report(&load, AGENT, "pprof_raw").await;
    assert_eq!(file.header("content-disposition"), Some("attachment; filename=\"profile.pb.gz\""));
    let decoded = profile_codec::pprof::decode(&file.body, &Default::default()).unwrap();
    assert_eq!((decoded.samples.total(0), decoded.time_nanos), (TOTAL.into(), DAY * 1_000_000_000));
    let top = report(&load, AGENT, "top").await.text();
    assert!(top.lines().any(|line| line.ends_with("read") && line.contains("50.0 %")), "{top}");

    let speedscope = report(&load, AGENT, "speedscope").await;
    let speedscope: Value = serde_json::from_slice(&speedscope.body).unwrap();
    let weights = speedscope["profiles"][0]["weights"].as_array().unwrap();
    assert_eq!(weights.iter().map(|weight| weight.as_i64().unwrap()).sum::<i64>(), TOTAL);
    for form in ["svg", "html"] {
        let document = report(&load, AGENT, form).await;
        assert_eq!(document.status, 200);
        assert!(document.text().contains("render"), "{form}");
        assert!(!document.text().contains("gc</script>"), "{form}");
    }
    load.stop(Signal::INT).await;
}

#[tokio::test]
async fn stacks_without_frames_are_in_every_form() {
    let (parca, load) = start(&[("main", 3), ("", 4)]).await;
    assert_eq!(server_total(&parca.url(), AGENT).await, 28);
    for report_type in ["json_flamegraph", "json_stacks", "pprof", "flamegraph_arrow"] {
        let answer = envelope(&report(&load, AGENT, report_type).await);
        assert_eq!(answer["profiles"][0]["total"], 28, "{report_type}");
    }
    assert_eq!(report(&load, AGENT, "folded").await.text(), "main 12\nunknown 16\n");
    let file = report(&load, AGENT, "pprof_raw").await;
    let decoded = profile_codec::pprof::decode(&file.body, &Default::default()).unwrap();
    assert_eq!(decoded.samples.total(0), 28);
    load.stop(Signal::INT).await;
}

#[tokio::test]
async fn stacks_can_be_filtered_turned_grouped_trimmed_and_compared() {
    let (_parca, load) = start(&STACKS).await;
    let with = |more: &'static [(&'static str, &'static str)]| {
        let load = &load;
        async move {
            let own = [("query", AGENT), ("start", START), ("end", END)];
            let parameters: Vec<_> = own.iter().chain(more).copied().collect();
            envelope(&ask(load, &parameters, &[]).await)["profiles"][0].clone()
        }
    };
    let focused = with(&[("focus", "^parse$")]).await;
    assert_eq!((&focused["total"], &focused["filtered"]), (&320.into(), &80.into()));
    let inverted = with(&[("invert", "true")]).await;
    let first = &inverted["flamegraph"]["children"][0];
    assert_eq!((&first["name"], &first["cumulative"]), (&"read".into(), &200.into()));
    // `main` only calls others and is alone below the root.
    let collapsed = with(&[("collapse", "true")]).await;
    let first = &collapsed["flamegraph"]["children"][0];
    assert_eq!((&first["name"], &collapsed["total"]), (&"main".into(), &TOTAL.into()));
    let runs = with(&[("collapse", "true"), ("focus", "^read$")]).await;
    let first = &runs["flamegraph"]["children"][0];
    assert_eq!((&first["name"], &first["cumulative"]), (&"read".into(), &200.into()), "{runs}");
    let grouped = with(&[("groupBy", "job")]).await;
    assert_eq!(grouped["flamegraph"]["children"][0]["name"], "job=parca-load");
    let nobody = [("query", AGENT), ("start", START), ("end", END), ("groupBy", "jab")];
    let refused: serde_json::Value = serde_json::from_slice(&ask(&load, &nobody, &[]).await.body).unwrap();
    assert_eq!(refused["error"]["mistakes"][0]["parameter"], "groupBy");
    assert_eq!(refused["error"]["mistakes"][0]["candidates"], serde_json::json!(["job", "namespace"]));
    let trimmed = with(&[("trim", "10")]).await;
    assert_eq!(trimmed["cut"], serde_json::json!({"nodes": 1, "value": 20}));
    // One minute of it with the next: nothing changed.
    let compared = with(&[("baseStart", "2023-11-01T00:00:00Z"), ("baseEnd", "2023-11-01T00:00:30Z")]).await;
    assert_eq!(compared["flamegraph"]["diff"], 0);
    let absolute = with(&[
        ("baseStart", "2023-11-01T00:00:00Z"),
        ("baseEnd", "2023-11-01T00:00:30Z"),
        ("absolute", "1"),
    ])
    .await;
    assert_eq!(absolute["flamegraph"]["diff"], 300);
    load.stop(Signal::INT).await;
}

#[tokio::test]
async fn numbers_beyond_those_of_floats_are_exact() {
    // Its digits are lost in a 64-bit float.
    let (_parca, load) = start(&[("main", 2_305_843_009_213_693_951)]).await;
    let text = report(&load, AGENT, "json_flamegraph").await.text();
    assert!(text.contains("\"total\":9223372036854775804"), "{text}");
    load.stop(Signal::INT).await;
}

#[tokio::test]
async fn what_is_wrong_with_a_question_is_said() {
    let (_parca, load) = start(&STACKS).await;
    let error = refused(&report(&load, "memory{job=}", "svg").await, 400);
    assert_eq!(error["mistakes"][0]["parameter"], "query");
    assert!(error["mistakes"][0]["caret"].as_str().unwrap().contains("memory{job=}\n"), "{error:#}");
    let error = refused(&report(&load, "memroy", "svg").await, 400);
    assert_eq!(error["mistakes"][0]["candidates"][0], "memory:inuse_space:bytes:space:bytes");
    let error = refused(&report(&load, "{}", "svg").await, 400);
    assert_eq!(error["mistakes"][0]["candidates"].as_array().unwrap().len(), 3, "{error:#}");
    let error = refused(&ask(&load, &[("start", "x"), ("reportType", "y"), ("colour", "1")], &[]).await, 400);
    let parameters: Vec<&str> =
        error["mistakes"].as_array().unwrap().iter().map(|one| one["parameter"].as_str().unwrap()).collect();
    assert_eq!(parameters, ["colour", "query", "reportType", "start"]);
    load.stop(Signal::INT).await;
}

#[tokio::test]
async fn where_nothing_matched_it_is_said_when_there_is_data() {
    let (_parca, load) = start(&STACKS).await;
    let early = [("query", AGENT), ("start", "2022-01-01"), ("end", "2022-01-02")];
    let error = refused(&ask(&load, &early, &[]).await, 404);
    let data = &error["searched"]["data"];
    assert_eq!((&data["start"], &data["end"]), (&START.into(), &"2023-11-01T00:04:00Z".into()), "{error:#}");

    let error = refused(&report(&load, r#"parca_agent_cpu{job="nobody"}"#, "json_stacks").await, 404);
    assert_eq!(error["searched"]["labels"], serde_json::json!(["job", "namespace"]), "{error:#}");
    assert_eq!(error["searched"]["queries"][0], format!("{AGENT}{{job=\"nobody\"}}"));
    load.stop(Signal::INT).await;
}

#[tokio::test]
async fn the_servers_faults_are_told_from_ours() {
    let failing = GrpcDouble::start(|call| match call.method() {
        "Query" => Reply::Status(13, "out of luck"),
        _ => Reply::Message(Vec::new()),
    })
    .await;
    let load = Load::start(&failing.url(), &["-lanes", "labels", "-token", "top-secret"]).await;
    let error = refused(&report(&load, AGENT, "folded").await, 404);
    assert!(error["message"].as_str().unwrap().contains("never got a profile"), "{error:#}");
    load.stop(Signal::INT).await;

    let parca = Parca::start().await;
    write(&parca.url(), &STACKS).await;
    let address = parca.address;
    let failing = GrpcDouble::start(move |call| match call.method() {
        "Query" => Reply::Status(13, "out of luck"),
        _ => Reply::Forward(address),
    })
    .await;
    let load = Load::start(&failing.url(), &["-lanes", "labels", "-token", "top-secret"]).await;
    let response = report(&load, AGENT, "folded").await;
    let error = refused(&response, 502);
    assert_eq!(error["code"], "internal");
    assert!(error["message"].as_str().unwrap().contains("out of luck"), "{error:#}");
    assert!(!response.text().contains("top-secret"));
    load.stop(Signal::INT).await;

    let load = Load::start(&format!("http://{}", test_support::unused_address()), &[]).await;
    assert_eq!(refused(&report(&load, AGENT, "folded").await, 502)["code"], "unavailable");
    load.stop(Signal::INT).await;
}

#[tokio::test]
async fn only_reading_and_compressed_where_accepted() {
    let (_parca, load) = start(&STACKS).await;
    let plain = report(&load, AGENT, "json_flamegraph").await;
    let parameters = [("query", AGENT), ("start", START), ("end", END), ("reportType", "json_flamegraph")];
    let compressed = ask(&load, &parameters, &[("accept-encoding", "gzip")]).await;
    assert_eq!(compressed.header("content-encoding"), Some("gzip"));
    let mut text = Vec::new();
    GzDecoder::new(&compressed.body[..]).read_to_end(&mut text).unwrap();
    assert_eq!(text, plain.body);

    // A name that somebody made point here.
    let stranger = ask(&load, &parameters, &[("host", "evil.example:7171")]).await;
    assert_eq!(stranger.status, 421);

    let status = |method: &'static str| {
        let address = load.address;
        async move {
            http_request(address, method, &format!("/parcaquery?query={AGENT}"), &[], &[]).await.unwrap()
        }
    };
    for method in ["POST", "PUT", "DELETE", "PATCH"] {
        assert_eq!(status(method).await.status, 405, "{method}");
    }
    let path = format!("/parcaquery?query={AGENT}&start={START}&end={END}&reportType=svg");
    let head = http_request(load.address, "HEAD", &path, &[], &[]).await.unwrap();
    assert_eq!((head.status, head.header("content-type"), head.body.len()), (200, Some("image/svg+xml"), 0));
    load.stop(Signal::INT).await;
}
