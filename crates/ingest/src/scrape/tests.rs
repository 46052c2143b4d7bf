use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::Query;
use axum::http::StatusCode;
use axum::routing::get;
use profile_codec::pprof;
use profile_model::{Profile, Sample, StackId, ValueType};

use super::*;
use crate::config::parse;
use crate::outgoing::{Outgoing, Refused, Sink};

#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<Outgoing>>>);

impl Sink for Kept {
    async fn take(&self, profile: Outgoing) -> Result<(), Refused> {
        self.0.lock().unwrap().push(profile);
        Ok(())
    }
}

impl Kept {
    fn of(&self, name: &str) -> Vec<Outgoing> {
        let all = self.0.lock().unwrap();
        all.iter().filter(|one| one.labels.metric_name() == Some(name)).cloned().collect()
    }
}

fn profile(kind: &str) -> Vec<u8> {
    let mut profile = Profile::new(vec![ValueType::new(kind, "count")]);
    profile.samples.push(Sample { stack: StackId::EMPTY, values: &[3], labels: &[] });
    pprof::encode_gzip(&profile)
}

async fn serve(router: Router) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

fn config(text: &str) -> crate::Config {
    parse(text, "f", Path::new("")).unwrap_or_else(|mistakes| panic!("{mistakes}")).0
}

async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    for _ in 0..600 {
        if holds() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("waited in vain for {what}");
}

const NOTHING: &str = "memory: {enabled: false}, block: {enabled: false}, goroutine: {enabled: false}, mutex: {enabled: false}, process_cpu: {enabled: false}";

fn job(address: &str, interval: &str, profiles: &str) -> String {
    format!(
        "scrape_configs:\n- job_name: j\n  scrape_interval: {interval}\n  static_configs: [{{targets: ['{address}']}}]\n  profiling_config: {{pprof_config: {{{NOTHING}, {profiles}}}}}\n"
    )
}

#[tokio::test]
async fn targets_are_scraped_and_their_health_is_told() {
    let router = Router::new()
        .route("/good", get(|| async { profile("a") }))
        .route("/html", get(|| async { "<html>login" }))
        .route("/gone", get(|| async { (StatusCode::NOT_FOUND, "404 page not found") }))
        .route("/empty", get(|| async { "" }));
    let address = serve(router).await;
    let kept = Kept::default();
    let scraper = Scraper::new(kept.clone(), ScrapeOptions::default());
    let names = "good: {enabled: true, path: /good}, html: {enabled: true, path: /html}, gone: {enabled: true, path: /gone}, empty: {enabled: true, path: /empty}";
    scraper.apply(config(&job(&address, "200ms", names))).unwrap();
    until("two good scrapes", || kept.of("good").len() >= 2).await;
    until("all failures", || scraper.counts().failures.values().sum::<u64>() >= 3).await;
    let status = scraper.status().remove(0);
    let of = |path: &str| status.active.iter().find(|target| target.url.ends_with(path)).unwrap();
    assert_eq!(of("/good").health, Health::Good);
    assert_eq!(of("/good").last.as_ref().unwrap().changes, ["time", "period type"]);
    let error = |path: &str| of(path).last.as_ref().unwrap().error.clone();
    assert!(
        error("/html").contains("HTML page") && error("/html").contains("<html>login"),
        "{}",
        error("/html")
    );
    assert!(
        error("/gone").contains("404") && of("/gone").last.as_ref().unwrap().hint.contains("enabled: false")
    );
    assert!(error("/empty").contains("nothing: 0 bytes"), "{}", error("/empty"));
    let one = kept.of("good").remove(0);
    assert_eq!(one.labels.get("instance"), Some(address.as_str()));
    assert_eq!(one.head.period_type, ValueType::new("a", "count"));
    scraper.stop().await;
}

#[tokio::test]
async fn two_cpu_profiles_of_a_process_are_never_under_way_at_once() {
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let seen = Arc::clone(&most);
    let cpu = move || {
        let (now, most) = (Arc::clone(&now), Arc::clone(&most));
        async move {
            most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            tokio::time::sleep(Duration::from_millis(30)).await;
            now.fetch_sub(1, Ordering::SeqCst);
            profile("cpu")
        }
    };
    let address =
        serve(Router::new().route("/a/profile", get(cpu.clone())).route("/b/profile", get(cpu))).await;
    let kept = Kept::default();
    let scraper = Scraper::new(kept.clone(), ScrapeOptions::default());
    let names = "a: {enabled: true, path: /a/profile, delta: true, seconds: 1}, b: {enabled: true, path: /b/profile, delta: true, seconds: 1}";
    let text = job(&address, "100ms", names).replace("  static", "  scrape_timeout: 5s\n  static");
    scraper.apply(config(&text)).unwrap();
    until("both", || kept.of("a").len() >= 3 && kept.of("b").len() >= 3).await;
    assert_eq!(seen.load(Ordering::SeqCst), 1);
    scraper.stop().await;
}

