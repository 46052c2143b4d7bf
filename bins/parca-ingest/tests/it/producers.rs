//! Profiles of five languages, made by the libraries that docs/ingestion.md names, scraped into a store: each function
//! has the value there that `go tool pprof -top` says of the same bytes.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime};

use axum::Router;
use axum::routing::get;
use parca_client::{Client, ProfileTypesRequest, QueryRequest, Report, ReportKind, Settings};
use profile_codec::pprof;
use profile_model::{FunctionTable, Profile, TimeRange, ValueType};
use test_support::{eventually, http_get, needs};

use crate::go::go_program;
use crate::{Running, embedded, program, run};

type Values = BTreeMap<String, i128>;

fn sources() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/producers")
}

/// A folder that outlives the test, for what is fetched from registries.
fn kept(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("producers").join(name);
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// Runs a program that must succeed.
fn must(command: &mut Command) {
    let output = command.stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// Fetches packages unless they are there; a machine without the registries skips the test.
fn fetched(folder: &Path, what: &str, commands: &mut [&mut Command]) -> bool {
    let marker = folder.join("fetched");
    let good = |command: &mut Command| {
        command.stdin(Stdio::null()).output().is_ok_and(|output| output.status.success())
    };
    let is_there = marker.exists() || commands.iter_mut().all(|command| good(command));
    match is_there {
        true => fs::write(marker, "").unwrap(),
        false => test_support::missing(what),
    }
    is_there
}

/// Scrapes each file under its name into a store, and compares what is there with what Go reads.
async fn check(go: &str, folder: &Path, names: &[&str]) {
    let (server, stop) = embedded().await;
    let mut router = Router::new();
    let mut profiles = ["memory", "block", "mutex", "goroutine", "process_cpu"]
        .map(|name| format!("{name}: {{enabled: false}}"))
        .to_vec();
    for name in names {
        let body = fs::read(folder.join(name)).unwrap();
        router = router.route(&format!("/{name}"), get(|| async move { body }));
        profiles.push(format!("{name}: {{enabled: true, path: /{name}}}"));
    }
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    let config = folder.join("parca.yaml");
    let text = format!(
        "scrape_configs:\n- job_name: j\n  scrape_interval: 2s\n  scrape_timeout: 5s\n  static_configs: [{{targets: ['{address}']}}]\n  profiling_config: {{pprof_config: {{{}}}}}\n",
        profiles.join(", ")
    );
    fs::write(&config, text).unwrap();
    let mut command = program();
    command.args(["scrape", "--insecure", "--http-address", "none", "--store-address"]);
    command.arg(server.address().to_string()).arg("--config-path").arg(&config);
    let child = command.stderr(Stdio::null()).spawn().unwrap();
    let _scraper = Running(child);
    let client = Client::new(&Settings::new(format!("http://{}", server.address()))).unwrap();
    for name in names {
        compare(go, &client, &folder.join(name), name).await;
    }
    stop.cancel();
}

async fn compare(go: &str, client: &Client, file: &Path, name: &str) {
    let bytes = fs::read(file).unwrap();
    let original = pprof::decode(&bytes, &Default::default()).unwrap();
    for (at, sample_type) in original.sample_types.iter().enumerate() {
        let theirs = of_go(go, file, sample_type);
        if theirs.is_empty() {
            continue;
        }
        let total: i128 = original.samples.total(at);
        // A profile that says no time is stored once for each scrape of it.
        let ours = eventually(name, || async {
            let stored = stored(client, name, &sample_type.name).await?;
            let scrapes = stored.values().sum::<i128>() / total;
            Some(
                stored
                    .into_iter()
                    .map(|(function, value)| (function, value / scrapes.max(1)))
                    .collect::<Values>(),
            )
        })
        .await;
        assert_eq!(ours, theirs, "{name}, {sample_type}");
    }
}

/// The values of functions in a store; none before the profile is there.
async fn stored(client: &Client, name: &str, sample_type: &str) -> Option<Values> {
    let types = client.profile_types(&ProfileTypesRequest::default()).await.unwrap_or_default();
    let of = types.into_iter().find(|of| of.name == name && of.sample_type == sample_type)?;
    let hour = Duration::from_secs(3600);
    let range = TimeRange::new((SystemTime::now() - hour).into(), (SystemTime::now() + hour).into());
    let answer = client.query(&QueryRequest::merge(of.to_string(), range, ReportKind::Pprof)).await.ok()?;
    let Some(Report::Pprof(bytes)) = answer.report else { return None };
    Some(values(&pprof::decode(&bytes, &Default::default()).unwrap()))
}

/// Own values by the name of the function, those of 0 left out.
fn values(profile: &Profile) -> Values {
    let table = FunctionTable::of(&profile.symbols, profile.samples.column(0));
    let mut values = Values::new();
    for row in table.rows.iter().filter(|row| row.flat != 0) {
        *values.entry(row.name(&profile.symbols).to_string()).or_default() += i128::from(row.flat);
    }
    values
}

/// What Go says, in the unit of the profile.
fn of_go(go: &str, file: &Path, sample_type: &ValueType) -> Values {
    let unit = match sample_type.unit.as_str() {
        "nanoseconds" => "ns",
        "bytes" => "B",
        _ => "minimum",
    };
    let mut command = Command::new(go);
    command.args(["tool", "pprof", "-top", "-symbolize=none", "-nodefraction=0", "-edgefraction=0"]);
    command.args(["-nodecount=1000000", &format!("-unit={unit}")]);
    command.arg(format!("-sample_index={}", sample_type.name));
    let output = command.arg(file).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let rows = text.lines().skip_while(|line| !line.contains("flat%")).skip(1);
    let mut values = Values::new();
    for row in rows {
        let words: Vec<&str> = row.split_whitespace().collect();
        let digits = words[0].trim_end_matches(|c: char| c.is_ascii_alphabetic());
        let value: i128 = digits.parse().unwrap_or_else(|_| panic!("{row}"));
        // Behind flat, flat%, sum%, cum and cum%; pprof marks inlined functions.
        let name = words[5..].join(" ");
        let name = name.trim_end_matches(" (inline)").trim_end_matches(" (partial-inline)");
        if value != 0 {
            *values.entry(name.to_owned()).or_default() += value;
        }
    }
    values
}

#[tokio::test(flavor = "multi_thread")]
async fn go() {
    let Some(go) = needs("go") else { return };
    let folder = tempfile::tempdir().unwrap();
    let (_program, target) = go_program(&go);
    for (path, name) in [
        ("/debug/pprof/profile?seconds=1", "go_cpu"),
        ("/debug/pprof/allocs", "go_allocs"),
        ("/debug/pprof/goroutine", "go_goroutine"),
        ("/debug/pprof/fgprof?seconds=1", "go_fgprof"),
    ] {
        let answer = http_get(target, path, &[]).await.unwrap();
        fs::write(folder.path().join(name), answer.body).unwrap();
    }
    check(&go, folder.path(), &["go_cpu", "go_allocs", "go_goroutine", "go_fgprof"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rust() {
    let Some(go) = needs("go") else { return };
    let folder = tempfile::tempdir().unwrap();
    let profiler = self_profile::Profiler::start(99);
    let work =
        std::thread::spawn(|| (0..400_000_000_u64).map(std::hint::black_box).fold(0, u64::wrapping_add));
    let cpu = profiler.take(Duration::from_secs(1)).await.unwrap();
    work.join().unwrap();
    fs::write(folder.path().join("rust_cpu"), pprof::encode(&cpu)).unwrap();
    let memory = self_profile::resident_memory().unwrap();
    fs::write(folder.path().join("rust_memory"), pprof::encode_gzip(&memory)).unwrap();
    check(&go, folder.path(), &["rust_cpu", "rust_memory"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn python() {
    let (Some(go), Some(python)) = (needs("go"), needs("python3")) else { return };
    let (folder, packages) = (tempfile::tempdir().unwrap(), kept("python"));
    let pip = packages.join("bin/pip");
    let mut install = Command::new(&pip);
    install.args(["install", "-q", "pypprof==0.0.1", "zprofile==1.0.13", "mprofile==0.0.15"]);
    install.args(["protobuf==3.20.3", "setuptools<81"]);
    let mut environment = Command::new(python);
    environment.args(["-m", "venv"]).arg(&packages);
    if !fetched(&packages, "PyPI", &mut [&mut environment, &mut install]) {
        return;
    }
    must(Command::new(packages.join("bin/python")).arg(sources().join("profile.py")).arg(folder.path()));
    check(&go, folder.path(), &["python_cpu", "python_wall", "python_heap"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn node() {
    let (Some(go), Some(node), Some(npm)) = (needs("go"), needs("node"), needs("npm")) else { return };
    let (folder, packages) = (tempfile::tempdir().unwrap(), kept("node"));
    let mut install = Command::new(npm);
    install.args(["install", "--silent", "--no-audit", "--no-fund", "--prefix"]).arg(&packages);
    install.arg("@datadog/pprof@5.20.0");
    let modules = packages.join("node_modules");
    if !fetched(&packages, "npm's registry", &mut [&mut install]) {
        return;
    }
    must(Command::new(node).env("NODE_PATH", &modules).arg(sources().join("profile.js")).arg(folder.path()));
    check(&go, folder.path(), &["node_wall", "node_heap"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn jvm() {
    let (Some(go), Some(java), Some(maven)) = (needs("go"), needs("java"), needs("mvn")) else { return };
    let (folder, packages) = (tempfile::tempdir().unwrap(), kept("jvm"));
    let artifacts = [
        "tools.profiler:jfr-converter:4.1",
        "com.papertrail:profiler:1.0.2",
        "joda-time:joda-time:2.12.7",
        "tools.profiler:async-profiler:4.1",
    ];
    let mut commands = artifacts.map(|artifact| {
        let mut command = Command::new(&maven);
        command.args(["-q", "dependency:copy", &format!("-Dartifact={artifact}")]);
        command.arg(format!("-DoutputDirectory={}", packages.display())).current_dir(&packages);
        command
    });
    let mut commands: Vec<&mut Command> = commands.iter_mut().collect();
    if !fetched(&packages, "Maven Central", &mut commands) {
        return;
    }
    let all = format!("{}/*", packages.display());
    must(Command::new(&java).args(["-cp", &all]).arg(sources().join("Profile.java")).arg(folder.path()));
    let place = |name: &str| folder.path().join(name);
    let mut convert = Command::new(&java);
    convert.args(["-cp", &all, "Main", "-o", "pprof"]).arg(place("recording.jfr")).arg(place("java_cpu"));
    must(&mut convert);
    check(&go, folder.path(), &["java_cpu"]).await;

    // What is no pprof: the recording itself, folded stacks, and the form that com.papertrail's profiler writes and Go does not read.
    for name in ["recording.jfr", "java_folded", "java_papertrail"] {
        let out = place(&format!("{name}.pb.gz"));
        let (code, _, words) = run(program().arg("convert").arg(place(name)).arg("-o").arg(&out));
        assert_eq!(code, 0, "{words}");
        let profile = pprof::decode(&fs::read(&out).unwrap(), &Default::default()).unwrap();
        let own = values(&profile);
        let computing: i128 =
            own.iter().filter(|(name, _)| name.contains("compute")).map(|(_, value)| value).sum();
        assert!(2 * computing >= own.values().sum(), "{name}: {own:?}");
        assert_eq!(own, of_go(&go, &out, &profile.sample_types[0]), "{name}");
    }
}
