//! Pyroscope's own SDKs push, and its own clients read.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use test_support::{GoProgram, Process, Signal, address_in, http_request};

const CPU: &str = "process_cpu:cpu:nanoseconds:cpu:nanoseconds";

struct Server {
    process: Process,
    address: SocketAddr,
}

impl Server {
    async fn start() -> Self {
        let args = ["--http-address=127.0.0.1:0", "--self-profile-interval=0s"];
        let none: [(&str, &str); 0] = [];
        let mut process = Process::start(env!("CARGO_BIN_EXE_parca-embedded"), args, none);
        let line = process.stderr_line("the address", |line| line.contains("serving")).await;
        Self { process, address: address_in(&line).unwrap() }
    }

    fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    async fn stop(self) {
        self.process.signal(Signal::TERM);
        assert_eq!(self.process.exit(Duration::from_secs(20)).await.code, Some(0));
    }

    async fn ask(&self, method: &str, request: &Value) -> Value {
        let path = format!("/querier.v1.QuerierService/{method}");
        let headers = [("content-type", "application/json")];
        let body = request.to_string();
        let answer = http_request(self.address, "POST", &path, &headers, body.as_bytes()).await.unwrap();
        assert_eq!(answer.status, 200, "{method}: {}", answer.text());
        serde_json::from_str(&answer.text()).unwrap()
    }

    async fn types(&self) -> Vec<String> {
        let answer = self.ask("ProfileTypes", &json!({})).await;
        let types = answer["profileTypes"].as_array().cloned().unwrap_or_default();
        types.iter().map(|of| of["ID"].as_str().unwrap().to_owned()).collect()
    }

    /// The total of a type, and the names in its tree.
    async fn graph(&self, id: &str, selector: &str) -> (i64, Vec<String>) {
        let (start, end) = window();
        let request = json!({"profileTypeID": id, "labelSelector": selector, "start": start, "end": end});
        let graph = self.ask("SelectMergeStacktraces", &request).await["flamegraph"].clone();
        let total = graph["total"].as_str().map_or(0, |total| total.parse().unwrap());
        let names = graph["names"].as_array().unwrap();
        (total, names.iter().map(|name| name.as_str().unwrap().to_owned()).collect())
    }
}

fn window() -> (i64, i64) {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis();
    let now = i64::try_from(now).unwrap();
    (now - 3_600_000, now + 60_000)
}

fn sources(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sdk").join(name)
}

async fn run(program: impl AsRef<std::ffi::OsStr>, args: &[&str]) -> Output {
    let mut command = tokio::process::Command::new(program);
    let output =
        tokio::time::timeout(Duration::from_secs(120), command.args(args).kill_on_drop(true).output());
    let output = output.await.expect("it ends").unwrap();
    assert!(output.status.success(), "{output:?}");
    output
}

async fn built(go: &str, name: &str) -> GoProgram {
    let (go, sources) = (go.to_owned(), sources(name));
    tokio::task::spawn_blocking(move || GoProgram::build(&go, &sources)).await.unwrap()
}

fn has(names: &[String], part: &str) -> bool {
    names.iter().any(|name| name.contains(part))
}

