//! The program as its users have it: a process with flags, a port, signals and an exit code.

use profile_codec::pprof::{Limits, decode};
use test_support::{Kind, PATIENCE, Process, Scrape, Signal, address_in, http_get};

use crate::{NONE, PARCA_EMBEDDED};

#[tokio::test]
async fn it_names_its_address_serves_and_stops_when_told_to() {
    let mut process = Process::start(PARCA_EMBEDDED, ["--http-address", "127.0.0.1:0"], NONE);
    let line = process.stderr_line("its address", |line| line.contains("serving")).await;
    let address = address_in(&line).unwrap();

    for path in ["/healthz", "/readyz"] {
        assert_eq!(http_get(address, path, &[]).await.unwrap().status, 200, "{path}");
    }
    let metrics = Scrape::parse_text(&http_get(address, "/metrics", &[]).await.unwrap().text()).unwrap();
    for (family, kind) in
        [("process_open_fds", Kind::Gauge), ("parca_embedded_store_evicted_rows_total", Kind::Counter)]
    {
        assert_eq!(metrics.family(family).kind, kind, "{family}");
    }

    let profile = http_get(address, "/debug/pprof/profile?seconds=1", &[]).await.unwrap();
    assert_eq!(profile.status, 200, "{}", profile.text());
    let profile = decode(&profile.body, &Limits::default()).unwrap();
    let units: Vec<&str> = profile.sample_types.iter().map(|kind| kind.unit.as_str()).collect();
    assert_eq!(units, ["count", "nanoseconds"]);

    process.signal(Signal::TERM);
    let exit = process.exit(PATIENCE).await;
    assert_eq!((exit.code, exit.stdout.as_str()), (Some(0), ""), "{exit:#?}");
}

#[tokio::test]
async fn what_is_asked_wrongly_is_exit_2_and_what_cannot_be_done_is_exit_1() {
    let check = async |args: &[&str], code: i32, words: &str| {
        let exit = Process::run(PARCA_EMBEDDED, args, NONE).await;
        assert_eq!(exit.code, Some(code), "{args:?}: {exit:#?}");
        assert!(exit.stderr.contains(words), "{args:?}: {}", exit.stderr);
    };
    check(&["--nope"], 2, "--nope").await;
    check(&["--log-level", "a=b=c"], 2, "found `a=b=c`").await;
    check(&["--storage-active-memory", "1"], 2, "at least 1MiB").await;
    check(
        &["--service-labels", "a b"],
        2,
        "expected the name of a label, found `a b`: `,` stands between names, as in `a,b`",
    )
    .await;
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    check(&["--http-address", &address], 1, &format!("error: cannot listen on `{address}`")).await;
}
