//! The demo of the original's README with a real Prometheus, where there is one: Debian's package, or
//! what PROMETHEUS_BIN names.

use std::path::Path;
use std::time::Duration;

use serde_json::Value;
use test_support::{Process, Signal, eventually, http_get, unused_address};

use crate::fixture::{CPU, Exporter, Folder, NONE, Parca};

struct Prometheus {
    process: Process,
    address: std::net::SocketAddr,
}

impl Prometheus {
    async fn start(binary: &Path, folder: &Path) -> Self {
        let config = folder.join("prometheus.yml");
        std::fs::write(&config, "global: {scrape_interval: 1m}\n").unwrap();
        let address = unused_address();
        let args = [
            "--web.enable-remote-write-receiver".to_owned(),
            format!("--config.file={}", config.display()),
            format!("--storage.tsdb.path={}", folder.join("data").display()),
            format!("--web.listen-address={address}"),
        ];
        let mut process = Process::start(binary, args, NONE);
        process.stderr_line("readiness", |line| line.contains("ready to receive web requests")).await;
        Self { process, address }
    }

    /// The samples of a selector: labels, and time and value of each.
    async fn series(&self, selector: &str) -> Vec<(Value, Vec<(i64, f64)>)> {
        let query: String = format!("{selector}[1h]").bytes().map(|byte| format!("%{byte:02X}")).collect();
        let answer = http_get(self.address, &format!("/api/v1/query?query={query}"), &[]).await.unwrap();
        let answer: Value = serde_json::from_slice(&answer.body).unwrap();
        let one = |series: &Value| {
            let values = series["values"].as_array().unwrap().iter();
            let value = |pair: &Value| {
                ((pair[0].as_f64().unwrap() * 1e3) as i64, pair[1].as_str().unwrap().parse().unwrap())
            };
            (series["metric"].clone(), values.map(value).collect())
        };
        answer["data"]["result"].as_array().unwrap().iter().map(one).collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn prometheus_has_every_series_of_every_window() {
    let Some(binary) = test_support::needs("prometheus") else { return };
    let parca = Parca::start().await;
    let folder = Folder::new("");
    let prometheus = Prometheus::start(Path::new(&binary), folder.path()).await;
    folder.write(&format!(
        "
global: {{delay: 0s}}
remote_write:
  url: http://{}/api/v1/write
parca:
  address: {}
  insecure: true
queries:
- name: WriteRawAPI
  query: {CPU}
  duration: 1s
  matchers:
  - contains: json
  - contains: db
",
        prometheus.address, parca.address
    ));
    let exporter = Exporter::start(&folder).await;
    let root = "profile_exporter_root_cumulative_value";
    let roots = eventually("four windows", || async {
        let series = prometheus.series(root).await;
        series.into_iter().next().filter(|(_, samples)| samples.len() >= 4)
    })
    .await;
    assert_eq!(roots.0["query_name"], "WriteRawAPI");
    assert_eq!(roots.0["query"], CPU);

    // The newest window may still be under way to Prometheus.
    let windows = &roots.1[..roots.1.len() - 1];
    for (end, root) in windows {
        let expect = parca.values(CPU, *end, Duration::from_secs(1)).await;
        assert_eq!(*root, expect.root as f64);
        for name in ["json.Encode", "json.encodeValue", "db.(*Pool).Get"] {
            for (metric, values) in [
                ("profile_exporter_flat_value", &expect.flat),
                ("profile_exporter_cumulative_value", &expect.cumulative),
            ] {
                let series = prometheus.series(&format!("{metric}{{function_name=\"{name}\"}}")).await;
                assert_eq!(series.len(), 1, "{metric} {name}");
                let found = series[0].1.iter().find(|(at, _)| at == end).map(|(_, value)| *value);
                let expect = values.get(name).copied().unwrap_or_default();
                assert_eq!(found, Some(expect as f64), "{metric} of {name} at {end}");
            }
        }
    }
    let names = prometheus.series("profile_exporter_flat_value").await;
    assert_eq!(names.len(), 3, "{names:?}");
    assert_eq!(exporter.stop(Signal::TERM).await.code, Some(0));
    prometheus.process.signal(Signal::TERM);
}
