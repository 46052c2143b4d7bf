//! A Pyroscope in front of a Parca: what clients of the one ask is what the other stores.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use parca_client::{Client, QueryRequest, RawSample, RawSeries, ReportKind, WriteRawRequest};
use parca_embedded::{Server, Settings};
use profile_codec::pprof;
use profile_model::{Profile, TimeRange, Timestamp};
use serde_json::{Value, json};
use test_support::{GoProgram, Process, Signal, address_in, http_request};
use tokio_util::sync::CancellationToken;

use crate::fixture::{AFTER, BEFORE, Home, PROFILE_QUERY, cpu, now_nanos, pprof_of};

const ID: &str = "process_cpu:cpu:nanoseconds:cpu:nanoseconds";

struct Gateway {
    process: Process,
    address: SocketAddr,
}

impl Gateway {
    async fn start(parca: &str) -> Self {
        let args = ["gateway", "--url", parca, "--listen", "127.0.0.1:0"];
        let variables = [("HOME", "/nonexistent"), ("NO_COLOR", "1")];
        let mut process = Process::start(PROFILE_QUERY, args, variables);
        let line = process.stderr_line("the address", |line| line.contains("a Pyroscope is at")).await;
        let address = address_in(&line).unwrap();
        Self { process, address }
    }

    async fn stop(self) {
        self.process.signal(Signal::TERM);
        assert_eq!(self.process.exit(Duration::from_secs(20)).await.code, Some(0));
    }
}

async fn ask(address: SocketAddr, method: &str, request: &Value) -> Value {
    let path = format!("/querier.v1.QuerierService/{method}");
    let headers = [("content-type", "application/json")];
    let answer =
        http_request(address, "POST", &path, &headers, request.to_string().as_bytes()).await.unwrap();
    assert_eq!(answer.status, 200, "{method} {request}: {}", answer.text());
    serde_json::from_str(&answer.text()).unwrap()
}

async fn write(parca: &Client, labels: &[(&str, &str)], profile: &Profile) {
    let labels = labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let sample = RawSample::new(pprof::encode_gzip(profile));
    parca.write_raw(&WriteRawRequest::new(vec![RawSeries { labels, samples: vec![sample] }])).await.unwrap();
}

/// CPU of a second at a time, of two pods of a job. Times are of no step's border.
async fn fill(parca: &Client, job: &str, start: i64) {
    let stacks = ["main;serve;parse 200\nmain;gc 100\n", "main;serve;render 700\n"];
    for (at, (pod, stacks)) in (0..).zip(["a", "b"].into_iter().zip(stacks).cycle().take(6)) {
        let mut profile = pprof::decode(&cpu(stacks), &pprof::Limits::default()).unwrap();
        profile.time_nanos = (start + at * 10 + 1) * 1_000_000_000;
        write(parca, &[("__name__", "process_cpu"), ("job", job), ("pod", pod)], &profile).await;
    }
    // As parca-agent counts: samples, each of a fiftieth of a second.
    let stacks = "main;wait 3\nmain;run 4\n";
    let counts = pprof_of(stacks, &[("samples", "count")], ("cpu", "nanoseconds"));
    let mut profile = pprof::decode(&counts, &pprof::Limits::default()).unwrap();
    (profile.period, profile.time_nanos) = (20_000_000, (start + 5) * 1_000_000_000);
    write(parca, &[("__name__", "parca_agent"), ("comm", &format!("{job}.agent"))], &profile).await;
}

/// A server in this process, and what stops it.
async fn embedded() -> (Server, CancellationToken) {
    let stop = CancellationToken::new();
    let mut settings = Settings::default();
    settings.self_profile_every = None;
    let server = parca_embedded::start("127.0.0.1:0", settings, stop.clone()).await.unwrap();
    (server, stop)
}

fn client(url: &str) -> Client {
    Client::new(&parca_client::Settings::new(url)).unwrap()
}

