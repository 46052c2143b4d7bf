//! What is said when there is no answer, or another than expected.

use std::time::Duration;

use pyroscope_client::{Client, Code, Error, ErrorKind, Settings};

use crate::fake::{Fake, answer, json, selection};

async fn asked(status: u16, content_type: &'static str, body: &'static str) -> Error {
    let fake = Fake::start(move |_| answer(status, content_type, body)).await;
    fake.client().tree(&selection(1, 2)).await.unwrap_err()
}

#[track_caller]
fn check(error: &Error, kind: ErrorKind, code: Code, message: &str) {
    assert_eq!((error.kind(), error.code(), error.message()), (kind, code, message), "{error:?}");
}

#[tokio::test]
async fn the_servers_words_are_kept() {
    let body = r#"{"code":"invalid_argument","message":"1:3: parse error: \"x\"","details":[]}"#;
    let error = asked(400, "application/json", body).await;
    check(&error, ErrorKind::Rejected, Code::InvalidArgument, "1:3: parse error: \"x\"");
    assert_eq!(error.http_status(), Some(400));
    assert_eq!(error.method(), Some("querier.v1.QuerierService/SelectMergeStacktraces"));
    let text =
        "`querier.v1.QuerierService/SelectMergeStacktraces`: invalid_argument: 1:3: parse error: \"x\"";
    assert_eq!(error.to_string(), text);

    let error = asked(401, "application/json", r#"{"code":"unauthenticated","message":"no org id"}"#).await;
    check(&error, ErrorKind::Auth, Code::Unauthenticated, "no org id");
    assert_eq!(error.hint(), Some("the server wants a tenant"));

    let error = asked(501, "application/json", r#"{"code":"unimplemented"}"#).await;
    check(&error, ErrorKind::Unsupported, Code::Unimplemented, "");
    let error = asked(429, "application/json", r#"{"code":"resource_exhausted","message":"limit"}"#).await;
    check(&error, ErrorKind::Limit, Code::ResourceExhausted, "limit");
}

#[tokio::test]
async fn answers_of_others_are_described() {
    let check = |error: Error, kind, code, shown: &str| {
        check(&error, kind, code, &format!("expected an answer of Pyroscope, found {shown}"));
    };
    check(
        asked(404, "text/plain", "404 page not found\n").await,
        ErrorKind::NotPyroscope,
        Code::Unimplemented,
        "status 404, `text/plain`, `404 page not found`",
    );
    check(
        asked(200, "text/html", "\n <html>\u{1b}[31m").await,
        ErrorKind::NotPyroscope,
        Code::Unknown,
        "status 200, `text/html`, `<html>\\u{1b}[31m`",
    );
    check(
        asked(401, "application/json", r#"{"message":"Unauthorized","traceID":""}"#).await,
        ErrorKind::Auth,
        Code::Unauthenticated,
        r#"status 401, `application/json`, `{\"message\":\"Unauthorized\",\"traceID\":\"\"}`"#,
    );
    check(
        asked(400, "application/json", r#"{"code":3,"message":"x"}"#).await,
        ErrorKind::Server,
        Code::Internal,
        r#"status 400, `application/json`, `{\"code\":3,\"message\":\"x\"}`"#,
    );
    check(
        asked(503, "text/html", "").await,
        ErrorKind::Unreachable,
        Code::Unavailable,
        "status 503, `text/html`, an empty body",
    );
}

#[tokio::test]
async fn redirects_are_named_and_not_followed() {
    let fake = Fake::start(|_| {
        let mut response = answer(302, "text/html", "");
        response.headers_mut().insert("location", "/login?token=hunter2".parse().unwrap());
        response
    })
    .await;
    let error = fake.client().tree(&selection(1, 2)).await.unwrap_err();
    assert_eq!((error.kind(), error.http_status()), (ErrorKind::NotPyroscope, Some(302)));
    assert!(error.message().contains("/login") && !error.message().contains("hunter2"), "{error}");
    assert_eq!(fake.seen().len(), 1);
}

#[tokio::test]
async fn answers_that_make_no_sense_are_errors() {
    let says = |error: Error, expect: &str| {
        assert_eq!(error.kind(), ErrorKind::Answer);
        let source = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
        assert!(source.contains(expect), "{error}: {source}");
    };
    let json = "application/json";
    says(asked(200, json, r#"{"tree":"AAABCWEBAA=="}"#).await, "node 1: expected a name");
    says(asked(200, json, r#"{"flamegraph":{"levels":[{"values":["1"]}]}}"#).await, "level 0: expected 4");
    says(asked(200, json, r#"{"tree":5}"#).await, "invalid type");
    says(asked(200, json, "{}}").await, "trailing characters");
}

#[tokio::test]
async fn nobody_there_and_nobody_in_time() {
    let client = Client::new(&Settings::new(format!("http://{}", test_support::unused_address()))).unwrap();
    let error = client.tree(&selection(1, 2)).await.unwrap_err();
    check(&error, ErrorKind::Unreachable, Code::Unavailable, "the server cannot be reached");

    // Accepts and is silent.
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut settings = Settings::new(format!("http://{}", silent.local_addr().unwrap()));
    settings.timeout = Duration::from_millis(20);
    let error = Client::new(&settings).unwrap().tree(&selection(1, 2)).await.unwrap_err();
    check(&error, ErrorKind::Deadline, Code::DeadlineExceeded, "no answer came within 20ms");
}

#[tokio::test]
async fn long_words_are_cut() {
    let fake = Fake::start(|_| {
        answer(
            500,
            "application/json",
            serde_json::json!({"code": "internal", "message": "ä".repeat(9000)}).to_string(),
        )
    })
    .await;
    let error = fake.client().tree(&selection(1, 2)).await.unwrap_err();
    assert_eq!(error.message().len(), 4096 + "...".len());
    assert_eq!(error.kind(), ErrorKind::Server);
    let empty = Fake::start(|_| json("{}")).await;
    assert!(empty.client().tree(&selection(1, 2)).await.unwrap().is_empty());
}
