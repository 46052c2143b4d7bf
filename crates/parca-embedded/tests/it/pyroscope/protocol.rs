//! Connect's rules of HTTP and JSON.

use super::*;

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
    let (head, body) = post(&server, "settings.v1.SettingsService/Get", &[json_type], "{}").await;
    assert_eq!((head.status.as_u16(), &body[..]), (200, b"{}".as_slice()));
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

/// What clients write beside what is known here, and in how many ways they write what is.
#[tokio::test]
async fn every_form_of_one_question_has_one_answer() {
    let server = filled().await;
    let (start, end) = window();
    let expect = ask(&server, "SelectMergeStacktraces", select(&json!({}))).await;
    for request in [
        json!({"profile_typeID": ID, "label_selector": "{}", "start": start, "end": end}),
        json!({"profileTypeID": ID, "labelSelector": "{}", "start": start.to_string(), "end": end.to_string()}),
        json!({"profileTypeID": ID, "labelSelector": "", "start": start, "end": end}),
        json!({"profileTypeID": ID, "start": start, "end": end}),
        select(
            &json!({"labelSelector": null, "maxNodes": null, "format": null, "stackTraceSelector": null, "profileIdSelector": null}),
        ),
        select(
            &json!({"maxNodes": "8192", "format": 1, "profileIdSelector": [], "traceIdSelector": [], "spanSelector": []}),
        ),
        select(&json!({"format": "PROFILE_FORMAT_FLAMEGRAPH", "async": {"type": "ASYNC_QUERY_TYPE_FORCE"}})),
        // Formats that are newer than what is served here: Drilldown falls back to the graph.
        select(&json!({"format": "PROFILE_FORMAT_FUNCTIONS"})),
        select(&json!({"format": "PROFILE_FORMAT_SANDWICH", "sandwichFunction": "work"})),
        select(&json!({"format": 99})),
        select(&json!({"stackTraceSelector": {"callSite": [], "frameFilter": {"includeNames": ["x"]}}})),
        select(&json!({"stackTraceSelector": {"call_site": []}, "isNew": {"a": [1, null]}, "other": "x"})),
    ] {
        assert_eq!(ask(&server, "SelectMergeStacktraces", request.clone()).await, expect, "{request}");
    }
    // As protobuf, with fields that are not known: 99 of the request, 3 (`frameFilter`) of the selector of stacks.
    let request = parca_proto::pyroscope::querier::SelectMergeStacktracesRequest {
        profile_type_id: ID.into(),
        label_selector: "{}".into(),
        start,
        end,
        ..Default::default()
    };
    let mut bytes = prost::Message::encode_to_vec(&request);
    bytes.extend([0x3a, 0x05, 0x1a, 0x03, 0x0a, 0x01, b'x']);
    bytes.extend([0x9a, 0x06, 0x01, b'y']);
    let headers = [("content-type", "application/proto"), ("accept-encoding", "gzip")];
    let (head, body) =
        post(&server, "querier.v1.QuerierService/SelectMergeStacktraces", &headers, bytes).await;
    assert_eq!(
        (head.status.as_u16(), &head.headers["content-encoding"]),
        (200, &::http::HeaderValue::from_static("gzip"))
    );
    assert_eq!(head.headers["content-type"], "application/proto");
    let message = gunzip(&body);
    let answer: parca_proto::pyroscope::querier::SelectMergeStacktracesResponse =
        prost::Message::decode(message.as_slice()).unwrap();
    assert_eq!(json!(answer.flamegraph.unwrap().total.to_string()), expect["flamegraph"]["total"]);
    server.stop().await;
}

fn gunzip(bytes: &[u8]) -> Vec<u8> {
    let mut plain = Vec::new();
    std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(bytes), &mut plain).unwrap();
    plain
}

