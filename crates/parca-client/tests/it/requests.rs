//! What the client sends.

use std::io::Read;
use std::{fs, time::Duration};

use parca_client::{
    Client, Code, HealthRequest, Keep, Protocol, RawSample, RawSeries, Secret, Token, WriteRawRequest,
};

use crate::fake::{self, Answer, Fake, answer, data, frame, trailers};
use crate::{WEB1, WEB2, client, settings, soon};

async fn ok_server() -> Fake {
    fake::server(ok).await
}

fn ok(request: &fake::Seen) -> Answer {
    let content_type = request.head.headers["content-type"].to_str().unwrap().to_owned();
    let last = match content_type.as_str() {
        "application/grpc" => trailers(&[("grpc-status", "0")]),
        _ => data(frame(0x80, b"grpc-status: 0\r\n")),
    };
    answer(200, &[("content-type", &content_type)], vec![data(frame(0, b"")), last])
}

fn headers(seen: &fake::Seen) -> Vec<(&str, &str)> {
    let mut headers: Vec<_> =
        seen.head.headers.iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap())).collect();
    headers.sort_unstable();
    headers
}

#[tokio::test]
async fn grpc_web_sends_what_the_original_sends() {
    let fake = ok_server().await;
    let agent = concat!("parca-client/", env!("CARGO_PKG_VERSION"));
    client(&fake.url, WEB1).health("a").await.unwrap();
    let seen = fake.last();
    let mut expect = [
        ("accept-encoding", "identity"),
        ("content-length", "8"),
        ("content-type", "application/grpc-web+proto"),
        ("grpc-accept-encoding", "gzip"),
        ("host", fake.url.strip_prefix("http://").unwrap()),
        ("user-agent", agent),
        ("x-user-agent", agent),
    ];
    expect.sort_unstable();
    assert_eq!(headers(&seen), expect);
    assert_eq!(
        (seen.head.method.as_str(), seen.head.uri.to_string().as_str()),
        ("POST", "/grpc.health.v1.Health/Check")
    );
    assert_eq!(seen.body, frame(0, b"\x0a\x01a"));
}

#[tokio::test]
async fn native_grpc_tells_the_deadline() {
    let fake = ok_server().await;
    let client = client(&fake.url, Protocol::Grpc);
    client.health("").await.unwrap();
    let seen = fake.last();
    let timeout = seen.head.headers["grpc-timeout"].to_str().unwrap().to_owned();
    let micros: u64 = timeout.strip_suffix('u').unwrap().parse().unwrap();
    assert!((1..=10_000_000).contains(&micros), "{timeout}");
    assert_eq!(seen.head.headers["te"], "trailers");
    assert_eq!(seen.head.headers["content-type"], "application/grpc");
    assert_eq!(seen.head.version, http::Version::HTTP_2);
    assert_eq!(seen.head.uri.to_string(), format!("{}/grpc.health.v1.Health/Check", fake.url));
}

#[tokio::test]
async fn a_prefix_of_the_url_stands_before_every_method() {
    let fake = ok_server().await;
    for (protocol, path) in [(WEB1, "/a/b"), (WEB2, "/a/b/")] {
        client(&format!("{}{path}", fake.url), protocol).has_profile_data().await.unwrap();
        assert_eq!(fake.last().head.uri.path(), "/a/b/parca.query.v1alpha1.QueryService/HasProfileData");
    }
}

#[tokio::test]
async fn requests_are_compressed_when_told() {
    let fake = ok_server().await;
    for protocol in [WEB1, WEB2, Protocol::Grpc] {
        let mut settings = settings(&fake.url, protocol);
        settings.gzip = true;
        let service = "x".repeat(1000);
        Client::new(&settings).unwrap().health(&service).await.unwrap();
        let seen = fake.last();
        assert_eq!(seen.head.headers["grpc-encoding"], "gzip");
        assert_eq!(seen.body[0], 1);
        let mut plain = Vec::new();
        flate2::read::GzDecoder::new(&seen.body[5..]).read_to_end(&mut plain).unwrap();
        assert!(plain.ends_with(service.as_bytes()) && seen.body.len() < 200);
    }
}

#[tokio::test]
async fn a_message_above_the_limit_is_not_sent() {
    let fake = ok_server().await;
    let mut settings = settings(&fake.url, WEB1);
    settings.max_message_bytes = 100;
    let client = Client::new(&settings).unwrap();
    let error = client.prepare(&HealthRequest { service: "x".repeat(99) }).unwrap_err();
    assert_eq!(error.code(), Code::ResourceExhausted);
    client.health(&"x".repeat(98)).await.unwrap();
    assert_eq!(fake.last().body.len(), 105);
}

#[tokio::test]
async fn a_write_that_would_end_the_server_is_not_sent() {
    let client = client("http://localhost:1", WEB1);
    let check = |labels: &[(&str, &str)], pprof: &'static [u8], expect: &str| {
        let labels = labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let series = RawSeries { labels, samples: vec![RawSample::new(pprof)] };
        let error = client.prepare(&WriteRawRequest::new(vec![series])).unwrap_err();
        assert_eq!(error.code(), Code::InvalidArgument);
        assert!(error.message().contains(expect), "{error}");
    };
    check(&[], b"", "`__name__`");
    check(&[("__name__", "cpu")], b"\x0a\x02\x08\x01", "strings");
}

#[tokio::test]
async fn headers_and_tokens_are_sent_and_not_shown() {
    let fake = ok_server().await;
    let mut settings = settings(&fake.url, WEB1);
    settings.headers = vec![("X-Project".into(), "first".into()), ("x-project".into(), "next".into())];
    settings.token = Token::Value(Secret::from("s3cret"));
    assert!(!format!("{settings:?}").contains("s3cret") && !format!("{settings:?}").contains("first"));
    let client = Client::new(&settings).unwrap();
    client.health("").await.unwrap();
    let seen = fake.last();
    let projects: Vec<_> = seen.head.headers.get_all("x-project").iter().collect();
    assert_eq!(projects, ["first", "next"]);
    assert_eq!(seen.head.headers["authorization"], "Bearer s3cret");
}

#[tokio::test]
async fn a_token_file_is_read_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("token");
    fs::write(&path, " first \n").unwrap();
    let fake = fake::server(|request| match request.head.headers["authorization"].to_str().unwrap() {
        "Bearer expired" => {
            answer(200, &[("content-type", "application/grpc-web"), ("grpc-status", "16")], vec![])
        }
        _ => ok(request),
    })
    .await;
    let mut settings = settings(&fake.url, WEB1);
    settings.token = Token::File(path.clone());
    let client = Client::new(&settings).unwrap();
    client.health("").await.unwrap();
    assert_eq!(fake.last().head.headers["authorization"], "Bearer first");

    // It changes: within about a second it is sent.
    fs::write(&path, "expired").unwrap();
    let deadline = soon();
    let refused = loop {
        match client.health("").await {
            Err(error) => break error,
            Ok(_) if std::time::Instant::now() > deadline => panic!("the new token was never sent"),
            Ok(_) => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    };
    assert_eq!(refused.code(), Code::Unauthenticated);

    // It was refused: the next call reads it again at once.
    fs::write(&path, "second\n").unwrap();
    client.health("").await.unwrap();
    assert_eq!(fake.last().head.headers["authorization"], "Bearer second");

    // It is gone: the last one stays.
    fs::remove_file(&path).unwrap();
    let prepared = client.prepare(&HealthRequest::default()).unwrap();
    client.timed(&prepared, soon(), Keep::Nothing).await.result.unwrap();
}
