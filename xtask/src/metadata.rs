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
