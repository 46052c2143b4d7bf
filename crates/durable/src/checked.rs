//! A small file with a line in front that says what it is and whether it is whole.
//!
//! ```text
//! parca-store-manifest 1 crc32=8c2f41d0 bytes=123
//! {"blocks": ...
//! ```

use std::io;
use std::path::Path;

use crate::{Disk, DiskError, OnPath, replace};

/// What a checked file is for, and the newest form of it that this program knows.
#[derive(Clone, Copy, Debug)]
pub struct Kind {
    /// One word, such as `parca-store-manifest`.
    pub name: &'static str,
    /// Counted from 1; a reader takes this one and those before it.
    pub format: u32,
    /// More bytes than this are not read.
    pub max_bytes: u64,
}

/// What a checked file turned out to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Checked {
    /// No such file.
    Missing,
    /// Something else than what was written; the words say why.
    Damaged(String),
    /// A newer program wrote it.
    Newer(u32),
    /// A whole file of this format.
    Whole(u32, Vec<u8>),
}

/// Replaces the file with these bytes, checksummed.
///
/// # Errors
/// The file system's.
pub fn write_checked(disk: &dyn Disk, path: &Path, kind: Kind, payload: &[u8]) -> Result<(), DiskError> {
    let mut bytes = head(kind.name, kind.format, payload).into_bytes();
    bytes.extend_from_slice(payload);
    replace(disk, path, &bytes)
}

/// Reads a file that [`write_checked`] wrote.
///
/// # Errors
/// The file system's, but not that the file is missing.
pub fn read_checked(disk: &dyn Disk, path: &Path, kind: Kind) -> Result<Checked, DiskError> {
    match disk.read(path, kind.max_bytes.saturating_add(MOST_HEAD as u64)) {
        Ok(bytes) => Ok(parse(kind, &bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Checked::Missing),
        Err(error) if error.kind() == io::ErrorKind::FileTooLarge => Ok(Checked::Damaged(error.to_string())),
        Err(error) => Err(error).on("read", path),
    }
}

const MOST_HEAD: usize = 128;

fn head(name: &str, format: u32, payload: &[u8]) -> String {
    let crc = checksum(name, format, payload);
    format!("{name} {format} crc32={crc:08x} bytes={}\n", payload.len())
}

fn checksum(name: &str, format: u32, payload: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(name.as_bytes());
    hasher.update(&format.to_le_bytes());
    hasher.update(payload);
    hasher.finalize()
}

fn parse(kind: Kind, bytes: &[u8]) -> Checked {
    let Some(end) = bytes.iter().take(MOST_HEAD).position(|byte| *byte == b'\n') else {
        return Checked::Damaged(format!(
            "expected a first line that begins with `{}`, found none",
            kind.name
        ));
    };
    let (line, payload) = (String::from_utf8_lossy(&bytes[..end]), &bytes[end + 1..]);
    let format = line.strip_prefix(kind.name).and_then(|rest| rest.split(' ').nth(1)?.parse::<u32>().ok());
    let Some(format) = format else {
        return Checked::Damaged(format!("expected `{}` and its format, found `{line}`", kind.name));
    };
    // The whole line is compared: a damaged one must not pass as another format.
    if head(kind.name, format, payload) != format!("{line}\n") {
        return Checked::Damaged(format!("checksum or length of its {} bytes differ", payload.len()));
    }
    if format > kind.format { Checked::Newer(format) } else { Checked::Whole(format, payload.to_vec()) }
}
