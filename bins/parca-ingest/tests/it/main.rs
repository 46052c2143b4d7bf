//! The binary as a process: what it says, what it stores, how it ends.

#![allow(clippy::unwrap_used)]

mod beside_parca;
mod command;
mod go;
mod numbered;
mod outage;
mod page;
mod producers;
mod proxy;
mod pyroscope;
mod reload;
mod stop;
mod watch;

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use parca_client::{Client, QueryRangeRequest, Settings};
use profile_model::{TimeRange, Timestamp};
use test_support::{PATIENCE, Process, Signal, address_in, http_get, target};
use tokio_util::sync::CancellationToken;

/// What io.pyroscope:agent 2.9.2 uploaded: see the README beside it.
const RECORDING: &[u8] = include_bytes!("../../../../crates/profile-codec/tests/fixtures/jfr/agent.jfr.gz");

fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_parca-ingest"));
    command.env_remove("PARCA_BEARER_TOKEN").stdin(Stdio::null());
    command
}

fn run(command: &mut Command) -> (i32, String, String) {
    let Output { status, stdout, stderr } = command.output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (status.code().unwrap(), text(stdout), text(stderr))
}

async fn embedded() -> (parca_embedded::Server, CancellationToken) {
    let stop = CancellationToken::new();
    let mut settings = parca_embedded::Settings::default();
    settings.self_profile_every = None;
    (parca_embedded::start("127.0.0.1:0", settings, stop.clone()).await.unwrap(), stop)
}

