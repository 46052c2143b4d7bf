//! The commands that end by themselves.

use std::collections::BTreeMap;

use serde_json::Value;
use test_support::{PATIENCE, Process};

use crate::fixture::{CPU, EXPORTER, Folder, HEAP, NONE, Parca, command, head};
use crate::receiver::Receiver;

#[tokio::test]
async fn a_config_is_checked_without_running() {
    let good = "remote_write: {url: http://localhost:9090/api/v1/write}\n\
        parca: {address: localhost:7070, insecure: true}\nqueries:\n- name: q\n  query: cpu:samples:count:cpu:nanoseconds:delta\n  duration: 20s\n";
    let exit = command(&Folder::new(good), &["check-config"]).await;
    assert_eq!(exit.code, Some(0), "{exit:#?}");
    assert!(
        exit.stdout.ends_with("profile-exporter.yaml is good: queries: 1, receivers: 1\n"),
        "{}",
        exit.stdout
    );

    // The original exports the root alone and says nothing.
    let typo = good.to_owned() + "  matcher: [{contains: x}]\n";
    let exit = command(&Folder::new(&typo), &["check-config"]).await;
    assert_eq!(exit.code, Some(2));
    assert!(exit.stderr.contains(":7:3: warning: queries[0].matcher: "), "{}", exit.stderr);
    assert!(exit.stderr.contains("`matchers`"), "{}", exit.stderr);

    let bad = good.replace("duration: 20s", "duration: 0").replace("url:", "ur:");
    let exit = command(&Folder::new(&bad), &["check-config"]).await;
    assert_eq!(exit.code, Some(2));
    for part in ["remote_write.url", "queries[0].duration"] {
        assert!(exit.stderr.contains(part), "{}", exit.stderr);
    }
}

#[tokio::test]
async fn a_config_that_is_not_there_is_named() {
    let exit = Process::run(EXPORTER, ["--config-file", "/nowhere/x.yaml"], NONE).await;
    assert_eq!(exit.code, Some(2));
    assert!(exit.stderr.contains("`/nowhere/x.yaml`") && exit.stderr.contains("hint: "), "{}", exit.stderr);
}

#[tokio::test]
async fn the_originals_flags_work_with_one_argument_or_two() {
    let exit = Process::run(EXPORTER, ["--log-level=loud"], NONE).await;
    assert_eq!(exit.code, Some(2));
    assert!(exit.stderr.contains("error, warn, info, debug"), "{}", exit.stderr);
    let exit = Process::run(EXPORTER, ["--version"], NONE).await;
    assert_eq!((exit.code, exit.stdout.as_str()), (Some(0), "profile-exporter 0.1.0\n"));
    let exit = Process::run(EXPORTER, ["completions", "bash"], NONE).await;
    assert!(exit.stdout.contains("check-config"), "{}", exit.stdout);
}