/// What Grafana, Drilldown and scripts ask, of one job.
fn questions(job: &str, start: i64) -> Vec<(&'static str, Value)> {
    let (from, until) = ((start - 60) * 1000, (start + 120) * 1000);
    let selector = format!("{{service_name=\"{job}\"}}");
    let select = |more: Value| {
        let mut request =
            json!({"profileTypeID": ID, "labelSelector": selector, "start": from, "end": until});
        request.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        request
    };
    let pod = |pod: &str| json!({"labelSelector": format!("{{service_name=\"{job}\",pod=~\"{pod}\"}}")});
    vec![
        ("SelectMergeStacktraces", select(json!({}))),
        ("SelectMergeStacktraces", select(json!({"maxNodes": 2}))),
        ("SelectMergeStacktraces", select(json!({"format": "PROFILE_FORMAT_TREE"}))),
        ("SelectMergeStacktraces", select(pod("a|x"))),
        (
            "SelectMergeStacktraces",
            select(json!({"labelSelector": format!("{{service_name!~\".*\",job=\"{job}\"}}")})),
        ),
        ("SelectSeries", select(json!({"step": 15.0}))),
        ("SelectSeries", select(json!({"step": 15.0, "groupBy": ["pod", "service_name"]}))),
        ("SelectSeries", select(json!({"step": 60.0, "groupBy": ["service_name", "__profile_type__"]}))),
        ("Diff", json!({"left": select(pod("a")), "right": select(pod("b"))})),
        ("LabelValues", json!({"name": "pod", "matchers": [selector], "start": from, "end": until})),
        ("LabelNames", json!({"matchers": [selector], "start": from, "end": until})),
        (
            "Series",
            json!({"matchers": [selector], "labelNames": ["service_name", "__profile_type__", "pod"], "start": from, "end": until}),
        ),
        ("GetProfileStats", json!({})),
        ("AnalyzeQuery", json!({"query": format!("{ID}{selector}"), "start": from, "end": until})),
        // As Drilldown looks into a call, and as template variables name a type.
        (
            "SelectMergeStacktraces",
            select(json!({"stackTraceSelector": {"call_site": [{"name": "main"}, {"name": "serve"}]}})),
        ),
        ("SelectMergeStacktraces", select(json!({"labelSelector": format!("{ID}{selector}")}))),
        ("SelectMergeSpanProfile", select(json!({"spanSelector": ["0123456789abcdef"]}))),
        ("SelectSeries", select(json!({"step": 15, "limit": 1, "groupBy": ["pod"]}))),
        ("SelectSeries", select(json!({"step": 60, "groupBy": ["none", "__unit__", "__type__"]}))),
        ("LabelValues", json!({"name": "service_name", "matchers": [selector], "start": from, "end": until})),
        (
            "LabelValues",
            json!({"name": "pod", "matchers": [format!("{ID}{selector}")], "start": from, "end": until}),
        ),
        (
            "LabelValues",
            json!({"name": "__profile_type__", "matchers": [selector], "start": from, "end": until}),
        ),
        ("LabelValues", json!({"name": "__unit__", "matchers": [selector], "start": from, "end": until})),
        (
            "LabelValues",
            json!({"name": "pod", "matchers": [format!("{{job=\"{job}\"}}"), "{pod!=\"a\"}"], "start": from, "end": until}),
        ),
        // Nothing is a success of each.
        ("SelectMergeStacktraces", select(json!({"labelSelector": "{service_name=\"nobody\"}"}))),
        ("SelectMergeStacktraces", select(json!({"profileTypeID": "none:a:count:b:count"}))),
        ("SelectMergeStacktraces", select(json!({"start": 1000, "end": 4000}))),
        ("SelectMergeProfile", select(json!({"labelSelector": "{service_name=\"nobody\"}"}))),
        ("SelectSeries", select(json!({"step": 15, "labelSelector": "{service_name=\"nobody\"}"}))),
        ("SelectSeries", select(json!({"step": 15, "profileTypeID": "none:a:count:b:count"}))),
        ("Diff", json!({"left": select(pod("none")), "right": select(pod("none"))})),
        ("Diff", json!({"left": select(pod("none")), "right": select(pod("b"))})),
        (
            "LabelValues",
            json!({"name": "pod", "matchers": ["{service_name=\"nobody\"}"], "start": from, "end": until}),
        ),
        ("LabelNames", json!({"matchers": ["{service_name=\"nobody\"}"], "start": from, "end": until})),
        (
            "Series",
            json!({"matchers": ["{service_name=\"nobody\"}"], "labelNames": ["pod"], "start": from, "end": until}),
        ),
        // What an agent counted is CPU time.
        (
            "SelectMergeStacktraces",
            select(json!({"labelSelector": format!("{{service_name=\"{job}.agent\"}}")})),
        ),
        (
            "SelectSeries",
            select(
                json!({"step": 15, "labelSelector": format!("{{service_name=~\"{job}.*\"}}"), "groupBy": ["service_name"]}),
            ),
        ),
    ]
}

