//! Deadlines and limits.

use std::time::{Duration, Instant};

use bytes::Bytes;
use http::Request;
use http_config::{Client, Environment, HttpClientConfig, Limits, SendError};
use serde_json::json;
use tokio::net::TcpListener;

use super::server::{Server, answer, client, get, post};

fn soon() -> Instant {
    Instant::now() + Duration::from_millis(50)
}

#[tokio::test]
async fn the_deadline_covers_servers_that_say_nothing() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = silent.local_addr().unwrap();
    let oauth2 = json!({"client_id": "i", "token_url": format!("http://{address}/")});
    let cases = [
        (json!({}), format!("http://{address}/")),
        (json!({}), format!("https://{address}/")),
        (json!({"proxy_url": format!("socks5://{address}")}), "http://receiver.test/".to_owned()),
        (json!({"oauth2": oauth2}), "http://receiver.test/".to_owned()),
    ];
    for (json, url) in cases {
        let request = Request::post(&url).body(Bytes::new()).unwrap();
        let error = client(json).send(request, soon()).await.unwrap_err();
        assert!(matches!(error, SendError::Deadline), "{url}: {error}");
    }
}

#[tokio::test]
async fn long_answers_are_cut_off() {
    let server = Server::start(|_| answer(200, &"x".repeat(101))).await;
    let mut limits = Limits::default();
    limits.answer_bytes = 101;
    let with =
        |limits| Client::with_limits(&HttpClientConfig::default(), &Environment::empty(), limits).unwrap();
    assert_eq!(get(&with(limits), &server.url("/")).await.unwrap().body().len(), 101);
    limits.answer_bytes = 100;
    let error = get(&with(limits), &server.url("/")).await.unwrap_err();
    assert!(matches!(error, SendError::AnswerTooLarge { limit: 100 }), "{error}");
    limits.cut_answers = true;
    assert_eq!(get(&with(limits), &server.url("/")).await.unwrap().body().len(), 100);
}

#[tokio::test]
async fn any_status_is_an_answer() {
    let server = Server::start(|seen| answer(if seen.body == "body" { 503 } else { 200 }, "why")).await;
    let client = client(json!({}));
    let found = post(&client, &server.url("/")).await.unwrap();
    assert_eq!((found.status().as_u16(), found.body().as_ref()), (503, b"why".as_slice()));
    assert_eq!(server.last().header("content-length"), "4");
}

#[tokio::test]
async fn nobody_there() {
    let error = post(&client(json!({})), "http://127.0.0.1:1/").await.unwrap_err();
    assert!(matches!(error, SendError::Connect { .. }) && error.nothing_sent(), "{error}");
    let error = post(&client(json!({})), "/relative").await.unwrap_err();
    assert!(matches!(error, SendError::Url { .. }), "{error}");
}
