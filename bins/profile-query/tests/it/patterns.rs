//! Regular expressions mean in `--focus` and in selectors what they mean in Go: the same table as that of `re2`.

use std::collections::BTreeMap;

use parca_embedded::Settings;
use tokio_util::sync::CancellationToken;

use crate::fixture::{Home, pprof_of};

/// By pattern, the names of the values that match: the whole value, and anywhere in it.
type Table = BTreeMap<String, [String; 2]>;

fn table() -> (Table, BTreeMap<String, String>) {
    let data = concat!(env!("CARGO_MANIFEST_DIR"), "/../../crates/re2/tests/data");
    let read = |name: &str| std::fs::read_to_string(format!("{data}/{name}.json")).unwrap();
    let mut values: BTreeMap<String, String> = serde_json::from_str(&read("values")).unwrap();
    // Folded stacks have a line each.
    values.retain(|_, value| !value.contains(['\n', '\r', ';', '\u{b}']) && !value.trim().is_empty());
    (serde_json::from_str(&read("patterns")).unwrap(), values)
}

fn known(names: &str, values: &BTreeMap<String, String>) -> Vec<String> {
    let mut known: Vec<String> =
        names.split(',').filter(|name| values.contains_key(*name)).map(str::to_owned).collect();
    known.sort();
    known
}

/// Which values, in order of their names, are named by rows of JSON.
fn found<'a>(named: impl Iterator<Item = &'a str>, values: &BTreeMap<String, String>) -> Vec<String> {
    let mut found: Vec<String> = named
        .filter_map(|text| values.iter().find(|(_, value)| *value == text).map(|(name, _)| name.clone()))
        .collect();
    found.sort();
    found
}

#[tokio::test]
async fn focus_finds_what_go_finds() {
    let (patterns, values) = table();
    let stacks: String = values.values().map(|value| format!("{value} 1\n")).collect();
    let home = Home::with("");
    let file = home.write("values.pb.gz", &pprof_of(&stacks, &[("n", "count")], ("n", "count")));
    let mut wrong = Vec::new();
    for (pattern, [_, anywhere]) in &patterns {
        let args = ["top", &file, "-n", "1000", "--output", "json", "--focus", pattern];
        let exit = home.run(&args).await;
        let ok = if let Some(error) = anywhere.strip_prefix("ERR ") {
            exit.code == Some(2) && exit.stderr.contains(error.trim_start_matches("error parsing regexp: "))
        } else if known(anywhere, &values).is_empty() {
            exit.code == Some(3)
        } else {
            let json: serde_json::Value = serde_json::from_str(&exit.stdout).unwrap_or_default();
            let rows = json["rows"].as_array().cloned().unwrap_or_default();
            found(rows.iter().filter_map(|row| row["name"].as_str()), &values) == known(anywhere, &values)
        };
        if !ok {
            wrong.push(format!("{pattern:?}: Go {anywhere}, here {exit:?}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {}\n{}", wrong.len(), patterns.len(), wrong.join("\n"));
    assert!(patterns.len() >= 200);
}

#[tokio::test]
async fn selectors_select_what_go_selects() {
    let (patterns, mut values) = table();
    // `v=~` is an operator on a command line.
    values.remove("tilde");
    let stop = CancellationToken::new();
    let mut settings = Settings::default();
    settings.self_profile_every = None;
    let server = parca_embedded::start("127.0.0.1:0", settings, stop.clone()).await.unwrap();
    let _stop = stop.drop_guard();
    let home = Home::with(&format!("[parca.deployments.lab]\nurl = \"http://{}\"\n", server.address()));
    let file = pprof_of("main 1\n", &[("cpu", "nanoseconds")], ("cpu", "nanoseconds"));
    for value in values.values() {
        home.send("lab", &file, "-5m", &["job=patterns", &format!("v={value}")]).await;
    }
    let mut wrong = Vec::new();
    for (pattern, [whole, _]) in &patterns {
        let filter = format!("v=~{pattern}");
        let exit =
            home.run(&["top", "lab", "patterns", "-t", "cpu", "--output", "json", "-l", &filter]).await;
        let ok = if whole.starts_with("ERR ") {
            exit.code == Some(2)
        } else {
            let json: serde_json::Value = serde_json::from_str(&exit.stdout).unwrap_or_default();
            let total = json["rows"][0]["flat"].as_u64().unwrap_or(0);
            total == known(whole, &values).len() as u64
        };
        if !ok {
            wrong.push(format!("{pattern:?}: Go {whole}, here {exit:?}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {}\n{}", wrong.len(), patterns.len(), wrong.join("\n"));
}