#[tokio::test(flavor = "multi_thread")]
async fn once_sends_one_window_of_each_query() {
    let (parca, receiver) = (Parca::start().await, Receiver::start().await);
    let queries = format!(
        "- {{name: a, query: '{CPU}', duration: 1s}}\n- {{name: b, query: '{HEAP}', duration: 2s}}\n"
    );
    let config = head(parca.address, &[receiver.url()]) + &queries;
    let folder = Folder::new(&config);
    let exit = command(&folder, &["once"]).await;
    assert_eq!(exit.code, Some(0), "{exit:#?}");
    for name in ["\"a\"", "\"b\""] {
        assert_eq!(receiver.stored.samples(&[name]).len(), 1, "{name}");
    }

    receiver.stored.answer(Some(axum::http::StatusCode::BAD_REQUEST));
    let exit = command(&folder, &["once"]).await;
    assert_eq!(exit.code, Some(3), "{exit:#?}");

    let empty = config.replace("it_cpu", "no_such").replace("it_heap", "no_such");
    receiver.stored.answer(None);
    let exit = command(&Folder::new(&empty), &["once"]).await;
    assert_eq!(exit.code, Some(0), "{exit:#?}");
    assert!(exit.stderr.contains("has no profiles for the query"), "{}", exit.stderr);

    // The hint used to speak of the type where the label was wrong.
    let typo = config.replace(CPU, &format!("{CPU}{{pod=\"typo\"}}"));
    let exit = command(&Folder::new(&typo), &["once"]).await;
    assert!(
        exit.stderr.contains("matches nothing: pod has a and b") || exit.stderr.contains("pod has a, b"),
        "{}",
        exit.stderr
    );
    let unmatched = config.replace("duration: 1s", "duration: 1s, matchers: [{contains: NoSuchThing}]");
    let exit = command(&Folder::new(&unmatched), &["once"]).await;
    assert!(exit.stderr.contains("no function matches"), "{}", exit.stderr);

    let away = config.replace(&parca.address.to_string(), "127.0.0.1:1");
    let exit = command(&Folder::new(&away), &["once"]).await;
    assert_eq!(exit.code, Some(1), "{exit:#?}");
    assert!(exit.stderr.contains("in query `a`") && exit.stderr.contains("in query `b`"), "{}", exit.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_prints_what_would_be_sent() {
    let (parca, receiver) = (Parca::start().await, Receiver::start().await);
    let query = format!("- {{name: q, query: '{CPU}', duration: 1s, matchers: [{{contains: json}}]}}\n");
    let folder = Folder::new(&(head(parca.address, &[receiver.url()]) + &query));
    // Before or behind the command, a dry run is a dry run.
    let exit = command(&folder, &["--dry-run", "once"]).await;
    assert_eq!(exit.code, Some(0), "{exit:#?}");
    assert_eq!(receiver.stored.series(), [""; 0]);
    let exit = command(&folder, &["once", "--dry-run"]).await;
    assert_eq!(exit.code, Some(0), "{exit:#?}");
    assert!(exit.stdout.contains("# TYPE profile_exporter_flat_value gauge\n"), "{}", exit.stdout);
    assert_eq!(exit.stdout.lines().filter(|line| !line.starts_with('#')).count(), 5, "{}", exit.stdout);

    // It used to leave out what each receiver adds and drops.
    let relabelled = std::fs::read_to_string(folder.config()).unwrap().replace(
        "remote_write:\n- url",
        "remote_write:\n- external_labels: {site: here}\n  write_relabel_configs: [{action: labeldrop, regex: query}]\n  url",
    );
    let exit = command(&Folder::new(&relabelled), &["once", "--dry-run"]).await;
    assert!(exit.stdout.contains("site=\"here\"") && !exit.stdout.contains("query=\""), "{}", exit.stdout);

    let exit = command(&folder, &["once", "--dry-run", "--output", "json"]).await;
    let lines: Vec<Value> = exit.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 5);
    assert!(lines.iter().all(|line| line["labels"]["query_name"] == "q" && line["value"].is_number()));
    assert_eq!(receiver.stored.series(), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backfill_sends_every_window_between_two_times() {
    let (parca, receiver) = (Parca::start().await, Receiver::start().await);
    let query = format!("- {{name: q, query: '{CPU}', duration: 5s, matchers: [{{contains: main}}]}}\n");
    let folder = Folder::new(&(head(parca.address, &[receiver.url()]) + &query));
    let exit = command(&folder, &["backfill", "--from", "now-45s", "--to", "now-10s"]).await;
    assert_eq!(exit.code, Some(0), "{exit:#?}");
    let roots: BTreeMap<i64, f64> = receiver.stored.samples(&["root_cumulative"]);
    assert!((6..=7).contains(&roots.len()), "{roots:?}");
    for (end, root) in &roots {
        let expect = parca.values(CPU, *end, std::time::Duration::from_secs(5)).await;
        assert_eq!(*root, expect.root as f64, "window that ends at {end}");
    }
    assert!(
        exit.stderr.contains("windows to ask for") && exit.stderr.contains("windows="),
        "{}",
        exit.stderr
    );
    let check = async |args: &[&str], words: &str| {
        let exit = command(&folder, &[&["backfill"], args].concat()).await;
        assert_eq!(exit.code, Some(2), "{args:?}: {exit:#?}");
        assert!(exit.stderr.contains(words), "{args:?}: {}", exit.stderr);
    };
    check(&["--from", "now", "--to", "now-1h"], "expected --from before --to").await;
    // Windows of the future used to be stored as zeros, which block the true ones.
    check(&["--from", "now-1m", "--to", "now+10m"], "expected --to in the past").await;
    check(&["--from", "now-5000d"], "expected at most 1000000 windows, found 8639").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_query_can_ask_for_is_listed() {
    let parca = Parca::start().await;
    let address = parca.address.to_string();
    let list = async |args: &[&str]| {
        let exit =
            Process::start(EXPORTER, args.iter().chain(&["--address", &address]), NONE).exit(PATIENCE).await;
        assert_eq!(exit.code, Some(0), "{exit:#?}");
        exit.stdout
    };
    assert_eq!(list(&["types"]).await, format!("{CPU}\n{HEAP}\n"));
    assert_eq!(list(&["labels"]).await, "job\npod\n");
    assert_eq!(list(&["labels", "pod"]).await, "a\nb\n");
}

/// Each refused batch was a line of the log, for millions of windows.
#[tokio::test(flavor = "multi_thread")]
async fn a_backfill_that_is_refused_ends() {
    let (parca, receiver) = (Parca::start().await, Receiver::start().await);
    receiver.stored.answer(Some(axum::http::StatusCode::BAD_REQUEST));
    let query = format!("- {{name: q, query: '{CPU}', duration: 250ms, matchers: [{{glob: '*'}}]}}\n");
    let folder = Folder::new(&(head(parca.address, &[receiver.url()]) + &query));
    let exit = command(&folder, &["backfill", "--from", "now-55s", "--to", "now-5s"]).await;
    assert_eq!(exit.code, Some(3), "{exit:#?}");
    assert!(exit.stderr.contains("stopped, as the receivers refuse everything"), "{}", exit.stderr);
    let lines = exit.stderr.lines().filter(|line| line.contains("refused samples for good")).count();
    assert_eq!(lines, 1, "{}", exit.stderr);
}

/// What cannot be read as text was an error without a line.
#[tokio::test]
async fn a_config_that_is_no_text_is_named_with_its_line() {
    let check = async |bytes: &[u8], words: &str| {
        let folder = Folder::new("");
        std::fs::write(folder.config(), bytes).unwrap();
        let exit = command(&folder, &["check-config"]).await;
        assert_eq!(exit.code, Some(2));
        assert!(exit.stderr.contains(words), "{}", exit.stderr);
    };
    check(b"a: b\nc: \xff\n", "profile-exporter.yaml:2: expected UTF-8, found the byte 0xff").await;
    check(b"\xff\xfea\0:\0", "expected UTF-8, found UTF-16\nhint: PowerShell").await;
    let exit = Process::run(EXPORTER, ["check-config", "--config-file", "/dev/zero"], NONE).await;
    assert!(exit.stderr.contains("expected a config of at most"), "{}", exit.stderr);
}
