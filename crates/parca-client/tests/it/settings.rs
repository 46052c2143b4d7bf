//! What is wrong with settings is said at once, and what is secret is not said.

use std::fs;
use std::time::Duration;

use parca_client::{Client, Protocol, Secret, Settings, TlsVersion, Token};

fn mistakes(change: impl FnOnce(&mut Settings)) -> Vec<String> {
    let mut settings = Settings::default();
    change(&mut settings);
    match Client::new(&settings) {
        Ok(_) => vec![],
        Err(error) => error.mistakes().iter().map(ToString::to_string).collect(),
    }
}

fn check(change: impl FnOnce(&mut Settings), expect: &[&str]) {
    let found = mistakes(change);
    assert_eq!(found.len(), expect.len(), "{found:#?}");
    for (found, expect) in found.iter().zip(expect) {
        assert!(found.contains(expect), "{found}\nhas no {expect}");
    }
}

#[test]
fn every_mistake_is_told() {
    check(|_| {}, &[]);
    check(
        |s| {
            s.url = "localhost:7070".into();
            s.headers = vec![("bad name".into(), "x".into()), ("te".into(), "x".into())];
            s.token = Token::Value(Secret::from(""));
            s.timeout = Duration::ZERO;
            s.max_message_bytes = 0;
            s.max_connections = 0;
            s.user_agent = "a\nb".into();
        },
        &[
            "url: ",
            "\"bad name\"",
            "`te`",
            "token: ",
            "timeout: ",
            "max_message_bytes: ",
            "max_connections: ",
            "user_agent: ",
        ],
    );
}

#[test]
fn headers_cannot_be_smuggled_in() {
    let header = |name: &str, value: &str| {
        let pair = (name.to_owned(), value.to_owned());
        move |s: &mut Settings| s.headers = vec![pair]
    };
    check(header("x-a", "1\r\nx-b: 2"), &["`x-a`"]);
    check(header("x-a\r\nx-b", "1"), &["name of a header"]);
    check(header("x-a", "1\0"), &["`x-a`"]);
    check(header(":path", "/"), &["name of a header"]);
    check(header("grpc-timeout", "1S"), &["`grpc-timeout`"]);
    check(header("Content-Type", "x"), &["`content-type`"]);
    check(header("authorization", "Basic x"), &[]);
    check(|s| s.token = Token::Value(Secret::from("a\r\nx-b: 2")), &["printable ASCII"]);
    check(
        |s| {
            s.headers = vec![("authorization".into(), "Basic x".into())];
            s.token = Token::Value(Secret::from("a"));
        },
        &["found both"],
    );
}

#[test]
fn what_needs_no_file_can_be_told_before() {
    let mut settings = Settings::new("nowhere");
    settings.headers = vec![("grpc-timeout".into(), "1S".into())];
    settings.timeout = Duration::ZERO;
    settings.token = Token::File("/nowhere".into());
    let fields: Vec<&str> = settings.validate().iter().map(|mistake| mistake.field).collect();
    assert_eq!(fields, ["url", "headers", "timeout"]);
    assert!(Settings::default().validate().is_empty());
}

#[test]
fn secrets_are_not_in_messages() {
    let found = mistakes(|s| {
        s.url = "http://user:s3cret@host".into();
        s.token = Token::Value(Secret::from("s3cret\n"));
        s.headers = vec![("x-a".into(), "s3cret\u{e9}\n".into())];
    });
    assert_eq!(found.len(), 3);
    assert!(found.iter().all(|message| !message.contains("s3cret")), "{found:?}");
}

#[test]
fn files_are_checked_when_the_client_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let empty = folder.path().join("empty");
    fs::write(&empty, "\n").unwrap();
    let missing = folder.path().join("missing");
    check(|s| s.token = Token::File(missing.clone()), &["token: expected a readable file"]);
    check(|s| s.token = Token::File(empty.clone()), &["token: expected a token, found none"]);
    // Cut, it would be a token that no server knows.
    let long = folder.path().join("long");
    fs::write(&long, "x".repeat((1 << 20) + 1)).unwrap();
    check(|s| s.token = Token::File(long.clone()), &["token: expected a readable file"]);
    check(
        |s| {
            s.url = "https://localhost".into();
            s.tls.ca_file = Some(missing.clone());
            s.tls.cert_file = Some(empty.clone());
            s.tls.server_name = Some("not a name".into());
        },
        &["tls.server_name", "tls.ca_file", "tls.key_file"],
    );
    check(
        |s| {
            s.url = "https://localhost".into();
            s.tls.ca_file = Some(empty.clone());
        },
        &["found none"],
    );
    check(
        |s| {
            s.url = "https://localhost".into();
            s.tls.ca = Some("no certificate".to_owned());
            (s.tls.cert, s.tls.key) = (Some(String::new()), Some("s3cret".into()));
            (s.tls.min_version, s.tls.max_version) = (Some(TlsVersion::Tls13), Some(TlsVersion::Tls12));
        },
        &["tls.ca: expected PEM certificates, found none", "tls.cert: ", "tls.key: ", "tls.max_version"],
    );
    check(
        |s| {
            s.url = "https://localhost".into();
            s.tls.insecure_skip_verify = true;
            (s.tls.ca, s.tls.ca_file) = (Some(String::new()), Some(empty.clone()));
            (s.tls.key, s.tls.key_file) = (Some("s3cret".into()), Some(empty.clone()));
        },
        &[
            "tls.ca_file: expected `tls.ca` or this, found both",
            "tls.cert_file: expected the certificate to the key",
            "tls.key_file: expected `tls.key`",
        ],
    );
    check(|s| s.tls.key = Some("s3cret".into()), &["tls.key: expected a `https://` URL"]);
    check(|s| s.tls.insecure_skip_verify = true, &["tls.insecure_skip_verify: expected a `https://` URL"]);
    check(
        |s| {
            s.url = "http://localhost/prefix".into();
            s.protocol = Protocol::Grpc;
        },
        &["`/prefix`"],
    );
}
