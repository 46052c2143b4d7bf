//! action.yml, run as the shell steps that it is: its expressions are replaced as a runner does, its programs are those of
//! this build.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;
use test_support::unused_address;

use crate::files::{below, read, top};
use crate::programs::{Daemon, program};
use crate::yaml::document;

/// What a run of the action left.
#[derive(Debug)]
struct Run {
    code: i32,
    words: String,
    summary: String,
    folder: TempDir,
}

impl Run {
    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join("temp/profile-gate").join(name)
    }
}

fn action() -> Value {
    document(&read("action.yml"))
}

/// Inputs with their defaults.
fn inputs(given: &[(&str, &str)]) -> BTreeMap<String, String> {
    let action = action();
    let known = action["inputs"].as_object().unwrap();
    let mut all: BTreeMap<String, String> = known
        .iter()
        .map(|(name, input)| (name.clone(), input["default"].as_str().unwrap().to_owned()))
        .collect();
    for (name, value) in given {
        let old = all.insert((*name).to_owned(), (*value).to_owned());
        assert!(old.is_some(), "the action has no input {name}");
    }
    all
}

/// Replaces `${{ inputs.NAME }}`; other expressions are a mistake here.
fn replaced(text: &str, inputs: &BTreeMap<String, String>) -> String {
    let Some((before, rest)) = text.split_once("${{") else { return text.to_owned() };
    let (expression, after) = rest.split_once("}}").expect("an expression ends");
    let name = expression
        .trim()
        .strip_prefix("inputs.")
        .unwrap_or_else(|| panic!("unknown expression {expression}"));
    format!("{before}{}{}", inputs[name], replaced(after, inputs))
}

