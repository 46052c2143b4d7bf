//! Every command line of the document of the scripts, as written there, against a server that no code of
//! ours encodes.

use test_support::{Exit, Pyroscope};

use crate::fixture::{AFTER, BEFORE, Home, cpu, pprof_of};
use crate::golden;

/// What is measured, and its unit.
type Unit = (&'static str, &'static str);

/// A Pyroscope with a service `axiom-db` that has profiles of all kinds, at the times that the document
/// asks for.
async fn start() -> Option<(Pyroscope, Home)> {
    let server = Pyroscope::start(["--max-query-length", "48h"]).await?;
    // With a slash at its end, which the scripts could not have.
    let home = Home::at(&format!("{}/", server.url()));
    fill(&home).await;
    Some((server, home))
}

/// Sends the profiles that the document's commands are about to the deployment `prod`.
pub(crate) async fn fill(home: &Home) {
    let db = ["service_name=axiom-db", "profile_id=debug-conor", "namespace=production"];
    let (before, after) = (cpu(BEFORE), cpu(AFTER));
    for time in ["2026-01-17T05:00:00Z", "1700050000", "-75m"] {
        home.send("prod", &before, time, &db).await;
    }
    home.send("prod", &before, "now-24h30m", &db).await;
    home.send("prod", &after, "-5m", &db).await;
    let stacks = "main;cache;insert 4096\nmain;parse 1024\n";
    let kinds: [(&str, &[Unit], Unit); 4] = [
        ("memory", &[("alloc_space", "bytes"), ("inuse_space", "bytes")], ("space", "bytes")),
        ("goroutine", &[("goroutine", "count")], ("goroutine", "count")),
        ("mutex", &[("contentions", "count"), ("delay", "nanoseconds")], ("contentions", "count")),
        ("block", &[("contentions", "count"), ("delay", "nanoseconds")], ("contentions", "count")),
    ];
    for (name, types, period) in kinds {
        let name = format!("__name__={name}");
        let labels: Vec<&str> = db.iter().copied().chain([name.as_str()]).collect();
        home.send("prod", &pprof_of(stacks, types, period), "-5m", &labels).await;
    }
    // Older than an hour, younger than two.
    home.send("prod", &before, "-90m", &["service_name=axiom-old"]).await;
}

const SELECT_SERIES: &str = r#"{
  "profileTypeID": "process_cpu:cpu:nanoseconds:cpu:nanoseconds",
  "labelSelector": "{service_name=\"axiom-db\"}",
  "start": 1700000000000,
  "end": 1700100000000,
  "step": 60.0,
  "groupBy": ["service_name"]
}"#;

const MEMORY: &str = "memory:inuse_space:bytes:space:bytes";

