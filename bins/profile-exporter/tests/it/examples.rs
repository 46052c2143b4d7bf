//! What lies beside the program: the config, the rules and the dashboard of examples/, and the guide.
//!
//! `promtool` judges rules and expressions: PROMTOOL_BIN names it, or it is on the PATH. Without it those
//! two tests say that they are skipped.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use test_support::{Exit, Kind, Process, Scrape, Signal, eventually, metrics_in};

use crate::fixture::{CPU, EXPORTER, Exporter, Folder, HEAP, NONE, Parca, command, head};
use crate::receiver::Receiver;

const GUIDE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/profile-exporter.md");

fn example(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(name)
}

fn read(path: impl AsRef<Path>) -> String {
    std::fs::read_to_string(path.as_ref())
        .unwrap_or_else(|error| panic!("{}: {error}", path.as_ref().display()))
}

/// Nothing where there is no promtool.
async fn promtool(args: &[&str]) -> Option<Exit> {
    let binary = test_support::needs("promtool")?;
    Some(Process::run(binary, args, NONE).await)
}

#[tokio::test]
async fn the_config_has_no_mistake_and_no_warning() {
    let config = example("config.yaml");
    let exit =
        Process::run(EXPORTER, ["check-config", "--config-file", config.to_str().unwrap()], NONE).await;
    assert_eq!((exit.code, exit.stderr.as_str()), (Some(0), ""), "{exit:#?}");
    assert!(exit.stdout.ends_with("config.yaml is good: queries: 3, receivers: 1\n"), "{}", exit.stdout);
}

#[tokio::test]
async fn every_alert_fires_when_it_should_and_only_then() {
    let (rules, tests) = (example("alerts.yaml"), example("alerts.test.yaml"));
    for (command, file) in [("check", &rules), ("test", &tests)] {
        let Some(exit) = promtool(&[command, "rules", file.to_str().unwrap()]).await else { return };
        assert_eq!(exit.code, Some(0), "{}\n{}", exit.stdout, exit.stderr);
    }
    // An alert without a test would be one that nobody has seen fire.
    let (rules, tests) = (read(rules), read(tests));
    let names = |text: &str, key: &str| -> BTreeSet<String> {
        let lines = text.lines().map(|line| line.trim_start().trim_start_matches("- "));
        lines.filter_map(|line| Some(line.strip_prefix(key)?.trim().to_owned())).collect()
    };
    assert_eq!(names(&rules, "alert:"), names(&tests, "alertname:"));
}

