//! The page of targets, as people see it.

use std::fs;

use test_support::browser::Browser;
use test_support::page::{accessible, reads_at};
use test_support::{Process, address_in, eventually, http_get, target, unused_address};

/// One target that is well, one that is not there and has many labels, and jobs without any.
fn config(well: &str, gone: &str) -> String {
    format!(
        "scrape_configs:\n\
         - job_name: well\n  scrape_interval: 200ms\n  static_configs: [{{targets: ['{well}'], labels: {{region: eu-west-1}}}}]\n\
         - job_name: gone\n  scrape_interval: 200ms\n  static_configs:\n  - targets: ['{gone}']\n    \
           labels: {{namespace: observability-production, deployment: checkout-service-frontend, pod: checkout-service-frontend-7d9f8b6c5-x2x9z}}\n  \
           relabel_configs: [{{source_labels: [__name__], regex: block, action: drop}}]\n\
         - job_name: none\n  static_configs: []\n"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn targets_read_at_all_widths() {
    let Some(browser) = Browser::start().await else { return };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("parca.yaml");
    let well = target("goroutine profile: total 2\n2 @ 0x11 0x21\n");
    fs::write(&file, config(&well, &unused_address().to_string())).unwrap();
    let store = unused_address().to_string();
    let arguments =
        ["scrape", "--insecure", "--http-address", "127.0.0.1:0", "--store-address", &store, "--config-path"];
    let arguments = arguments.into_iter().chain([file.to_str().unwrap()]);
    let mut scraper = Process::start(env!("CARGO_BIN_EXE_parca-ingest"), arguments, [("A", "b")]);
    let line = scraper.stderr_line("its address", |line| line.contains("scraping")).await;
    let address = address_in(&line).unwrap();
    eventually("a target that is up and one that is down", || async {
        let told = http_get(address, "/targets.json", &[]).await.unwrap().text();
        let has = |health: &str| told.contains(&format!("\"health\":\"{health}\""));
        (has("up") && has("down") && !has("unknown")).then_some(())
    })
    .await;
    let page = format!("http://{address}/targets");
    browser.open(&page).await;
    for width in [390, 1100, 1280] {
        reads_at(&browser, width).await;
    }
    let words = browser.text("main").await;
    assert!(words.contains("No target is found") && words.contains("not scraped"), "{words}");
    accessible(&browser, &page, "document.querySelector('h2') !== null").await;
    assert_eq!(browser.complaints().await, [""; 0]);
    browser.close().await;
}
