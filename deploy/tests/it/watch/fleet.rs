//! All daemons at work on one store: each family of metrics that has labels gets some.

use std::net::SocketAddr;

use tempfile::TempDir;
use test_support::{Scrape, eventually, unused_address};

use crate::programs::Daemon;

/// The daemons, and the folder that they keep their data in.
pub(super) struct Fleet {
    pub(super) load: Daemon,
    pub(super) exporter: Daemon,
    pub(super) ingest: Daemon,
    pub(super) embedded: Daemon,
    _folder: TempDir,
}

impl Fleet {
    /// Starts them; the exporter sends to this receiver.
    pub(super) async fn start(receiver: SocketAddr) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).display().to_string();
        std::fs::create_dir(folder.path().join("copies")).unwrap();
        let words = |line: &str| line.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let (data, copies) = (path("data"), path("copies"));
        let line = format!(
            "--http-address=127.0.0.1:0 --self-profile-interval=1s --data-dir={data} --copy-to=file://{copies}"
        );
        let embedded = Daemon::start("parca-embedded", &words(&line)).await;
        let store = embedded.address;
        let line = format!("-url=http://{store} -addr=127.0.0.1:0 -query-interval=500ms");
        let load = Daemon::start("parca-load", &words(&line)).await;
        std::fs::write(folder.path().join("parca.yaml"), targets(load.address)).unwrap();
        let (config, spool) = (path("parca.yaml"), path("spool"));
        let line = format!(
            "scrape --config-path={config} --store-address=http://{store} --spool={spool} --http-address=127.0.0.1:0"
        );
        let ingest = Daemon::start("parca-ingest", &words(&line)).await;
        std::fs::write(folder.path().join("exporter.yaml"), queries(store, receiver)).unwrap();
        let line = format!("--config-file={} --http-address=127.0.0.1:0", path("exporter.yaml"));
        let exporter = Daemon::start("profile-exporter", &words(&line)).await;
        Self { load, exporter, ingest, embedded, _folder: folder }
    }

    /// Every daemon with its name, in the order of the document.
    pub(super) fn daemons(&self) -> [(&'static str, &Daemon); 4] {
        [
            ("parca-load", &self.load),
            ("profile-exporter", &self.exporter),
            ("parca-ingest", &self.ingest),
            ("parca-embedded", &self.embedded),
        ]
    }

    /// Waits until each has done each kind of its work at least once.
    pub(super) async fn at_work(&self) {
        let has = |scrape: &Scrape, family: &str, labels: &[(&str, &str)]| {
            scrape.number(family, labels).is_some_and(|number| number > 0.0)
        };
        eventually("every lane has called", || async {
            let scrape = self.load.scrape().await;
            let merged = has(&scrape, "parca_client_query_total", &[("mode", "merge")]);
            (merged
                && has(&scrape, "parca_client_query_total", &[("mode", "single"), ("report_type", "pprof")]))
            .then_some(())
        })
        .await;
        eventually("a scrape is good and one is not", || async {
            let scrape = self.ingest.scrape().await;
            let counts = |health| has(&scrape, "parca_ingest_targets", &[("health", health)]);
            (counts("up") && counts("down")).then_some(())
        })
        .await;
        eventually("a window was sent", || async {
            let sent = "profile_exporter_remote_write_highest_sent_timestamp_seconds";
            has(&self.exporter.scrape().await, sent, &[]).then_some(())
        })
        .await;
    }
}

/// One target that has a CPU profile and one that is not there.
fn targets(load: SocketAddr) -> String {
    let nobody = unused_address();
    format!(
        "scrape_configs:\n- job_name: load\n  scrape_interval: 2s\n  scrape_timeout: 6s\n  static_configs: [{{targets: ['{load}', '{nobody}']}}]\n  \
         profiling_config: {{pprof_config: {{memory: {{enabled: false}}, block: {{enabled: false}}, goroutine: {{enabled: false}}, \
         mutex: {{enabled: false}}, process_cpu: {{seconds: 1}}}}}}\n"
    )
}

fn queries(store: SocketAddr, receiver: SocketAddr) -> String {
    format!(
        "global: {{delay: 0s}}\nremote_write: {{url: 'http://{receiver}/api/v1/write'}}\nparca: {{address: '{store}', insecure: true}}\n\
         queries:\n- {{name: cpu, query: 'process_cpu:cpu:nanoseconds:cpu:nanoseconds:delta', duration: 2s, top_n: 3, matchers: [{{glob: '*'}}]}}\n"
    )
}
