//! Rules by promtool, and every expression by a Prometheus that scrapes the programs.

use std::collections::BTreeSet;

use test_support::{Process, metrics_in, unused_address};

use super::expressions::{WATCHED, expressions};
use super::fleet::Fleet;
use super::prometheus::Prometheus;
use crate::files::{read, top};

const NONE: [(&str, &str); 0] = [];

#[tokio::test]
async fn every_alert_fires_when_it_should_and_only_then() {
    let Some(promtool) = test_support::needs("promtool") else { return };
    for program in WATCHED {
        let folder = top().join(format!("bins/{program}/examples"));
        for (command, file) in [("check", "alerts.yaml"), ("test", "alerts.test.yaml")] {
            let file = folder.join(file).display().to_string();
            let exit = Process::run(&promtool, [command, "rules", &file], NONE).await;
            assert_eq!(exit.code, Some(0), "{}\n{}", exit.stdout, exit.stderr);
        }
        // An alert without a test would be one that nobody has seen fire.
        let names = |file: &str, key: &str| -> BTreeSet<String> {
            let text = read(format!("bins/{program}/examples/{file}"));
            let lines = text.lines().map(|line| line.trim_start().trim_start_matches("- "));
            lines.filter_map(|line| Some(line.strip_prefix(key)?.trim().to_owned())).collect()
        };
        assert_eq!(names("alerts.yaml", "alert:"), names("alerts.test.yaml", "alertname:"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_expression_is_one_of_metrics_and_labels_that_a_scrape_of_the_programs_gives() {
    let Some(prometheus) = Prometheus::start(unused_address()).await else { return };
    let fleet = Fleet::start(prometheus.address).await;
    fleet.at_work().await;
    prometheus.scrape(&fleet.daemons().map(|(name, daemon)| (name, daemon.address))).await;
    let known = prometheus.metrics().await;
    let mut wrong = Vec::new();
    for program in WATCHED {
        for expression in expressions(program) {
            // Panics where it is none.
            prometheus.query(&expression.text).await;
            let used = metrics_in(&expression.text);
            assert!(!used.is_empty(), "{program}: no metric in {}", expression.text);
            for (metric, labels) in used {
                let place = format!("{program}: {}: {}", expression.name, expression.text);
                if !known.contains(&metric) && !known.contains(family_of(&metric)) {
                    wrong.push(format!("no metric {metric} in {place}"));
                }
                let has = prometheus.labels(&metric).await;
                wrong.extend(
                    labels
                        .iter()
                        .filter(|label| !has.is_empty() && !has.contains(*label))
                        .map(|label| format!("{metric} has {has:?}, not {label}, in {place}")),
                );
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Of a histogram, whose type is known by the family's name.
fn family_of(metric: &str) -> &str {
    ["_bucket", "_sum", "_count"].iter().find_map(|end| metric.strip_suffix(end)).unwrap_or(metric)
}
