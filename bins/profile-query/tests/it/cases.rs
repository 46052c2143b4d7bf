//! Inputs that came out wrong somewhere, each after a public bug report, with the right value. The files are in
//! `tests/cases`, made by hand; `go tool pprof` is the reference where none is named.

use std::path::Path;
use std::time::Duration;

use parca_embedded::Settings;
use test_support::Exit;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::fixture::Home;

fn case(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases").join(name).display().to_string()
}

async fn run(args: &[&str]) -> Exit {
    Home::with("").run(args).await
}

async fn ok(args: &[&str]) -> String {
    Home::with("").ok(args).await
}

/// A Parca until dropped.
async fn parca() -> (Home, DropGuard) {
    let stop = CancellationToken::new();
    let mut settings = Settings::default();
    settings.self_profile_every = None;
    let server = parca_embedded::start("127.0.0.1:0", settings, stop.clone()).await.unwrap();
    let home = Home::with(&format!("[parca.deployments.lab]\nurl = \"http://{}\"\n", server.address()));
    (home, stop.drop_guard())
}

/// google/pprof#432, #147.
#[tokio::test]
async fn a2_two_files_that_name_other_default_types_are_compared_by_one() {
    let [go, named, cpp] = ["A2/go.pb.gz", "A2/godef.pb.gz", "A2/cpp.pb.gz"].map(case);
    let exit = run(&["diff", &go, &named, "--fail-if", "cum>0.1pp"]).await;
    assert_eq!(exit.code, Some(0), "{exit:#?}");
    assert!(exit.stdout.ends_with("No function changed.\n"), "{}", exit.stdout);
    let exit = run(&["diff", &go, &cpp]).await;
    assert_eq!(exit.code, Some(2), "{exit:#?}");
    assert!(exit.stderr.contains("expected a sample type that both have, found none"), "{}", exit.stderr);
}

/// rbspy#348, grafana/pyroscope#992.
#[tokio::test]
async fn a3_the_same_in_other_units_is_the_same() {
    let [ns, nanos, ms, us, min] =
        ["A3/ns.pb.gz", "A3/nanos.pb.gz", "A3/ms.pb.gz", "A3/us.pb.gz", "A3/min.pb.gz"].map(case);
    for [before, after] in [[&ns, &nanos], [&ms, &ns], [&ns, &ms], [&us, &ns]] {
        let exit = run(&["diff", before, after, "--by", "none", "--fail-if", "cum>0"]).await;
        assert_eq!(exit.code, Some(0), "{before} {after} {exit:#?}");
        assert!(exit.stdout.ends_with("No function changed.\n"), "{}", exit.stdout);
    }
    let text = ok(&["top", &min]).await;
    assert!(text.contains("min") && !text.contains("minutes in all"), "{text}");
    for file in [&ns, &nanos, &ms, &us] {
        let text = ok(&["top", file]).await;
        assert!(text.contains("100 ms in all"), "{file} {text}");
        let exit = run(&["diff", file, file, "--by", "none", "--fail-if", "cum>=200ms"]).await;
        assert_eq!(exit.code, Some(0), "{exit:#?}");
        let exit = run(&["diff", file, file, "--by", "none", "--fail-if", "cum>=0ms"]).await;
        assert_eq!(exit.code, Some(5), "{exit:#?}");
    }
}

/// google/pprof#139.
#[tokio::test]
async fn a4_frames_that_a_profile_drops_are_dropped_unless_asked_for() {
    for file in ["A4/drop.pb.gz", "A4/keep.pb.gz"].map(case) {
        let csv = ok(&["top", &file, "--output", "csv"]).await;
        let rows: Vec<&str> =
            csv.lines().map(|line| line.split(",bytes,").collect::<Vec<_>>()).map(|row| row[0]).collect();
        assert!(
            csv.contains("alloc")
                && csv.lines().any(|line| line.starts_with("alloc,") && line.ends_with(",100,100")),
            "{csv}"
        );
        assert!(csv.lines().any(|line| line.starts_with("main,") && line.ends_with(",0,100")), "{csv}");
        assert!(!rows.iter().any(|row| row.contains("mmap") || row.contains("malloc")), "{csv}");
        let all = ok(&["top", &file, "--output", "csv", "--all-frames"]).await;
        assert!(all.contains("malloc"), "{all}");
    }
}