/// The pages of older clients.
fn pages(job: &str, start: i64) -> Vec<String> {
    let query = |pod: &str| format!("{ID}%7Bservice_name%3D%22{job}%22%2Cpod%3D~%22{pod}%22%7D");
    let (from, until) = (start - 60, start + 120);
    let sides = format!(
        "leftQuery={}&leftFrom={from}&leftUntil={until}&rightQuery={}&rightFrom={from}&rightUntil={until}",
        query("a"),
        query("b")
    );
    let times = format!("from={from}&until={until}");
    vec![
        format!("/pyroscope/render?query={}&{times}", query(".*")),
        format!("/pyroscope/render?query={}&{times}&groupBy=pod&max-nodes=2", query("a.b*")),
        format!("/pyroscope/render?query={}&{times}", query("none")),
        format!("/pyroscope/render-diff?{sides}&max-nodes=16384"),
    ]
}

async fn page(address: SocketAddr, path: &str) -> Value {
    let answer = test_support::http_get(address, path, &[]).await.unwrap();
    assert_eq!(answer.status, 200, "{path}: {}", answer.text());
    serde_json::from_str(&answer.text()).unwrap()
}

#[tokio::test]
async fn both_faces_of_one_store_say_the_same() {
    let (server, stop) = embedded().await;
    let url = format!("http://{}", server.address());
    let start = 1_700_000_040;
    fill(&client(&url), "shop", start).await;
    let gateway = Gateway::start(&url).await;
    let types = json!({"start": (start - 60) * 1000, "end": (start + 120) * 1000});
    for (method, request) in questions("shop", start).into_iter().chain([("ProfileTypes", types)]) {
        let direct = ask(server.address(), method, &request).await;
        let mut through = ask(gateway.address, method, &request).await;
        if method == "GetProfileStats" {
            // A Parca does not say when its first and last profiles were.
            through = json!({"dataIngested": through["dataIngested"], "oldestProfileTime": direct["oldestProfileTime"], "newestProfileTime": direct["newestProfileTime"]});
        }
        assert_eq!(through, direct, "{method} {request}");
    }
    for path in pages("shop", start) {
        assert_eq!(page(gateway.address, &path).await, page(server.address(), &path).await, "{path}");
    }
    gateway.stop().await;
    stop.cancel();
    server.finished().await;
}

/// What the clients that Pyroscope publishes for Go find at an address, by each of their protocols.
async fn read_by_gos_clients(go: String, address: SocketAddr, job: &str, start: i64) -> Value {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("../parca-embedded/tests/sdk/connect");
    let client = tokio::task::spawn_blocking(move || GoProgram::build(&go, &sources)).await.unwrap();
    let (url, selector) = (format!("http://{address}"), format!("{{service_name=\"{job}\"}}"));
    let mut answers = Vec::new();
    for protocol in ["connect", "json", "grpc-web", "grpc"] {
        let mut command = tokio::process::Command::new(client.path());
        command.args([&url, protocol, ID, &selector]);
        command.args([(start - 60) * 1000, (start + 120) * 1000].map(|time| time.to_string()));
        let output = command.kill_on_drop(true).output().await.unwrap();
        assert!(output.status.success(), "{output:?}");
        answers.push(serde_json::from_slice::<Value>(&output.stdout).unwrap());
    }
    assert!(answers.windows(2).all(|pair| pair[0] == pair[1]), "{answers:#?}");
    answers.remove(0)
}

/// The total of `profile-query top`.
async fn asked_by_ourselves(url: &str, job: &str, start: i64) -> Value {
    let times = [start - 60, start + 120].map(|time| (time * 1000).to_string());
    let args = ["top", job, "--url", url, "--start", &times[0], "--end", &times[1], "--json"];
    let variables = [("HOME", "/nonexistent"), ("NO_COLOR", "1")];
    let exit = Process::start(PROFILE_QUERY, args, variables).exit(Duration::from_secs(60)).await;
    assert_eq!(exit.code, Some(0), "{exit:?}");
    serde_json::from_str::<Value>(&exit.stdout).unwrap()["total"].clone()
}

