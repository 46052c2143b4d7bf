//! A Parca with profiles of the last minutes and the next ones, and an exporter.

use std::collections::BTreeMap;
use std::io::Read;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use parca_client::{
    Client, QueryRequest, RawSample, RawSeries, Report, ReportKind, Settings, WriteRawRequest,
};
use parca_proto::pprof;
use profile_model::{TimeRange, Timestamp};
use prost::Message;
use tempfile::TempDir;
use test_support::{Exit, PATIENCE, Process, Response, Scrape, Signal, address_in, http_get};
use tokio_util::sync::{CancellationToken, DropGuard};

pub(crate) const EXPORTER: &str = env!("CARGO_BIN_EXE_profile-exporter");
pub(crate) const NONE: [(&str, &str); 0] = [];

/// Profiles of intervals, and of instants: two pods with a snapshot each.
pub(crate) const CPU: &str = "it_cpu:cpu:nanoseconds:cpu:nanoseconds:delta";
pub(crate) const HEAP: &str = "it_heap:space:bytes:space:bytes";

/// An embedded server that has a profile for each quarter of a second, until dropped.
pub(crate) struct Parca {
    pub(crate) address: SocketAddr,
    client: Client,
    _stop: DropGuard,
}

const STEP: Duration = Duration::from_millis(250);
const BEFORE: Duration = Duration::from_secs(60);
const AFTER: Duration = Duration::from_secs(180);

impl Parca {
    pub(crate) async fn start() -> Self {
        Self::start_at("127.0.0.1:0").await
    }

    pub(crate) async fn start_at(address: &str) -> Self {
        let stop = CancellationToken::new();
        let mut settings = parca_embedded::Settings::default();
        settings.self_profile_every = None;
        let server = parca_embedded::start(address, settings, stop.clone()).await.unwrap();
        let client = Client::new(&Settings::new(format!("http://{}", server.address()))).unwrap();
        let series = ["a", "b"].into_iter().flat_map(|pod| [series(CPU, pod), series(HEAP, pod)]);
        client.write_raw(&WriteRawRequest::new(series.collect())).await.unwrap();
        Self { address: server.address(), client, _stop: stop.drop_guard() }
    }

    /// Every function's flat and cumulative value in a window, and the root's, from the server's pprof:
    /// decoded by prost and summed here, so that no code of ours is in between.
    pub(crate) async fn values(&self, query: &str, end_ms: i64, window: Duration) -> Values {
        let start_ms = end_ms - i64::try_from(window.as_millis()).unwrap();
        let nanos = |ms: i64| Timestamp::from_nanos(ms * 1_000_000);
        let end = Timestamp::from_nanos(end_ms * 1_000_000 - 1);
        let range = TimeRange::new(nanos(start_ms), end);
        let request = QueryRequest::merge(query, range, ReportKind::Pprof);
        let Some(Report::Pprof(file)) = self.client.query(&request).await.unwrap().report else {
            panic!("no pprof")
        };
        let mut plain = Vec::new();
        flate2::read::GzDecoder::new(&file[..]).read_to_end(&mut plain).unwrap();
        Values::of(&pprof::Profile::decode(&*plain).unwrap())
    }
}

#[derive(Debug, Default)]
pub(crate) struct Values {
    pub(crate) root: i64,
    pub(crate) flat: BTreeMap<String, i64>,
    pub(crate) cumulative: BTreeMap<String, i64>,
}

impl Values {
    fn of(profile: &pprof::Profile) -> Self {
        let text = |id: i64| profile.string_table[usize::try_from(id).unwrap()].clone();
        let names: BTreeMap<u64, String> =
            profile.function.iter().map(|function| (function.id, text(function.name))).collect();
        let frames: BTreeMap<u64, Vec<String>> = profile
            .location
            .iter()
            .map(|one| (one.id, one.line.iter().map(|line| names[&line.function_id].clone()).collect()))
            .collect();
        let mut values = Self::default();
        for sample in &profile.sample {
            let stack: Vec<&String> = sample.location_id.iter().flat_map(|id| &frames[id]).collect();
            values.root += sample.value[0];
            let leaf = !frames[&sample.location_id[0]].is_empty();
            if leaf {
                *values.flat.entry(stack[0].clone()).or_default() += sample.value[0];
            }
            let once: std::collections::BTreeSet<&String> = stack.into_iter().collect();
            for name in once {
                *values.cumulative.entry(name.clone()).or_default() += sample.value[0];
            }
        }
        values
    }
}

