//! No secret in any form that a log could have.

use std::io::Write;
use std::sync::{Arc, Mutex};

use http_config::{Client, Environment, HttpClientConfig};
use serde_json::json;

use super::server::{Server, answer, chain, config, post, status};

const SECRET: &str = "hunter2";

/// Every key that holds a secret, and mistakes everywhere.
fn everything() -> HttpClientConfig {
    config(json!({
        "basic_auth": {"username": "u", "password": SECRET, "password_file": "f"},
        "authorization": {"type": "basic", "credentials": SECRET, "credentials_file": "f"},
        "bearer_token": SECRET,
        "oauth2": {
            "client_secret": SECRET,
            "client_secret_file": "f",
            "client_certificate_key": SECRET,
            "endpoint_params": {"password": SECRET},
            "tls_config": {"key": SECRET},
            "proxy_connect_header": {"X": [format!("{SECRET}\n")]},
            "token_url": format!("u:{SECRET}@host"),
        },
        "sigv4": {"secret_key": SECRET},
        "azuread": {"oauth": {"client_secret": SECRET}},
        "tls_config": {"key": SECRET},
        "proxy_url": format!("http://user:{SECRET}@proxy"),
        "proxy_connect_header": {"X": [format!("{SECRET}\n")]},
        "http_headers": {"X": {"secrets": [format!("{SECRET}\n")]}},
        "headers": {"X": format!("{SECRET}\n")},
    }))
}

#[track_caller]
fn hidden(text: &str) {
    assert!(!text.contains(SECRET), "{text}");
}

#[test]
fn settings_and_mistakes_hide_them() {
    let mut config = everything();
    let mistakes = config.validate();
    assert!(mistakes.len() > 10, "{mistakes:?}");
    hidden(&format!("{mistakes:?}"));
    let error = Client::new(&config, &Environment::empty()).unwrap_err();
    hidden(&format!("{error:?} {error}"));
    // The one key that Prometheus shows too, and that no credential belongs in.
    config.oauth2.as_mut().unwrap().token_url.clear();
    hidden(&format!("{config:?} {config:#?}"));
    let written = serde_json::to_string(&config).unwrap();
    hidden(&written);
    assert!(
        written.contains(r#""password":"<secret>""#) && written.contains("user:xxxxx@proxy"),
        "{written}"
    );
}

#[tokio::test]
async fn errors_on_the_way_hide_them() {
    let refusing = Server::start(|_| status(500)).await;
    let cases = [
        (json!({"bearer_token": SECRET}), format!("http://u:{SECRET}@127.0.0.1:1/x?key={SECRET}")),
        (json!({"bearer_token": format!("{SECRET}\nx")}), "http://127.0.0.1:1/".to_owned()),
        (json!({"bearer_token": SECRET}), format!("ftp://u:{SECRET}@127.0.0.1/?{SECRET}")),
        (json!({"proxy_url": format!("http://u:{SECRET}@127.0.0.1:1")}), "https://receiver.test/".to_owned()),
        (
            json!({"oauth2": {"client_id": "i", "client_secret": SECRET, "token_url": refusing.url("/t")}}),
            "http://127.0.0.1:1/".to_owned(),
        ),
    ];
    for (json, url) in cases {
        let client = Client::new(&config(json), &Environment::empty()).unwrap();
        hidden(&format!("{client:?}"));
        let error = post(&client, &url).await.unwrap_err();
        hidden(&format!("{error:?} {}", chain(&error)));
        assert!(error.nothing_sent(), "{error}");
    }
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[cfg(feature = "cloud")]
#[tokio::test]
async fn debug_logs_hide_them() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::DEBUG)
        .with_writer(move || writer.clone())
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    tracing::debug!("the log works");
    let server = Server::start(|_| status(200)).await;
    let token = format!(r#"{{"access_token": "{SECRET}", "expires_in": 60}}"#);
    let tokens = Server::start(move |_| answer(200, &token)).await;
    let oauth2 = json!({"client_id": "i", "client_secret": SECRET, "token_url": tokens.url("/")});
    for json in [
        json!({"basic_auth": {"password": SECRET}, "headers": {"X": SECRET}}),
        json!({"bearer_token": SECRET, "http_headers": {"X": {"secrets": [SECRET]}}}),
        json!({"oauth2": oauth2}),
        json!({"sigv4": {"region": "r", "access_key": "i", "secret_key": SECRET}}),
        json!({"proxy_url": format!("http://u:{SECRET}@127.0.0.1:{}", server.port)}),
    ] {
        let client = Client::new(&config(json), &Environment::empty()).unwrap();
        post(&client, &server.url(&format!("/?key={SECRET}"))).await.unwrap();
    }
    let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(text.contains("the log works"));
    hidden(&text);
}
