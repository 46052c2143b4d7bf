//! Parca's own scraper beside ours: what a target gave is what is stored.

use std::fs;
use std::net::SocketAddr;
use std::process::{Command, Stdio};

use test_support::{eventually, needs};

use crate::numbered::{Numbered, stored};
use crate::{Running, embedded, program, signal};

fn config(target: SocketAddr, job: &str) -> String {
    let off = ["memory", "block", "mutex", "goroutine", "process_cpu"]
        .map(|name| format!("{name}: {{enabled: false}}"))
        .join(", ");
    format!(
        "object_storage: {{bucket: {{type: FILESYSTEM, config: {{directory: ./data}}}}}}\nscrape_configs:\n- job_name: {job}\n  scrape_interval: 1s\n  static_configs: [{{targets: ['{target}']}}]\n  profiling_config: {{pprof_config: {{{off}, cpu: {{enabled: true, path: /cpu}}}}}}\n"
    )
}

/// Runs a scraper until the store has a few profiles, and compares what is stored then with what was served.
async fn compare(mut command: Command, store: SocketAddr, job: &str, target: &Numbered) {
    let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let mut scraper = Running(child);
    eventually("profiles", || async { (stored(store, "cpu", job).await.len() > 3).then_some(()) }).await;
    signal(&scraper.0, "TERM");
    scraper.0.wait().unwrap();
    let served = target.served();
    // What was under way at the end is not promised, and what was sent may take a moment.
    let all = &served[..served.len() - 1];
    eventually("all", || async {
        let kept = stored(store, "cpu", job).await;
        assert!(kept.values().all(|sum| *sum == 1), "{kept:?}");
        assert!(kept.keys().all(|time| served.contains(time)), "{kept:?} {served:?}");
        all.iter().all(|time| kept.contains_key(time)).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn parcas_scraper_into_our_store() {
    let Some(parca) = needs("parca") else { return };
    let (server, stop) = embedded().await;
    let (folder, target) = (tempfile::tempdir().unwrap(), Numbered::start());
    fs::write(folder.path().join("parca.yaml"), config(target.address, "theirs")).unwrap();
    let mut command = Command::new(parca);
    command.args(["--mode=scraper-only", "--insecure", "--config-path=parca.yaml"]);
    command.arg(format!("--store-address={}", server.address())).current_dir(folder.path());
    command.arg(format!("--http-address={}", test_support::unused_address()));
    compare(command, server.address(), "theirs", &target).await;
    stop.cancel();
}

#[tokio::test(flavor = "multi_thread")]
async fn our_scraper_into_a_real_parca() {
    let Some(url) = needs("PARCA_URL") else { return };
    let store: SocketAddr = url.trim_start_matches("http://").trim_end_matches('/').parse().unwrap();
    let (folder, target) = (tempfile::tempdir().unwrap(), Numbered::start());
    let job = format!("ours-{}", std::process::id());
    let file = folder.path().join("parca.yaml");
    fs::write(&file, config(target.address, &job)).unwrap();
    let mut command = program();
    command.args(["scrape", "--insecure", "--http-address", "none", "--store-address", &store.to_string()]);
    command.arg("--config-path").arg(&file);
    compare(command, store, &job, &target).await;
}