#[tokio::test]
async fn what_is_no_json_of_a_message_is_refused_with_its_place() {
    let server = filled().await;
    let json_type = [("content-type", "application/json")];
    for (body, part) in [
        ("", "line 1 column 0"),
        ("{}}", "line 1 column 3"),
        ("{\n \"start\": }", "line 2 column 11"),
        (r#"{"start":"x"}"#, "line 1 column 12"),
        (r#"{"start":1.5}"#, "line 1 column 12"),
        (r#"{"start":99999999999999999999}"#, "line 1 column 29"),
        (r#"{"labelNames":"a"}"#, "line 1 column 17"),
        (r#"{"matchers":[null]}"#, "line 1 column 17"),
        ("[]", "line 1 column"),
    ] {
        let (head, answer) = post(&server, "querier.v1.QuerierService/Series", &json_type, body).await;
        let answer: Value = serde_json::from_slice(&answer).unwrap();
        assert_eq!(
            (head.status.as_u16(), &answer["code"]),
            (400, &json!("invalid_argument")),
            "{body} {answer}"
        );
        let message = answer["message"].as_str().unwrap();
        assert!(
            message.starts_with("expected `SeriesRequest` as JSON: ") && message.contains(part),
            "{body} {answer}"
        );
    }
    // Errors are JSON, also to who asks in protobuf.
    let proto = [("content-type", "application/proto"), ("accept-encoding", "gzip")];
    for (method, body) in
        [("Series", b"\xff\xff".as_slice()), ("LabelNames", b""), ("SelectSeries", b"\x0a\x01a")]
    {
        let (head, answer) =
            post(&server, &format!("querier.v1.QuerierService/{method}"), &proto, body).await;
        assert_eq!(
            (head.status.as_u16(), head.headers["content-type"].to_str().unwrap()),
            (400, "application/json"),
            "{method}"
        );
        assert_eq!(serde_json::from_slice::<Value>(&answer).unwrap()["code"], "invalid_argument", "{method}");
    }
    server.stop().await;
}

/// Pages read the `message` of whatever is no success; connect-go's clients fall back on `unimplemented`.
#[tokio::test]
async fn methods_that_are_not_here_are_unimplemented_in_json() {
    let server = Server::start().await;
    for path in [
        "querier.v1.QuerierService/Nothing",
        "settings.v1.SettingsService/Set",
        "settings.v1.RecordingRulesService/ListRecordingRules",
        "vcs.v1.VCSService/GithubApp",
        "adhocprofiles.v1.AdHocProfileService/Upload",
        "capabilities.v1.FeatureFlagsService/GetFeatureFlags",
        "version.v1.Version/Version",
        "some.v9.Service/Method",
    ] {
        for kind in ["application/json", "application/proto"] {
            let (head, body) = post(&server, path, &[("content-type", kind)], Bytes::new()).await;
            let answer: Value = serde_json::from_slice(&body).unwrap_or_else(|_| panic!("{path} {body:?}"));
            assert_eq!(
                (head.status.as_u16(), &answer["code"]),
                (501, &json!("unimplemented")),
                "{path} {kind}"
            );
            let name = path.rsplit('/').next().unwrap();
            assert!(answer["message"].as_str().unwrap().contains(name), "{answer}");
            assert_eq!(head.headers["content-type"], "application/json");
        }
    }
    server.stop().await;
}

#[tokio::test]
async fn methods_of_http_are_those_of_each_path() {
    let server = filled().await;
    let render = format!("pyroscope/render?query={ID}&from={}&until={}", START - 15, START + 45);
    for (method, path, status, allow) in [
        ("GET", "querier.v1.QuerierService/Series", 405, "POST"),
        ("PUT", "querier.v1.QuerierService/Series", 405, "POST"),
        ("OPTIONS", "querier.v1.QuerierService/Series", 405, "POST"),
        ("GET", "push.v1.PusherService/Push", 405, "POST"),
        ("GET", "ingest", 405, "POST"),
        ("POST", "pyroscope/render", 405, "GET,HEAD"),
        ("HEAD", &render, 200, ""),
        ("GET", &render, 200, ""),
        ("HEAD", "ready", 200, ""),
        ("GET", "/ready", 200, ""),
        ("GET", &format!("/{render}"), 200, ""),
        ("GET", "querier.v1.QuerierService/", 404, ""),
        ("POST", "querier.v1.QuerierService/Series/", 404, ""),
        ("GET", "nothing.here", 404, ""),
    ] {
        let request = Request::builder().method(method).uri(format!("{}{path}", server.origin()));
        let (head, body) = server.http1(request.body(Bytes::new()).unwrap()).await;
        let found = head.headers.get("allow").map_or("", |allow| allow.to_str().unwrap());
        assert_eq!((head.status.as_u16(), found), (status, allow), "{method} {path} {body:?}");
    }
    // An address that ends in a slash, joined with a path.
    let (head, _) = post(
        &server,
        "/querier.v1.QuerierService/GetProfileStats",
        &[("content-type", "application/json")],
        "{}",
    )
    .await;
    assert_eq!(head.status, 200);
    server.stop().await;
}

#[tokio::test]
async fn requests_that_are_too_large_name_the_limit() {
    let server = Server::start().await;
    let plain = vec![b' '; (64 << 20) + 1];
    let packed = gzip(&plain);
    let (json_type, gzipped) = (("content-type", "application/json"), ("content-encoding", "gzip"));
    // Connect has a status for the code; what posts to /ingest would send it again after that one.
    for (path, status) in [
        ("querier.v1.QuerierService/Series", 429),
        ("push.v1.PusherService/Push", 429),
        ("ingest?name=a", 413),
        ("ingest?name=a&format=pprof", 413),
    ] {
        for (headers, body) in [(&[json_type][..], &plain), (&[json_type, gzipped], &packed)] {
            let (head, answer) = post(&server, path, headers, body.clone()).await;
            let answer: Value = serde_json::from_slice(&answer).unwrap_or_else(|_| panic!("{path} {head:?}"));
            assert_eq!(
                (head.status.as_u16(), &answer["code"]),
                (status, &json!("resource_exhausted")),
                "{path}"
            );
            assert!(
                answer["message"].as_str().unwrap().contains("at most 67108864 bytes"),
                "{path} {answer}"
            );
        }
    }
    server.stop().await;
}