/// grafana/pyroscope#537.
#[tokio::test]
async fn a7_a_gate_over_nothing_does_not_pass() {
    let [full, empty] = ["A7/ab.pb.gz", "A7/empty.pb.gz"].map(case);
    for (before, after, side) in
        [(&full, &empty, "comparison"), (&empty, &full, "baseline"), (&empty, &empty, "baseline")]
    {
        let exit = run(&["diff", before, after, "--fail-if", "cum>5pp"]).await;
        assert_eq!((exit.code, exit.stdout.as_str()), (Some(3), ""), "{exit:#?}");
        assert!(exit.stderr.contains(side) && exit.stderr.contains("has no samples"), "{}", exit.stderr);
    }
    let exit = run(&["diff", &empty, &full, "--fail-if", "cum>5pp", "--allow-empty-base"]).await;
    assert_eq!(exit.code, Some(0), "{exit:#?}");
    assert!(exit.stdout.contains("There is no baseline yet"), "{}", exit.stdout);
    let exit = run(&["diff", &full, &full, "--fail-if", "cum(nosuch)>5pp"]).await;
    assert_eq!(exit.code, Some(3), "{exit:#?}");
}

/// google/pprof#516.
#[tokio::test]
async fn a11_shares_are_of_the_whole_and_not_of_what_a_filter_left() {
    let [before, after] = ["A11/in.pb.gz", "A11/after.pb.gz"].map(case);
    let exit = run(&["diff", &before, &after, "--focus", "work", "--fail-if", "cum(work)>5pp"]).await;
    assert_eq!(exit.code, Some(5), "{exit:#?}");
    assert!(exit.stdout.contains("+40.00 pp"), "{}", exit.stdout);
    let text = ok(&["top", &before, "--ignore", "idle"]).await;
    assert!(text.contains("10 ns of 100 ns in all") && text.contains("10.0 %"), "{text}");
    let text = ok(&["top", &before, "--ignore", "idle", "--relative"]).await;
    assert!(text.contains("100.0 %"), "{text}");
    for command in [vec!["top", &before], vec!["flamegraph", &before], vec!["diff", &before, &after]] {
        let exit = run(&[&command[..], &["--focus", "nosuch"]].concat()).await;
        assert_eq!(exit.code, Some(3), "{command:?} {exit:#?}");
    }
}

/// Every output that shows shares says of what they are.
#[tokio::test]
async fn a11_every_output_says_what_shares_are_of() {
    let [before, after] = ["A11/in.pb.gz", "A11/after.pb.gz"].map(case);
    for (form, expect) in [
        ("text", "10 ns of 100 ns in all"),
        ("tree", "10 ns of 100 ns in all"),
        ("graph", "10 ns of 100 ns in all"),
        ("svg", "10 ns of 100 ns in all"),
        ("dot", "10 ns of 100 ns in all"),
        ("html", "\"wholes\":[100,0]"),
    ] {
        let text = ok(&["flamegraph", &before, "--focus", "work", "--output", form]).await;
        assert!(text.contains(expect), "{form}: {text}");
    }
    let json = ok(&["top", &before, "--focus", "work", "--output", "json"]).await;
    assert!(json.contains("\"total\":10,\"whole\":100"), "{json}");
    let json = ok(&["diff", &before, &after, "--focus", "work", "--json"]).await;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["whole"], serde_json::json!({ "base": 100, "compared": 100 }));
    let text = ok(&["diff", &before, &after, "--focus", "work"]).await;
    assert!(text.contains("Whole, which shares are of: 100 nanoseconds (100 ns) before"), "{text}");
    let text = ok(&["diff", &before, &after, "--focus", "work", "--output", "markdown"]).await;
    assert!(text.contains("(100 ns before, 100 ns after)"), "{text}");
}

/// google/pprof#790, speedscope#370, golang/go#57765.
#[tokio::test]
async fn b1_values_below_zero_are_shown_with_their_signs() {
    for (file, whole, share) in [("B1/neg.pb.gz", "190", "-47.4 %"), ("B1/zero.pb.gz", "180", "-50.0 %")] {
        let file = case(file);
        let text = ok(&["top", &file]).await;
        assert!(text.contains(share) && text.contains(&format!("of {whole}")), "{text}");
        for form in ["tree", "graph", "json", "folded", "svg", "html", "speedscope", "dot", "top"] {
            let text = ok(&["flamegraph", &file, "--output", form]).await;
            assert!(!text.is_empty(), "{form}");
        }
    }
}

