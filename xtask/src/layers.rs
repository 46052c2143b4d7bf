//! The invariants of docs/architecture.md that a program can check: a crate needs only crates on a strictly lower
//! floor, the page's picture says the same floors, some dependencies stay where they belong, and no two files of a
//! crate need each other.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::metadata;

/// Every workspace crate with its floor. A crate that is not listed is a mistake.
const FLOORS: &[(&str, u8)] = &[
    ("parca-proto", 0),
    ("backoff", 1),
    ("credentials", 1),
    ("demangle", 1),
    ("durable", 1),
    ("gunzip", 1),
    ("profile-model", 1),
    ("re2", 1),
    ("rpc-code", 1),
    ("words", 1),
    ("config-file", 2),
    ("load-engine", 2),
    ("ops", 2),
    ("pql", 2),
    ("pyroscope-tree", 2),
    ("timespec", 2),
    ("http-config", 3),
    ("profile-codec", 3),
    ("relabel", 3),
    ("self-profile", 3),
    ("parca-client", 4),
    ("profile-store", 4),
    ("pyroscope-client", 4),
    ("remote-write", 4),
    ("report-render", 4),
    ("unary-grpc", 4),
    ("exporter", 5),
    ("ingest", 5),
    ("parca-workload", 5),
    ("pyroscope-api", 5),
    ("query", 5),
    ("manual", 6),
    ("parca-embedded", 6),
    ("parca-gateway", 6),
    ("profile-ui", 6),
    ("test-support", 6),
    ("parca-load", 7),
    ("profile-query", 7),
    ("parca-embedded-bin", 7),
    ("parca-ingest", 7),
    ("profile-exporter", 7),
    ("deploy-tests", 7),
    ("xtask", 7),
];

/// Dependencies that stay where they belong: who may have them, and why nobody else. Dev-dependencies are free.
const FORBIDDEN: &[Rule] = &[
    Rule {
        names: &["clap", "clap_complete", "clap_mangen"],
        least_floor: 7,
        but: &["manual"],
        why: "only bins read argv",
    },
    Rule {
        names: &["tokio", "http", "hyper", "hyper-util", "axum", "reqwest"],
        least_floor: 2,
        but: &[],
        why: "floor 1 is functions over values",
    },
    Rule {
        names: &["tokio", "http", "hyper", "axum", "prost", "tonic"],
        least_floor: 0,
        but: &[
            "pql",
            "profile-model",
            "re2",
            "words",
            "timespec",
            "relabel",
            "report-render",
            "profile-codec",
        ],
        why: "functions over values: no network, no clock, no wire types",
    },
    Rule {
        names: &["tonic"],
        least_floor: 4,
        but: &["parca-proto"],
        why: "gRPC is spoken by clients and servers",
    },
    Rule { names: &["anyhow"], least_floor: 7, but: &[], why: "libraries have typed errors" },
    Rule { names: &["regex"], least_floor: 8, but: &["re2"], why: "patterns of people are Go's: crate re2" },
    Rule { names: &["strsim"], least_floor: 8, but: &["words"], why: "did-you-mean is in words" },
];

/// Crates on a lower floor than `least_floor` must not need any of `names`. With `least_floor` 0 it is the crates in
/// `but` that must not; else those are excepted.
struct Rule {
    names: &'static [&'static str],
    least_floor: u8,
    but: &'static [&'static str],
    why: &'static str,
}

/// Only these may be a dev-dependency of crates below them.
const DEV_ONLY: &[&str] = &["test-support"];

/// Fails with one line for each edge that does not go down.
pub fn check(root: &Path) -> Result<()> {
    let metadata = metadata::read(root)?;
    let mut mistakes = mistakes(&metadata, FLOORS, FORBIDDEN);
    let page =
        std::fs::read_to_string(root.join("docs/architecture.md")).context("read docs/architecture.md")?;
    mistakes.extend(page_mistakes(&page, &metadata, FLOORS));
    mistakes.extend(circles(&metadata)?);
    if !mistakes.is_empty() {
        bail!("the layers do not hold:\n  {}", mistakes.join("\n  "));
    }
    Ok(())
}

fn mistakes(metadata: &Value, floors: &[(&str, u8)], forbidden: &[Rule]) -> Vec<String> {
    let floors: BTreeMap<&str, u8> = floors.iter().copied().collect();
    let mut mistakes = Vec::new();
    for package in metadata::packages(metadata) {
        let name = metadata::short(package);
        let Some(floor) = floors.get(name) else {
            mistakes.push(format!("`{name}` has no floor: add it to xtask/src/layers.rs"));
            continue;
        };
        for dependency in package["dependencies"].as_array().into_iter().flatten() {
            let needed = metadata::short(dependency);
            if dependency["kind"] == "dev" {
                continue;
            }
            mistakes.extend(forbidden.iter().filter(|rule| rule.forbids(name, *floor, needed)).map(|rule| {
                format!("`{name}` (floor {floor}) needs `{needed}`, which it must not: {}", rule.why)
            }));
            let Some(below) = floors.get(needed) else { continue };
            if DEV_ONLY.contains(&needed) {
                mistakes.push(format!("`{name}` needs `{needed}`, which is for tests only"));
            } else if below >= floor {
                mistakes.push(format!("`{name}` (floor {floor}) needs `{needed}` (floor {below})"));
            }
        }
    }
    mistakes
}

