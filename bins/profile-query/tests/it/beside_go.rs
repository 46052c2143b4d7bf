//! Tables beside those of `go tool pprof -top`, function by function, over the real profiles and the cases.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use test_support::{Exit, PATIENCE, Process};

use crate::fixture::Home;

/// Flat and cumulative of each function that has a name, without those where both are 0.
type Table = BTreeMap<String, (f64, f64)>;

/// Stands for functions that are rows of their own for Go, which looks at the linker's names, too.
const APART: (f64, f64) = (f64::NAN, f64::NAN);

fn files() -> Vec<PathBuf> {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let mut files = test_support::real_profiles();
    for folder in ["A11", "A12", "A2", "A3", "A4", "B1", "G3", "H7", "N2", "N3"] {
        let entries = std::fs::read_dir(cases.join(folder)).unwrap();
        files.extend(entries.map(|entry| entry.unwrap().path()));
    }
    assert!(files.len() > 30, "{files:?}");
    files
}

fn decoded(file: &Path) -> profile_model::Profile {
    profile_codec::pprof::decode(&std::fs::read(file).unwrap(), &Default::default()).unwrap()
}

struct Go {
    program: String,
    unit: String,
}

impl Go {
    /// What it says for arguments, in the unit of the profile.
    async fn top(&self, args: &[&str]) -> Table {
        let unit = format!("-unit={}", self.unit);
        let all = ["-nodefraction=0", "-edgefraction=0", "-nodecount=1000000", "-symbolize=none", &unit];
        let args = [&["tool", "pprof", "-top"], &all[..], args].concat();
        let variables = [("PPROF_TMPDIR", "/tmp"), ("NO_COLOR", "1")];
        let exit = Process::start(&self.program, args, variables).exit(4 * PATIENCE).await;
        assert_eq!(exit.code, Some(0), "{exit:#?}");
        let mut table = Table::new();
        for line in exit.stdout.lines().skip_while(|line| !line.contains("flat%")).skip(1) {
            let mut rest = line.trim_start();
            let mut words = Vec::new();
            for _ in 0..5 {
                let (word, after) = rest.split_once(' ').unwrap();
                words.push(word);
                rest = after.trim_start();
            }
            let name = rest.trim_end_matches(" (inline)").trim_end_matches(" (partial-inline)");
            let row = (number(words[0]), number(words[3]));
            if is_named(name) && row != (0.0, 0.0) {
                table.entry(name.to_owned()).and_modify(|row| *row = APART).or_insert(row);
            }
        }
        table
    }
}

/// A number before its unit.
fn number(text: &str) -> f64 {
    let end = text.rfind(|c: char| c.is_ascii_digit()).map_or(0, |at| at + 1);
    text[..end].parse().unwrap_or_else(|_| panic!("{text}"))
}

/// Not an address: those are written in other ways.
fn is_named(name: &str) -> bool {
    !name.starts_with('[') && !name.starts_with('<') && !name.contains("+0x") && name != "unknown"
}

async fn run(args: &[&str]) -> Exit {
    Home::with("").run(args).await
}

async fn our_top(args: &[&str]) -> Table {
    let exit = run(&[&["top", "-n", "1000000", "--output", "json"], args].concat()).await;
    if exit.code == Some(3) {
        return Table::new();
    }
    assert_eq!(exit.code, Some(0), "{args:?} {exit:#?}");
    let json: serde_json::Value = serde_json::from_str(&exit.stdout).unwrap();
    rows(&json, "rows", |row| (row["flat"].as_f64().unwrap(), row["cumulative"].as_f64().unwrap()))
}

fn rows(json: &serde_json::Value, list: &str, of: impl Fn(&serde_json::Value) -> (f64, f64)) -> Table {
    let list = json[list].as_array().unwrap_or_else(|| panic!("{json}"));
    let rows = list.iter().map(|row| (row["name"].as_str().unwrap().to_owned(), of(row)));
    rows.filter(|(name, row)| is_named(name) && *row != (0.0, 0.0)).collect()
}

/// `None` where the tables say the same within `tolerance`.
fn difference(ours: &Table, go: &Table, tolerance: f64) -> Option<String> {
    let near = |a: f64, b: f64| (a - b).abs() <= tolerance;
    for (name, theirs) in go {
        match ours.get(name) {
            _ if theirs.0.is_nan() => {}
            Some(row) if near(row.0, theirs.0) && near(row.1, theirs.1) => {}
            None if near(0.0, theirs.0) && near(0.0, theirs.1) => {}
            row => return Some(format!("{name}: {row:?}, go {theirs:?}")),
        }
    }
    let more =
        ours.iter().find(|(name, row)| !(go.contains_key(*name) || near(0.0, row.0) && near(0.0, row.1)));
    more.map(|row| format!("{row:?}, which go has not"))
}