/// The file with the expected output, the script, its words.
pub(crate) const COMMANDS: [(&str, &str, &[&str]); 22] = [
    ("config.txt", "config", &[]),
    ("services.txt", "services", &["prod"]),
    ("profiles.txt", "profiles", &["prod"]),
    ("flamegraph.txt", "flamegraph", &["prod", "axiom-db"]),
    ("flamegraph-memory.txt", "flamegraph", &["prod", "axiom-db", "--range", "30m", "--type", "memory"]),
    (
        "flamegraph-absolute.txt",
        "flamegraph",
        &["prod", "axiom-db", "--start", "2026-01-17T04:00:00Z", "--end", "2026-01-17T06:00:00Z"],
    ),
    ("flamegraph.json", "flamegraph", &["prod", "axiom-db", "--range", "10m", "--json"]),
    ("flamegraph.txt", "flamegraph", &["prod", "axiom-db", "--label", "profile_id=debug-conor"]),
    ("diff.txt", "diff", &["prod", "axiom-db", "-2h", "-1h", "-30m", "now"]),
    (
        "diff-label.txt",
        "diff",
        &["prod", "axiom-db", "--label", "profile_id=debug-conor", "-2h", "-1h", "-30m", "now"],
    ),
    ("flamegraph-30m.txt", "flamegraph", &["prod", "axiom-db", "30m"]),
    ("diff-equal.txt", "diff", &["prod", "axiom-db", "-90m", "-60m", "-30m", "now"]),
    ("flamegraph.txt", "flamegraph", &["prod", "axiom-db", "10m"]),
    ("diff-yesterday.txt", "diff", &["prod", "axiom-db", "-25h", "-24h", "-1h", "now"]),
    ("flamegraph-inuse.txt", "flamegraph", &["prod", "axiom-db", "1h", MEMORY]),
    (
        "flamegraph-alloc.txt",
        "flamegraph",
        &["prod", "axiom-db", "1h", "memory:alloc_space:bytes:space:bytes"],
    ),
    (
        "flamegraph-goroutine.txt",
        "flamegraph",
        &["prod", "axiom-db", "30m", "goroutine:goroutine:count:goroutine:count"],
    ),
    (
        "flamegraph-mutex.txt",
        "flamegraph",
        &["prod", "axiom-db", "10m", "mutex:delay:nanoseconds:contentions:count"],
    ),
    (
        "flamegraph-block.txt",
        "flamegraph",
        &["prod", "axiom-db", "10m", "block:delay:nanoseconds:contentions:count"],
    ),
    (
        "query-labels.json",
        "query",
        &["prod", "LabelNames", r#"{"start": 1700000000000, "end": 1700100000000}"#],
    ),
    ("query-series.json", "query", &["prod", "SelectSeries", SELECT_SERIES]),
    ("labels.txt", "labels", &["prod"]),
];

#[tokio::test]
async fn every_command_of_the_document_works_as_written() {
    let Some((server, home)) = start().await else { return };
    let address = server.address().to_string();
    for (file, script, args) in COMMANDS {
        let Exit { code, stdout, stderr } = home.script(&format!("pyroscope-{script}"), args).await;
        assert_eq!((code, stderr.as_str()), (Some(0), ""), "{script} {args:?}\n{stdout}");
        golden::check(file, &stdout, &[(&address, "ADDRESS")]);
    }
}

#[tokio::test]
async fn the_rows_above_the_ranking_are_those_of_the_servers_flame_graph() {
    let Some((_server, home)) = start().await else { return };
    for max_nodes in ["16384", "3"] {
        let args = ["flamegraph", "prod", "axiom-db", "--max-nodes", max_nodes];
        let text = home.ok(&args).await;
        let json = home.ok(&[&args[..], &["--json"]].concat()).await;
        let graph = &serde_json::from_str::<serde_json::Value>(&json).unwrap()["flamegraph"];
        let length = |name: &str| graph[name].as_array().unwrap().len().to_string();
        let number = |name: &str| graph[name].as_str().unwrap().to_owned();
        for (row, expect) in [
            ("Total samples: ", number("total")),
            ("Max self: ", number("maxSelf")),
            ("Functions: ", length("names")),
            ("Stack depth: ", length("levels")),
        ] {
            let found = text.lines().find_map(|line| line.strip_prefix(row)).unwrap();
            assert_eq!(found.split(' ').next(), Some(expect.as_str()), "{row} {max_nodes}\n{text}");
        }
    }
}

#[tokio::test]
async fn what_the_scripts_did_is_kept() {
    let Some((_server, home)) = start().await else { return };
    // Ranges: an hour for services, two for labels.
    let services = home.script("pyroscope-services", &["prod"]).await.stdout;
    assert_eq!(services, "axiom-db\n");
    assert_eq!(home.script("pyroscope-services", &["prod", "2h"]).await.stdout, "axiom-db\naxiom-old\n");
    let values = home.script("pyroscope-labels", &["prod", "service_name"]).await.stdout;
    assert_eq!(values, "axiom-db\naxiom-old\n");
    let values = home.script("pyroscope-labels", &["prod", "service_name", "--range", "1h"]).await.stdout;
    assert_eq!(values, "axiom-db\n");
    // A bare number is minutes.
    assert_eq!(home.script("pyroscope-services", &["prod", "120"]).await.stdout, "axiom-db\naxiom-old\n");
    // Legacy words in any order; digits alone are nodes.
    let expect = home
        .ok(&["flamegraph", "prod", "axiom-db", "--range", "30m", "--type", MEMORY, "--max-nodes", "99"])
        .await;
    for words in [["30m", MEMORY, "99"], ["99", "30m", MEMORY], [MEMORY, "99", "30m"]] {
        let args: Vec<&str> = ["prod", "axiom-db"].into_iter().chain(words).collect();
        assert_eq!(home.script("pyroscope-flamegraph", &args).await.stdout, expect, "{words:?}");
    }
    // Short names, times of all kinds.
    for name in ["memory", "mem", "inuse"] {
        let args = ["prod", "axiom-db", "--range", "30m", "--type", name, "--max-nodes", "99"];
        assert_eq!(home.script("pyroscope-flamegraph", &args).await.stdout, expect, "{name}");
    }
    let total = |text: &str| text.lines().find(|line| line.starts_with("Total samples")).map(str::to_owned);
    let base = home
        .ok(&[
            "flamegraph",
            "prod",
            "axiom-db",
            "--start",
            "2026-01-17T04:00:00Z",
            "--end",
            "2026-01-17T06:00:00Z",
        ])
        .await;
    for [start, end] in [
        ["1768622400", "1768629600"],
        ["1768622400000", "1768629600000"],
        ["2026-01-17T05:00:00+01:00", "2026-01-17T06:00:00Z"],
        ["2026-01-17T04:00:00", "2026-01-17T06:00:00"],
    ] {
        let found = home.ok(&["flamegraph", "prod", "axiom-db", "--start", start, "--end", end]).await;
        assert_eq!(total(&found), total(&base), "{start} {end}");
    }
    // Missing service, missing label.
    assert_eq!(home.script("pyroscope-flamegraph", &["prod"]).await.code, Some(2));
    let without = home.script::<&str>("pyroscope-services", &[]).await;
    assert_eq!(without.code, Some(2));
    assert!(without.stderr.contains("available deployments: prod"), "{}", without.stderr);
}

#[tokio::test]
async fn what_is_not_there_is_explained() {
    let Some((server, home)) = start().await else { return };
    let check = async |args: &[&str], words: &[&str]| {
        let exit = home.run(args).await;
        assert_eq!((exit.code, exit.stdout.as_str()), (Some(3), ""), "{args:?}: {exit:#?}");
        for words in words {
            assert!(exit.stderr.contains(words), "{args:?}: {}", exit.stderr);
        }
    };
    check(
        &["flamegraph", "prod", "axiom-db", "--start", "2020-01-01", "--end", "2020-01-01T10:00:00Z"],
        &["nothing for process_cpu", "from 2020-01-01T00:00:00Z", "hint: there is data from"],
    )
    .await;
    check(
        &["flamegraph", "prod", "axiom-dbb"],
        &["no service `axiom-dbb`", "hint: did you mean `axiom-db`?"],
    )
    .await;
    check(
        &["flamegraph", "prod", "axiom-old", "--range", "2h", "--type", "memory"],
        &[
            "`axiom-old` has no profiles of type `memory:inuse_space:bytes:space:bytes`",
            "hint: there are process_cpu:cpu",
        ],
    )
    .await;
    check(
        &["flamegraph", "prod", "axiom-db", "-l", "namespace=test"],
        &["nothing matches {namespace=\"test\"}"],
    )
    .await;
    check(
        &["services", "prod", "--start", "2020-01-01", "--end", "2020-01-02"],
        &["no services from 2020-01-01"],
    )
    .await;
    let exit = home.run(&["flamegraph", "prod", "axiom-dbb", "--output", "text", "--json"]).await;
    assert_eq!(exit.code, Some(2));
    let exit = home.run(&["top", "prod", "axiom-dbb", "--json"]).await;
    let error: serde_json::Value = serde_json::from_str(&exit.stderr).unwrap();
    assert_eq!((&error["error"]["reason"], &error["error"]["exit"]), (&"unknown_service".into(), &3.into()));
    drop(server);

    let Some(empty) = Pyroscope::start([]).await else { return };
    let home = Home::at(&empty.url());
    let exit = home.run(&["flamegraph", "prod", "axiom-db"]).await;
    assert_eq!(exit.code, Some(3));
    assert!(exit.stderr.contains("the server has never got a profile"), "{}", exit.stderr);
    let exit = home.run(&["services", "prod"]).await;
    assert_eq!((exit.code, exit.stdout.as_str()), (Some(3), ""), "{exit:#?}");
}
