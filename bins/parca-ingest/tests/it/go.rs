//! A Go program with net/http/pprof and fgprof, scraped as Parca's page on ingestion says.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

use parca_client::{Client, LabelsRequest, ProfileTypesRequest, Settings, ValuesRequest};
use test_support::{GoProgram, eventually, http_get};

use crate::{Running, embedded, program, run, total};

/// The job of Parca's page, with other times.
fn config(interval: &str, timeout: &str, target: SocketAddr, cpu: &str) -> String {
    format!(
        "object_storage:
  bucket: {{type: FILESYSTEM, config: {{directory: ./data}}}}
scrape_configs:
  - job_name: \"default\"
    scrape_interval: \"{interval}\"
    scrape_timeout: \"{timeout}\"
    static_configs:
      - targets: [ '{target}' ]
    profiling_config:
      pprof_config:
        process_cpu:
{cpu}
        fgprof:
          enabled: true
          path: /debug/pprof/fgprof
"
    )
}

const CPU: &str = "          enabled: true\n          delta: true\n          path: /debug/pprof/profile";

/// A program of Go, built once for a test process.
pub(crate) fn go_program(go: &str) -> (Running, SocketAddr) {
    static BUILT: OnceLock<GoProgram> = OnceLock::new();
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/go-program");
    let built = BUILT.get_or_init(|| GoProgram::build(go, &sources));
    let mut child = Command::new(built.path()).stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    (Running(child), line.trim().parse().unwrap())
}

fn scrape(folder: &Path, config: &str, store: SocketAddr) -> Running {
    let file = folder.join("parca.yaml");
    fs::write(&file, config).unwrap();
    let mut command = program();
    command.args(["scrape", "--insecure", "--http-address", "none", "--store-address", &store.to_string()]);
    let child: Child = command.arg("--config-path").arg(&file).stderr(Stdio::null()).spawn().unwrap();
    Running(child)
}

fn client(store: SocketAddr) -> Client {
    Client::new(&Settings::new(format!("http://{store}"))).unwrap()
}

async fn types(store: SocketAddr) -> BTreeSet<String> {
    let found = client(store).profile_types(&ProfileTypesRequest::default()).await;
    let found = found.unwrap_or_default();
    found.iter().map(ToString::to_string).filter(|one| !one.starts_with("parca_")).collect()
}

/// Each label with its values.
async fn labels(store: SocketAddr) -> BTreeSet<String> {
    let client = client(store);
    let mut all = BTreeSet::new();
    for name in client.labels(&LabelsRequest::default()).await.unwrap_or_default() {
        let values = client.values(&ValuesRequest::new(name.as_str())).await;
        all.extend(values.unwrap_or_default().into_iter().map(|value| format!("{name}={value}")));
    }
    all
}

/// What a Go program has, as a Parca names it.
const TYPES: [&str; 13] = [
    "block:contentions:count:contentions:count",
    "block:delay:nanoseconds:contentions:count",
    "fgprof:samples:count:wallclock:nanoseconds:delta",
    "fgprof:time:nanoseconds:wallclock:nanoseconds:delta",
    "goroutine:goroutine:count:goroutine:count",
    "memory:alloc_objects:count:space:bytes",
    "memory:alloc_space:bytes:space:bytes",
    "memory:inuse_objects:count:space:bytes",
    "memory:inuse_space:bytes:space:bytes",
    "mutex:contentions:count:contentions:count",
    "mutex:delay:nanoseconds:contentions:count",
    "process_cpu:cpu:nanoseconds:cpu:nanoseconds:delta",
    "process_cpu:samples:count:cpu:nanoseconds:delta",
];