#[tokio::test]
async fn every_expression_of_the_dashboard_is_promql() {
    let rule =
        |(number, expr): (usize, String)| json!({"record": format!("dashboard:expr_{number}"), "expr": expr});
    let rules: Vec<Value> = dashboard_exprs().into_iter().enumerate().map(rule).collect();
    assert!(rules.len() > 20, "{rules:#?}");
    let folder = Folder::new("");
    // JSON is YAML.
    let file = folder.path().join("rules.yaml");
    std::fs::write(&file, json!({"groups": [{"name": "dashboard", "rules": rules}]}).to_string()).unwrap();
    let Some(exit) = promtool(&["check", "rules", file.to_str().unwrap()]).await else { return };
    assert_eq!(exit.code, Some(0), "{}\n{}", exit.stdout, exit.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_and_dashboard_use_metrics_and_labels_that_exist() {
    let own = own_metrics().await;
    let mut known = exported_metrics().await;
    known.extend(own);
    let rules = exprs_of_rules(&read(example("alerts.yaml")));
    assert!(rules.len() > 10, "{rules:#?}");
    for expr in rules.into_iter().chain(dashboard_exprs()).chain(dashboard_variables()) {
        let used = metrics_in(&expr);
        assert!(!used.is_empty(), "no metric in {expr}");
        for (metric, labels) in used {
            let Some(has) = known.get(&metric) else { panic!("no metric `{metric}`, which is in {expr}") };
            // A family without series shows no labels.
            let unknown: Vec<_> =
                labels.iter().filter(|label| !has.is_empty() && !has.contains(*label)).collect();
            assert!(
                unknown.is_empty(),
                "`{metric}` has the labels {has:?}, not {unknown:?}, which are in {expr}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_guide_names_every_metric_of_the_exporter() {
    let guide = read(GUIDE);
    let families = scrape_of_a_run().await.families;
    let missing: Vec<_> = families
        .keys()
        .filter(|name| name.starts_with("profile_exporter_") && !guide.contains(*name))
        .collect();
    assert!(missing.is_empty(), "not in docs/profile-exporter.md: {missing:?}");
}

#[test]
fn panels_of_the_dashboard_have_places_and_identities_of_their_own() {
    let dashboard = dashboard();
    let panels = dashboard["panels"].as_array().unwrap();
    let ids: BTreeSet<u64> = panels.iter().map(|panel| panel["id"].as_u64().unwrap()).collect();
    assert_eq!(ids.len(), panels.len());
    let mut taken = BTreeMap::new();
    for panel in panels {
        let (place, title) = (&panel["gridPos"], panel["title"].as_str().unwrap());
        let [x, y, w, h] = ["x", "y", "w", "h"].map(|key| place[key].as_u64().unwrap());
        assert!(x + w <= 24, "{title} is wider than the page");
        for cell in (x..x + w).flat_map(|x| (y..y + h).map(move |y| (x, y))) {
            let other = taken.insert(cell, title);
            assert_eq!(other, None, "{title} lies over another panel at {cell:?}");
        }
        for target in panel["targets"].as_array().into_iter().flatten() {
            assert_eq!(target["datasource"]["uid"], "${datasource}", "{title}");
        }
    }
}

/// The metrics of the process itself, by name with their labels and those that a scrape adds.
async fn own_metrics() -> BTreeMap<String, BTreeSet<String>> {
    let mut metrics = BTreeMap::new();
    for (name, family) in scrape_of_a_run().await.families {
        let mut labels: BTreeSet<String> =
            family.samples.iter().flat_map(|one| one.labels.keys().cloned()).collect();
        if !family.samples.is_empty() {
            labels.extend(["instance", "job"].map(str::to_owned));
        }
        if family.kind == Kind::Histogram {
            for suffix in ["bucket", "sum", "count"] {
                metrics.insert(format!("{name}_{suffix}"), labels.clone());
            }
        }
        metrics.insert(name, labels);
    }
    metrics
}

async fn scrape_of_a_run() -> Scrape {
    let (parca, receiver) = (Parca::start().await, Receiver::start().await);
    let query = format!("- {{name: q, query: '{CPU}', duration: 1s}}\n");
    let config = head(parca.address, &[receiver.url()]) + &query;
    let folder = Folder::new(&config.replace("delay: 0s", "delay: 0s, spool_dir: spool"));
    let exporter = Exporter::start(&folder).await;
    let scrape = eventually("a sample that is stored", || async {
        let scrape = exporter.scrape().await;
        let stored = scrape.number("profile_exporter_remote_write_highest_sent_timestamp_seconds", &[]);
        stored.map(|_| scrape)
    })
    .await;
    assert_eq!(exporter.stop(Signal::TERM).await.code, Some(0));
    scrape
}

/// What examples/config.yaml makes of the fixture's profiles: metrics with their labels.
async fn exported_metrics() -> BTreeMap<String, BTreeSet<String>> {
    let parca = Parca::start().await;
    let mut config = read(example("config.yaml"));
    let address = parca.address.to_string();
    for (theirs, ours) in [
        ("global:\n", "global:\n  delay: 0s\n"),
        ("localhost:7070", address.as_str()),
        ("process_cpu:cpu:nanoseconds:cpu:nanoseconds:delta", CPU),
        ("memory:inuse_space:bytes:space:bytes", HEAP),
        ("goroutine:goroutine:count:goroutine:count", HEAP),
        ("interval: 1m", "interval: 10s"),
        ("offset: 1d", "offset: 20s"),
    ] {
        assert!(config.contains(theirs), "no `{theirs}` in config.yaml");
        config = config.replace(theirs, ours);
    }
    let exit = command(&Folder::new(&config), &["once", "--dry-run", "--output", "json"]).await;
    assert_eq!(exit.code, Some(0), "{exit:#?}");
    let mut metrics: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for line in exit.stdout.lines() {
        let series: Value = serde_json::from_str(line).unwrap();
        let labels = series["labels"].as_object().unwrap().keys().cloned();
        metrics.entry(series["metric"].as_str().unwrap().to_owned()).or_default().extend(labels);
    }
    assert_eq!(metrics.len(), 9, "{metrics:#?}");
    metrics
}

fn dashboard() -> Value {
    serde_json::from_str(&read(example("dashboard.json"))).unwrap()
}

/// With values for variables.
fn dashboard_exprs() -> Vec<String> {
    let dashboard = dashboard();
    let panels = dashboard["panels"].as_array().unwrap().iter();
    let targets = panels.flat_map(|panel| panel["targets"].as_array().into_iter().flatten());
    targets.map(|target| substituted(target["expr"].as_str().unwrap())).collect()
}

/// What variables ask for: `label_values(cpu{a="b"}, job)` is `cpu{a="b",job=""}`.
fn dashboard_variables() -> Vec<String> {
    let dashboard = dashboard();
    let variables = dashboard["templating"]["list"].as_array().unwrap().iter();
    let queries =
        variables.filter(|one| one["type"] == "query").map(|one| one["query"]["query"].as_str().unwrap());
    let series = |query: &str| {
        let inner = query.strip_prefix("label_values(").and_then(|rest| rest.strip_suffix(')'));
        let (series, label) =
            inner.and_then(|inner| inner.rsplit_once(", ")).unwrap_or_else(|| panic!("{query}"));
        match series.strip_suffix('}') {
            Some(open) => substituted(&format!("{open}, {label}=\"\"}}")),
            None => format!("{series}{{{label}=\"\"}}"),
        }
    };
    queries.map(series).collect()
}

fn substituted(expr: &str) -> String {
    let variables = [
        ("$query_name", "cpu"),
        ("$job", ".*"),
        ("$exporter", ".*"),
        ("$top", "10"),
        ("$__range", "1h"),
        ("$__rate_interval", "5m"),
    ];
    let expr = variables.iter().fold(expr.to_owned(), |expr, (name, value)| expr.replace(name, value));
    assert!(!expr.contains('$'), "a variable is left in {expr}");
    expr
}

/// The values of `expr`, on the same line or as a block on those that follow.
fn exprs_of_rules(text: &str) -> Vec<String> {
    let mut lines = text.lines().peekable();
    let mut exprs = Vec::new();
    while let Some(line) = lines.next() {
        let Some(value) = line.trim_start().strip_prefix("expr: ") else { continue };
        if value != "|" {
            exprs.push(value.to_owned());
            continue;
        }
        let indent = line.len() - line.trim_start().len();
        let mut block = String::new();
        while let Some(line) = lines.next_if(|line| line.starts_with(&" ".repeat(indent + 1))) {
            block += line;
            block.push('\n');
        }
        exprs.push(block);
    }
    exprs
}
