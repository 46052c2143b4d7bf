//! How far the spool is done: a file of checksummed numbers, the largest counts.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

const ENTRY: usize = 12;
/// The file is written anew when it has grown beyond this.
const BYTES_LIMIT: usize = 64 << 10;

#[derive(Debug)]
pub(super) struct Cursor {
    path: PathBuf,
    file: File,
    bytes: usize,
    next: u64,
}

impl Cursor {
    /// Reads the file; torn entries are skipped.
    pub(super) fn open(directory: &Path) -> io::Result<Self> {
        let path = directory.join("cursor");
        let bytes = match fs::read(&path) {
            Err(e) if e.kind() == ErrorKind::NotFound => Vec::new(),
            read => read?,
        };
        let next = bytes.as_chunks::<ENTRY>().0.iter().filter_map(read_entry).max().unwrap_or(0);
        // Written anew, so that entries never follow a torn one.
        let file = replace(&path, next)?;
        Ok(Self { path, file, bytes: ENTRY, next })
    }

    /// The number of the first record that is not done.
    pub(super) fn next(&self) -> u64 {
        self.next
    }

    /// All records before `next` are done.
    pub(super) fn advance(&mut self, next: u64) -> io::Result<()> {
        if self.bytes >= BYTES_LIMIT {
            self.file = replace(&self.path, self.next)?;
            self.bytes = ENTRY;
        }
        // Known here even if the disk does not take it: this process will not send it again.
        self.next = next;
        if let Err(error) = self.file.write_all(&entry(next)) {
            // The next entry must not follow half a one: have the file written anew.
            self.bytes = BYTES_LIMIT;
            return Err(error);
        }
        self.bytes += ENTRY;
        Ok(())
    }
}

fn replace(path: &Path, next: u64) -> io::Result<File> {
    let fresh = path.with_extension("new");
    fs::write(&fresh, entry(next))?;
    fs::rename(&fresh, path)?;
    OpenOptions::new().append(true).open(path)
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
