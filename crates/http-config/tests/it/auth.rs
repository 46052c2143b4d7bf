//! Basic, bearer and other schemes, from settings and files; added and replaced headers.

use bytes::Bytes;
use http::Request;
use serde_json::{Value, json};

use super::server::{Server, chain, client, get, in_ten_seconds, post};

async fn check(json: Value, expect: &str) {
    let server = Server::ok().await;
    post(&client(json.clone()), &server.url("/")).await.unwrap();
    assert_eq!(server.last().header("authorization"), expect, "{json}");
}

#[tokio::test]
async fn each_scheme() {
    check(json!({}), "").await;
    check(
        json!({"basic_auth": {"username": "Aladdin", "password": "open sesame"}}),
        "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==",
    )
    .await;
    check(json!({"basic_auth": {}}), "Basic Og==").await;
    check(json!({"authorization": {"credentials": "abc"}}), "Bearer abc").await;
    check(json!({"authorization": {"type": " Token ", "credentials": "abc"}}), "Token abc").await;
    check(json!({"authorization": {}}), "Bearer").await;
    check(json!({"bearer_token": "abc"}), "Bearer abc").await;
}

#[tokio::test]
async fn files_are_trimmed_and_read_again() {
    let directory = tempfile::tempdir().unwrap();
    let file = |name: &str| directory.path().join(name);
    std::fs::write(file("token"), "one\n").unwrap();
    std::fs::write(file("extra"), " x1 ").unwrap();
    let client = client(json!({
        "bearer_token_file": file("token"),
        "http_headers": {"X-Extra": {"files": [file("extra")], "values": ["v"], "secrets": ["s"]}},
    }));
    let server = Server::ok().await;
    post(&client, &server.url("/")).await.unwrap();
    let first = server.last();
    assert_eq!(
        (first.header("authorization"), first.header("x-extra")),
        ("Bearer one".into(), "v|s|x1".into())
    );

    std::fs::write(file("token"), "two\r\n").unwrap();
    std::fs::write(file("extra"), "x2").unwrap();
    post(&client, &server.url("/")).await.unwrap();
    let second = server.last();
    assert_eq!(
        (second.header("authorization"), second.header("x-extra")),
        ("Bearer two".into(), "v|s|x2".into())
    );

    std::fs::remove_file(file("token")).unwrap();
    let error = post(&client, &server.url("/")).await.unwrap_err();
    assert!(error.nothing_sent());
    let text = chain(&error);
    assert!(text.starts_with("cannot authenticate: `bearer_token_file`: cannot read `/"), "{text}");
    assert_eq!(server.seen().len(), 2);
}

#[tokio::test]
async fn user_and_password_files() {
    let directory = tempfile::tempdir().unwrap();
    let (user, password) = (directory.path().join("user"), directory.path().join("password"));
    std::fs::write(&user, "Aladdin\n").unwrap();
    std::fs::write(&password, "open sesame\n").unwrap();
    let json = json!({"basic_auth": {"username_file": user, "password_file": password}});
    check(json, "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==").await;
}

#[tokio::test]
async fn the_request_s_own_header_wins() {
    let server = Server::ok().await;
    let request = Request::get(server.url("/")).header("authorization", "Mine x").body(Bytes::new()).unwrap();
    client(json!({"bearer_token": "abc"})).send(request, in_ten_seconds()).await.unwrap();
    assert_eq!(server.last().header("authorization"), "Mine x");
}

#[tokio::test]
async fn user_in_the_url_becomes_basic_auth() {
    let server = Server::ok().await;
    let url = format!("http://Aladdin:open%20sesame@127.0.0.1:{}/x?y=1", server.port);
    get(&client(json!({})), &url).await.unwrap();
    let seen = server.last();
    assert_eq!(seen.header("authorization"), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
    assert_eq!(seen.header("host"), format!("127.0.0.1:{}", server.port));
    assert_eq!(seen.uri, "/x?y=1");
}

#[tokio::test]
async fn headers_replace_and_http_headers_add() {
    let server = Server::ok().await;
    let client = client(json!({
        "headers": {"X-Scope-OrgID": "tenant"},
        "http_headers": {"X-Added": {"values": ["a", "b"]}},
    }));
    let request = Request::get(server.url("/")).header("x-scope-orgid", "old").header("x-added", "own");
    client.send(request.body(Bytes::new()).unwrap(), in_ten_seconds()).await.unwrap();
    let seen = server.last();
    assert_eq!((seen.header("x-scope-orgid"), seen.header("x-added")), ("tenant".into(), "own|a|b".into()));
}
