//! Certificates and keys, and when their files changed.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::config::{TlsConfig, path, secret, text};
use crate::{ConfigError, Secret};

/// No bundle of certificates is longer; the usual system's is 250 kB.
const MAX_FILE_BYTES: u64 = 16 << 20;

/// A file's outside; a new file under the old name (a ConfigMap's symlink, a rename) has another one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Stamp(Vec<Option<(u64, u64, Option<SystemTime>)>>);

/// The three texts as they are now.
pub(super) struct Pem {
    pub(super) ca: Option<Secret>,
    pub(super) cert: Option<Secret>,
    pub(super) key: Option<Secret>,
}

pub(super) fn stamp(tls: &TlsConfig) -> Stamp {
    let files = [&tls.ca_file, &tls.cert_file, &tls.key_file];
    Stamp(files.into_iter().flatten().map(|path| outside(path)).collect())
}

#[cfg(unix)]
fn outside(path: &Path) -> Option<(u64, u64, Option<SystemTime>)> {
    use std::os::unix::fs::MetadataExt;
    let metadata = std::fs::metadata(path).ok()?;
    Some((metadata.len(), metadata.ino(), metadata.modified().ok()))
}

#[cfg(not(unix))]
fn outside(path: &Path) -> Option<(u64, u64, Option<SystemTime>)> {
    let metadata = std::fs::metadata(path).ok()?;
    Some((metadata.len(), 0, metadata.modified().ok()))
}

/// Reads what the settings name; `block` is their key.
pub(super) fn read(block: &str, tls: &TlsConfig) -> Result<Pem, ConfigError> {
    let inline = |value: &Option<String>| text(value).map(Secret::new);
    Ok(Pem {
        ca: either(block, "ca_file", inline(&tls.ca), path(&tls.ca_file))?,
        cert: either(block, "cert_file", inline(&tls.cert), path(&tls.cert_file))?,
        key: either(block, "key_file", secret(&tls.key).cloned(), path(&tls.key_file))?,
    })
}

fn either(
    block: &str,
    key: &str,
    inline: Option<Secret>,
    file: Option<&PathBuf>,
) -> Result<Option<Secret>, ConfigError> {
    let Some(path) = file.filter(|_| inline.is_none()) else { return Ok(inline) };
    let text = read_file(path).map_err(|source| ConfigError::File {
        key: format!("{block}.{key}"),
        path: path.clone(),
        source,
    })?;
    Ok(Some(Secret::new(text)))
}

fn read_file(path: &Path) -> std::io::Result<String> {
    use std::io::Read;
    let mut text = String::new();
    std::fs::File::open(path)?.take(MAX_FILE_BYTES + 1).read_to_string(&mut text)?;
    if text.len() as u64 > MAX_FILE_BYTES {
        return Err(std::io::Error::other(format!("expected at most {MAX_FILE_BYTES} bytes, found more")));
    }
    Ok(text)
}
