//! How a scraper ends that is told to.

use std::fs;
use std::io::Read;
use std::net::TcpListener;
use std::sync::mpsc;
use std::time::Duration;

use test_support::{Process, Signal};

use crate::embedded;

/// A target that takes requests and never answers; says when it has one.
fn silent() -> (String, mpsc::Receiver<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (asked, asks) = mpsc::channel();
    std::thread::spawn(move || {
        let mut kept = Vec::new();
        for mut stream in listener.incoming().flatten() {
            let _ = stream.read(&mut [0; 1024]);
            kept.push(stream);
            let _ = asked.send(());
        }
    });
    (address, asks)
}

/// A window may last for minutes: whoever stops a scraper does not wait for it.
#[tokio::test(flavor = "multi_thread")]
async fn a_scrape_under_way_is_given_up_at_the_end() {
    let (server, stop) = embedded().await;
    let folder = tempfile::tempdir().unwrap();
    let (address, asks) = silent();
    let file = folder.path().join("parca.yaml");
    let off = ["memory", "block", "mutex", "goroutine"]
        .map(|name| format!("{name}: {{enabled: false}}"))
        .join(", ");
    // The first scrape of an interval this short begins soon; its window is an hour.
    let text = format!(
        "scrape_configs:\n- job_name: j\n  scrape_interval: 100ms\n  scrape_timeout: 2h\n  static_configs: [{{targets: ['{address}']}}]\n  profiling_config: {{pprof_config: {{{off}, process_cpu: {{seconds: 3600}}}}}}\n"
    );
    fs::write(&file, text).unwrap();
    let (config, store) = (file.display().to_string(), server.address().to_string());
    for spool in [None, Some(folder.path().join("spool").display().to_string())] {
        let mut arguments = vec![
            "scrape",
            "--insecure",
            "--http-address",
            "127.0.0.1:0",
            "--store-address",
            &store,
            "--config-path",
            &config,
        ];
        arguments.extend(spool.iter().flat_map(|folder| ["--spool", folder]));
        let scraper = Process::start(env!("CARGO_BIN_EXE_parca-ingest"), arguments, [("A", "b")]);
        asks.recv().unwrap();
        scraper.signal(Signal::TERM);
        let exit = scraper.exit(Duration::from_secs(5)).await;
        assert_eq!(exit.code, Some(0), "{exit:?}");
        assert!(exit.stderr.contains("given_up=1") && exit.stderr.contains("waiting=0"), "{}", exit.stderr);
    }
    stop.cancel();
}
