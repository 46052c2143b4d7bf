//! The real file system, by std.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;

use super::{Disk, DiskFile, Entry, SharedDisk};

/// The file system of this machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct StdDisk;

impl StdDisk {
    /// The file system of this machine, to be shared.
    pub fn shared() -> SharedDisk {
        Arc::new(Self)
    }
}

#[derive(Debug)]
struct StdFile {
    file: File,
    /// Where the next append goes.
    end: u64,
    /// Up to where there are zeros behind the end.
    reserved: u64,
}

impl StdFile {
    fn boxed(file: File) -> io::Result<Box<dyn DiskFile>> {
        let end = file.metadata()?.len();
        Ok(Box::new(Self { file, end, reserved: end }))
    }
}

impl Disk for StdDisk {
    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        let options = OpenOptions::new().read(true).write(true).create(true).truncate(true).open(path);
        StdFile::boxed(options?)
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        StdFile::boxed(File::open(path)?)
    }

    fn open_to_write(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        StdFile::boxed(OpenOptions::new().read(true).write(true).open(path)?)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn remove_folder(&self, path: &Path) -> io::Result<()> {
        fs::remove_dir_all(path)
    }

    fn create_folder(&self, path: &Path) -> io::Result<()> {
        fs::create_dir_all(path)
    }

    fn list(&self, path: &Path) -> io::Result<Vec<Entry>> {
        let mut entries = Vec::new();
        for entry in fs::read_dir(path)? {
            let entry = entry?;
            let meta = match entry.metadata() {
                Ok(meta) => meta,
                // Removed by somebody between the two calls.
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(error),
            };
            entries.push(Entry { name: entry.file_name(), is_folder: meta.is_dir(), bytes: meta.len() });
        }
        entries.sort();
        Ok(entries)
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        File::open(path)?.sync_all()
    }

    fn free_bytes(&self, path: &Path) -> io::Result<Option<u64>> {
        let stat = rustix::fs::statvfs(path)?;
        Ok(Some(stat.f_bavail.saturating_mul(stat.f_frsize)))
    }
}

impl DiskFile for StdFile {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all_at(bytes, self.end)?;
        self.end += bytes.len() as u64;
        Ok(())
    }

    fn reserve(&mut self, bytes: u64) -> io::Result<()> {
        let from = self.end.max(self.reserved);
        let to = self.end + bytes;
        let zeros = vec![0; usize::try_from(to.saturating_sub(from)).unwrap_or(usize::MAX)];
        self.file.write_all_at(&zeros, from)?;
        self.reserved = from.max(to);
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        self.file.sync_data()
    }

    fn truncate(&mut self, bytes: u64) -> io::Result<()> {
        self.file.set_len(bytes)?;
        (self.end, self.reserved) = (bytes, bytes);
        Ok(())
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        self.file.read_exact_at(buffer, offset)
    }

    fn bytes(&self) -> io::Result<u64> {
        Ok(self.file.metadata()?.len())
    }
}
