//! The floors of docs/architecture.md: a crate needs only crates on a strictly lower floor.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::Value;

/// Every workspace crate with its floor. A crate that is not listed is a mistake.
const FLOORS: &[(&str, u8)] = &[
    ("parca-proto", 0),
    ("backoff", 1),
    ("client-tls", 1),
    ("durable", 1),
    ("profile-model", 1),
    ("re2", 1),
    ("words", 1),
    ("config-file", 2),
    ("load-engine", 2),
    ("ops", 2),
    ("pql", 2),
    ("timespec", 2),
    ("http-config", 3),
    ("profile-codec", 3),
    ("relabel", 3),
    ("report-render", 3),
    ("self-profile", 3),
    ("parca-client", 4),
    ("profile-store", 4),
    ("pyroscope-client", 4),
    ("remote-write", 4),
    ("exporter", 5),
    ("ingest", 5),
    ("parca-embedded", 5),
    ("parca-workload", 5),
    ("query", 5),
    ("test-support", 6),
    ("web", 6),
    ("parca-load", 7),
    ("profile-query", 7),
    ("parca-embedded-bin", 7),
    ("parca-ingest", 7),
    ("profile-exporter", 7),
    ("xtask", 7),
];

/// Only these may be a dev-dependency of crates below them.
const DEV_ONLY: &[&str] = &["test-support"];

/// Fails with one line for each edge that does not go down.
pub fn check(root: &Path) -> Result<()> {
    let output = Command::new("cargo")
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .current_dir(root)
        .output()
        .context("start cargo metadata")?;
    let metadata: Value = serde_json::from_slice(&output.stdout).context("read cargo metadata")?;
    let mistakes = mistakes(&metadata, FLOORS);
    if !mistakes.is_empty() {
        bail!("the layers do not hold:\n  {}", mistakes.join("\n  "));
    }
    Ok(())
}

fn mistakes(metadata: &Value, floors: &[(&str, u8)]) -> Vec<String> {
    let floors: BTreeMap<&str, u8> = floors.iter().copied().collect();
    let mut mistakes = Vec::new();
    for package in metadata["packages"].as_array().into_iter().flatten() {
        let name = package["name"].as_str().unwrap_or_default();
        let Some(floor) = floors.get(name) else {
            mistakes.push(format!("`{name}` has no floor: add it to xtask/src/layers.rs"));
            continue;
        };
        for dependency in package["dependencies"].as_array().into_iter().flatten() {
            let needed = dependency["name"].as_str().unwrap_or_default();
            let dev = dependency["kind"] == "dev";
            let Some(below) = floors.get(needed) else { continue };
            if DEV_ONLY.contains(&needed) && !dev {
                mistakes.push(format!("`{name}` needs `{needed}`, which is for tests only"));
            } else if below >= floor && !dev {
                mistakes.push(format!("`{name}` (floor {floor}) needs `{needed}` (floor {below})"));
            }
        }
    }
    mistakes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edge(name: &str, needs: &str, kind: Option<&str>) -> Value {
        serde_json::json!({"packages": [{"name": name, "dependencies": [{"name": needs, "kind": kind}]}]})
    }

    #[test]
    fn the_workspace_keeps_its_floors() {
        check(&crate::root()).unwrap();
    }

    #[test]
    fn an_edge_to_a_neighbour_or_upwards_is_refused() {
        let floors = [("low", 1), ("beside", 1), ("high", 2), ("test-support", 3)];
        let found = |name, needs, kind| mistakes(&edge(name, needs, kind), &floors).len();
        assert_eq!(found("high", "low", None), 0);
        assert_eq!(found("low", "beside", None), 1);
        assert_eq!(found("low", "high", None), 1);
        assert_eq!(found("high", "test-support", Some("dev")), 0);
        assert_eq!(found("high", "test-support", None), 1);
        assert_eq!(found("unknown", "low", None), 1);
    }
}
