//! A file or folder that appears whole or not at all.

use std::path::{Path, PathBuf};

use crate::{Disk, DiskError, OnPath};

/// Writes a file so that whoever reads it finds the old bytes or the new ones, also after a power cut:
/// a file beside it (`.new` behind the name) is written, synced and renamed, then the folder is synced.
///
/// # Errors
/// The file system's. The old file is there then, or the new one.
pub fn replace(disk: &dyn Disk, path: &Path, bytes: &[u8]) -> Result<(), DiskError> {
    let fresh = beside(path);
    let write = || {
        let mut file = disk.create(&fresh)?;
        file.append(bytes)?;
        file.sync()
    };
    write().on("write", &fresh).inspect_err(|_| drop(disk.remove_file(&fresh)))?;
    disk.rename(&fresh, path).on("replace", path)?;
    sync_parent(disk, path)
}

/// Renames a file or folder whose content is synced, and makes both names survive a power cut.
///
/// # Errors
/// The file system's.
pub fn publish(disk: &dyn Disk, from: &Path, to: &Path) -> Result<(), DiskError> {
    disk.rename(from, to).on("rename", from)?;
    sync_parent(disk, to)?;
    if from.parent() == to.parent() { Ok(()) } else { sync_parent(disk, from) }
}

/// Makes a folder, if it is missing, whose name survives a power cut.
///
/// # Errors
/// The file system's.
pub fn make_folder(disk: &dyn Disk, path: &Path) -> Result<(), DiskError> {
    disk.create_folder(path).on("make", path)?;
    match sync_parent(disk, path) {
        // The folder was given to this program, the one above it was not: its name is not ours to keep.
        Err(error) if error.source.kind() == std::io::ErrorKind::PermissionDenied => Ok(()),
        synced => synced,
    }
}

fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    PathBuf::from(name)
}

fn sync_parent(disk: &dyn Disk, path: &Path) -> Result<(), DiskError> {
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    disk.sync_dir(folder).on("sync", folder)
}
