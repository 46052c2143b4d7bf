//! Configs that change while targets are scraped.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use test_support::{Process, address_in, eventually, http_get, target};

use crate::embedded;

fn config(folder: &Path, job: &str, address: &str) {
    fs::create_dir_all(folder).unwrap();
    let off = ["memory", "block", "mutex", "process_cpu"]
        .map(|name| format!("{name}: {{enabled: false}}"))
        .join(", ");
    let text = format!(
        "scrape_configs:\n- job_name: {job}\n  scrape_interval: 200ms\n  static_configs: [{{targets: ['{address}']}}]\n  profiling_config: {{pprof_config: {{{off}}}}}\n"
    );
    fs::write(folder.join("parca.yaml"), text).unwrap();
}

/// As Kubernetes mounts a ConfigMap: the file is a link into a folder that is a link, which is what changes.
#[tokio::test(flavor = "multi_thread")]
async fn a_config_whose_folder_is_swapped_is_read_again() {
    let (server, stop) = embedded().await;
    let folder = tempfile::tempdir().unwrap();
    let address = target("goroutine profile: total 2\n2 @ 0x11 0x21\n");
    config(&folder.path().join("first"), "old", &address);
    config(&folder.path().join("second"), "new", &address);
    symlink("first", folder.path().join("..data")).unwrap();
    symlink("..data/parca.yaml", folder.path().join("parca.yaml")).unwrap();
    let file = folder.path().join("parca.yaml").display().to_string();
    let store = server.address().to_string();
    let arguments = ["scrape", "--insecure", "--http-address", "127.0.0.1:0", "--store-address", &store];
    let arguments = arguments.into_iter().chain(["--config-path", &file]);
    let mut scraper = Process::start(env!("CARGO_BIN_EXE_parca-ingest"), arguments, [("A", "b")]);
    let line = scraper.stderr_line("its address", |line| line.contains("scraping")).await;
    let page = address_in(&line).unwrap();

    symlink("second", folder.path().join("..next")).unwrap();
    fs::rename(folder.path().join("..next"), folder.path().join("..data")).unwrap();
    scraper.stderr_line("the new config", |line| line.contains("the config was reloaded")).await;
    eventually("the new job", || async {
        let targets = http_get(page, "/targets.json", &[]).await.ok()?.text();
        (targets.contains(r#""job":"new""#) && !targets.contains(r#""job":"old""#)).then_some(())
    })
    .await;
    stop.cancel();
}
