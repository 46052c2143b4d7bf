//! A token server double for both grants.

use std::sync::atomic::{AtomicUsize, Ordering};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use http::Request;
use http_config::Client;
use ring::signature::{KeyPair, RSA_PKCS1_2048_8192_SHA384, RsaKeyPair, UnparsedPublicKey};
use rustls_pki_types::PrivatePkcs1KeyDer;
use rustls_pki_types::pem::PemObject;
use serde_json::{Value, json};

use super::server::{Answer, Seen, Server, answer, chain, client, in_ten_seconds, post, status};

const KEY: &str = include_str!("rsa_test_key.pem");
const JWT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// Gives t1, t2, ... to whom `accept` lets in.
async fn tokens(accept: impl Fn(&Seen) -> bool + Send + Sync + 'static, expires_in: Value) -> Server {
    let count = AtomicUsize::new(0);
    Server::start(move |seen| {
        if !accept(seen) {
            return answer(401, r#"{"error": "invalid_client", "error_description": "not hunter2"}"#);
        }
        let token = format!("t{}", count.fetch_add(1, Ordering::Relaxed) + 1);
        let body = json!({"access_token": token, "token_type": "bearer", "expires_in": expires_in});
        answer(200, &body.to_string())
    })
    .await
}

fn settings(tokens: &Server, more: Value) -> Value {
    let mut block =
        json!({"client_id": "the id", "client_secret": "hunter2:&", "token_url": tokens.url("/token")});
    block.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    json!({"oauth2": block})
}

async fn bearer(client: &Client, target: &Server) -> String {
    post(client, &target.url("/")).await.unwrap();
    target.last().header("authorization")
}

#[tokio::test]
async fn a_token_is_fetched_once_and_kept() {
    let (tokens, target) = (tokens(|_| true, json!(3600)).await, Server::ok().await);
    let params = json!({"scopes": ["a", "b"], "endpoint_params": {"audience": "x", "scope": "mine", "grant_type": "password"}});
    let client = client(settings(&tokens, params));
    for _ in 0..3 {
        let request = Request::post(target.url("/")).header("user-agent", "exporter/1").body(Bytes::new());
        client.send(request.unwrap(), in_ten_seconds()).await.unwrap();
        assert_eq!(target.last().header("authorization"), "Bearer t1");
    }
    let [asked] = tokens.seen().try_into().unwrap();
    // RFC 6749, 2.3.1: both are form-encoded before they are joined.
    assert_eq!(asked.header("authorization"), "Basic dGhlK2lkOmh1bnRlcjIlM0ElMjY=");
    assert_eq!(asked.header("user-agent"), "exporter/1");
    assert_eq!(asked.body, "grant_type=password&scope=a+b&audience=x");
}

#[tokio::test]
async fn many_at_once_ask_once() {
    let (tokens, target) = (tokens(|_| true, json!("3600")).await, Server::ok().await);
    let client = client(settings(&tokens, json!({})));
    let url = target.url("/");
    let (a, b, c) = tokio::join!(post(&client, &url), post(&client, &url), post(&client, &url));
    assert!(a.is_ok() && b.is_ok() && c.is_ok());
    assert_eq!((tokens.seen().len(), target.seen().len()), (1, 3));
}

#[tokio::test]
async fn a_token_that_is_about_to_end_is_renewed() {
    let (tokens, target) = (tokens(|_| true, json!(9)).await, Server::ok().await);
    let client = client(settings(&tokens, json!({})));
    assert_eq!(bearer(&client, &target).await, "Bearer t1");
    assert_eq!(bearer(&client, &target).await, "Bearer t2");
}

#[tokio::test]
async fn id_and_secret_go_into_the_form_where_the_header_is_refused() {
    let (tokens, target) =
        (tokens(|seen| seen.field("client_secret") == "hunter2:&", json!(1)).await, Server::ok().await);
    let client = client(settings(&tokens, json!({})));
    assert_eq!(bearer(&client, &target).await, "Bearer t1");
    assert_eq!(bearer(&client, &target).await, "Bearer t2");
    let styles: Vec<bool> =
        tokens.seen().iter().map(|seen| seen.headers.contains_key("authorization")).collect();
    assert_eq!(styles, [true, false, false], "what worked is remembered");
}

#[tokio::test]
async fn a_401_fetches_a_new_token_once() {
    let tokens = tokens(|_| true, json!(3600)).await;
    let target =
        Server::start(|seen| status(if seen.header("authorization") == "Bearer t1" { 401 } else { 204 }))
            .await;
    let client = client(settings(&tokens, json!({})));
    assert_eq!(post(&client, &target.url("/")).await.unwrap().status(), 204);
    let seen: Vec<String> = target.seen().iter().map(|seen| seen.header("authorization")).collect();
    assert_eq!(seen, ["Bearer t1", "Bearer t2"]);

    let stubborn = Server::start(|_| status(401)).await;
    assert_eq!(post(&client, &stubborn.url("/")).await.unwrap().status(), 401);
    assert_eq!(stubborn.seen().len(), 2);
}

#[tokio::test]
async fn another_secret_in_the_file_fetches_another_token() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("secret");
    std::fs::write(&file, "one\n").unwrap();
    let (tokens, target) = (tokens(|_| true, json!(3600)).await, Server::ok().await);
    let client = client(settings(&tokens, json!({"client_secret": "", "client_secret_file": file})));
    assert_eq!(bearer(&client, &target).await, "Bearer t1");
    std::fs::write(&file, "two\n").unwrap();
    assert_eq!(bearer(&client, &target).await, "Bearer t2");
}