/// The sum of all values of a query, over all times.
async fn total(address: std::net::SocketAddr, query: &str) -> i64 {
    let client = Client::new(&Settings::new(format!("http://{address}"))).unwrap();
    let range = TimeRange::new(Timestamp::new(1, 0), Timestamp::new(4_000_000_000, 0));
    match client.query_range(&QueryRangeRequest::new(query, range, Duration::ZERO)).await {
        Ok(series) => series.iter().flat_map(|one| &one.samples).map(|sample| sample.value).sum(),
        Err(error) if error.is_no_data() => 0,
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn names_that_no_label_has_are_refused_with_how_to_write_several() {
    for (flag, value, words) in [
        (
            "--sample-labels",
            "thread span",
            "found `thread span`: `,` stands between names, as in `thread,span`",
        ),
        ("--sample-labels", "thread;span", "as in `thread,span`"),
        ("--sample-labels", "thread,", "found ``"),
        ("--label", "a b=c", "expected NAME=VALUE, found `a b=c`"),
        ("--label", "a!=c", "found `a!`"),
        ("--external-label", "region=eu;a~=b", "found `a~`"),
    ] {
        let args = ["push", "nothing.pb.gz", "--store-address", "127.0.0.1:1", "--insecure", flag, value];
        let (code, _, stderr) = run(program().args(args));
        assert!(code == 2 && stderr.contains(words), "{flag} {value}: {code} {stderr}");
    }
}

#[test]
fn a_config_is_checked_with_all_its_mistakes() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("parca.yaml");
    fs::write(&file, "scrape_configs:\n- job_name: a\n  scrape_intervall: 3s\n  scheme: gopher\n").unwrap();
    let (code, out, words) = run(program().args(["scrape", "--check", "--config-path"]).arg(&file));
    assert_eq!((code, out.as_str()), (2, ""));
    assert!(words.contains(":3:3: ") && words.contains("did you mean `scrape_interval`?"), "{words}");
    assert!(words.contains(":4:11: ") && words.contains("found `gopher`"), "{words}");

    fs::write(&file, "scrape_configs: [{job_name: a, static_configs: [{targets: ['a:1']}]}]\n").unwrap();
    let (code, _, words) = run(program().args(["scrape", "--check", "--config-path"]).arg(&file));
    assert_eq!(code, 0, "{words}");
    assert!(words.contains("good, 1 job"), "{words}");
}

#[test]
fn forms_become_others_and_what_is_none_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    fs::write(path("a.folded"), "main;work 3\nmain 1\n").unwrap();
    let convert =
        |from: &str, to: &str| run(program().arg("convert").arg(path(from)).arg("-o").arg(path(to)));
    let (code, _, words) = convert("a.folded", "a.pb.gz");
    assert_eq!(code, 0, "{words}");
    assert_eq!(convert("a.pb.gz", "b.folded").0, 0);
    assert_eq!(fs::read_to_string(path("b.folded")).unwrap(), "main 1\nmain;work 3\n");

    // All kinds of a recording of Java are one pprof.
    fs::write(path("rec.jfr.gz"), RECORDING).unwrap();
    let (code, _, words) = convert("rec.jfr.gz", "rec.pb.gz");
    assert_eq!(code, 0, "{words}");
    let types = "samples of cpu/nanoseconds, alloc_in_new_tlab_objects/count, alloc_in_new_tlab_bytes/bytes, contentions/count, delay/nanoseconds, live/count";
    assert!(words.contains(types), "{words}");
    assert_eq!(convert("rec.pb.gz", "rec.folded").0, 0);
    let folded = fs::read_to_string(path("rec.folded")).unwrap();
    let sum: u64 = folded.lines().map(|line| line.rsplit_once(' ').unwrap().1.parse::<u64>().unwrap()).sum();
    assert_eq!(sum, 410_000_000, "of CPU time");

    fs::write(path("rec.jfr"), b"FLR\0\0\x02\0\x01").unwrap();
    let (code, _, words) = convert("rec.jfr", "x.pb.gz");
    assert_eq!(code, 1);
    assert!(
        words.contains("Java Flight Recorder") && words.contains("hint: ") && words.contains("JFR.dump"),
        "{words}"
    );
    assert!(!path("x.pb.gz").exists(), "nothing is written of nothing");
    let (code, _, words) = convert("missing", "x.pb.gz");
    assert_eq!(code, 1);
    assert!(words.contains("missing"), "{words}");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_kind_of_a_recording_of_java_is_a_profile_of_its_own_name() {
    let (server, stop) = embedded().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rec.jfr");
    fs::write(&file, RECORDING).unwrap();
    let mut command = program();
    command.args([
        "push",
        "--insecure",
        "--store-address",
        &server.address().to_string(),
        "--label",
        "job=shop",
    ]);
    let (code, _, words) = run(command.arg(&file));
    assert_eq!(code, 0, "{words}");
    assert!(words.contains("4 of 4 profiles stored"), "{words}");
    for (query, sum) in [
        ("process_cpu:cpu:nanoseconds:cpu:nanoseconds:delta{job=\"shop\"}", 410_000_000),
        ("memory:alloc_in_new_tlab_bytes:bytes:space:bytes:delta", 29_884_416),
        ("mutex:delay:nanoseconds:mutex:count:delta", 493_328_695),
        ("memory:live:count:objects:count", 48),
    ] {
        assert_eq!(total(server.address(), query).await, sum, "{query}");
    }
    stop.cancel();
}

#[tokio::test(flavor = "multi_thread")]
async fn files_are_pushed_and_counted_once() {
    let (server, stop) = embedded().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.folded");
    fs::write(&file, "main;work 3\nmain 1\n").unwrap();
    let push = |more: &[&str]| {
        let mut command = program();
        command.args(["push", "--insecure", "--store-address", &server.address().to_string()]).args(more);
        run(&mut command)
    };
    let path = file.to_str().unwrap();
    let (code, out, words) = push(&[path, "-l", "job=j", "--name", "stacks", "--time", "1700000000"]);
    assert_eq!((code, out.as_str()), (0, ""), "{words}");
    assert!(words.contains("1 of 1 profiles stored"), "{words}");
    let query = r#"stacks:samples:count:samples:count{job="j"}"#;
    assert_eq!(total(server.address(), query).await, 4);
    // The same again is the same.
    assert_eq!(push(&[path, "-l", "job=j", "--name", "stacks", "--time", "1700000000"]).0, 0);
    assert_eq!(total(server.address(), query).await, 4);

    let empty = folder.path().join("empty");
    fs::write(&empty, "").unwrap();
    let (code, _, words) = push(&[path, empty.to_str().unwrap(), "--name", "other"]);
    assert_eq!(code, 1, "one of them failed");
    assert!(words.contains("nothing: 0 bytes") && words.contains("1 of 1 profiles stored"), "{words}");
    let (code, _, words) = push(&[path, "-l", "{job=\"j\"}"]);
    assert_eq!(code, 2, "{words}");
    stop.cancel();
}

/// What a new user meets: each says what is wrong and what to do.
#[test]
fn first_steps_that_fail_say_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.folded");
    fs::write(&file, "main;work 3\n").unwrap();
    let check = |arguments: &[&str], code: i32, expect: &[&str]| {
        let (found, out, words) = run(program().current_dir(folder.path()).args(arguments));
        assert_eq!((found, out.as_str()), (code, ""), "{arguments:?}: {words}");
        expect.iter().for_each(|part| assert!(words.contains(part), "{arguments:?}: {words}"));
    };
    let store = ["--store-address", "127.0.0.1:9"];
    check(&["scrape"], 2, &["expected a store, found none", "hint: --store-address"]);
    check(&[&["scrape"], &store[..]].concat(), 1, &["`parca.yaml`", "hint: --config-path"]);
    check(&[&["push", "nothing"], &store[..]].concat(), 1, &["read `nothing`"]);
    check(
        &[&["push", "a.folded", "--insecure", "--send-timeout", "300ms"], &store[..]].concat(),
        1,
        &[
            "note: `a.folded`: nothing says when it was recorded",
            "0 of 1 profiles stored; 1 not sent in time\n",
        ],
    );
    check(
        &[&["push", "a.folded", "--insecure", "--send-timeout", "300ms", "--spool", "s"], &store[..]]
            .concat(),
        1,
        &["1 not sent in time, in the spool for the next push"],
    );
    check(
        &[&["run", "--insecure"], &store[..], &["--", "no-such-program"]].concat(),
        127,
        &["no such program"],
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_without_tls_is_known_by_its_answer() {
    let (server, stop) = embedded().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.folded");
    fs::write(&file, "main;work 3\n").unwrap();
    let mut push = program();
    push.args(["push", "--send-timeout", "1s", "--store-address", &server.address().to_string()]);
    let (code, _, words) = run(push.arg(&file));
    assert!(code == 1 && words.contains("hint: the store speaks without TLS: --insecure"), "{words}");
    stop.cancel();
}

struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
    }
}