#[tokio::test]
async fn pyroscopes_own_clients_and_ours_find_one_total_behind_the_gateway() {
    let Some(go) = test_support::needs("go") else { return };
    let (server, stop) = embedded().await;
    let url = format!("http://{}", server.address());
    let start = 1_700_000_040;
    fill(&client(&url), "shop", start).await;
    let gateway = Gateway::start(&url).await;
    let through = read_by_gos_clients(go.clone(), gateway.address, "shop", start).await;
    let mut direct = read_by_gos_clients(go, server.address(), "shop", start).await;
    // A Parca knows sums over time, and no profiles.
    for (name, here) in [("profiles", 6), ("spans", 0)] {
        assert_eq!((&direct[name], &through[name]), (&json!(here), &json!("unimplemented")), "{name}");
        direct[name] = through[name].clone();
    }
    assert_eq!(through, direct);
    for name in ["pprof", "pgo", "points"] {
        assert_eq!(through[name], through["total"], "{name}");
    }
    let gateway_url = format!("http://{}", gateway.address);
    assert_eq!(asked_by_ourselves(&gateway_url, "shop", start).await, through["total"]);
    gateway.stop().await;
    stop.cancel();
    server.finished().await;
}

/// A gateway in front of a real Parca, whose numbers are asked for in its own way, too.
#[tokio::test]
async fn a_real_parca_is_read() {
    let Some(url) = test_support::needs("PARCA_URL") else { return };
    let (judge, stop) = embedded().await;
    let real = client(&url);
    let run = now_nanos();
    // A multiple of all steps, where a Parca's steps begin.
    let start = run / 1_000_000_000 / 60 * 60 - 3600;
    let job = format!("gateway{run}");
    fill(&real, &job, start).await;
    fill(&client(&format!("http://{}", judge.address())), &job, start).await;
    let gateway = Gateway::start(&url).await;
    for (method, request) in questions(&job, start) {
        if method == "GetProfileStats" {
            assert_eq!(ask(gateway.address, method, &request).await["dataIngested"], true);
            continue;
        }
        assert_eq!(
            ask(gateway.address, method, &request).await,
            ask(judge.address(), method, &request).await,
            "{method} {request}"
        );
    }
    for path in pages(&job, start) {
        assert_eq!(page(gateway.address, &path).await, page(judge.address(), &path).await, "{path}");
    }
    let range = TimeRange::new(Timestamp::new(start - 60, 0), Timestamp::new(start + 120, 0));
    let query = QueryRequest::merge(format!("{ID}:delta{{job=\"{job}\"}}"), range, ReportKind::Top);
    let total = real.query(&query).await.unwrap().total;
    let (_, whole) = questions(&job, start).remove(0);
    let answer = ask(gateway.address, "SelectMergeStacktraces", &whole).await;
    assert_eq!(answer["flamegraph"]["total"], total.to_string());
    if let Some(go) = test_support::needs("go") {
        assert_eq!(read_by_gos_clients(go, gateway.address, &job, start).await["total"], total);
    }
    gateway.stop().await;
    stop.cancel();
    judge.finished().await;
}

