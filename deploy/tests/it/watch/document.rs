//! docs/metrics.md, which is made from what the programs serve. `BLESS=1` writes it anew.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use test_support::{Family, Kind, PATIENCE, Scrape, eventually, metrics_in, unused_address};

use super::expressions::{WATCHED, expressions};
use super::fleet::Fleet;
use super::prometheus::Prometheus;
use crate::files::{read, top};

const PATH: &str = "docs/metrics.md";
const HEAD: &str = "\
# Metrics

What each program serves at `/metrics`, as text and as protobuf. This page is made from scrapes of the programs at work; a test keeps it
true (`BLESS=1 cargo test -p deploy-tests metrics_page` writes it anew).

Labels are those of the series that were there; a family without series, such as one of failures, shows none. Labels that Prometheus
adds itself, `job` and `instance`, are left out: a program's own `job` is `exported_job` there. Units are in the names: `_seconds`,
`_bytes`; `_total` counts since the start. The last column says which alerts use a metric, and whether the dashboard shows it; both are
in `bins/PROGRAM/examples`, with tests of when each alert fires.
";

/// Which alerts use a metric of a family, and whether a dashboard does.
#[derive(Default)]
struct Use {
    alerts: BTreeSet<String>,
    is_shown: bool,
}

fn uses() -> BTreeMap<String, Use> {
    let mut all: BTreeMap<String, Use> = BTreeMap::new();
    for expression in WATCHED.into_iter().chain(["profile-exporter"]).flat_map(watched) {
        for (metric, _) in metrics_in(&expression.1) {
            let used = all.entry(metric).or_default();
            match &expression.0 {
                Some(alert) => drop(used.alerts.insert(alert.clone())),
                None => used.is_shown = true,
            }
        }
    }
    all
}

/// The alert, if it is one, and the expression.
fn watched(program: &str) -> Vec<(Option<String>, String)> {
    if program != "profile-exporter" {
        let all = expressions(program).into_iter();
        return all.map(|one| (one.is_alert.then_some(one.name), one.text)).collect();
    }
    // Its dashboard has variables of its own, of which metrics are independent.
    let rules = crate::yaml::document(&read("bins/profile-exporter/examples/alerts.yaml"));
    let groups =
        rules["groups"].as_array().unwrap().iter().flat_map(|group| group["rules"].as_array().unwrap());
    let rules = groups
        .map(|rule| (rule["alert"].as_str().map(str::to_owned), rule["expr"].as_str().unwrap().to_owned()));
    let dashboard = super::expressions::dashboard(program);
    let panels = dashboard["panels"].as_array().unwrap().iter();
    let targets = panels.flat_map(|panel| panel["targets"].as_array().into_iter().flatten());
    let shown = targets.map(|target| (None, target["expr"].as_str().unwrap().replace('$', "v_")));
    rules.chain(shown).collect()
}

fn page(scrapes: &[(&str, Scrape)]) -> String {
    let uses = uses();
    let mut text = HEAD.to_owned();
    let is_process = |name: &String| name.starts_with("process_");
    for (program, scrape) in scrapes {
        let own = scrape.families.iter().filter(|(name, _)| !is_process(name));
        let _ = write!(text, "\n## {program}\n\n{COLUMNS}");
        own.for_each(|(name, family)| row(&mut text, name, family, &uses));
    }
    let of_all = scrapes[0].1.families.iter().filter(|(name, _)| is_process(name));
    let _ = write!(text, "\n## Of the process, in all of them\n\n{COLUMNS}");
    of_all.for_each(|(name, family)| row(&mut text, name, family, &uses));
    text
}

const COLUMNS: &str = "| metric | type | labels | what it says | watched by |\n|---|---|---|---|---|\n";

fn row(text: &mut String, name: &str, family: &Family, uses: &BTreeMap<String, Use>) {
    let kind = match family.kind {
        Kind::Counter => "counter",
        Kind::Gauge => "gauge",
        Kind::Histogram => "histogram",
        _ => "untyped",
    };
    let labels: BTreeSet<&str> =
        family.samples.iter().flat_map(|one| one.labels.keys().map(String::as_str)).collect();
    // Which builds know their commit is not the programs' business.
    let labels = labels.into_iter().filter(|label| *label != "revision");
    let labels: Vec<String> = labels.map(|label| format!("`{label}`")).collect();
    let names = [name.to_owned(), format!("{name}_bucket"), format!("{name}_sum"), format!("{name}_count")];
    let used: Vec<&Use> = names.iter().filter_map(|name| uses.get(name)).collect();
    let mut watched: Vec<String> = used.iter().flat_map(|one| one.alerts.iter().cloned()).collect();
    watched.extend(used.iter().any(|one| one.is_shown).then(|| "dashboard".to_owned()));
    let help = family.help.replace('|', "\\|");
    let _ = writeln!(text, "| `{name}` | {kind} | {} | {help} | {} |", labels.join(", "), watched.join(", "));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_metrics_page_says_what_the_programs_serve() {
    let Some(prometheus) = Prometheus::start(unused_address()).await else { return };
    let fleet = Fleet::start(prometheus.address).await;
    fleet.at_work().await;
    let made = async || {
        let mut scrapes = Vec::new();
        for (name, daemon) in fleet.daemons() {
            scrapes.push((name, daemon.scrape().await));
        }
        page(&scrapes)
    };
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(top().join(PATH), made().await).unwrap();
        return;
    }
    // What is rare, such as an answer without data, adds a label a moment later.
    let wanted = read(PATH);
    let deadline = std::time::Instant::now() + PATIENCE / 2;
    eventually("a page", || async {
        let page = made().await;
        if page == wanted {
            return Some(());
        }
        assert!(
            std::time::Instant::now() < deadline,
            "{PATH} is not what the programs serve (BLESS=1 writes it anew):\n{}",
            difference(&wanted, &page)
        );
        None
    })
    .await;
}

/// Lines of one text that are not in the other.
fn difference(old: &str, new: &str) -> String {
    let lines = |text: &str| text.lines().map(str::to_owned).collect::<BTreeSet<_>>();
    let (old, new) = (lines(old), lines(new));
    let gone = old.difference(&new).map(|line| format!("-{line}\n"));
    gone.chain(new.difference(&old).map(|line| format!("+{line}\n"))).collect()
}
