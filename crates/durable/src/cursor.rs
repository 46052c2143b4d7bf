//! A number that only grows, on disk.

use std::io;
use std::path::{Path, PathBuf};

use crate::{DiskError, DiskFile, OnPath, SharedDisk, replace};

const ENTRY: usize = 12;
/// The file is written anew when it has grown beyond this.
const BYTES_LIMIT: u64 = 64 << 10;

/// How far somebody came: a file of checksummed numbers, of which the largest counts.
#[derive(Debug)]
pub struct Cursor {
    disk: SharedDisk,
    path: PathBuf,
    file: Box<dyn DiskFile>,
    bytes: u64,
    sync: bool,
    next: u64,
}

impl Cursor {
    /// Reads the file, or makes it; torn and damaged entries are skipped. With `sync`, each
    /// [`advance`](Self::advance) survives a power cut, and not only a kill.
    ///
    /// # Errors
    /// The file system's.
    pub fn open(disk: SharedDisk, path: &Path, sync: bool) -> Result<Self, DiskError> {
        let bytes = match disk.read(path, 2 * BYTES_LIMIT) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(error).on("read", path),
        };
        let next = bytes.as_chunks::<ENTRY>().0.iter().filter_map(read_entry).max().unwrap_or(0);
        // Written anew, so that entries never follow a torn one.
        let file = renew(&disk, path, next)?;
        Ok(Self { disk, path: path.to_owned(), file, bytes: ENTRY as u64, sync, next })
    }

    /// The number that was reached.
    pub fn next(&self) -> u64 {
        self.next
    }

    /// Remembers a number. It counts in this process even if the disk does not take it.
    ///
    /// # Errors
    /// The file system's; a later call tries again with a new file.
    pub fn advance(&mut self, next: u64) -> Result<(), DiskError> {
        self.next = next;
        if self.bytes >= BYTES_LIMIT {
            self.file = renew(&self.disk, &self.path, next)?;
            self.bytes = ENTRY as u64;
            return Ok(());
        }
        let sync = self.sync;
        let file = &mut self.file;
        let written = file.append(&entry(next)).and_then(|()| if sync { file.sync() } else { Ok(()) });
        // The next entry must not follow half a one: have the file written anew.
        self.bytes = if written.is_ok() { self.bytes + ENTRY as u64 } else { BYTES_LIMIT };
        written.on("write", &self.path)
    }
}

fn renew(disk: &SharedDisk, path: &Path, next: u64) -> Result<Box<dyn DiskFile>, DiskError> {
    replace(&**disk, path, &entry(next))?;
    disk.open_to_write(path).on("open", path)
}

fn entry(next: u64) -> [u8; ENTRY] {
    let mut entry = [0; ENTRY];
    entry[..8].copy_from_slice(&next.to_le_bytes());
    entry[8..].copy_from_slice(&crc32fast::hash(&next.to_le_bytes()).to_le_bytes());
    entry
}

fn read_entry(bytes: &[u8; ENTRY]) -> Option<u64> {
    let next = u64::from_le_bytes(*bytes.first_chunk()?);
    (*bytes == entry(next)).then_some(next)
}
