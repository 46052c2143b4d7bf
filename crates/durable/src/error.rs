//! An error of the file system with what was tried, and where.

use std::io;
use std::path::{Path, PathBuf};

/// What could not be done with a file or folder.
#[derive(Debug, thiserror::Error)]
#[error("cannot {action} `{}`", path.display())]
#[non_exhaustive]
pub struct DiskError {
    /// What was tried, as a verb: `write`, `sync`.
    pub action: &'static str,
    /// The file or folder.
    pub path: PathBuf,
    /// The file system's reason.
    #[source]
    pub source: io::Error,
}

impl DiskError {
    /// An error of this action on this path.
    pub fn new(action: &'static str, path: &Path, source: io::Error) -> Self {
        Self { action, path: path.to_owned(), source }
    }

    /// Whether there was no room: the disk is full, or a quota is.
    pub fn is_full(&self) -> bool {
        matches!(
            self.source.kind(),
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge
        )
    }
}

/// Adds action and path to a bare error of the file system.
pub trait OnPath<T> {
    /// A result with what was tried, and where.
    ///
    /// # Errors
    /// The error it was called on.
    fn on(self, action: &'static str, path: &Path) -> Result<T, DiskError>;
}

impl<T> OnPath<T> for io::Result<T> {
    fn on(self, action: &'static str, path: &Path) -> Result<T, DiskError> {
        self.map_err(|source| DiskError::new(action, path, source))
    }
}