/// Every command that has numbers, asked of Parca's face, of Pyroscope's, and of the gateway before Parca's.
#[tokio::test]
async fn the_terminal_shows_one_truth_through_every_door() {
    let (server, stop) = embedded().await;
    let url = format!("http://{}", server.address());
    let gateway = Gateway::start(&url).await;
    let lab = |kind: &str, url: &str| Home::with(&format!("[{kind}.deployments.lab]\nurl = \"{url}\"\n"));
    let parca = lab("parca", &url);
    let others = [
        ("Pyroscope's face", lab("pyroscope", &url)),
        ("the gateway", lab("pyroscope", &format!("http://{}", gateway.address))),
    ];
    for (stacks, time, pod) in [(BEFORE, "-75m", "a"), (AFTER, "-5m", "b"), (AFTER, "-4m", "b")] {
        parca.send("lab", &cpu(stacks), time, &["job=shop", &format!("pod={pod}")]).await;
        let memory = pprof_of("main;cache;insert 4096\n", &[("inuse_space", "bytes")], ("space", "bytes"));
        parca.send("lab", &memory, time, &["job=shop", "__name__=memory", &format!("pod={pod}")]).await;
    }
    let now = std::time::SystemTime::now();
    let [start, end] = [7200, 60].map(|ago| timespec::rfc3339(now - Duration::from_secs(ago)));
    let window = ["--start", start.as_str(), "--end", end.as_str()];
    let file = parca.path("out.pb.gz");
    let file = file.to_str().unwrap();
    let commands: &[&[&str]] = &[
        &["services", "lab", "2h"],
        &["profiles", "lab", "shop", "--range", "2h"],
        &["labels", "lab", "pod", "--range", "2h"],
        &["labels", "lab", "pod", "-l", "pod!=a"],
        &["series", "lab", "shop", "--name", "pod", "--range", "2h"],
        &["top", "lab", "shop", "--json"],
        &["top", "lab", "shop", "-l", "pod=~a|x", "--json"],
        &["top", "lab", "shop", "--type", "memory", "--json"],
        &["flamegraph", "lab", "shop", "--output", "top"],
        &["flamegraph", "lab", "shop", "--output", "folded"],
        &["flamegraph", "lab", "shop", "-l", "pod!=a", "--output", "svg"],
        &["peek", "lab", "shop", "render"],
        &["export", "lab", "shop", "--force", "-o", file],
        &["diff", "lab", "shop", "-2h", "-1h", "-30m", "now", "--json"],
        &["diff", "lab", "shop", "--base-label", "pod=a", "--compare-label", "pod=b", "--json"],
    ];
    for command in commands {
        let is_ranged = command.iter().any(|word| *word == "2h" || word.starts_with("-2h"));
        let is_of_files = command[0] == "export";
        let args: Vec<&str> =
            command.iter().copied().chain(window.iter().copied().filter(|_| !is_ranged)).collect();
        let mut expect = shown(&parca.ok(&args).await);
        if is_of_files {
            expect = parca.ok(&["flamegraph", file, "--output", "folded"]).await;
        }
        for (door, home) in &others {
            let mut found = shown(&home.ok(&args).await);
            if is_of_files {
                found = home.ok(&["flamegraph", file, "--output", "folded"]).await;
            }
            assert_eq!(found, expect, "{door}: {args:?}");
        }
    }
    gateway.stop().await;
    stop.cancel();
    server.finished().await;
}

/// What a Parca calls `:delta` and `job`, a Pyroscope does not; and each door has an address of its own.
fn shown(text: &str) -> String {
    let without_port = |part: &str| part.trim_start_matches(|c: char| c.is_ascii_digit()).to_owned();
    let mut parts = text.split("http://127.0.0.1:");
    let first = parts.next().unwrap_or_default().to_owned();
    let text = first + &parts.map(without_port).collect::<String>();
    let text = text.replace(":delta", "").replace("job=", "service_name=").replace("job\\", "service_name\\");
    // Columns are as wide as what is in them.
    text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ") + "\n").collect()
}

#[tokio::test]
async fn names_that_no_label_has_are_refused_with_how_to_write_several() {
    for (args, hint) in [
        (&["gateway", "--url", "http://127.0.0.1:1", "--service-labels", "a b"][..], "as in `a,b`"),
        (&["gateway", "--url", "http://127.0.0.1:1", "--service-labels", "job;comm"], "as in `job,comm`"),
        (&["services", "lab", "--service-label", "job=api"], "a name stands alone"),
        (&["series", "lab", "--name", "a,b"], "one name, without blanks"),
    ] {
        let variables = [("HOME", "/nonexistent"), ("NO_COLOR", "1")];
        let exit = Process::start(PROFILE_QUERY, args.iter().copied(), variables)
            .exit(Duration::from_secs(60))
            .await;
        assert_eq!(exit.code, Some(2), "{args:?} {exit:?}");
        assert!(
            exit.stderr.contains("expected the name of a label") && exit.stderr.contains(hint),
            "{args:?} {exit:?}"
        );
    }
}
