//! What is sent.

use std::io::Write;
use std::time::Duration;

use http_config::{Environment, HttpClientConfig};
use pql::{MatchOp, Matcher};
use pyroscope_client::{Access, Client, Encoding, ErrorKind, Format, Selection};
use serde_json::json;

use crate::fake::{Fake, answer, cpu, json, millis, selection};

#[tokio::test]
async fn headers_path_and_body_of_a_call() {
    let fake = Fake::start(|_| json(r#"{"names":["b","a"]}"#)).await;
    let mut settings = fake.settings();
    settings.url = format!("http://{}/api/datasources/proxy/uid/x/", fake.address);
    settings.tenant = Some("a|b".to_owned());
    settings.user_agent = "profile-query/1".to_owned();
    settings.timeout = Duration::from_secs(7);
    let config = json!({"bearer_token": "hunter2"});
    settings.access = Access::Http {
        config: Box::new(HttpClientConfig::parse(config).unwrap()),
        environment: Environment::empty(),
    };
    let client = Client::new(&settings).unwrap();
    assert!(!format!("{settings:?} {client:?}").contains("hunter2"));

    let matchers = [Matcher::equal("env", "x\"\\"), Matcher::new("pod", MatchOp::NotMatches, "a.*").unwrap()];
    let names = client.label_values("service_name", &matchers, millis(1000, 2000)).await.unwrap();
    assert_eq!(names, ["a", "b"]);

    let seen = &fake.seen()[0];
    assert_eq!(seen.path, "/api/datasources/proxy/uid/x/querier.v1.QuerierService/LabelValues");
    let headers =
        ["content-type", "connect-protocol-version", "connect-timeout-ms", "x-scope-orgid", "user-agent"];
    let headers = headers.map(|name| seen.header(name).to_owned());
    assert_eq!(headers, ["application/json", "1", "7000", "a|b", "profile-query/1"]);
    assert_eq!(seen.header("authorization"), "Bearer hunter2");
    assert_eq!(seen.header("accept"), "*/*;allow-utf8-labelnames=true");
    let selector = r#"{env="x\"\\", pod!~"a.*"}"#;
    let expect = json!({"name": "service_name", "matchers": [selector], "start": "1000", "end": "2000"});
    assert_eq!(seen.json(), expect);
}

#[tokio::test]
async fn protobuf_is_what_is_spoken_unless_told_otherwise() {
    let fake = Fake::start(|_| answer(200, "application/proto", vec![8, 1, 16, 0, 24, 17])).await;
    let mut settings = fake.settings();
    settings.encoding = Encoding::Proto;
    let stats = Client::new(&settings).unwrap().profile_stats().await.unwrap();
    assert!(stats.data_ingested);
    assert_eq!((stats.oldest, stats.newest.unwrap().saturating_millis()), (None, 17));
    assert_eq!(fake.seen()[0].header("content-type"), "application/proto");
    assert!(fake.seen()[0].body.is_empty());
}

#[tokio::test]
async fn compressed_answers_are_read_and_their_size_is_limited() {
    let fake = Fake::start(|_| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        let names = vec!["x".repeat(100); 1000];
        serde_json::to_writer(&mut encoder, &json!({ "names": names })).unwrap();
        encoder.flush().unwrap();
        let mut response = answer(200, "application/json", encoder.finish().unwrap());
        response.headers_mut().insert("content-encoding", "gzip".parse().unwrap());
        response
    })
    .await;
    assert_eq!(fake.client().label_names(&[], millis(1, 2)).await.unwrap(), ["x".repeat(100)]);
    assert_eq!(fake.seen()[0].header("accept-encoding"), "gzip");
    let mut settings = fake.settings();
    settings.max_response_bytes = 10_000;
    let error = Client::new(&settings).unwrap().label_names(&[], millis(1, 2)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Limit);
    assert_eq!(error.message(), "expected an answer of at most 10000 bytes, found a longer one");
}

#[tokio::test]
async fn raw_calls_are_passed_on_as_they_are() {
    let fake = Fake::start(|_| answer(400, "application/json", r#"{"code":"invalid_argument"}"#)).await;
    let raw = fake.client().raw("Series", "{\"a\": 1 }").await.unwrap();
    assert_eq!((raw.status, raw.content_type.as_deref()), (Some(400), Some("application/json")));
    assert_eq!(raw.body, r#"{"code":"invalid_argument"}"#);
    fake.client().raw("push.v1.PusherService/Push", "@x").await.unwrap();
    let seen: Vec<_> = fake.seen().into_iter().map(|seen| (seen.path, seen.body)).collect();
    assert_eq!(
        seen,
        [
            ("/querier.v1.QuerierService/Series".to_owned(), "{\"a\": 1 }".into()),
            ("/push.v1.PusherService/Push".to_owned(), "@x".into())
        ]
    );
    let error = fake.client().raw("a/b/c", "").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Request);
}

#[test]
fn selections_have_a_json_form() {
    let selection = selection(1, 5);
    let body: serde_json::Value =
        serde_json::from_slice(&selection.stacktraces_json(Format::FlameGraph).unwrap()).unwrap();
    let expect = json!({
        "profileTypeID": "process_cpu:cpu:nanoseconds:cpu:nanoseconds",
        "labelSelector": r#"{service_name="a\"b"}"#, "start": "1", "end": "5",
        "format": "PROFILE_FORMAT_FLAMEGRAPH",
    });
    assert_eq!(body, expect);
    let diff: serde_json::Value =
        serde_json::from_slice(&Selection::diff_json(&selection, &selection).unwrap()).unwrap();
    assert_eq!(diff["left"], diff["right"]);
    assert_eq!(diff["left"]["end"], "5");
}

#[tokio::test]
async fn what_no_server_could_answer_is_refused_here() {
    let client = Fake::start(|_| json("{}")).await.client();
    let check = async |change: fn(&mut Selection), expect: &str| {
        let mut selection = selection(1000, 2000);
        change(&mut selection);
        let error = client.tree(&selection).await.unwrap_err();
        assert_eq!((error.kind(), error.message()), (ErrorKind::Request, expect));
    };
    check(
        |selection| selection.range = millis(2000, 2000),
        "expected a range that ends after its start, found 2000 to 2000 (milliseconds since 1970)",
    )
    .await;
    check(
        |selection| selection.profile_ids = vec!["x".into()],
        "expected a UUID for the id of a profile, found `x`",
    )
    .await;
    check(
        |selection| selection.span_ids = vec!["0123456789abcdeg".into()],
        "expected 16 hexadecimal digits for the id of a span, found `0123456789abcdeg`",
    )
    .await;
    let series =
        pyroscope_client::SeriesRequest::new(cpu(), Vec::new(), millis(1, 2), Duration::from_micros(999));
    assert_eq!(client.select_series(&series).await.unwrap_err().kind(), ErrorKind::Request);
    let push = pyroscope_client::PushSeries::default();
    assert_eq!(client.push(&[push]).await.unwrap_err().kind(), ErrorKind::Request);
}

#[tokio::test]
async fn a_query_in_the_background_is_asked_for_until_it_ends() {
    let fake = Fake::start(|seen| match seen.json()["async"]["requestId"].as_str() {
        None => json(r#"{"async":{"requestId":"7","status":"ASYNC_QUERY_STATUS_IN_PROGRESS"}}"#),
        Some("7") => {
            json(r#"{"async":{"requestId":"7","status":"ASYNC_QUERY_STATUS_SUCCESS"},"tree":"AAABAWEFAA=="}"#)
        }
        Some(other) => panic!("{other}"),
    })
    .await;
    let mut selection = selection(1, 2);
    selection.background = Some(Duration::from_secs(60));
    assert_eq!(fake.client().tree(&selection).await.unwrap().total(), 5);
    assert_eq!(fake.seen()[0].json()["async"]["type"], "ASYNC_QUERY_TYPE_FORCE");
    assert_eq!(fake.seen().len(), 2);

    let failing = r#"{"async":{"status":"ASYNC_QUERY_STATUS_FAILURE","errorMessage":"too many blocks"}}"#;
    let error = Fake::start(|_| json(failing)).await.client().tree(&selection).await.unwrap_err();
    assert_eq!((error.kind(), error.message()), (ErrorKind::Server, "too many blocks"));

    let without = Fake::start(|seen| match seen.json().get("async") {
        None => json(r#"{"tree":"AAABAWEFAA=="}"#),
        Some(_) => answer(501, "application/json", r#"{"code":"unimplemented"}"#),
    })
    .await;
    assert_eq!(without.client().tree(&selection).await.unwrap().total(), 5);

    selection.background = Some(Duration::ZERO);
    let error = fake.client().tree(&selection).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Deadline);
}
