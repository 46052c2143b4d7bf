//! The programs of this workspace, and where they are once they are built.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};

/// A program, and the package that it is built from.
pub(crate) struct Program {
    pub(crate) name: &'static str,
    pub(crate) package: &'static str,
}

pub(crate) const PROGRAMS: &[Program] = &[
    Program { name: "parca-load", package: "parca-load" },
    Program { name: "profile-exporter", package: "profile-exporter" },
    Program { name: "profile-query", package: "profile-query" },
    Program { name: "parca-ingest", package: "parca-ingest" },
    Program { name: "parca-embedded", package: "parca-embedded-bin" },
];

/// Builds programs for release; they say of which commit they are where git knows it.
pub(crate) fn release(root: &Path, programs: &[&Program]) -> Result<()> {
    let mut command = Command::new("cargo");
    command.args(["build", "--release", "--locked"]).current_dir(root);
    command.args(programs.iter().flat_map(|program| ["-p", program.package]));
    if std::env::var_os("PARCA_TOOLS_COMMIT").is_none() {
        command.envs(commit(root).map(|commit| ("PARCA_TOOLS_COMMIT", commit)));
    }
    let status = command.status().context("start cargo")?;
    ensure!(status.success(), "`cargo build --release` failed");
    Ok(())
}

/// What git calls the tree: a tag or a commit, with `-dirty` where something differs from it.
fn commit(root: &Path) -> Option<String> {
    let said =
        Command::new("git").args(["describe", "--always", "--dirty"]).current_dir(root).output().ok()?;
    said.status.success().then(|| String::from_utf8_lossy(&said.stdout).trim().to_owned())
}
