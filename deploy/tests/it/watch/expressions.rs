//! The expressions of rules and dashboards.

use serde_json::Value;

use crate::files::{read, top};
use crate::yaml::document;

/// The programs whose dashboards and rules are looked at here; profile-exporter's have a test of their own beside it, as
/// their metrics are what its config makes.
pub(super) const WATCHED: [&str; 3] = ["parca-load", "parca-ingest", "parca-embedded"];

/// An expression, and where it is.
pub(super) struct Expression {
    /// The alert's name, or the panel's title.
    pub(super) name: String,
    pub(super) is_alert: bool,
    pub(super) text: String,
}

/// All expressions of a program's rules and dashboard.
pub(super) fn expressions(program: &str) -> Vec<Expression> {
    let mut all = alerts(program);
    all.extend(panels(program));
    all
}

fn alerts(program: &str) -> Vec<Expression> {
    let rules = document(&read(format!("bins/{program}/examples/alerts.yaml")));
    let groups = rules["groups"].as_array().unwrap().iter();
    let rules = groups.flat_map(|group| group["rules"].as_array().unwrap());
    let text = |value: &Value| value.as_str().unwrap_or_else(|| panic!("{program}: {value}")).to_owned();
    rules
        .map(|rule| Expression { name: text(&rule["alert"]), is_alert: true, text: text(&rule["expr"]) })
        .collect()
}

pub(super) fn dashboard(program: &str) -> Value {
    serde_json::from_str(&read(format!("bins/{program}/examples/dashboard.json"))).unwrap()
}

fn panels(program: &str) -> Vec<Expression> {
    let dashboard = dashboard(program);
    let mut all = Vec::new();
    for panel in dashboard["panels"].as_array().unwrap() {
        for target in panel["targets"].as_array().into_iter().flatten() {
            let text = substituted(target["expr"].as_str().unwrap());
            all.push(Expression { name: panel["title"].as_str().unwrap().to_owned(), is_alert: false, text });
        }
    }
    for variable in
        dashboard["templating"]["list"].as_array().unwrap().iter().filter(|one| one["type"] == "query")
    {
        let query = variable["query"]["query"].as_str().unwrap();
        let inner = query.strip_prefix("label_values(").and_then(|rest| rest.strip_suffix(", instance)"));
        let text = inner.unwrap_or_else(|| panic!("{query}")).to_owned();
        all.push(Expression { name: "variable".to_owned(), is_alert: false, text });
    }
    all
}

/// With values for variables.
fn substituted(expr: &str) -> String {
    let expr = expr.replace("$instance", ".*").replace("$__rate_interval", "1m");
    assert!(!expr.contains('$'), "a variable is left in {expr}");
    expr
}

#[test]
fn every_program_with_metrics_has_rules_and_a_dashboard() {
    for program in WATCHED.into_iter().chain(["profile-exporter"]) {
        for file in ["alerts.yaml", "alerts.test.yaml", "dashboard.json"] {
            let path = top().join(format!("bins/{program}/examples/{file}"));
            assert!(path.is_file(), "{}", path.display());
        }
    }
}

#[test]
fn panels_have_identities_and_places_of_their_own_and_say_what_they_show() {
    for program in WATCHED {
        let dashboard = dashboard(program);
        let (mut ids, mut taken) = (Vec::new(), std::collections::BTreeMap::new());
        for panel in dashboard["panels"].as_array().unwrap() {
            let (place, title) = (&panel["gridPos"], panel["title"].as_str().unwrap());
            ids.push(panel["id"].as_u64().unwrap());
            assert!(
                panel["type"] == "row" || panel["description"].as_str().is_some_and(|text| text.len() > 5),
                "{title}"
            );
            let [x, y, w, h] = ["x", "y", "w", "h"].map(|key| place[key].as_u64().unwrap());
            assert!(x + w <= 24, "{program}: {title} is wider than the page");
            for cell in (x..x + w).flat_map(|x| (y..y + h).map(move |y| (x, y))) {
                assert_eq!(
                    taken.insert(cell, title),
                    None,
                    "{program}: {title} lies over another panel at {cell:?}"
                );
            }
        }
        let count = ids.len();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), count, "{program}");
    }
}
