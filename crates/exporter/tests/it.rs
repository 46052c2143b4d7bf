//! Queries at work against a Parca in this process: what they say when it has forgotten, has nothing yet,
//! or is another one; and that they outlive a mistake of ours.
#![allow(clippy::unwrap_used)]

use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime};

use exporter::{Context, Exporter, Settings, ShownSeries};
use parca_client::{Client, RawSample, RawSeries, Settings as ParcaSettings, WriteRawRequest};
use parca_proto::pprof;
use prost::Message;
use remote_write::is_stale;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

const CPU: &str = "it_cpu:samples:count:cpu:nanoseconds:delta";
const HEAP: &str = "it_heap:space:bytes:space:bytes";

/// A server that keeps profiles in memory, with something that writes to it five times a second.
struct Parca {
    address: SocketAddr,
    server: parca_embedded::Server,
    stop: CancellationToken,
    feed: JoinHandle<()>,
}

impl Parca {
    async fn start(address: &str, query: &'static str) -> Self {
        let stop = CancellationToken::new();
        let mut settings = parca_embedded::Settings::default();
        settings.self_profile_every = None;
        let server = parca_embedded::start(address, settings, stop.clone()).await.unwrap();
        let address = server.address();
        let client = Client::new(&ParcaSettings::new(format!("http://{address}"))).unwrap();
        let feed = tokio::spawn(async move {
            loop {
                let _gone = client.write_raw(&WriteRawRequest::new(vec![series(query)])).await;
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
        });
        Self { address, server, stop, feed }
    }

    async fn stop(self) {
        self.feed.abort();
        self.stop.cancel();
        self.server.finished().await;
    }
}

fn series(query: &str) -> RawSeries {
    let name = query.split(':').next().unwrap();
    let labels = [("__name__", name), ("job", "it")];
    let time = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    let parts: Vec<&str> = query.split(':').collect();
    let strings = ["", parts[1], parts[2], parts[3], parts[4], "main"];
    let profile = pprof::Profile {
        string_table: strings.map(str::to_owned).into(),
        sample_type: vec![pprof::ValueType { r#type: 1, unit: 2 }],
        period_type: Some(pprof::ValueType { r#type: 3, unit: 4 }),
        period: 1,
        time_nanos: i64::try_from(time.as_nanos()).unwrap(),
        duration_nanos: if query.ends_with(":delta") { 200_000_000 } else { 0 },
        function: vec![pprof::Function { id: 1, name: 5, system_name: 5, ..Default::default() }],
        location: vec![pprof::Location {
            id: 1,
            line: vec![pprof::Line { function_id: 1, ..Default::default() }],
            ..Default::default()
        }],
        sample: vec![pprof::Sample { location_id: vec![1], value: vec![7], label: Vec::new() }],
        ..Default::default()
    };
    RawSeries {
        labels: labels.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
        samples: vec![RawSample::new(profile.encode_to_vec())],
    }
}

/// Windows of a second, a second after their end.
fn settings(address: SocketAddr, query: &str) -> Settings {
    let config = format!(
        "
remote_write:
  url: http://localhost:9/api/v1/write
parca:
  address: {address}
  insecure: true
queries:
- name: q
  query: '{query}'
  duration: 1s
  delay: 1s
"
    );
    exporter::config::parse(&config, "it.yaml", Path::new(".")).unwrap().0
}

async fn start(settings: Settings, context: Context) -> (Exporter, mpsc::Receiver<ShownSeries>) {
    let (shown, windows) = mpsc::channel(100);
    (Exporter::start_dry(settings, context, shown).await.unwrap(), windows)
}

/// The root's next value, which may be a marker of its end.
async fn next_root(windows: &mut mpsc::Receiver<ShownSeries>) -> (i64, f64) {
    let next = tokio::time::timeout(Duration::from_secs(60), windows.recv());
    let shown = next.await.expect("a window within a minute").unwrap();
    let root = shown
        .series
        .iter()
        .find(|one| one.labels.metric_name() == Some("profile_exporter_root_cumulative_value"));
    let sample = root.expect("each window has a root").samples[0];
    (sample.timestamp_ms, sample.value)
}

/// Windows that a restarted server has forgotten used to be sent as 0, and stayed so for ever.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_restarted_parca_has_forgotten_is_a_gap_and_not_a_zero() {
    let parca = Parca::start("127.0.0.1:0", CPU).await;
    let address = parca.address;
    let context = Context::new();
    let stats = context.stats.clone();
    let (running, mut windows) = start(settings(address, CPU), context).await;
    let mut values = Vec::new();
    while values.len() < 3 {
        values.push(next_root(&mut windows).await);
    }
    parca.stop().await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    let parca = Parca::start(&address.to_string(), CPU).await;
    let mut after = 0;
    while after < 3 {
        let root = next_root(&mut windows).await;
        after += u32::from(!is_stale(root.1));
        values.push(root);
    }
    assert!(values.iter().all(|(_, value)| is_stale(*value) || *value > 0.0), "{values:?}");
    assert!(values.is_sorted_by_key(|(at, _)| *at), "{values:?}");
    let missed = number(&stats, "profile_exporter_query_windows_missed_total");
    assert!(missed >= 1.0, "the forgotten windows are counted: {missed}");
    running.shutdown(Duration::ZERO).await;
    parca.stop().await;
}

/// A clock that is ahead used to send zeros with future stamps; receivers then refuse the truth.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_that_is_ahead_sends_no_zeros() {
    let parca = Parca::start("127.0.0.1:0", CPU).await;
    let mut context = Context::new();
    context.now = || SystemTime::now() + Duration::from_secs(4);
    let stats = context.stats.clone();
    let (running, mut windows) = start(settings(parca.address, CPU), context).await;
    for _ in 0..3 {
        let (at, value) = next_root(&mut windows).await;
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
        assert!(value > 0.0, "{value} at {at}");
        assert!(at <= i64::try_from(now.as_millis()).unwrap(), "no value of the future");
    }
    assert!(number(&stats, "profile_exporter_query_early_total") > 0.0);
    running.shutdown(Duration::ZERO).await;
    parca.stop().await;
}

/// Memory in use was 0 whenever no snapshot lay in the window.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gauge_without_snapshots_has_no_value() {
    let parca = Parca::start("127.0.0.1:0", CPU).await;
    let context = Context::new();
    let stats = context.stats.clone();
    let (running, mut windows) = start(settings(parca.address, HEAP), context).await;
    let mut empty = 0.0;
    while empty < 3.0 {
        tokio::time::sleep(Duration::from_millis(50)).await;
        let family =
            exporter::families(&stats, None).into_iter().find(|f| f.name == "profile_exporter_queries_total");
        let samples = family.unwrap().samples.into_iter();
        let mut samples = samples.filter(|one| one.labels.iter().any(|(_, value)| value == "empty"));
        empty = samples.next().map_or(0.0, |one| value(&one.value));
    }
    assert!(windows.try_recv().is_err(), "nothing is sent");
    running.shutdown(Duration::ZERO).await;
    parca.stop().await;
}

/// A program that changed its settings in code kept the client of the old address.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn settings_that_were_changed_in_code_get_their_new_client() {
    let (one, other) = (Parca::start("127.0.0.1:0", CPU).await, Parca::start("127.0.0.1:0", CPU).await);
    let settings = settings(one.address, CPU);
    let (mut running, mut windows) = start(settings.clone(), Context::new()).await;
    next_root(&mut windows).await;
    let mut changed = settings;
    changed.parca.url = format!("http://{}", other.address);
    running.reload(changed).await.unwrap();
    one.stop().await;
    for _ in 0..3 {
        let (_, value) = next_root(&mut windows).await;
        assert!(value > 0.0);
    }
    running.shutdown(Duration::ZERO).await;
    other.stop().await;
}

/// A panic used to end a query for good, while /-/healthy and /-/ready said 200.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_query_outlives_a_panic_and_readiness_says_so() {
    static CALLS: AtomicU32 = AtomicU32::new(0);
    let parca = Parca::start("127.0.0.1:0", CPU).await;
    let mut context = Context::new();
    context.now = || {
        assert!(CALLS.fetch_add(1, Ordering::Relaxed) != 6, "a mistake, on purpose");
        SystemTime::now()
    };
    let (stats, readiness) = (context.stats.clone(), context.readiness.clone());
    let (running, mut windows) = start(settings(parca.address, CPU), context).await;
    while number(&stats, "profile_exporter_query_panics_total") < 1.0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    while readiness.is_ready() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    while !readiness.is_ready() {
        let _window = tokio::time::timeout(Duration::from_millis(10), windows.recv()).await;
    }
    assert!(next_root(&mut windows).await.1 > 0.0);
    running.shutdown(Duration::ZERO).await;
    parca.stop().await;
}

/// The sum of a family's samples.
fn number(stats: &exporter::Stats, name: &str) -> f64 {
    let families = exporter::families(stats, None);
    let family = families.iter().find(|family| family.name == name);
    family.unwrap_or_else(|| panic!("no {name}")).samples.iter().map(|one| value(&one.value)).sum()
}

fn value(value: &ops::metrics::Value) -> f64 {
    match value {
        ops::metrics::Value::Counter(number) | ops::metrics::Value::Gauge(number) => *number,
        ops::metrics::Value::Histogram(histogram) => histogram.sum,
    }
}