fn config(folder: &Path, address: &str) -> std::path::PathBuf {
    let path = folder.join("parca.yaml");
    let off = ["memory", "block", "mutex", "process_cpu"]
        .map(|name| format!("{name}: {{enabled: false}}"))
        .join(", ");
    let text = format!(
        "scrape_configs:\n- job_name: j\n  scrape_interval: 200ms\n  static_configs: [{{targets: ['{address}']}}]\n  profiling_config: {{pprof_config: {{{off}}}}}\n"
    );
    fs::write(&path, text).unwrap();
    path
}

#[tokio::test(flavor = "multi_thread")]
async fn targets_are_scraped_until_told_to_stop() {
    let (server, stop) = embedded().await;
    let folder = tempfile::tempdir().unwrap();
    let address = target("goroutine profile: total 2\n2 @ 0x11 0x21\n");
    let file = config(folder.path(), &address);
    let (spool, config) = (folder.path().join("spool"), file.display().to_string());
    let (spool, store) = (spool.display().to_string(), server.address().to_string());
    let arguments = ["scrape", "--insecure", "--http-address", "127.0.0.1:0", "--store-address", &store];
    let arguments = arguments.into_iter().chain(["--spool", &spool, "--config-path", &config]);
    let mut scraper = Process::start(env!("CARGO_BIN_EXE_parca-ingest"), arguments, [("A", "b")]);
    let line = scraper.stderr_line("its address", |line| line.contains("scraping")).await;
    let page = address_in(&line).unwrap();
    scraper.stderr_line("health", |line| line.contains("target is up")).await;
    let query = "goroutine:goroutine:count:goroutine:count";
    while total(server.address(), query).await < 6 {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let get = async |path: &str| http_get(page, path, &[]).await.unwrap().text();
    let targets = get("/targets.json").await;
    assert!(targets.contains(r#""health":"up""#) && targets.contains(r#""mended":["time"]"#), "{targets}");
    assert!(get("/targets").await.contains("1 of 1 up"));
    assert!(get("/metrics").await.contains("parca_ingest_profiles_sent_total"));
    let client = Client::new(&Settings::new(format!("http://{page}"))).unwrap();
    let listed = client.targets(&Default::default()).await.unwrap();
    assert_eq!((listed.len(), listed[0].job.as_str()), (1, "j"), "{listed:?}");

    fs::write(&file, "nonsense: 1\n").unwrap();
    scraper.signal(Signal::HUP);
    scraper.stderr_line("the mistake", |line| line.contains("the old one goes on")).await;
    scraper.signal(Signal::TERM);
    let exit = scraper.exit(PATIENCE).await;
    assert!(exit.code == Some(0) && exit.stderr.contains("no profile waits any more"), "{exit:?}");
    stop.cancel();
}

fn signal(child: &Child, name: &str) {
    let status = Command::new("kill").arg(format!("-{name}")).arg(child.id().to_string()).status().unwrap();
    assert!(status.success());
}
