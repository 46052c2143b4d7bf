//! What the rest of the crate asks of a file system.

mod std_disk;
mod unsynced;

use std::ffi::OsString;
use std::fmt;
use std::io;
use std::path::Path;
use std::sync::Arc;

pub use std_disk::StdDisk;
pub use unsynced::UnsyncedDisk;

/// A disk that several owners use.
pub type SharedDisk = Arc<dyn Disk>;

/// A file system, as far as durable files need one.
///
/// What a write leaves behind is in memory of the system until [`DiskFile::sync`]; a name that was made,
/// renamed or removed is so until [`sync_dir`](Self::sync_dir) of its folder.
pub trait Disk: fmt::Debug + Send + Sync {
    /// Makes an empty file, or empties the one that is there, to be written and read.
    ///
    /// # Errors
    /// The file system's.
    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>>;

    /// Opens a file to read it.
    ///
    /// # Errors
    /// The file system's.
    fn open(&self, path: &Path) -> io::Result<Box<dyn DiskFile>>;

    /// Opens a file that is there, to read it, write behind its end and cut it.
    ///
    /// # Errors
    /// The file system's.
    fn open_to_write(&self, path: &Path) -> io::Result<Box<dyn DiskFile>>;

    /// Gives a file or folder another name; a file of that name is replaced.
    ///
    /// # Errors
    /// The file system's.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Removes a file.
    ///
    /// # Errors
    /// The file system's.
    fn remove_file(&self, path: &Path) -> io::Result<()>;

    /// Removes a folder with all that is in it.
    ///
    /// # Errors
    /// The file system's.
    fn remove_folder(&self, path: &Path) -> io::Result<()>;

    /// Makes a folder and those above it, as far as they are missing.
    ///
    /// # Errors
    /// The file system's.
    fn create_folder(&self, path: &Path) -> io::Result<()>;

    /// What is in a folder, sorted by name.
    ///
    /// # Errors
    /// The file system's.
    fn list(&self, path: &Path) -> io::Result<Vec<Entry>>;

    /// Makes the names in a folder survive a power cut.
    ///
    /// # Errors
    /// The file system's.
    fn sync_dir(&self, path: &Path) -> io::Result<()>;

    /// Bytes that may still be written where `path` lies; `None` where that is not known.
    ///
    /// # Errors
    /// The file system's.
    fn free_bytes(&self, path: &Path) -> io::Result<Option<u64>>;

    /// A whole file of at most `limit` bytes.
    ///
    /// # Errors
    /// The file system's; `FileTooLarge` beyond the limit.
    fn read(&self, path: &Path, limit: u64) -> io::Result<Vec<u8>> {
        let file = self.open(path)?;
        let bytes = file.bytes()?;
        if bytes > limit {
            let words = format!("expected at most {limit} bytes, found {bytes}");
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, words));
        }
        let mut read = vec![0; usize::try_from(bytes).unwrap_or(usize::MAX)];
        file.read_at(&mut read, 0)?;
        Ok(read)
    }
}

/// An open file. It stays readable when its name is removed.
pub trait DiskFile: fmt::Debug + Send + Sync {
    /// Writes all of it behind the end. After an error any part of it may be there.
    ///
    /// # Errors
    /// The file system's.
    fn append(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// Makes the file so many bytes longer than its end, by zeros which appends write over: a sync has less to do
    /// where the length stays. Zeros that nothing was written over remain until [`truncate`](Self::truncate); they
    /// are in [`bytes`](Self::bytes).
    ///
    /// # Errors
    /// The file system's. Appends go on as if there had been no call.
    fn reserve(&mut self, bytes: u64) -> io::Result<()>;

    /// Makes what was written survive a power cut. After an error nobody knows what does.
    ///
    /// # Errors
    /// The file system's.
    fn sync(&mut self) -> io::Result<()>;

    /// Cuts the file to this length.
    ///
    /// # Errors
    /// The file system's.
    fn truncate(&mut self, bytes: u64) -> io::Result<()>;

    /// Fills the buffer from this offset.
    ///
    /// # Errors
    /// The file system's; `UnexpectedEof` where the file ends before.
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()>;

    /// The length.
    ///
    /// # Errors
    /// The file system's.
    fn bytes(&self) -> io::Result<u64>;
}

/// A file or folder in a folder.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    /// The entry's name in the folder.
    pub name: OsString,
    /// Whether it is a folder.
    pub is_folder: bool,
    /// The length of a file.
    pub bytes: u64,
}