#[tokio::test]
async fn profiles_of_the_go_sdk_are_read_back() {
    let Some(go) = test_support::needs("go") else { return };
    let program = built(&go, "go").await;
    let server = Server::start().await;
    run(program.path(), &[&server.url()]).await;
    let types = server.types().await;
    for id in [
        CPU,
        "process_cpu:samples:count:cpu:nanoseconds",
        "memory:alloc_space:bytes:space:bytes",
        "memory:inuse_objects:count:space:bytes",
        "mutex:delay:nanoseconds:contentions:count",
        "block:contentions:count:contentions:count",
        "goroutine:goroutine:count:goroutine:count",
    ] {
        assert!(types.iter().any(|of| of == id), "{id} is not among {types:?}");
    }
    let (total, names) = server.graph(CPU, r#"{service_name="go.sdk",region="eu"}"#).await;
    // Go takes a hundred samples for each second of CPU time, however much of it a busy machine gave.
    assert!(total > 0 && total % 10_000_000 == 0, "{total}");
    assert!(has(&names, "main.burn"), "{names:?}");
    let (tagged, _) = server.graph(CPU, r#"{controller="slow"}"#).await;
    assert!(tagged > 0 && tagged <= total);
    let (_, names) = server.graph("mutex:delay:nanoseconds:contentions:count", "{}").await;
    assert!(has(&names, "main.contend"), "{names:?}");
    server.stop().await;
}

#[tokio::test]
async fn profiles_of_the_python_sdk_are_read_back() {
    let Some(python) = test_support::needs("PYROSCOPE_PYTHON") else { return };
    let server = Server::start().await;
    run(python, &[sources("python.py").to_str().unwrap(), &server.url()]).await;
    assert_eq!(server.types().await, [CPU]);
    let (total, names) = server.graph(CPU, r#"{service_name="py.sdk",region="eu"}"#).await;
    assert!(total > 0, "{total}");
    assert!(has(&names, "burn"), "{names:?}");
    assert!(server.graph(CPU, r#"{controller="slow"}"#).await.0 > 0);
    server.stop().await;
}

#[tokio::test]
async fn profiles_of_the_node_sdk_are_read_back() {
    let Some(modules) = test_support::needs("PYROSCOPE_NODE_MODULES") else { return };
    let Some(node) = test_support::needs("node") else { return };
    let server = Server::start().await;
    run(node, &[sources("node.js").to_str().unwrap(), &server.url(), &modules]).await;
    let types = server.types().await;
    for id in ["wall:wall:nanoseconds:wall:nanoseconds", "memory:inuse_space:bytes:inuse_space:bytes"] {
        assert!(types.iter().any(|of| of == id), "{id} is not among {types:?}");
    }
    let (_, names) =
        server.graph("wall:wall:nanoseconds:wall:nanoseconds", r#"{service_name="node.sdk"}"#).await;
    assert!(has(&names, "burn"), "{names:?}");
    server.stop().await;
}

/// The program of `sdk/rust`, built by whoever has the time: it is a hundred crates.
#[tokio::test]
async fn profiles_of_the_rust_sdk_are_read_back() {
    let Some(program) = test_support::needs("PYROSCOPE_RUST_SDK") else { return };
    let server = Server::start().await;
    run(program, &[&server.url()]).await;
    let (total, names) = server.graph(CPU, r#"{service_name="rust.sdk",region="eu"}"#).await;
    assert!(total > 0 && has(&names, "burn"), "{total} {names:?}");
    assert!(server.graph(CPU, r#"{controller="slow"}"#).await.0 > 0);
    server.stop().await;
}

/// A program of Java that burns for some seconds under Pyroscope's agent with these settings; none where either is not at
/// hand.
async fn java_agent(server: &Server, settings: &[(&str, &str)]) -> Option<Output> {
    let agent = test_support::needs("PYROSCOPE_JAVA_AGENT")?;
    let java = test_support::needs("java")?;
    let mut command = tokio::process::Command::new(java);
    command.arg(format!("-javaagent:{agent}")).arg(sources("Burn.java")).arg("6");
    command.envs(settings.iter().copied()).env("PYROSCOPE_UPLOAD_INTERVAL", "1s");
    command.env("PYROSCOPE_APPLICATION_NAME", "java.sdk").env("PYROSCOPE_SERVER_ADDRESS", server.url());
    let output = command.kill_on_drop(true).output().await.unwrap();
    assert!(output.status.success(), "{output:?}");
    Some(output)
}

/// The agent's own form.
#[tokio::test]
async fn profiles_of_the_java_agent_are_read_back_as_jfr() {
    let server = Server::start().await;
    let Some(output) = java_agent(&server, &[("PYROSCOPE_PROFILER_ALLOC", "16k")]).await else {
        return server.stop().await;
    };
    let types = server.types().await;
    for id in [CPU, "memory:alloc_in_new_tlab_bytes:bytes:space:bytes"] {
        assert!(types.iter().any(|of| of == id), "{id} is not among {types:?} {output:?}");
    }
    let (total, names) = server.graph(CPU, r#"{service_name="java.sdk",jfr_event="itimer"}"#).await;
    // A hundred samples for each second of CPU time.
    assert!(total > 0 && total % 10_000_000 == 0, "{total}");
    assert!(has(&names, "Burn.burn"), "{names:?}");
    server.stop().await;
}

#[tokio::test]
async fn profiles_of_the_java_agent_are_read_back_as_otlp() {
    let server = Server::start().await;
    let Some(output) = java_agent(&server, &[("PYROSCOPE_FORMAT", "otlp")]).await else {
        return server.stop().await;
    };
    let types = server.types().await;
    let id = types.first().unwrap_or_else(|| panic!("{output:?}"));
    let (total, names) = server.graph(id, "{}").await;
    assert!(total > 0 && has(&names, "Burn.burn"), "{id} {total} {names:?}");
    server.stop().await;
}

/// What a Collector sends on, by gRPC and by HTTP as protobuf and as JSON: the program of `sdk/otel`, built by whoever has
/// the time.
#[tokio::test]
async fn profiles_of_the_collectors_exporters_are_read_back() {
    let Some(program) = test_support::needs("OTEL_EXPORTERS") else { return };
    let server = Server::start().await;
    run(program, &[&server.address.to_string()]).await;
    // The scope has no name.
    let id = "unknown:cpu:nanoseconds:cpu:nanoseconds";
    assert_eq!(server.types().await, [id]);
    for service in ["otel.grpc", "otel.proto", "otel.json"] {
        let (total, names) = server.graph(id, &format!(r#"{{service_name="{service}"}}"#)).await;
        assert_eq!(total, 42_000_000, "{service}");
        for name in ["main.main", "main.work", "main.rest"] {
            assert!(names.iter().any(|known| known == name), "{service}: {names:?}");
        }
    }
    server.stop().await;
}

/// The clients that Pyroscope publishes for Go, and Grafana's data source is made of: every method, every protocol.
#[tokio::test]
async fn pyroscopes_own_clients_read() {
    let Some(go) = test_support::needs("go") else { return };
    let (client, sdk) = (built(&go, "connect").await, built(&go, "go").await);
    let server = Server::start().await;
    run(sdk.path(), &[&server.url()]).await;
    let selector = r#"{service_name="go.sdk"}"#;
    let (total, _) = server.graph(CPU, selector).await;
    let (start, end) = window();
    let mut answers = Vec::new();
    for protocol in ["connect", "json", "grpc-web", "grpc"] {
        let (start, end) = (start.to_string(), end.to_string());
        let output = run(client.path(), &[&server.url(), protocol, CPU, selector, &start, &end]).await;
        let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
        for name in ["total", "pprof", "points"] {
            assert_eq!(answer[name], total, "{protocol} {name}");
        }
        assert_eq!(answer["ticks"], json!([total, total]));
        assert_eq!(
            (&answer["health"], &answer["span"], &answer["ingested"]),
            (&json!(0), &json!(0), &json!(true))
        );
        assert_eq!((&answer["spans"], &answer["wrong"]), (&json!(0), &json!("invalid_argument")));
        assert!(answer["profiles"].as_i64().unwrap() > 0, "{answer}");
        assert_eq!(answer["pgo"], total, "{protocol}");
        assert_eq!(answer["services"], json!(["go.sdk"]));
        answers.push(answer);
    }
    assert!(answers.windows(2).all(|pair| pair[0] == pair[1]), "{answers:#?}");
    server.stop().await;
}
