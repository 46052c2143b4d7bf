//! A store that goes away, resets connections after it has stored, answers late; and a scraper that is killed.
//! With a spool, what was taken is stored once.

use std::collections::BTreeSet;
use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::Duration;

use test_support::eventually;

use crate::numbered::{Numbered, stored};
use crate::proxy::{Mode, Proxy};
use crate::{Running, embedded, program, run, signal};

/// How long the store is away: two minutes where `PARCA_INGEST_LONG` is set.
fn is_long() -> bool {
    std::env::var_os("PARCA_INGEST_LONG").is_some()
}

struct Scraper {
    running: Running,
}

impl Scraper {
    fn start(folder: &Path, proxy: &Proxy, target: SocketAddr, job: &str) -> Self {
        let config = folder.join("parca.yaml");
        let off = ["memory", "block", "mutex", "goroutine", "process_cpu"]
            .map(|name| format!("{name}: {{enabled: false}}"))
            .join(", ");
        let text = format!(
            "scrape_configs:\n- job_name: {job}\n  scrape_interval: 100ms\n  static_configs: [{{targets: ['{target}']}}]\n  profiling_config: {{pprof_config: {{{off}, cpu: {{enabled: true, path: /cpu}}}}}}\n"
        );
        fs::write(&config, text).unwrap();
        let mut command = program();
        // gRPC-Web over HTTP/1.1: the first byte of an answer says that the request is dealt with.
        command.arg("scrape").arg("--store-address").arg(format!("http://{}", proxy.address));
        command.args(["--store-timeout", "1s", "--http-address", "none", "--shutdown-timeout", "30s"]);
        command.arg("--config-path").arg(&config).arg("--spool").arg(folder.join("spool"));
        let child: Child = command.stderr(Stdio::null()).spawn().unwrap();
        Self { running: Running(child) }
    }

    /// The most memory that it ever had.
    fn memory(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.running.0.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1024
    }

    fn kill(mut self) {
        self.running.0.kill().unwrap();
        self.running.0.wait().unwrap();
    }

    fn terminate(mut self) {
        signal(&self.running.0, "TERM");
        assert_eq!(self.running.0.wait().unwrap().code(), Some(0));
    }
}

async fn faults(proxy: &Proxy, most: usize) {
    eventually("faults", || async { (proxy.faults() >= most).then_some(()) }).await;
}

/// Until the store has what was served by now, the last few aside.
async fn caught_up(store: SocketAddr, job: &str, target: &Numbered) {
    let served = target.served();
    let until = served[served.len().saturating_sub(3)];
    eventually("all to be stored", || async {
        stored(store, "cpu", job).await.contains_key(&until).then_some(())
    })
    .await;
}

async fn outages(store: SocketAddr) {
    let folder = tempfile::tempdir().unwrap();
    let job = format!("outage-{}", std::process::id());
    let (proxy, target) = (Proxy::start(store), Numbered::start());
    let start = || Scraper::start(folder.path(), &proxy, target.address, &job);
    let scraper = start();
    eventually("the first profiles", || async { (stored(store, "cpu", &job).await.len() > 3).then_some(()) })
        .await;

    proxy.set(Mode::Away);
    faults(&proxy, 3).await;
    if is_long() {
        let seen = target.served().len();
        while target.served().len() < seen + 1200 {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
    proxy.set(Mode::Good);
    caught_up(store, &job, &target).await;

    proxy.set(Mode::Reset);
    faults(&proxy, 2).await;
    proxy.set(Mode::Good);
    caught_up(store, &job, &target).await;

    proxy.set(Mode::Late);
    faults(&proxy, 2).await;
    proxy.set(Mode::Good);
    caught_up(store, &job, &target).await;

    // Killed while nobody knows what became of the last request.
    proxy.set(Mode::Reset);
    faults(&proxy, 1).await;
    let memory = scraper.memory();
    assert!(memory < 128 << 20, "{memory} bytes of memory");
    let before = target.served().len();
    scraper.kill();
    proxy.set(Mode::Good);
    let scraper = start();
    eventually("it goes on", || async { (target.served().len() > before + 5).then_some(()) }).await;
    caught_up(store, &job, &target).await;
    scraper.terminate();

    let (served, kept) = (target.served(), stored(store, "cpu", &job).await);
    let twice: Vec<_> = kept.iter().filter(|(_, sum)| **sum != 1).collect();
    assert_eq!(twice, [], "of {} profiles", kept.len());
    let kept: BTreeSet<i64> = kept.into_keys().collect();
    let lost: Vec<i64> = served.iter().copied().filter(|time| !kept.contains(time)).collect();
    // One may have been under way at the kill, and one at the end: nobody had promised anything of these.
    assert!(lost.len() <= 2, "{} of {} lost: {lost:?}", lost.len(), served.len());
    assert!(lost.iter().all(|time| served[before.saturating_sub(2)..].contains(time)), "{lost:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_taken_is_stored_once_whatever_happens_on_the_way() {
    let (server, stop) = embedded().await;
    outages(server.address()).await;
    stop.cancel();
}

/// A Parca adds equal rows up, so there a repetition would be seen.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_taken_is_stored_once_by_a_real_parca() {
    let Some(url) = test_support::needs("PARCA_URL") else { return };
    let store = url.trim_start_matches("http://").trim_end_matches('/').parse().unwrap();
    outages(store).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_were_pushed_into_an_outage_are_stored_once_by_the_next_push() {
    let (server, stop) = embedded().await;
    let folder = tempfile::tempdir().unwrap();
    let proxy = Proxy::start(server.address());
    let push = |name: &str, seconds: &str| {
        let file = folder.path().join(name);
        fs::write(&file, "main;work 3\n").unwrap();
        let mut command = program();
        command.args(["push", "--store-timeout", "1s", "--send-timeout", seconds, "--name", "stacks"]);
        command.arg("--store-address").arg(format!("http://{}", proxy.address));
        command.args(["-l", &format!("file={name}"), "--time", "1700000000"]);
        run(command.arg("--spool").arg(folder.path().join("spool")).arg(&file))
    };
    proxy.set(Mode::Away);
    let (code, _, words) = push("a.folded", "1s");
    assert!(code == 1 && words.contains("1 not sent in time"), "{words}");
    proxy.set(Mode::Reset);
    let (code, _, words) = push("b.folded", "1s");
    assert!(code == 1 && words.contains("not sent in time"), "{words}");
    proxy.set(Mode::Good);
    let (code, _, words) = push("c.folded", "30s");
    assert_eq!(code, 0, "{words}");
    for name in ["a", "b", "c"] {
        let query = format!(r#"stacks:samples:count:samples:count{{file="{name}.folded"}}"#);
        assert_eq!(crate::total(server.address(), &query).await, 3, "{name}: {words}");
    }
    stop.cancel();
}
