//! The sampler's temporary file. The library has one open for stacks that do not fit into its table, makes
//! it anew whenever it stops, and leaves it behind at the end of the process.

use std::collections::BTreeSet;
use std::path::PathBuf;

/// The empty temporary files that this process has open.
pub(crate) fn open_files() -> BTreeSet<PathBuf> {
    let Ok(entries) = std::fs::read_dir("/proc/self/fd") else { return BTreeSet::new() };
    let links = entries.flatten().filter_map(|entry| std::fs::read_link(entry.path()).ok());
    links.filter(|path| is_empty_temporary(path)).collect()
}

fn is_empty_temporary(path: &std::path::Path) -> bool {
    let is_ours = path.parent() == Some(&std::env::temp_dir())
        && path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(".tmp"));
    is_ours && std::fs::metadata(path).is_ok_and(|meta| meta.is_file() && meta.len() == 0)
}

/// Removes the files that were opened since.
pub(crate) fn remove_since(before: &BTreeSet<PathBuf>) {
    for path in open_files().difference(before) {
        if let Err(error) = std::fs::remove_file(path) {
            tracing::debug!(%error, path = %path.display(), "cannot remove a temporary file");
        }
    }
}
