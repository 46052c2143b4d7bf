//! A disk in memory that can lose its power.

use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::sim_tree::{File, Node, Tree};
use crate::{Disk, DiskFile, Entry};

/// A disk in memory. [`power_cut`](Self::power_cut) makes the disk that a machine would find after its
/// power went: what was synced is there, and of everything else a random part.
#[derive(Clone, Debug, Default)]
pub struct SimDisk {
    tree: Arc<Mutex<Tree>>,
}

#[derive(Debug)]
struct SimFile {
    disk: SimDisk,
    file: Arc<Mutex<File>>,
    /// Where the next append goes.
    end: usize,
}

impl SimDisk {
    /// An empty disk without a limit.
    pub fn new() -> Self {
        Self::default()
    }

    /// From now on files may hold this many bytes together; `None` is no limit.
    pub fn set_capacity(&self, bytes: Option<u64>) {
        self.lock().capacity = bytes;
    }

    /// Bytes that all files hold.
    pub fn used_bytes(&self) -> u64 {
        self.lock().root.bytes()
    }

    /// The disk after a power cut at this moment. Names that no sync of their folder followed are old or
    /// new, each on its own; of bytes that no sync of their file followed each sector is old or new, and
    /// the length anything between. `seed` chooses.
    #[must_use]
    pub fn power_cut(&self, seed: u64) -> Self {
        let tree = self.lock().after_power_cut(seed);
        Self { tree: Arc::new(Mutex::new(tree)) }
    }

    fn lock(&self) -> MutexGuard<'_, Tree> {
        self.tree.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn file(&self, file: Arc<Mutex<File>>) -> Box<dyn DiskFile> {
        let end = file.lock().unwrap_or_else(PoisonError::into_inner).now.len();
        Box::new(SimFile { disk: self.clone(), file, end })
    }
}

impl Disk for SimDisk {
    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        let mut tree = self.lock();
        if let Ok(Node::File(file)) = tree.find(path) {
            file.lock().unwrap_or_else(PoisonError::into_inner).now.clear();
            drop(tree);
            return Ok(self.file(file));
        }
        let file = Arc::new(Mutex::new(File::default()));
        tree.put(path, Node::File(Arc::clone(&file)))?;
        drop(tree);
        Ok(self.file(file))
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        match self.lock().find(path)? {
            Node::File(file) => Ok(self.file(file)),
            Node::Folder(_) => Err(io::ErrorKind::IsADirectory.into()),
        }
    }

    fn open_to_write(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        self.open(path)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut tree = self.lock();
        let node = tree.find(from)?;
        tree.put(to, node)?;
        tree.remove(from).map(drop)
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        let mut tree = self.lock();
        match tree.find(path)? {
            Node::File(_) => tree.remove(path).map(drop),
            Node::Folder(_) => Err(io::ErrorKind::IsADirectory.into()),
        }
    }

    fn remove_folder(&self, path: &Path) -> io::Result<()> {
        let mut tree = self.lock();
        match tree.find(path)? {
            Node::Folder(_) => tree.remove(path).map(drop),
            Node::File(_) => Err(io::ErrorKind::NotADirectory.into()),
        }
    }

    fn create_folder(&self, path: &Path) -> io::Result<()> {
        self.lock().make_folders(path)
    }

    fn list(&self, path: &Path) -> io::Result<Vec<Entry>> {
        self.lock().list(path)
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        self.lock().sync_folder(path)
    }

    fn free_bytes(&self, _: &Path) -> io::Result<Option<u64>> {
        let tree = self.lock();
        Ok(tree.capacity.map(|capacity| capacity.saturating_sub(tree.root.bytes())))
    }
}

impl SimFile {
    /// Bytes that the disk still takes.
    fn free(&self) -> io::Result<usize> {
        let free = self.disk.free_bytes(Path::new("/"))?;
        Ok(free.map_or(usize::MAX, |free| usize::try_from(free).unwrap_or(usize::MAX)))
    }

    fn lock(&self) -> MutexGuard<'_, File> {
        self.file.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl DiskFile for SimFile {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        let free = self.free()?;
        let mut file = self.lock();
        let reserved = file.now.len().saturating_sub(self.end);
        let taken = bytes.len().min(free.saturating_add(reserved));
        let over = taken.min(reserved);
        file.now[self.end..self.end + over].copy_from_slice(&bytes[..over]);
        file.now.extend_from_slice(&bytes[over..taken]);
        drop(file);
        self.end += taken;
        if taken < bytes.len() { Err(io::ErrorKind::StorageFull.into()) } else { Ok(()) }
    }

    fn reserve(&mut self, bytes: u64) -> io::Result<()> {
        let free = self.free()?;
        let mut file = self.lock();
        let wanted = self.end + usize::try_from(bytes).unwrap_or(usize::MAX);
        let taken = wanted.saturating_sub(file.now.len()).min(free);
        let reserved = file.now.len() + taken;
        file.now.resize(reserved, 0);
        if reserved < wanted { Err(io::ErrorKind::StorageFull.into()) } else { Ok(()) }
    }

    fn sync(&mut self) -> io::Result<()> {
        let mut file = self.lock();
        file.synced = file.now.clone();
        Ok(())
    }

    fn truncate(&mut self, bytes: u64) -> io::Result<()> {
        self.end = usize::try_from(bytes).unwrap_or(usize::MAX);
        self.lock().now.resize(self.end, 0);
        Ok(())
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        let file = self.lock();
        let start = usize::try_from(offset).unwrap_or(usize::MAX);
        let end = start.saturating_add(buffer.len());
        let bytes = file.now.get(start..end).ok_or(io::ErrorKind::UnexpectedEof)?;
        buffer.copy_from_slice(bytes);
        Ok(())
    }

    fn bytes(&self) -> io::Result<u64> {
        Ok(self.lock().now.len() as u64)
    }
}
