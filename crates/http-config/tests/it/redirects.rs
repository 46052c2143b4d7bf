//! A POST arrives as a POST or not at all, and credentials stay with their host.

use http::Method;
use http_config::SendError;
use serde_json::json;

use super::server::{Server, client, get, post, redirect, status};

/// Credentials of every kind.
fn everything() -> serde_json::Value {
    json!({
        "bearer_token": "abc",
        "headers": {"X-Replaced": "r"},
        "http_headers": {"X-Added": {"secrets": ["s"]}},
    })
}

#[tokio::test]
async fn a_post_keeps_method_and_body() {
    for code in [307, 308] {
        let server = Server::start(move |seen| match seen.uri.path() {
            "/from" => redirect(code, "/to"),
            _ => status(204),
        })
        .await;
        let answer = post(&client(everything()), &server.url("/from")).await.unwrap();
        let seen = server.last();
        assert_eq!(
            (answer.status().as_u16(), seen.method.clone(), seen.body.as_str()),
            (204, Method::POST, "body")
        );
        assert_eq!(seen.header("authorization"), "Bearer abc", "{code}");
    }
}

#[tokio::test]
async fn a_post_never_becomes_a_get() {
    for code in [301, 302, 303] {
        let server = Server::start(move |_| redirect(code, "/to?key=hunter2")).await;
        let error = post(&client(json!({})), &server.url("/from")).await.unwrap_err();
        assert!(matches!(error, SendError::Redirect { .. }), "{error}");
        assert!(error.to_string().contains("/to`") && !error.to_string().contains("hunter2"), "{error}");
        assert_eq!(server.seen().len(), 1);
    }
}

#[tokio::test]
async fn credentials_do_not_leave_the_host_not_even_by_coming_back() {
    // 127.0.0.1 and localhost are different hosts with the same server.
    let server = Server::start(|seen| {
        let port = seen.header("host").rsplit_once(':').unwrap().1.to_owned();
        match seen.uri.path() {
            "/first" => redirect(307, &format!("http://localhost:{port}/second")),
            "/second" => redirect(307, &format!("http://127.0.0.1:{port}/third")),
            _ => status(200),
        }
    })
    .await;
    post(&client(everything()), &server.url("/first")).await.unwrap();
    let all = server.seen();
    let shown: Vec<(String, bool)> = all
        .iter()
        .map(|seen| {
            let names = ["authorization", "x-added", "x-replaced"];
            (seen.uri.path().to_owned(), names.iter().any(|name| !seen.header(name).is_empty()))
        })
        .collect();
    assert_eq!(shown, [("/first".into(), true), ("/second".into(), false), ("/third".into(), false)]);
}

#[tokio::test]
async fn they_can_be_switched_off_and_end() {
    let server = Server::start(|_| redirect(302, "/again")).await;
    let answer = get(&client(json!({"follow_redirects": false})), &server.url("/")).await.unwrap();
    assert_eq!(answer.status(), 302);
    let error = get(&client(json!({})), &server.url("/")).await.unwrap_err();
    assert!(error.to_string().contains("too many"), "{error}");
    assert_eq!(server.seen().len(), 1 + 11);
}
