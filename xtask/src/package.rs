//! The crates as crates.io would get them: packed, and each built from what was packed, with its siblings from their packed
//! files, too.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::metadata;

/// Packs every public crate; without `--no-verify` each is built, too.
pub(crate) fn run(root: &Path, flags: &[&str]) -> Result<()> {
    let mut command = Command::new("cargo");
    command.args(["package", "--workspace", "--locked"]).args(flags).current_dir(root);
    for name in private(root)? {
        command.args(["--exclude", &name]);
    }
    let status = command.status().context("start cargo package")?;
    ensure!(status.success(), "`cargo package` failed");
    Ok(())
}

/// Crates that say `publish = false`.
fn private(root: &Path) -> Result<Vec<String>> {
    let metadata = metadata::read(root)?;
    let packages = metadata::packages(&metadata);
    let private = packages.filter(|one| one["publish"].as_array().is_some_and(Vec::is_empty));
    Ok(private.filter_map(|one| one["name"].as_str().map(str::to_owned)).collect())
}