impl Rule {
    fn forbids(&self, name: &str, floor: u8, needed: &str) -> bool {
        let is_named = self.but.contains(&name);
        let applies = if self.least_floor == 0 { is_named } else { floor < self.least_floor && !is_named };
        applies && self.names.contains(&needed)
    }
}

/// What the picture in docs/architecture.md says otherwise: a crate on another floor, one that is not there, one that
/// is missing.
fn page_mistakes(page: &str, metadata: &Value, floors: &[(&str, u8)]) -> Vec<String> {
    let mut drawn: BTreeMap<&str, u8> = BTreeMap::new();
    for line in page.lines() {
        let mut words = line.split_whitespace();
        let (Some(path), Some("floor"), Some(floor)) = (words.next(), words.next(), words.next()) else {
            continue;
        };
        if let Ok(floor) = floor.parse() {
            drawn.insert(path.trim_end_matches('/'), floor);
        }
    }
    let floors: BTreeMap<&str, u8> = floors.iter().copied().collect();
    let mut mistakes = Vec::new();
    for package in metadata::packages(metadata) {
        let name = metadata::short(package);
        let folder = Path::new(package["manifest_path"].as_str().unwrap_or_default()).parent();
        let Some(path) = folder.and_then(|folder| inside(folder, metadata)) else { continue };
        match (drawn.remove(path.as_str()), floors.get(name)) {
            (Some(drawn), Some(floor)) if drawn != *floor => {
                mistakes
                    .push(format!("docs/architecture.md draws `{path}` on floor {drawn}, it is on {floor}"));
            }
            (None, _) => mistakes.push(format!("docs/architecture.md does not draw `{path}`")),
            _ => {}
        }
    }
    mistakes
        .extend(drawn.keys().map(|path| format!("docs/architecture.md draws `{path}`, which is not there")));
    mistakes
}

/// The folder relative to the workspace's root.
fn inside(folder: &Path, metadata: &Value) -> Option<String> {
    let root = metadata["workspace_root"].as_str()?;
    Some(folder.strip_prefix(root).ok()?.display().to_string())
}

fn circles(metadata: &Value) -> Result<Vec<String>> {
    let mut mistakes = Vec::new();
    for package in metadata::packages(metadata) {
        let name = metadata::short(package);
        let Some(folder) = Path::new(package["manifest_path"].as_str().unwrap_or_default()).parent() else {
            continue;
        };
        let found = crate::circles::of_crate(&folder.join("src"))?;
        mistakes
            .extend(found.into_iter().map(|circle| format!("files of `{name}` need each other: {circle}")));
    }
    Ok(mistakes)
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
        let found = |name, needs, kind| mistakes(&edge(name, needs, kind), &floors, &[]).len();
        assert_eq!(found("high", "low", None), 0);
        assert_eq!(found("low", "beside", None), 1);
        assert_eq!(found("low", "high", None), 1);
        assert_eq!(found("high", "test-support", Some("dev")), 0);
        assert_eq!(found("high", "test-support", None), 1);
        assert_eq!(found("unknown", "low", None), 1);
    }

    #[test]
    fn a_planted_forbidden_dependency_is_refused() {
        let floors = [("ops", 2), ("parca-load", 7), ("words", 1), ("pql", 2)];
        let found = |name, needs, kind| mistakes(&edge(name, needs, kind), &floors, FORBIDDEN);
        assert_eq!(
            found("ops", "clap", None),
            ["`ops` (floor 2) needs `clap`, which it must not: only bins read argv"]
        );
        assert_eq!(found("parca-load", "clap", None), [""; 0]);
        assert_eq!(found("ops", "clap", Some("dev")), [""; 0]);
        assert_eq!(found("words", "tokio", None).len(), 2);
        assert_eq!(found("pql", "prost", None).len(), 1);
        assert_eq!(found("ops", "regex", None).len(), 1);
    }

    #[test]
    fn a_page_with_another_floor_is_refused() {
        let metadata = serde_json::json!({
            "workspace_root": "/w",
            "packages": [
                {"name": "low", "manifest_path": "/w/crates/low/Cargo.toml"},
                {"name": "high", "manifest_path": "/w/crates/high/Cargo.toml"},
            ],
        });
        let floors = [("low", 1), ("high", 2)];
        let found = |page: &str| page_mistakes(page, &metadata, &floors);
        assert_eq!(found("crates/low   floor 1  words\ncrates/high   floor 2"), [""; 0]);
        assert_eq!(
            found("crates/low   floor 3  words\ncrates/gone  floor 2"),
            [
                "docs/architecture.md draws `crates/low` on floor 3, it is on 1",
                "docs/architecture.md does not draw `crates/high`",
                "docs/architecture.md draws `crates/gone`, which is not there",
            ]
        );
    }
}
