//! The pages, as people use them.

use parca_client::{Client, RawSample, RawSeries, Settings, WriteRawRequest};
use serde_json::Value;
use test_support::browser::Browser;
use test_support::page::{self, door_of_server};
use test_support::{eventually, http_request};
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::fixture::{Load, Parca};

/// A Parca with real profiles, until dropped.
async fn filled() -> (String, DropGuard) {
    let stop = CancellationToken::new();
    let mut settings = parca_embedded::Settings::default();
    settings.self_profile_every = None;
    let server = parca_embedded::start("127.0.0.1:0", settings, stop.clone()).await.unwrap();
    let url = format!("http://{}", server.address());
    let series = page::profiles()
        .into_iter()
        .map(|(labels, file)| RawSeries { labels, samples: vec![RawSample::new(file)] });
    Client::new(&Settings::new(&url))
        .unwrap()
        .write_raw(&WriteRawRequest::new(series.collect()))
        .await
        .unwrap();
    (url, stop.drop_guard())
}

#[tokio::test]
async fn the_profile_page_is_the_one_of_all_doors() {
    let (url, _stop) = filled().await;
    let load = Load::start(&url, &[]).await;
    page::suite(&door_of_server(&format!("http://{}/", load.address), "job")).await;
}

#[tokio::test]
async fn links_of_older_pages_lead_to_the_same_question() {
    let Some(browser) = Browser::start().await else { return };
    let (url, _stop) = filled().await;
    let load = Load::start(&url, &[]).await;
    let [start, _, end] = page::TIMES;
    let query = "memory%3Ainuse_space%3Abytes%3Aspace%3Abytes%7Bjob%3D%22svc%22%7D";
    page::open(
        &browser,
        &format!("http://{}/#query={query}&start={start}&end={end}&focus=main", load.address),
    )
    .await;
    browser.wait("profilePage.state().focus === 'main' && location.search.includes('query=')").await;
    browser.close().await;
}

#[tokio::test]
async fn the_pages_are_served_and_may_do_little() {
    let url = format!("http://{}", test_support::unused_address());
    let load = Load::start(&url, &["-token", "not-to-be-seen", "-client-timeout", "2s"]).await;
    for path in ["/", "/load", "/ui/main.js", "/load/page.js"] {
        let head = http_request(load.address, "HEAD", path, &[], &[]).await.unwrap();
        assert_eq!((head.status, head.body.len()), (200, 0), "{path}");
        let policy = head.header("content-security-policy").unwrap();
        assert!(policy.starts_with("default-src 'none'; script-src 'self';"), "{policy}");
        assert_eq!(http_request(load.address, "POST", path, &[], &[]).await.unwrap().status, 405, "{path}");
    }
    let status = load.get("/api/status").await.text();
    let known: Value = serde_json::from_str(&status).unwrap();
    assert_eq!((&known["ready"], &known["protocol"]), (&false.into(), &"grpc-web".into()));
    assert_eq!((&known["lanes"][0]["name"], &known["lanes"][0]["p50"]), (&"labels".into(), &Value::Null));
    // Why it waits is said.
    assert!(known["trouble"].as_str().unwrap().contains("unavailable"), "{known}");

    let check = async |path: &str, status: u16, words: &str| {
        let answer = load.get(path).await;
        let said: Value = serde_json::from_slice(&answer.body).unwrap();
        assert_eq!(answer.status, status, "{said}");
        assert!(said["error"]["message"].as_str().unwrap().contains(words), "{said}");
        assert!(!answer.text().contains("not-to-be-seen"));
    };
    check("/api/types", 502, "unavailable").await;
    check("/api/labels?query=memory%7B", 400, "query: ").await;
    check("/api/values", 400, "label: ").await;
    check("/api/profile?query=memory&source=1", 400, "source: ").await;
    let health: Value = serde_json::from_slice(&load.get("/api/health").await.body).unwrap();
    assert_eq!(health["ok"], false, "{health}");
    assert!(!status.contains("not-to-be-seen"));
}

#[tokio::test]
async fn a_server_that_stands_still_is_called_lost() {
    // Takes connections and says nothing, as a process that was stopped does.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let load = Load::start(&url, &[]).await;
    let status: Value = serde_json::from_slice(&load.get("/api/status").await.body).unwrap();
    assert_eq!(status["trouble"], "no answer for 2s", "{status}");
    let health: Value = serde_json::from_slice(&load.get("/api/health").await.body).unwrap();
    assert_eq!((&health["ok"], &health["words"]), (&false.into(), &"no answer for 2s".into()));
}

#[tokio::test]
async fn lanes_are_shown_over_time() {
    let Some(browser) = Browser::start().await else { return };
    let parca = Parca::start().await;
    let load = Load::start(&parca.url(), &[]).await;
    browser.resize(1280, 900, false).await;
    browser.open(&format!("http://{}/load", load.address)).await;
    browser.wait("document.querySelector('#readiness').dataset.is === 'ready'").await;
    browser.wait("document.querySelectorAll('#lanes tbody tr').length === 6").await;
    browser.wait("document.querySelector('#lanes svg rect') !== null").await;
    browser
        .wait(
            "[...document.querySelectorAll('#over-time .p99')].some((line) => line.getAttribute('d') !== '')",
        )
        .await;
    assert_eq!(browser.text("#lanes tbody th").await, "labels");
    eventually("a report with moments", || async {
        let report: Value = serde_json::from_slice(&load.get("/api/load-report").await.body).unwrap();
        let moments = report["lanes"][3]["moments"].as_array().unwrap();
        moments.iter().any(|moment| moment[0].as_u64().unwrap_or(0) > 0).then_some(())
    })
    .await;
    page::keep_picture(&browser, "load").await;
    browser.prefer("dark").await;
    page::keep_picture(&browser, "load-dark").await;
    let lanes = "document.querySelectorAll('#lanes tbody tr').length === 6";
    page::accessible(&browser, &format!("http://{}/load", load.address), lanes).await;
    page::reads_at(&browser, 390).await;
    assert_eq!(browser.complaints().await, [""; 0]);
    browser.close().await;
}
