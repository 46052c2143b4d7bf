//! What the tests start: a Parca with data in it, and a parca-load.

use std::net::SocketAddr;
use std::time::{Duration, SystemTime};

use parca_client::{Client, RawSample, RawSeries, Settings, WriteRawRequest};
use parca_proto::pprof;
use prost::Message;
use serde_json::Value;
use test_support::{Exit, PATIENCE, Process, Response, Scrape, Signal, address_in, http_get};
use tokio_util::sync::{CancellationToken, DropGuard};

pub(crate) const PARCA_LOAD: &str = env!("CARGO_BIN_EXE_parca-load");

/// The types that [`Parca`] has: one of intervals, one of instants.
pub(crate) const TYPES: [&str; 2] =
    ["it_cpu:samples:count:cpu:nanoseconds:delta", "it_heap:space:bytes:space:bytes"];

pub(crate) const LANES: [&str; 6] =
    ["labels", "values", "profile-types", "query-range", "query-single", "query-merge"];

/// No variables.
pub(crate) const NONE: [(&str, &str); 0] = [];

/// An embedded server that has a quarter of an hour of profiles, until dropped.
pub(crate) struct Parca {
    pub(crate) address: SocketAddr,
    _stop: DropGuard,
}

impl Parca {
    pub(crate) async fn start() -> Self {
        Self::start_at("127.0.0.1:0").await
    }

    pub(crate) async fn start_at(address: &str) -> Self {
        let stop = CancellationToken::new();
        let mut settings = parca_embedded::Settings::default();
        settings.self_profile_every = None;
        let server = parca_embedded::start(address, settings, stop.clone()).await.unwrap();
        let parca = Self { address: server.address(), _stop: stop.drop_guard() };
        let client = Client::new(&Settings::new(parca.url())).unwrap();
        client.write_raw(&WriteRawRequest::new(TYPES.map(series).into())).await.unwrap();
        parca
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

/// A profile every half minute of the last sixteen.
fn series(id: &str) -> RawSeries {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    let times = (0..=32).rev().map(|back| now - Duration::from_secs(30 * back));
    let name = id.split(':').next().unwrap();
    RawSeries {
        labels: [("__name__", name), ("job", "it"), ("pod", "a")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into(),
        samples: times.map(|time| RawSample::new(profile(id, time).encode_to_vec())).collect(),
    }
}

/// One stack of one function.
fn profile(id: &str, time: Duration) -> pprof::Profile {
    let parts: Vec<&str> = id.split(':').collect();
    let strings = ["", parts[1], parts[2], parts[3], parts[4], "main"];
    pprof::Profile {
        string_table: strings.map(str::to_owned).into(),
        sample_type: vec![pprof::ValueType { r#type: 1, unit: 2 }],
        period_type: Some(pprof::ValueType { r#type: 3, unit: 4 }),
        period: 1,
        time_nanos: i64::try_from(time.as_nanos()).unwrap(),
        duration_nanos: if id.ends_with(":delta") { 10_000_000_000 } else { 0 },
        function: vec![pprof::Function { id: 1, name: 5, system_name: 5, ..Default::default() }],
        location: vec![pprof::Location {
            id: 1,
            line: vec![pprof::Line { function_id: 1, ..Default::default() }],
            ..Default::default()
        }],
        sample: vec![pprof::Sample { location_id: vec![1], value: vec![7], label: Vec::new() }],
        ..Default::default()
    }
}

/// A parca-load that runs, and where it serves.
pub(crate) struct Load {
    pub(crate) process: Process,
    pub(crate) address: SocketAddr,
}

impl Load {
    /// Queries `url` and serves on a free port.
    pub(crate) async fn start(url: &str, args: &[&str]) -> Self {
        let own = ["-url", url, "-addr", "127.0.0.1:0"];
        let mut process = Process::start(PARCA_LOAD, own.iter().chain(args), NONE);
        let line = process.stderr_line("its address", |line| line.contains("serving /metrics")).await;
        Self { process, address: address_in(&line).unwrap() }
    }

    pub(crate) async fn get(&self, path: &str) -> Response {
        http_get(self.address, path, &[]).await.unwrap()
    }

    pub(crate) async fn scrape(&self) -> Scrape {
        Scrape::parse_text(&self.get("/metrics").await.text()).unwrap()
    }

    pub(crate) async fn stop(self, signal: Signal) -> Exit {
        self.process.signal(signal);
        self.process.exit(PATIENCE).await
    }
}

/// A run to its end that serves nothing, with the JSON summary on stdout.
pub(crate) async fn run(url: &str, args: &[&str]) -> Exit {
    let own = ["-url", url, "-addr", "none", "-summary-json", "-"];
    Process::run(PARCA_LOAD, own.iter().chain(args), NONE).await
}

/// The summary of such a run.
#[track_caller]
pub(crate) fn summary(exit: &Exit) -> Value {
    serde_json::from_str(&exit.stdout).unwrap_or_else(|error| panic!("no summary: {error}\n{exit:#?}"))
}

/// A lane of a summary.
#[track_caller]
pub(crate) fn lane<'a>(summary: &'a Value, name: &str) -> &'a Value {
    let mut lanes = summary["lanes"].as_array().unwrap().iter();
    lanes.find(|lane| lane["lane"] == name).unwrap_or_else(|| panic!("no lane `{name}` in {summary:#}"))
}

/// Calls that a lane has made so far.
pub(crate) fn calls(scrape: &Scrape, lane: &str) -> f64 {
    scrape.number("parca_load_calls_total", &[("lane", lane)]).unwrap_or_default()
}