#[tokio::test]
async fn every_type_of_every_profile_is_ranked_as_go_ranks_it() {
    let Some(program) = test_support::needs("go") else { return };
    let (mut wrong, mut compared) = (Vec::new(), 0);
    for file in files() {
        let profile = decoded(&file);
        let path = file.to_str().unwrap();
        for value_type in &profile.sample_types {
            let go = Go { program: program.clone(), unit: value_type.unit.clone() };
            let index = format!("-sample_index={}", value_type.name);
            let theirs = go.top(&[&index, path]).await;
            let ours = our_top(&["-t", &value_type.name, path]).await;
            compared += theirs.len();
            // Go prints two digits after the point.
            let what = difference(&ours, &theirs, 0.005);
            wrong.extend(what.map(|what| format!("{path} {}: {what}", value_type.name)));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(compared > 1000, "{compared} rows");
}

#[tokio::test]
async fn filters_leave_what_go_leaves() {
    let Some(program) = test_support::needs("go") else { return };
    let (mut wrong, mut compared) = (Vec::new(), 0);
    let patterns = ["^runtime\\.", "(?i)WORK|alloc"];
    for file in files() {
        let profile = decoded(&file);
        let path = file.to_str().unwrap();
        let Some(value_type) = profile.sample_types.last() else { continue };
        if file.parent().is_some_and(|folder| folder.ends_with("series")) {
            continue;
        }
        let go = Go { program: program.clone(), unit: value_type.unit.clone() };
        let index = format!("-sample_index={}", value_type.name);
        for (option, pattern) in
            ["focus", "ignore", "hide"].iter().flat_map(|option| patterns.map(|pattern| (option, pattern)))
        {
            let theirs = go.top(&[&format!("-{option}={pattern}"), &index, path]).await;
            let ours = our_top(&["-t", &value_type.name, &format!("--{option}"), pattern, path]).await;
            compared += theirs.len();
            let what = difference(&ours, &theirs, 0.005);
            wrong.extend(what.map(|what| format!("{path} --{option} {pattern}: {what}")));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(compared > 1000, "{compared} rows");
}

/// Pairs of files that can be compared.
fn pairs() -> Vec<[PathBuf; 2]> {
    let series: Vec<PathBuf> = test_support::real_profiles()
        .into_iter()
        .filter(|file| file.parent().is_some_and(|folder| folder.ends_with("series")))
        .collect();
    let mut pairs: Vec<[PathBuf; 2]> =
        series.windows(2).map(|pair| [pair[0].clone(), pair[1].clone()]).collect();
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    pairs.push([cases.join("A11/in.pb.gz"), cases.join("A11/after.pb.gz")]);
    pairs.push([cases.join("N3/b1.pb.gz"), cases.join("N3/b2.pb.gz")]);
    assert!(pairs.len() > 5, "{pairs:?}");
    pairs
}

#[tokio::test]
async fn differences_are_those_of_go() {
    let Some(program) = test_support::needs("go") else { return };
    let mut compared = 0;
    for pair in pairs() {
        let [before, after] = [pair[0].to_str().unwrap(), pair[1].to_str().unwrap()];
        let profile = decoded(&pair[0]);
        let value_type = profile.sample_types.last().unwrap();
        let go = Go { program: program.clone(), unit: value_type.unit.clone() };
        let base = format!("-diff_base={before}");
        let index = format!("-sample_index={}", value_type.name);
        for by in ["none", "share"] {
            let args = ["diff", before, after, "-t", &value_type.name, "--by", by];
            let exit = run(&[&args[..], &["-n", "1000000", "--output", "json"]].concat()).await;
            assert_eq!(exit.code, Some(0), "{exit:#?}");
            let json: serde_json::Value = serde_json::from_str(&exit.stdout).unwrap();
            let change = |row: &serde_json::Value| {
                (row["flat"]["change"].as_f64().unwrap(), row["cumulative"]["change"].as_f64().unwrap())
            };
            let ours = rows(&json, "functions", change);
            // What is normalised is scaled to the whole of the base, and rounded in each sample.
            let (theirs, scale, tolerance) = if by == "none" {
                (go.top(&[&base, &index, after]).await, 1.0, 0.005)
            } else {
                let whole = json["whole"]["base"].as_f64().unwrap();
                let theirs = go.top(&["-normalize", &base, &index, after]).await;
                let samples = decoded(&pair[1]).samples.len() as f64;
                (theirs, whole / 100.0, 0.5 * samples + 1.0)
            };
            let ours = ours.into_iter().map(|(name, row)| (name, (row.0 * scale, row.1 * scale))).collect();
            compared += theirs.len();
            if let Some(what) = difference(&ours, &theirs, tolerance) {
                panic!("{before} {after} --by {by}: {what}");
            }
        }
    }
    assert!(compared > 100, "{compared} rows");
}
