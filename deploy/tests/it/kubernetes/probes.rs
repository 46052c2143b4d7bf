//! Each container's command line with the program itself, its paths and addresses replaced by those of the test; its probes
//! while there is no Parca, once there is one, and at the end.

use std::net::SocketAddr;

use serde_json::Value;
use tempfile::TempDir;
use test_support::{PATIENCE, Process, Signal, eventually, unused_address};

use super::workload::{Container, containers};
use crate::files::read;
use crate::programs::{Daemon, program};

/// A container of the manifests, started here.
struct Pod {
    daemon: Daemon,
    container: Container,
    _folder: TempDir,
}

impl Pod {
    async fn start(name: &str, parca: SocketAddr) -> Self {
        let container = containers()
            .into_iter()
            .find(|one| one.program == name && one.document["kind"] != "Job")
            .unwrap();
        let folder = tempfile::tempdir().unwrap();
        write_configs(&folder, parca);
        let args = args_here(&container.spec, &folder, parca);
        let daemon = Daemon::start(name, &args).await;
        Self { daemon, container, _folder: folder }
    }

    /// What a probe gets.
    async fn probe(&self, which: &str) -> Option<u16> {
        let path = self.container.spec[which]["httpGet"]["path"].as_str();
        self.daemon.status(path.unwrap_or_else(|| panic!("no {which}"))).await
    }

    /// Stops it as Kubernetes does: it ends well within the time that the pod has.
    async fn stop(self) {
        self.daemon.process.signal(Signal::TERM);
        let grace = self.container.pod["terminationGracePeriodSeconds"].as_u64().unwrap();
        let exit = self.daemon.process.exit(std::time::Duration::from_secs(grace)).await;
        assert_eq!(exit.code, Some(0), "{exit:#?}");
    }
}

/// The configs of the ConfigMaps with addresses of this test. Pods are not discovered: there is no API server.
fn write_configs(folder: &TempDir, parca: SocketAddr) {
    let nobody = unused_address();
    let exporter = read("deploy/kubernetes/profile-exporter/profile-exporter-config.yaml")
        .replace("parca-embedded:7070", &parca.to_string())
        .replace("prometheus:9090", &nobody.to_string())
        .replace("/var/lib/profile-exporter", &folder.path().join("spool").display().to_string());
    std::fs::write(folder.path().join("profile-exporter.yaml"), exporter).unwrap();
    let scrape = read("deploy/kubernetes/parca-ingest/parca.yaml");
    assert!(scrape.contains("  kubernetes_sd_configs:\n  - role: pod\n"));
    let targets = format!("  static_configs: [{{targets: ['{nobody}']}}]\n");
    let scrape = scrape.replace("  kubernetes_sd_configs:\n  - role: pod\n", &targets);
    std::fs::write(folder.path().join("parca.yaml"), scrape).unwrap();
}

fn args_here(spec: &Value, folder: &TempDir, parca: SocketAddr) -> Vec<String> {
    let path = |name: &str| folder.path().join(name).display().to_string();
    let here = |arg: &Value| {
        let mut arg = arg.as_str().unwrap().to_owned();
        for mount in spec["volumeMounts"].as_array().into_iter().flatten() {
            let place = mount["mountPath"].as_str().unwrap();
            let name = if mount["name"] == "config" { "" } else { mount["name"].as_str().unwrap() };
            arg = arg.replace(place, path(name).trim_end_matches('/'));
        }
        arg = arg.replace("parca-embedded:7070", &parca.to_string());
        for port in spec["ports"].as_array().into_iter().flatten() {
            arg = arg.replace(&format!("=:{}", port["containerPort"]), "=127.0.0.1:0");
        }
        arg
    };
    spec["args"].as_array().unwrap().iter().map(here).collect()
}

/// A Parca at an address that was free a moment ago.
async fn parca_at(address: SocketAddr) -> Daemon {
    Daemon::start(
        "parca-embedded",
        &[format!("--http-address={address}"), "--self-profile-interval=1s".to_owned()],
    )
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_store_is_ready_when_it_listens_and_ends_well() {
    let pod = Pod::start("parca-embedded", unused_address()).await;
    for probe in ["startupProbe", "livenessProbe", "readinessProbe"] {
        assert_eq!(pod.probe(probe).await, Some(200), "{probe}");
    }
    pod.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_prober_is_alive_without_a_parca_and_ready_with_one() {
    let address = unused_address();
    let pod = Pod::start("parca-load", address).await;
    assert_eq!(pod.probe("livenessProbe").await, Some(200));
    assert_eq!(pod.probe("readinessProbe").await, Some(503));
    let parca = parca_at(address).await;
    eventually("the prober is ready", || async {
        (pod.probe("readinessProbe").await == Some(200)).then_some(())
    })
    .await;
    pod.stop().await;
    drop(parca);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_exporter_is_alive_without_a_parca() {
    let address = unused_address();
    let pod = Pod::start("profile-exporter", address).await;
    assert_eq!(pod.probe("livenessProbe").await, Some(200));
    let parca = parca_at(address).await;
    eventually("the exporter is ready", || async {
        (pod.probe("readinessProbe").await == Some(200)).then_some(())
    })
    .await;
    pod.stop().await;
    drop(parca);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scraper_works_without_a_parca_as_profiles_wait_in_its_spool() {
    let pod = Pod::start("parca-ingest", unused_address()).await;
    assert_eq!(pod.probe("livenessProbe").await, Some(200));
    assert_eq!(pod.probe("readinessProbe").await, Some(200));
    pod.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_job_succeeds_against_a_parca_and_fails_without_one() {
    let job = containers().into_iter().find(|one| one.document["kind"] == "Job").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let run = async |parca: SocketAddr| {
        let mut args = args_here(&job.spec, &folder, parca);
        assert!(args.contains(&"-duration=5m".to_owned()), "{args:?}");
        args.push("-duration=2s".to_owned());
        Process::run(program(&job.program), args, [("NO_COLOR", "1")]).await
    };
    let exit = run(unused_address()).await;
    assert_eq!(exit.code, Some(1), "{exit:#?}");
    let address = unused_address();
    let parca = parca_at(address).await;
    let exit = run(address).await;
    assert_eq!(exit.code, Some(0), "{exit:#?}");
    let summary: Value =
        serde_json::from_str(&exit.stdout).unwrap_or_else(|error| panic!("{error}: {exit:#?}"));
    assert!(summary["lanes"].is_object() || summary["lanes"].is_array(), "{summary}");
    parca.process.signal(Signal::TERM);
    assert_eq!(parca.process.exit(PATIENCE).await.code, Some(0));
}
