//! What is secret goes to the server and nowhere else.

use std::path::Path;

use test_support::{
    GrpcDouble, PATIENCE, Process, Reply, Scrape, Signal, Vault, VaultSettings, eventually, http_get,
};

use crate::fixture::{NONE, PARCA_LOAD};

const SECRET: &str = "s3cr3t-b34r3r";
const JWT: &str = "s3cr3t-s3rv1c3-4cc0unt";

/// Refuses the first calls and answers the others, so that failures are logged, too.
async fn double() -> GrpcDouble {
    let left = std::sync::atomic::AtomicI32::new(3);
    GrpcDouble::start(move |_| match left.fetch_sub(1, std::sync::atomic::Ordering::Relaxed) {
        1.. => Reply::Status(16, "who are you"),
        _ => Reply::Message(Vec::new()),
    })
    .await
}

/// Runs until calls have come with `header`, and looks through all that was said meanwhile.
async fn check(args: &[&str], variables: &[(&str, &str)], header: (&str, &str), secrets: &[&str]) {
    let double = double().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("summary.json");
    let own = [
        ["-url", &double.url()],
        ["-addr", "127.0.0.1:0"],
        ["-log-level", "trace"],
        ["-query-interval", "50ms"],
        ["-values-for-labels", "job"],
        ["-summary-json", file.to_str().unwrap()],
    ];
    let all: Vec<&str> = own.iter().flatten().chain(args).copied().collect();
    let mut process = Process::start(PARCA_LOAD, &all, variables.iter().copied());
    let line = process.stderr_line("its address", |line| line.contains("serving /metrics")).await;
    let address = test_support::address_in(&line).unwrap();
    eventually("calls with the secret", || async {
        let calls = double.calls();
        (calls.len() > 10 && calls.iter().all(|call| call.header(header.0) == Some(header.1))).then_some(())
    })
    .await;
    let metrics = http_get(address, "/metrics", &[]).await.unwrap().text();
    assert!(!Scrape::parse_text(&metrics).unwrap().families.is_empty());
    process.signal(Signal::TERM);
    let exit = process.exit(PATIENCE).await;
    assert_eq!(exit.code, Some(0), "{args:?}: {exit:#?}");
    let help = Process::run(PARCA_LOAD, all.iter().chain(&["--help"]), variables.iter().copied()).await;
    assert_eq!(help.code, Some(0));
    let wrong = Process::run(PARCA_LOAD, all.iter().chain(&["-nope"]), variables.iter().copied()).await;
    assert_eq!(wrong.code, Some(2));

    let summary = std::fs::read_to_string(&file).unwrap();
    for (where_, said) in [
        ("stdout", &exit.stdout),
        ("stderr", &exit.stderr),
        ("/metrics", &metrics),
        ("the summary", &summary),
        ("--help", &help.stdout),
        ("the mistakes", &wrong.stderr),
    ] {
        assert!(!said.is_empty(), "{args:?}: nothing in {where_}");
        for secret in secrets {
            let at = said.lines().find(|line| line.contains(secret));
            assert_eq!(at, None, "{args:?}: a secret in {where_}");
        }
    }
}

fn bearer(token: &str) -> String {
    format!("Bearer {token}")
}

#[tokio::test]
async fn a_token_on_the_command_line_or_in_a_variable() {
    let value = bearer(SECRET);
    let header = ("authorization", value.as_str());
    check(&["-token", SECRET], &[], header, &[SECRET]).await;
    check(&["-protocol", "grpc-web"], &[("PARCA_LOAD_TOKEN", SECRET)], header, &[SECRET]).await;
}

#[tokio::test]
async fn a_token_in_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = write(folder.path(), "token", SECRET);
    check(&["-token-file", &file], &[], ("authorization", &bearer(SECRET)), &[SECRET]).await;
}

#[tokio::test]
async fn a_header_with_credentials() {
    let pair = format!("Authorization=Basic {SECRET},x-scope=a");
    let value = format!("Basic {SECRET}");
    let header = ("authorization", value.as_str());
    check(&["-headers", &pair], &[], header, &[SECRET]).await;
    check(&[], &[("PARCA_LOAD_HEADERS", &pair)], header, &[SECRET]).await;
}

#[tokio::test]
async fn a_token_from_vault() {
    let vault = Vault::start(VaultSettings::new(JWT, SECRET)).await;
    let folder = tempfile::tempdir().unwrap();
    let file = write(folder.path(), "jwt", JWT);
    let args = ["-vault-url", &vault.url(), "-vault-jwt-file", &file];
    // Every login of the test's Vault is `hvs.login-<number>`.
    check(&args, &[], ("authorization", &bearer(SECRET)), &[SECRET, JWT, "hvs."]).await;
    assert!(vault.client_token().unwrap().starts_with("hvs."));
}

#[tokio::test]
async fn a_token_file_is_read_again_when_it_changes() {
    let folder = tempfile::tempdir().unwrap();
    let file = write(folder.path(), "token", "first\n");
    let double = GrpcDouble::start(|_| Reply::Message(Vec::new())).await;
    let url = double.url();
    let args = ["-url", &url, "-addr", "none", "-query-interval", "50ms", "-token-file", &file];
    let _process = Process::start(PARCA_LOAD, args, NONE);
    let comes = async |token: &str| {
        let value = bearer(token);
        eventually(token, || async {
            double.calls().last().filter(|call| call.header("authorization") == Some(&value)).map(|_| ())
        })
        .await;
    };
    comes("first").await;
    write(folder.path(), "token", "  second\n");
    comes("second").await;
}

fn write(folder: &Path, name: &str, text: &str) -> String {
    let file = folder.join(name);
    std::fs::write(&file, text).unwrap();
    file.to_str().unwrap().to_owned()
}
