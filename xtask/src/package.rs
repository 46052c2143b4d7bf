//! The crates as crates.io would get them: packed, and each built from what was packed, with its siblings from their packed
//! files, too; and whether their faces still fit those who use them.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::metadata;

/// Packs every public crate; without `--no-verify` each is built, too.
pub(crate) fn run(root: &Path, flags: &[&str]) -> Result<()> {
    forget_unpacked(root)?;
    let mut command = Command::new("cargo");
    command.args(["package", "--workspace", "--locked"]).args(flags).current_dir(root);
    // One folder for all, as each crate would be built with all that it needs again and again else; an empty one, as cargo
    // takes what it built of an earlier run's packages for what it would build of today's.
    let built = root.join("target/packed");
    if built.exists() {
        std::fs::remove_dir_all(&built).with_context(|| format!("remove {}", built.display()))?;
    }
    command.env("CARGO_TARGET_DIR", &built);
    for name in private(root)? {
        command.args(["--exclude", &name]);
    }
    let status = command.status().context("start cargo package")?;
    ensure!(status.success(), "`cargo package` failed");
    Ok(())
}

/// Removes what cargo unpacked of packages that an earlier run made: it would be built again in place of today's, as the
/// versions are the same.
fn forget_unpacked(root: &Path) -> Result<()> {
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cargo")));
    let Some(sources) = home.and_then(|home| std::fs::read_dir(home.join("registry/src")).ok()) else {
        return Ok(());
    };
    let metadata = metadata::read(root)?;
    for registry in sources.flatten() {
        // The names of registries in folders have no host before their dash.
        if !registry.file_name().to_string_lossy().starts_with('-') {
            continue;
        }
        for package in metadata::packages(&metadata) {
            let (name, version) = (package["name"].as_str(), package["version"].as_str());
            let (Some(name), Some(version)) = (name, version) else { continue };
            let unpacked = registry.path().join(format!("{name}-{version}"));
            match std::fs::remove_dir_all(&unpacked) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(error).with_context(|| format!("remove {}", unpacked.display()));
                }
                _ => {}
            }
        }
    }
    Ok(())
}

/// Refuses what breaks programs that use the public libraries as they were at a commit, unless the version says so: by
/// cargo-semver-checks.
pub(crate) fn semver(root: &Path, since: &str) -> Result<()> {
    ensure!(
        has_semver_checks(),
        "expected cargo-semver-checks: `cargo install --locked cargo-semver-checks`"
    );
    let mut command = Command::new("cargo");
    command.args(["semver-checks", "--workspace", "--baseline-rev", since]).current_dir(root);
    for name in private(root)? {
        command.args(["--exclude", &name]);
    }
    let status = command.status().context("start cargo semver-checks")?;
    ensure!(
        status.success(),
        "the libraries' faces changed since {since} in ways that the version does not say"
    );
    Ok(())
}

/// As [`semver`], since the newest version that is tagged; where there is no such version or no tool, says so.
pub(crate) fn semver_since_last_version(root: &Path) -> Result<()> {
    let output = Command::new("git")
        .args(["describe", "--tags", "--abbrev=0", "--match", "v*"])
        .current_dir(root)
        .output()
        .context("start git describe")?;
    let tag = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    if tag.is_empty() {
        eprintln!("faces of libraries are not compared: no version is tagged");
        return Ok(());
    }
    if !has_semver_checks() {
        eprintln!("faces of libraries are not compared with {tag}: there is no cargo-semver-checks");
        return Ok(());
    }
    semver(root, &tag)
}

fn has_semver_checks() -> bool {
    let tried = Command::new("cargo").args(["semver-checks", "--version"]).output();
    tried.is_ok_and(|output| output.status.success())
}

/// Crates that say `publish = false`.
fn private(root: &Path) -> Result<Vec<String>> {
    let metadata = metadata::read(root)?;
    let packages = metadata::packages(&metadata);
    let private = packages.filter(|one| one["publish"].as_array().is_some_and(Vec::is_empty));
    Ok(private.filter_map(|one| one["name"].as_str().map(str::to_owned)).collect())
}