/// Runs every step of the action, as long as they end well.
fn run(given: &[(&str, &str)]) -> Run {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    std::fs::create_dir(path("temp")).unwrap();
    let inputs = inputs(given);
    let (mut code, mut words) = (0, String::new());
    for step in action()["runs"]["steps"].as_array().unwrap() {
        let script = path("step.sh");
        let text = step["run"].as_str().unwrap();
        assert!(!text.contains("${{"), "expressions in scripts are how others' words become commands");
        std::fs::write(&script, text).unwrap();
        // How a runner starts `shell: bash`.
        assert_eq!(step["shell"], "bash");
        let mut bash = Command::new("bash");
        bash.args(["--noprofile", "--norc", "-e", "-o", "pipefail"]).arg(&script).current_dir(folder.path());
        for (name, value) in step["env"].as_object().unwrap() {
            bash.env(name, replaced(value.as_str().unwrap(), &inputs));
        }
        let programs = program("profile-query").parent().unwrap().to_owned();
        bash.env("PATH", format!("{}:{}", programs.display(), std::env::var("PATH").unwrap()));
        bash.env("RUNNER_TEMP", path("temp")).env("GITHUB_ACTION_PATH", top()).env("NO_COLOR", "1");
        for file in ["GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY", "GITHUB_PATH"] {
            bash.env(file, path(file));
        }
        let output = bash.output().unwrap();
        words += &format!(
            "{}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        code = output.status.code().unwrap();
        if code != 0 {
            break;
        }
    }
    let summary = std::fs::read_to_string(path("GITHUB_STEP_SUMMARY")).unwrap_or_default();
    Run { code, words, summary, folder }
}

/// A profile whose function `hot` has this share, in percent.
fn profile(folder: &Path, name: &str, hot: u32) -> String {
    let path = folder.join(name);
    std::fs::write(&path, format!("main;hot {hot}\nmain;cold {}\n", 100 - hot)).unwrap();
    path.display().to_string()
}

#[test]
fn the_first_run_passes_and_its_profile_becomes_the_baseline() {
    let folder = tempfile::tempdir().unwrap();
    let (now, baseline) =
        (profile(folder.path(), "now.folded", 10), folder.path().join("kept/baseline.folded"));
    let run = run(&[("profile", &now), ("baseline", baseline.to_str().unwrap()), ("keep", "true")]);
    assert_eq!(run.code, 0, "{run:#?}");
    assert!(run.words.contains("::notice::no baseline yet"), "{run:#?}");
    assert!(run.summary.contains("No baseline yet"), "{run:#?}");
    assert_eq!(std::fs::read(baseline).unwrap(), std::fs::read(now).unwrap());
}

#[test]
fn a_profile_that_got_worse_fails_the_build_and_is_not_kept() {
    let folder = tempfile::tempdir().unwrap();
    let (baseline, now) =
        (profile(folder.path(), "baseline.folded", 10), profile(folder.path(), "now.folded", 60));
    let run = run(&[
        ("profile", &now),
        ("baseline", &baseline),
        ("keep", "true"),
        ("fail-if", "total>20%\ncum>5pp\n"),
    ]);
    assert_eq!(run.code, 5, "{run:#?}");
    assert!(run.words.contains("::error::the profile got worse than total>20% cum>5pp allows"), "{run:#?}");
    assert!(run.summary.contains("`hot`") && run.summary.contains("+50.00 pp"), "{run:#?}");
    for file in ["report.md", "report.svg", "report.xml"] {
        assert!(run.file(file).is_file(), "{file}: {run:#?}");
    }
    assert!(std::fs::read_to_string(baseline).unwrap().contains("hot 10"));
}

#[test]
fn a_profile_that_did_not_passes_and_only_main_moves_the_baseline() {
    let folder = tempfile::tempdir().unwrap();
    let (baseline, now) =
        (profile(folder.path(), "baseline.folded", 10), profile(folder.path(), "now.folded", 12));
    let check = |keep: &str, expect: &str| {
        let run = run(&[("profile", &now), ("baseline", &baseline), ("keep", keep)]);
        assert_eq!(run.code, 0, "{run:#?}");
        assert!(std::fs::read_to_string(&baseline).unwrap().contains(expect), "{run:#?}");
    };
    check("false", "hot 10");
    check("true", "hot 12");
}

#[test]
fn inputs_that_are_missing_are_named() {
    let check = |given: &[(&str, &str)], expect: &str| {
        let run = run(given);
        assert_eq!(run.code, 2, "{run:#?}");
        assert!(run.words.contains(expect), "{run:#?}");
    };
    check(&[], "::error::profile: expected a file, found nothing");
    check(&[("profile", "a.pb.gz")], "::error::baseline: expected a file, found nothing");
    check(&[("check", "parca")], "::error::url: expected the address of a Parca, found nothing");
    check(&[("check", "both")], "::error::check: expected diff or parca, found both");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_parca_that_answers_passes_and_one_that_is_away_does_not() {
    let parca = Daemon::start("parca-embedded", &["--http-address=127.0.0.1:0".to_owned()]).await;
    let url = format!("http://{}", parca.address);
    let good = run(&[
        ("check", "parca"),
        ("url", &url),
        ("arguments", "-protocol grpc -lanes labels,values,profile-types"),
    ]);
    assert_eq!(good.code, 0, "{good:#?}");
    assert!(
        good.summary.contains(&format!("### Parca at {url}")) && good.summary.contains("0 errors"),
        "{good:#?}"
    );
    let summary = std::fs::read_to_string(good.file("summary.json")).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&summary).unwrap()["tool"]["name"], "parca-load");
    let bad = run(&[
        ("check", "parca"),
        ("url", &format!("http://{}", unused_address())),
        ("arguments", "-client-timeout 1s"),
    ]);
    assert_eq!(bad.code, 1, "{bad:#?}");
    assert!(bad.words.contains("::error::parca-load: a call failed (exit code 1)"), "{bad:#?}");
}

#[test]
fn the_examples_give_inputs_that_the_action_has() {
    let mut found = 0;
    for path in below("deploy/github", ".yml") {
        let workflow = document(&read(&path));
        let jobs = workflow["jobs"].as_object().unwrap().values();
        for step in jobs.flat_map(|job| job["steps"].as_array().unwrap()) {
            if step["uses"].as_str().is_some_and(|uses| uses.starts_with("parca-tools/parca-tools@")) {
                let given = step["with"].as_object().unwrap();
                let given: Vec<(&str, &str)> =
                    given.iter().map(|(name, value)| (name.as_str(), value.as_str().unwrap())).collect();
                inputs(&given);
                found += 1;
            }
        }
    }
    assert_eq!(found, 2);
}