async fn all_types(store: SocketAddr) {
    let wanted: BTreeSet<String> = TYPES.map(str::to_owned).into();
    eventually("all profiles", || async {
        let found = types(store).await;
        assert!(found.is_subset(&wanted), "{found:?}");
        (found == wanted).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn both_orders_of_interval_and_timeout_give_all_profiles() {
    let Some(go) = test_support::needs("go") else { return };
    let (_program, target) = go_program(&go);
    for (interval, timeout) in [("2s", "4s"), ("4s", "2s")] {
        let (server, stop) = embedded().await;
        let folder = tempfile::tempdir().unwrap();
        let _scraper = scrape(folder.path(), &config(interval, timeout, target, CPU), server.address());
        all_types(server.address()).await;
        let expect = [format!("instance={target}"), "job=default".to_owned()];
        assert_eq!(labels(server.address()).await, expect.into());
        stop.cancel();
    }
}

/// The two documents of Parca's page, as they are written.
#[test]
fn parcas_own_examples_are_good_configs() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("parca.yaml");
    for (interval, timeout, note) in [("45s", "60s", ""), ("60s", "45s", "a Parca refuses")] {
        fs::write(
            &file,
            format!(
                "scrape_configs:\n  - job_name: \"default\"\n    scrape_interval: \"{interval}\"\n    scrape_timeout: \"{timeout}\"\n    static_configs:\n      - targets: [ '127.0.0.1:7070' ]\n    profiling_config:\n      pprof_config:\n        fgprof:\n          enabled: true\n          path: /debug/pprof/fgprof\n"
            ),
        )
        .unwrap();
        let (code, _, words) = run(program().args(["scrape", "--check", "--config-path"]).arg(&file));
        assert!(code == 0 && words.contains("good, 1 job") && words.contains(note), "{words}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn cpu_counts_once_where_an_agent_pushes_it_beside_the_scraper() {
    let Some(go) = test_support::needs("go") else { return };
    let (_program, target) = go_program(&go);
    let (server, stop) = embedded().await;
    let folder = tempfile::tempdir().unwrap();
    let off = "          enabled: false";
    let _scraper = scrape(folder.path(), &config("1s", "3s", target, off), server.address());
    let cpu = http_get(target, "/debug/pprof/profile?seconds=1", &[]).await.unwrap();
    assert_eq!(cpu.status, 200, "nobody else takes a CPU profile: {}", cpu.text());
    let file = folder.path().join("cpu.pb.gz");
    fs::write(&file, &cpu.body).unwrap();
    let mut push = program();
    push.args(["push", "--insecure", "--store-address", &server.address().to_string(), "-l", "job=default"]);
    let (code, _, words) = run(push.arg("-l").arg(format!("instance={target}")).arg(&file));
    assert_eq!(code, 0, "{words}");
    // All that is scraped has come, and some of it twice.
    eventually("a second round", || async {
        let found = types(server.address()).await;
        let goroutines = total(server.address(), "goroutine:goroutine:count:goroutine:count").await;
        (found.len() == TYPES.len() && goroutines > 20).then_some(())
    })
    .await;
    let measured = profile_codec::pprof::decode(&cpu.body, &Default::default()).unwrap();
    let query = "process_cpu:cpu:nanoseconds:cpu:nanoseconds:delta";
    assert_eq!(i128::from(total(server.address(), query).await), measured.samples.total(1));
    stop.cancel();
}

/// Types and labels of series are those that Parca's own scraper makes of the same target.
#[tokio::test(flavor = "multi_thread")]
async fn series_are_named_as_by_parcas_own_scraper() {
    let Some(go) = test_support::needs("go") else { return };
    let Some(parca) = test_support::needs("parca") else { return };
    let (_program, target) = go_program(&go);
    let folder = tempfile::tempdir().unwrap();
    let text = config("2s", "4s", target, CPU).replace(
        "path: /debug/pprof/fgprof",
        // Without it a Parca sends no window, and fgprof takes half a minute.
        "path: /debug/pprof/fgprof\n          delta: true",
    );
    let theirs = test_support::unused_address();
    fs::create_dir(folder.path().join("parca")).unwrap();
    let file = folder.path().join("parca/parca.yaml");
    fs::write(&file, &text).unwrap();
    let mut command = Command::new(parca);
    command.arg(format!("--http-address={theirs}")).arg(format!("--config-path={}", file.display()));
    command.arg("--debuginfod-upstream-servers=").current_dir(folder.path().join("parca"));
    let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let _parca = Running(child);
    let (server, stop) = embedded().await;
    // A program of its own, as only one CPU profile can be taken of one.
    let (_other, other) = go_program(&go);
    let ours = text.replace(&target.to_string(), &other.to_string());
    let _scraper = scrape(folder.path(), &ours, server.address());
    all_types(server.address()).await;
    all_types(theirs).await;
    let rename = |found: BTreeSet<String>| -> BTreeSet<String> {
        found.into_iter().map(|one| one.replace(&other.to_string(), &target.to_string())).collect()
    };
    assert_eq!(rename(labels(server.address()).await), labels(theirs).await);
    stop.cancel();
}