/// A profile for each quarter of a second, from a minute ago on; pod `b` has half as many.
fn series(id: &str, pod: &str) -> RawSeries {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    let first = u64::try_from((now - BEFORE).as_millis() / STEP.as_millis()).unwrap();
    let count = u64::try_from((BEFORE + AFTER).as_millis() / STEP.as_millis()).unwrap();
    let numbers = (first..first + count).filter(|number| pod == "a" || number % 2 == 0);
    let name = id.split(':').next().unwrap();
    RawSeries {
        labels: [("__name__", name), ("job", "it"), ("pod", pod)]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into(),
        samples: numbers.map(|number| RawSample::new(profile(id, number).encode_to_vec())).collect(),
    }
}

/// Stacks that differ from profile to profile: recursion, an address without a function, and functions
/// whose names only differ behind a dot.
fn profile(id: &str, number: u64) -> pprof::Profile {
    let parts: Vec<&str> = id.split(':').collect();
    let functions = ["main", "json.Encode", "json.encodeValue", "http.Serve", "db.(*Pool).Get"];
    let mut strings: Vec<String> =
        ["", parts[1], parts[2], parts[3], parts[4], "/usr/lib/libc.so.6"].map(str::to_owned).into();
    let first_name = strings.len() as i64;
    strings.extend(functions.map(str::to_owned));
    let function = |index: usize| pprof::Function {
        id: index as u64 + 1,
        name: first_name + index as i64,
        system_name: first_name + index as i64,
        ..Default::default()
    };
    let location = |index: usize| pprof::Location {
        id: index as u64 + 1,
        line: vec![pprof::Line { function_id: index as u64 + 1, ..Default::default() }],
        ..Default::default()
    };
    let bare = pprof::Location { id: 6, mapping_id: 1, address: 0x4000 + number % 3, ..Default::default() };
    let sample = |stack: &[u64], value: u64| pprof::Sample {
        location_id: stack.into(),
        value: vec![value as i64],
        label: Vec::new(),
    };
    pprof::Profile {
        string_table: strings,
        sample_type: vec![pprof::ValueType { r#type: 1, unit: 2 }],
        period_type: Some(pprof::ValueType { r#type: 3, unit: 4 }),
        period: 1,
        time_nanos: (number as i128 * STEP.as_nanos() as i128) as i64,
        duration_nanos: if id.ends_with(":delta") { 250_000_000 } else { 0 },
        mapping: vec![pprof::Mapping { id: 1, memory_limit: 0x10000, filename: 5, ..Default::default() }],
        function: (0..functions.len()).map(function).collect(),
        location: (0..functions.len()).map(location).chain([bare]).collect(),
        // Leaf first.
        sample: vec![
            sample(&[2, 4, 1], 100 + number % 7),
            sample(&[3, 3, 3, 2, 4, 1], 40 + number % 5),
            sample(&[5, 1], 11),
            sample(&[6, 4, 1], 3 + number % 2),
        ],
        ..Default::default()
    }
}

/// A folder with a config in it.
pub(crate) struct Folder {
    directory: TempDir,
}

impl Folder {
    pub(crate) fn new(config: &str) -> Self {
        let folder = Self { directory: tempfile::tempdir().unwrap() };
        folder.write(config);
        folder
    }

    pub(crate) fn write(&self, config: &str) {
        std::fs::write(self.config(), config).unwrap();
    }

    pub(crate) fn config(&self) -> PathBuf {
        self.directory.path().join("profile-exporter.yaml")
    }

    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }
}

/// The head of a config: these receivers and this Parca, windows asked for at once.
pub(crate) fn head(parca: SocketAddr, urls: &[String]) -> String {
    let remotes: String = urls.iter().map(|url| format!("- url: {url}\n")).collect();
    format!(
        "global: {{delay: 0s}}\nremote_write:\n{remotes}parca: {{address: '{parca}', insecure: true}}\nqueries:\n"
    )
}

/// An exporter that runs, and where it serves.
pub(crate) struct Exporter {
    pub(crate) process: Process,
    pub(crate) address: SocketAddr,
}

impl Exporter {
    pub(crate) async fn start(folder: &Folder) -> Self {
        Self::start_with(folder, &[]).await
    }

    pub(crate) async fn start_with(folder: &Folder, args: &[&str]) -> Self {
        let config = folder.config();
        let own = ["--config-file", config.to_str().unwrap(), "--http-address", "127.0.0.1:0"];
        let mut process = Process::start(EXPORTER, own.iter().chain(args), NONE);
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

/// A command to its end.
pub(crate) async fn command(folder: &Folder, args: &[&str]) -> Exit {
    let config = folder.config();
    Process::run(EXPORTER, args.iter().chain(&["--config-file", config.to_str().unwrap()]), NONE).await
}