/// gprof2dot#30, PProf.jl#50.
#[tokio::test]
async fn b3_graphviz_takes_every_graph() {
    let Some(dot) = test_support::needs("dot") else { return };
    let graph = ok(&["flamegraph", &case("B3/long.pb.gz"), "--output", "dot"]).await;
    assert!(graph.lines().all(|line| line.len() < 16_384), "a line is too long for Graphviz");
    let home = Home::with("");
    let path = home.write("graph.dot", graph.as_bytes());
    let exit = test_support::Process::run(dot, ["-Tsvg", &path], home.variables()).await;
    assert!(exit.code == Some(0) && exit.stdout.contains("<svg") && exit.stderr.is_empty(), "{exit:#?}");
}

/// parca-dev/parca#3890, grafana/pyroscope#4051.
#[tokio::test]
async fn g1_what_is_exported_go_reads() {
    let (home, _stop) = parca().await;
    for (name, service) in [("G1/fn0.pb.gz", "fn0"), ("G1/noname2.pb.gz", "noname")] {
        let exit =
            home.run(&["upload", "lab", &case(name), "--service", service, "--override-timestamp"]).await;
        assert_eq!(exit.code, Some(0), "{exit:#?}");
        let path = home.path(service);
        home.ok(&["export", "lab", service, "-o", path.to_str().unwrap(), "--range", "1h"]).await;
        let Some(go) = test_support::needs("go") else { return };
        let args = ["tool", "pprof", "-top", "-nodefraction=0", path.to_str().unwrap()];
        let go = std::process::Command::new(go).args(args).output().unwrap();
        assert!(go.status.success(), "{}", String::from_utf8_lossy(&go.stderr));
    }
    let text = home.ok(&["top", "lab", "noname"]).await;
    assert!(text.contains("app+0x1010") && text.contains("app+0x1020"), "{text}");
}

#[tokio::test]
async fn g3_a_day_finds_the_profile_at_its_first_instant_and_borders_count_once() {
    let (home, _stop) = parca().await;
    home.ok(&["upload", "lab", &case("G3/b.pb.gz"), "--service", "s"]).await;
    let day = |start, end| ["top", "lab", "s", "--start", start, "--end", end, "--output", "json"];
    let total = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap()["total"].clone();
    let own = total(&home.ok(&day("2026-01-17", "2026-01-18")).await);
    assert!(own.as_i64().unwrap() > 0);
    assert_eq!(home.run(&day("2026-01-16", "2026-01-17")).await.code, Some(3));
    assert_eq!(total(&home.ok(&day("2026-01-16", "2026-01-18")).await), own);
    let range = ["--start", "2026-01-17", "--end", "2026-01-18"];
    assert_eq!(home.ok(&[&["services", "lab"], &range[..]].concat()).await, "s\n");
    let exit = home.run(&["diff", "lab", "s", "2026-01-16", "2026-01-17", "2026-01-17", "2026-01-18"]).await;
    assert!(exit.code == Some(3) && exit.stderr.contains("baseline"), "{exit:#?}");

    let exit = home.run(&["upload", "lab", &case("G3/notime.pb.gz"), "--service", "n"]).await;
    assert!(
        exit.code == Some(0) && exit.stderr.contains("has no time, so it is sent as of now"),
        "{exit:#?}"
    );
    let exit = home.run(&["upload", "lab", &case("G3/b.pb.gz"), "--time", "9999-01-01"]).await;
    assert!(exit.code == Some(2) && exit.stderr.contains("which a profile can hold"), "{exit:#?}");
}

/// golang/go#48580, grafana/pyroscope#3139.
#[tokio::test]
async fn h2_a_file_that_is_no_pprof_is_named() {
    let (home, _stop) = parca().await;
    let good = case("A7/ab.pb.gz");
    for (name, words) in [
        ("go.zst", "zstd"),
        ("login.html", "HTML"),
        ("empty", "0 bytes"),
        ("err.json", "JSON"),
        ("rec.jfr", "Java Flight Recorder"),
        ("perf.data", "perf"),
    ] {
        let file = case(&format!("H2/{name}"));
        for args in [vec!["upload", "lab", &file], vec!["diff", &good, &file], vec!["top", &file]] {
            let exit = home.run(&args).await;
            assert!(matches!(exit.code, Some(1..=3)) && exit.stdout.is_empty(), "{args:?} {exit:#?}");
            assert!(exit.stderr.contains(words), "{args:?} {}", exit.stderr);
        }
    }
    // What is a profile in another wrapping is read.
    for name in ["double.gz", "heap.txt"] {
        let exit = home.run(&["top", &case(&format!("H2/{name}"))]).await;
        assert_eq!(exit.code, Some(0), "{name} {exit:#?}");
    }
}

