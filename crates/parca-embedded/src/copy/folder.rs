//! Copies in a folder of this machine, or one that is mounted.

use std::io;
use std::path::{Path, PathBuf};

use durable::{Disk, StdDisk, make_folder, publish, replace};

/// Bytes that are in memory at once.
const STRIDE: usize = 1 << 20;

pub(super) async fn exists(root: &Path, key: &str) -> Result<bool, String> {
    let path = root.join(key);
    apart(move || path.try_exists()).await
}

pub(super) async fn put(root: &Path, key: &str, file: &Path) -> Result<u64, String> {
    let (to, from) = (root.join(key), file.to_owned());
    apart(move || copy(&from, &to)).await
}

pub(super) async fn mark(root: &Path, key: &str) -> Result<(), String> {
    let path = root.join(key);
    apart(move || replace(&StdDisk, &path, b"").map_err(io::Error::other)).await
}

/// A file appears under its name when it is whole and synced.
fn copy(from: &Path, to: &Path) -> io::Result<u64> {
    if let Some(folder) = to.parent() {
        make_folder(&StdDisk, folder).map_err(io::Error::other)?;
    }
    let source = StdDisk.open(from)?;
    let bytes = source.bytes()?;
    let fresh: PathBuf = to.with_extension("copying");
    let mut target = StdDisk.create(&fresh)?;
    let (mut at, mut buffer) = (0, vec![0; STRIDE]);
    while at < bytes {
        let chunk = &mut buffer[..usize::try_from(bytes - at).unwrap_or(STRIDE).min(STRIDE)];
        source.read_at(chunk, at)?;
        target.append(chunk)?;
        at += chunk.len() as u64;
    }
    target.sync()?;
    publish(&StdDisk, &fresh, to).map_err(io::Error::other)?;
    Ok(bytes)
}

/// Disks block; connections must not wait for them.
async fn apart<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, String> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done.map_err(|error| {
            let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}"));
            format!("{error}{}", cause.unwrap_or_default())
        }),
        Err(error) => Err(error.to_string()),
    }
}
