//! A credential that stands in the settings or in a file.

use std::io;
use std::path::{Path, PathBuf};

use crate::{CredentialError, Secret};

pub(super) enum Source {
    Inline(Secret),
    File { key: String, path: PathBuf },
}

impl Source {
    /// The value in the settings wins; without either it is empty, which is legal.
    pub(super) fn new(value: Option<&Secret>, key: &str, path: Option<&PathBuf>) -> Self {
        match (value, path) {
            (None, Some(path)) => Self::File { key: key.to_owned(), path: path.clone() },
            (value, _) => Self::Inline(value.cloned().unwrap_or_else(|| Secret::new(""))),
        }
    }

    /// The text as it is now. Files are read each time: a rotated one counts at once, and a small
    /// read costs nothing beside a request.
    pub(super) async fn read(&self) -> Result<Secret, CredentialError> {
        match self {
            Self::Inline(secret) => Ok(secret.clone()),
            Self::File { key, path } => read(path).await.map_err(|source| CredentialError::File {
                key: key.clone(),
                path: path.clone(),
                source,
            }),
        }
    }
}

async fn read(path: &Path) -> io::Result<Secret> {
    let path = path.to_owned();
    tokio::task::spawn_blocking(move || credentials::read_secret(&path)).await.map_err(io::Error::other)?
}
