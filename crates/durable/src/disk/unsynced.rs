//! The real file system without waiting for the disk.

use std::io;
use std::path::Path;
use std::sync::Arc;

use super::{Disk, DiskFile, Entry, SharedDisk, StdDisk};

/// The file system of this machine, where nothing waits for the disk: what was written survives a kill of
/// the process, but not a power cut. For files that may be lost then, and are written often.
#[derive(Clone, Copy, Debug, Default)]
pub struct UnsyncedDisk;

impl UnsyncedDisk {
    /// The file system of this machine, to be shared.
    pub fn shared() -> SharedDisk {
        Arc::new(Self)
    }
}

#[derive(Debug)]
struct UnsyncedFile(Box<dyn DiskFile>);

fn unsynced(file: Box<dyn DiskFile>) -> Box<dyn DiskFile> {
    Box::new(UnsyncedFile(file))
}

impl Disk for UnsyncedDisk {
    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        StdDisk.create(path).map(unsynced)
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        StdDisk.open(path)
    }

    fn open_to_write(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        StdDisk.open_to_write(path).map(unsynced)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        StdDisk.rename(from, to)
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        StdDisk.remove_file(path)
    }

    fn remove_folder(&self, path: &Path) -> io::Result<()> {
        StdDisk.remove_folder(path)
    }

    fn create_folder(&self, path: &Path) -> io::Result<()> {
        StdDisk.create_folder(path)
    }

    fn list(&self, path: &Path) -> io::Result<Vec<Entry>> {
        StdDisk.list(path)
    }

    fn sync_dir(&self, _: &Path) -> io::Result<()> {
        Ok(())
    }

    fn free_bytes(&self, path: &Path) -> io::Result<Option<u64>> {
        StdDisk.free_bytes(path)
    }
}

impl DiskFile for UnsyncedFile {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.append(bytes)
    }

    /// Nothing: there is no sync that it would make cheaper.
    fn reserve(&mut self, _: u64) -> io::Result<()> {
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn truncate(&mut self, bytes: u64) -> io::Result<()> {
        self.0.truncate(bytes)
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        self.0.read_at(buffer, offset)
    }

    fn bytes(&self) -> io::Result<u64> {
        self.0.bytes()
    }
}