#[tokio::test]
async fn a_refusal_fails_the_request_and_shows_the_code_alone() {
    let (tokens, target) = (tokens(|_| false, json!(1)).await, Server::ok().await);
    let client = client(settings(&tokens, json!({})));
    let text = chain(&post(&client, &target.url("/")).await.unwrap_err());
    let url = tokens.url("/token");
    assert_eq!(
        text,
        format!(
            "cannot authenticate: expected a token from `{url}`, found status 401 Unauthorized and error `invalid_client`"
        )
    );
    assert!(target.seen().is_empty());
}

#[tokio::test]
async fn odd_answers_of_the_token_server_are_errors() {
    for body in ["", "hunter2", "{}", r#"{"access_token": ""}"#, r#"{"access_token": 12}"#] {
        let tokens = Server::start(move |_: &Seen| -> Answer { answer(200, body) }).await;
        let error = post(&client(settings(&tokens, json!({}))), "http://127.0.0.1:1/").await.unwrap_err();
        let text = chain(&error);
        assert!(text.ends_with("found an answer without one") && !text.contains("hunter2"), "{text}");
    }
}

#[tokio::test]
async fn the_jwt_grant_sends_a_signed_assertion() {
    let (tokens, target) = (tokens(|_| true, json!(3600)).await, Server::ok().await);
    let client = client(settings(
        &tokens,
        json!({
            "grant_type": JWT,
            "client_secret": "",
            "client_certificate_key": KEY,
            "client_certificate_key_id": "key 1",
            "signature_algorithm": "RS384",
            "scopes": ["s"],
            "claims": {"iss": "claimed", "extra": [1]},
            "audience": "the audience",
        }),
    ));
    assert_eq!(bearer(&client, &target).await, "Bearer t1");
    let asked = tokens.last();
    assert_eq!((asked.field("grant_type"), asked.field("scope")), (JWT.into(), "s".into()));
    assert_eq!(asked.header("authorization"), "");

    let assertion = asked.field("assertion");
    let (signed, signature) = assertion.rsplit_once('.').unwrap();
    let (header, claims) = signed.split_once('.').unwrap();
    let key = PrivatePkcs1KeyDer::from_pem_slice(KEY.as_bytes()).unwrap();
    let pair = RsaKeyPair::from_der(key.secret_pkcs1_der()).unwrap();
    let public = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA384, pair.public_key().as_ref());
    public.verify(signed.as_bytes(), &URL_SAFE_NO_PAD.decode(signature).unwrap()).unwrap();

    let read =
        |part: &str| -> Value { serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap() };
    assert_eq!(read(header), json!({"alg": "RS384", "typ": "JWT", "kid": "key 1"}));
    let mut claims = read(claims);
    let id = claims["jti"].take();
    assert_eq!(id.as_str().unwrap().len(), 36);
    assert_eq!(claims["exp"].as_u64().unwrap() - claims["iat"].as_u64().unwrap(), 600);
    claims["iat"].take();
    claims["exp"].take();
    assert_eq!(
        claims,
        json!({
            "iss": "claimed", "sub": "the id", "aud": "the audience", "scope": "s", "extra": [1],
            "jti": null, "iat": null, "exp": null,
        })
    );
}

#[tokio::test]
async fn a_key_that_is_none_is_an_error() {
    let tokens = tokens(|_| true, json!(1)).await;
    let client = client(settings(
        &tokens,
        json!({"grant_type": JWT, "client_secret": "", "client_certificate_key": "hunter2"}),
    ));
    let text = chain(&post(&client, "http://127.0.0.1:1/").await.unwrap_err());
    assert_eq!(
        text,
        "cannot authenticate: `oauth2.client_certificate_key`: expected an RSA key in PEM, found no private key"
    );
}
