//! What cargo says of the workspace's own packages.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::Value;

/// The answer of `cargo metadata` about the members of the workspace, without what they depend on.
pub(crate) fn read(root: &Path) -> Result<Value> {
    let output = Command::new("cargo")
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .current_dir(root)
        .output()
        .context("start cargo metadata")?;
    serde_json::from_slice(&output.stdout).context("read cargo metadata")
}

/// The packages in it.
pub(crate) fn packages(metadata: &Value) -> impl Iterator<Item = &Value> {
    metadata["packages"].as_array().into_iter().flatten()
}

/// What crates.io has before the names of libraries that others have there, too.
const PREFIX: &str = "parca-tools-";

/// A crate as code, folders and this project's pages name it: the package's name without the prefix.
pub(crate) fn short(package: &Value) -> &str {
    let name = package["name"].as_str().unwrap_or_default();
    name.strip_prefix(PREFIX).unwrap_or(name)
}
