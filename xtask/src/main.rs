//! `cargo xtask`: the project's own chores.

mod circles;
#[cfg(feature = "codegen")]
mod codegen;
mod deb;
mod docs;
mod layers;
mod metadata;
mod package;
mod programs;
mod readme;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, bail, ensure};

const HELP: &str = "\
cargo xtask ci               everything that must hold: format, generated code, layers, faces of libraries, clippy, docs, tests
cargo xtask layers           floors, forbidden dependencies, circles of files, as docs/architecture.md has them
cargo xtask docs             first lines of documentation that begin with a pronoun
cargo xtask codegen [--check]  proto/proto -> proto/src/gen
cargo xtask readme [--check]   README.md of each library, from the front page of its documentation
cargo xtask package [FLAG...]  public crates as crates.io would get them, each built from its packed files; flags are cargo package's
cargo xtask semver COMMIT    what breaks users of the public libraries as of a commit, by cargo-semver-checks
cargo xtask deb [--built] [--fast] [--deb-version=V] [PROGRAM...]
                             .deb files into target/packages, by cargo-deb; --built takes target/release as it is
";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let done = match args.as_slice() {
        ["ci"] => ci(&root()),
        ["layers"] => layers::check(&root()),
        ["docs"] => docs::check(&root()),
        ["codegen"] => codegen(&root(), false),
        ["codegen", "--check"] => codegen(&root(), true),
        ["readme"] => readme::run(&root(), false),
        ["readme", "--check"] => readme::run(&root(), true),
        ["package", flags @ ..] => package::run(&root(), flags),
        ["semver", since] => package::semver(&root(), since),
        ["deb", args @ ..] => deb::run(&root(), args),
        _ => {
            eprint!("{HELP}");
            return ExitCode::from(2);
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask lies in the workspace root").to_path_buf()
}

fn ci(root: &Path) -> Result<()> {
    cargo(root, &["fmt", "--all", "--check"])?;
    layers::check(root)?;
    docs::check(root)?;
    readme::run(root, true)?;
    package::semver_since_last_version(root)?;
    codegen(root, true)?;
    cargo(root, &["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"])?;
    rustdoc(root)?;
    tests(root)
}

/// Builds the documentation of every crate, and refuses links that lead nowhere.
fn rustdoc(root: &Path) -> Result<()> {
    eprintln!("$ cargo doc --workspace --no-deps");
    let mut command = Command::new("cargo");
    command
        .args(["doc", "--workspace", "--no-deps", "--quiet", "--keep-going"])
        .env("RUSTDOCFLAGS", "-D warnings");
    let status = command.current_dir(root).status().context("start cargo doc")?;
    ensure!(status.success(), "cargo doc found mistakes");
    Ok(())
}

/// Runs all tests, and says at the end how many could not run and what they need.
fn tests(root: &Path) -> Result<()> {
    let list = root.join("target").join("skipped-tests");
    let _old = std::fs::remove_file(&list);
    eprintln!("$ cargo test --workspace");
    let mut command = Command::new("cargo");
    command.args(["test", "--workspace"]).env("SKIPPED_TESTS", &list).current_dir(root);
    let status = command.status().context("start cargo")?;
    let skipped = std::fs::read_to_string(&list).unwrap_or_default();
    let mut by_need: BTreeMap<&str, usize> = BTreeMap::new();
    for need in skipped.lines().filter_map(|line| line.strip_prefix("skipped: needs ")?.split(" (").next()) {
        *by_need.entry(need).or_default() += 1;
    }
    let sum: usize = by_need.values().sum();
    let needs: Vec<String> = by_need.iter().map(|(need, count)| format!("{count} need {need}")).collect();
    match sum {
        0 => eprintln!("no test was skipped"),
        sum => eprintln!("{sum} tests were skipped: {}", needs.join(", ")),
    }
    if !status.success() {
        bail!("`cargo test --workspace` failed");
    }
    Ok(())
}

fn cargo(root: &Path, args: &[&str]) -> Result<()> {
    eprintln!("$ cargo {}", args.join(" "));
    let status = Command::new("cargo").args(args).current_dir(root).status().context("start cargo")?;
    if !status.success() {
        bail!("`cargo {}` failed", args.join(" "));
    }
    Ok(())
}

#[cfg(feature = "codegen")]
fn codegen(root: &Path, check: bool) -> Result<()> {
    codegen::run(root, check)
}

/// Without its feature this binary has no protobuf compiler inside: it starts one that has.
#[cfg(not(feature = "codegen"))]
fn codegen(root: &Path, check: bool) -> Result<()> {
    let mut args = vec!["run", "--quiet", "--package", "xtask", "--features", "codegen", "--", "codegen"];
    if check {
        args.push("--check");
    }
    cargo(root, &args)
}
