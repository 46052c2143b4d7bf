//! One owner for a folder.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};

use crate::{DiskError, OnPath};

/// Why a folder could not be locked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LockError {
    /// Another process, or another owner in this one, has it.
    #[error("expected `{}` for itself, found it in use by {}", folder.display(), holder.as_deref().unwrap_or("another process"))]
    Held {
        /// The folder.
        folder: PathBuf,
        /// What the owner wrote about itself, such as `pid 4711`.
        holder: Option<String>,
    },
    /// The lock file could not be made or locked.
    #[error(transparent)]
    Disk(#[from] DiskError),
}

/// A folder's lock, held until it is dropped or the process ends, however it ends.
#[derive(Debug)]
pub struct FolderLock {
    _file: File,
}

impl FolderLock {
    /// Locks the folder by the file `name` in it, which then holds the pid and `words`, for the message
    /// of whoever comes second.
    ///
    /// # Errors
    /// Somebody else has it, or the file system's reason.
    pub fn acquire(folder: &Path, name: &str, words: &str) -> Result<Self, LockError> {
        let path = folder.join(name);
        let options = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path);
        let mut file = options.on("open", &path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(LockError::Held { folder: folder.to_owned(), holder: holder(&mut file) });
            }
            Err(TryLockError::Error(error)) => return Err(error).on("lock", &path)?,
        }
        // For people: what cannot be written, as on a full disk, is not missed.
        let _ = describe(&mut file, words);
        Ok(Self { _file: file })
    }

    /// Whether a folder is free, without taking it: the file is not made and not written.
    ///
    /// # Errors
    /// Somebody has it, or the file system's reason.
    pub fn peek(folder: &Path, name: &str) -> Result<(), LockError> {
        let path = folder.join(name);
        let mut file = File::open(&path).on("open", &path)?;
        match file.try_lock_shared() {
            Ok(()) => Ok(()),
            Err(TryLockError::WouldBlock) => {
                Err(LockError::Held { folder: folder.to_owned(), holder: holder(&mut file) })
            }
            Err(TryLockError::Error(error)) => Err(error).on("lock", &path)?,
        }
    }
}

fn describe(file: &mut File, words: &str) -> std::io::Result<()> {
    let separator = if words.is_empty() { "" } else { ", " };
    file.set_len(0)?;
    file.rewind()?;
    writeln!(file, "pid {}{separator}{words}", std::process::id())
}

fn holder(file: &mut File) -> Option<String> {
    let mut text = String::new();
    file.take(200).read_to_string(&mut text).ok()?;
    let text: String = text.trim().chars().filter(|c| !c.is_control()).collect();
    (!text.is_empty()).then_some(text)
}
