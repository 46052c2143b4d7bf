//! Debian's Prometheus, scraping the fleet.

use std::collections::BTreeSet;
use std::net::SocketAddr;

use serde_json::{Value, json};
use tempfile::TempDir;
use test_support::{Process, eventually, http_get};

/// A Prometheus at work.
pub(super) struct Prometheus {
    pub(super) address: SocketAddr,
    _process: Process,
    folder: TempDir,
}

impl Prometheus {
    /// Starts one that scrapes nothing yet and takes remote writes; nothing where there is no Prometheus.
    pub(super) async fn start(address: SocketAddr) -> Option<Self> {
        let binary = test_support::needs("prometheus")?;
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("prometheus.yaml"), config(&[])).unwrap();
        let path = |name: &str| folder.path().join(name).display().to_string();
        let args = [
            format!("--config.file={}", path("prometheus.yaml")),
            format!("--storage.tsdb.path={}", path("data")),
            format!("--web.listen-address={address}"),
            "--web.enable-remote-write-receiver".to_owned(),
            "--web.enable-lifecycle".to_owned(),
            "--log.level=warn".to_owned(),
        ];
        let process = Process::start(binary, args, [("NO_COLOR", "1")]);
        let this = Self { address, _process: process, folder };
        eventually("Prometheus is ready", || async {
            http_get(this.address, "/-/ready", &[]).await.ok().filter(|answer| answer.status == 200).map(drop)
        })
        .await;
        Some(this)
    }

    /// Scrapes these from now on, each as a job of its name, and waits until each was scraped twice.
    pub(super) async fn scrape(&self, targets: &[(&str, SocketAddr)]) {
        std::fs::write(self.folder.path().join("prometheus.yaml"), config(targets)).unwrap();
        let reload = test_support::http_request(self.address, "POST", "/-/reload", &[], b"").await.unwrap();
        assert_eq!(reload.status, 200, "{}", reload.text());
        eventually("every target was scraped twice", || async {
            let seen = self.query("count_over_time(up[1m]) > 1 and up == 1").await;
            (seen.as_array()?.len() == targets.len()).then_some(())
        })
        .await;
    }

    /// The result of an expression.
    pub(super) async fn query(&self, expr: &str) -> Value {
        self.ask(&format!("/api/v1/query?query={}", encoded(expr))).await["result"].take()
    }

    /// Every metric: those that have series, and those of which only a type is known.
    pub(super) async fn metrics(&self) -> BTreeSet<String> {
        let named = self.ask("/api/v1/label/__name__/values").await;
        let typed = self.ask("/api/v1/metadata").await;
        let named = named.as_array().unwrap().iter().map(|name| name.as_str().unwrap().to_owned());
        named.chain(typed.as_object().unwrap().keys().cloned()).collect()
    }

    /// The labels of a metric's series; none where there are no series.
    pub(super) async fn labels(&self, metric: &str) -> BTreeSet<String> {
        let found = self.ask(&format!("/api/v1/labels?match[]={}", encoded(metric))).await;
        found.as_array().unwrap().iter().map(|label| label.as_str().unwrap().to_owned()).collect()
    }

    async fn ask(&self, path: &str) -> Value {
        let answer = http_get(self.address, path, &[]).await.unwrap();
        let mut body: Value =
            serde_json::from_str(&answer.text()).unwrap_or_else(|error| panic!("{error}: {}", answer.text()));
        assert_eq!(body["status"], "success", "{path}: {body}");
        body["data"].take()
    }
}

/// JSON is YAML.
fn config(targets: &[(&str, SocketAddr)]) -> String {
    let jobs: Vec<Value> = targets
        .iter()
        .map(|(name, address)| json!({"job_name": name, "static_configs": [{"targets": [address.to_string()]}]}))
        .collect();
    json!({"global": {"scrape_interval": "1s", "scrape_timeout": "1s"}, "scrape_configs": jobs}).to_string()
}

/// Percent-encoding of all but letters and digits.
fn encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' => char::from(byte).to_string(),
            byte => format!("%{byte:02X}"),
        })
        .collect()
}