#[tokio::test]
async fn a_busy_process_is_asked_again_within_the_interval() {
    let asked = Arc::new(AtomicUsize::new(0));
    let cpu = move |Query(query): Query<std::collections::HashMap<String, String>>| {
        let asked = Arc::clone(&asked);
        async move {
            assert_eq!(query["seconds"], "1");
            match asked.fetch_add(1, Ordering::SeqCst) {
                0 => (
                    StatusCode::INTERNAL_SERVER_ERROR,
                    b"Could not enable CPU profiling: cpu profiling already in use\n".to_vec(),
                ),
                _ => (StatusCode::OK, profile("cpu")),
            }
        }
    };
    let address = serve(Router::new().route("/profile", get(cpu))).await;
    let kept = Kept::default();
    let scraper = Scraper::new(kept.clone(), ScrapeOptions::default());
    scraper
        .apply(config(&job(&address, "5s", "cpu: {enabled: true, path: /profile, delta: true, seconds: 1}")))
        .unwrap();
    until("the profile", || !kept.of("cpu").is_empty()).await;
    assert_eq!((scraper.counts().scrapes, scraper.counts().failures.len()), (1, 0), "one scrape, no failure");
    assert_eq!(kept.of("cpu")[0].head.duration_nanos, 1_000_000_000);
    scraper.stop().await;
}

#[tokio::test]
async fn a_hanging_target_delays_nobody_and_a_reload_keeps_the_others() {
    let router = Router::new()
        .route("/hang", get(|| async { std::future::pending::<String>().await }))
        .route("/good", get(|| async { profile("a") }));
    let address = serve(router).await;
    let kept = Kept::default();
    let scraper = Scraper::new(kept.clone(), ScrapeOptions::default());
    let names = "hang: {enabled: true, path: /hang}, good: {enabled: true, path: /good}";
    let text = job(&address, "100ms", names).replace("  static", "  scrape_timeout: 1s\n  static");
    scraper.apply(config(&text)).unwrap();
    until("ten scrapes beside the hanging one", || kept.of("good").len() >= 10).await;
    until("the time-out", || scraper.counts().failures.contains_key("timeout")).await;
    until("what was missed", || scraper.counts().missed > 0).await;
    let before = scraper.status()[0].active.iter().map(|target| target.scrapes).max().unwrap();
    // The same job again and another one beside it.
    let more = format!(
        "{text}- job_name: k\n  static_configs: [{{targets: ['{address}']}}]\n  profiling_config: {{pprof_config: {{{NOTHING}}}}}\n"
    );
    scraper.apply(config(&more)).unwrap();
    assert_eq!(scraper.status().len(), 2);
    assert!(scraper.status()[0].active.iter().any(|target| target.scrapes >= before), "counts go on");
    scraper.apply(crate::Config::default()).unwrap();
    until("the end of all", || scraper.status().is_empty()).await;
    scraper.stop().await;
}

#[tokio::test]
async fn files_are_followed_and_bad_targets_hurt_only_themselves() {
    let address = serve(Router::new().route("/good", get(|| async { profile("a") }))).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("t.json");
    std::fs::write(&file, format!(r#"[{{"targets": ["{address}", "no/address"], "labels": {{"x": "1"}}}}]"#))
        .unwrap();
    let text = job("x", "100ms", "good: {enabled: true, path: /good}").replace(
        "static_configs: [{targets: ['x']}]",
        &format!("file_sd_configs: [{{files: ['{}']}}]", file.display()),
    );
    let kept = Kept::default();
    let scraper = Scraper::new(kept.clone(), ScrapeOptions::default());
    scraper.apply(config(&text)).unwrap();
    until("a scrape", || !kept.of("good").is_empty()).await;
    let status = scraper.status().remove(0);
    assert_eq!((status.active.len(), status.dropped.len()), (1, 1));
    assert!(status.dropped[0].reason.as_ref().unwrap().contains("no/address"));
    scraper.stop().await;
}