/// grafana/pyroscope#2642.
#[tokio::test]
async fn h7_a_selector_among_labels_is_taken_as_one() {
    let (home, _stop) = parca().await;
    let file = case("H7/x.pb.gz");
    let exit = home
        .run(&[
            "upload",
            "lab",
            &file,
            "-l",
            r#"{cluster="us", job="bar"}"#,
            "-l",
            "pod=a",
            "--override-timestamp",
        ])
        .await;
    assert!(exit.code == Some(0) && exit.stderr.contains(r#"cluster="us""#), "{exit:#?}");
    assert_eq!(home.ok(&["labels", "lab", "cluster"]).await, "us\n");
    assert_eq!(home.run(&["top", "lab", "bar", "-l", r#"pod!="a""#]).await.code, Some(3));
    home.ok(&["top", "lab", "bar", "-l", r#"pod="a""#]).await;
    let exit = home.run(&["upload", "lab", &file, "-l", "pod=a", "-l", "pod=b"]).await;
    assert!(exit.code == Some(2) && exit.stderr.contains("`pod` twice"), "{exit:#?}");
    let exit = home.run(&["top", "lab", ""]).await;
    assert!(exit.code == Some(2) && exit.stderr.contains("the name of a service"), "{exit:#?}");
}

#[tokio::test]
async fn n2_a_short_name_means_what_the_service_has() {
    let (home, _stop) = parca().await;
    for (file, service) in [("N2/a.pb.gz", "svcA"), ("N2/b.pb.gz", "svcB")] {
        home.ok(&["upload", "lab", &case(file), "--service", service, "--override-timestamp"]).await;
    }
    for service in ["svcA", "svcB"] {
        home.ok(&["top", "lab", service, "-t", "wall"]).await;
        // Without a type, what there is, and words for that.
        let exit = home.run(&["top", "lab", service]).await;
        assert!(exit.code == Some(0) && exit.stdout.contains("no CPU profiles here"), "{exit:#?}");
    }
}

#[tokio::test]
async fn n3_rates_keep_their_fractions() {
    let [before, after] = ["N3/b1.pb.gz", "N3/b2.pb.gz"].map(case);
    let text = ok(&["diff", &before, &after, "--by", "second"]).await;
    assert!(text.contains("0.33 B/s  0.48 B/s  +0.15 B/s"), "{text}");
}

/// A merge of gauges is not one gauge.
#[tokio::test]
async fn a_merge_of_snapshots_is_ranked_by_its_mean() {
    let (home, _stop) = parca().await;
    let memory =
        crate::fixture::pprof_of("main;cache 4096\n", &[("inuse_space", "bytes")], ("space", "bytes"));
    // What has no duration is a snapshot.
    let mut memory = profile_codec::pprof::decode(&memory, &Default::default()).unwrap();
    memory.duration_nanos = 0;
    let memory = profile_codec::pprof::encode_gzip(&memory);
    for at in 1..=4_u64 {
        let time = format!("-{}s", Duration::from_secs(60 * at).as_secs());
        home.send("lab", &memory, &time, &["job=m", "__name__=memory"]).await;
    }
    let ask = ["top", "lab", "m", "-t", "memory", "--range", "1h"];
    let text = home.ok(&ask).await;
    assert!(text.contains("inuse_space: 4 KiB in all"), "{text}");
    let text = home.ok(&[&ask[..], &["--sum"]].concat()).await;
    assert!(text.contains("inuse_space: 16 KiB in all") || text.contains("16 KiB"), "{text}");
    let text = home.ok(&["flamegraph", "lab", "m", "-t", "memory", "--range", "1h"]).await;
    assert!(text.contains("sum of 4 snapshots of 1 series, mean 4 KiB"), "{text}");
}

#[tokio::test]
async fn labels_of_samples_are_named_or_made_series() {
    let (home, _stop) = parca().await;
    let file = test_support::data("profiles").join("labels.pb.gz");
    let file = file.to_str().unwrap();
    let exit = home.run(&["upload", "lab", file, "--override-timestamp", "--service", "plain"]).await;
    assert!(exit.code == Some(0) && exit.stderr.contains("a Parca drops the labels of samples"), "{exit:#?}");
    let exit = home
        .run(&["upload", "lab", file, "--override-timestamp", "--service", "split", "--sample-labels", "all"])
        .await;
    assert_eq!(exit.code, Some(0), "{exit:#?}");
    assert!(exit.stderr.lines().filter(|line| line.starts_with("sent ")).count() > 1, "{}", exit.stderr);
}
