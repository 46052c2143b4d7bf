//! A disk that fails at a chosen call.

use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use crate::{Disk, DiskFile, Entry, SharedDisk};

/// Which calls fail, and how.
#[derive(Clone, Copy, Debug)]
pub struct Fault {
    /// The first call that fails, counted from 0. Reads do not count.
    pub at: u64,
    /// How many calls fail from there on.
    pub count: u64,
    /// What they fail with.
    pub kind: io::ErrorKind,
}

/// Passes calls on to another disk, counts those that change something, and lets chosen ones fail. A
/// write that fails leaves half of its bytes behind.
#[derive(Clone, Debug)]
pub struct FaultyDisk {
    inner: SharedDisk,
    state: Arc<State>,
}

#[derive(Debug, Default)]
struct State {
    plan: Mutex<Plan>,
}

#[derive(Debug, Default)]
struct Plan {
    calls: u64,
    syncs: u64,
    failed: u64,
    fault: Option<Fault>,
}

#[derive(Debug)]
struct FaultyFile {
    inner: Box<dyn DiskFile>,
    state: Arc<State>,
}

impl FaultyDisk {
    /// Fails never, until told to.
    pub fn new(inner: SharedDisk) -> Self {
        Self { inner, state: Arc::default() }
    }

    /// From now on these calls fail, counted from the first call ever made.
    pub fn fail(&self, fault: Fault) {
        self.with(|plan| plan.fault = Some(fault));
    }

    /// All further calls that change something fail: the disk went away.
    pub fn fail_from_now(&self, kind: io::ErrorKind) {
        self.with(|plan| plan.fault = Some(Fault { at: plan.calls, count: u64::MAX, kind }));
    }

    /// Nothing fails any more.
    pub fn heal(&self) {
        self.with(|plan| plan.fault = None);
    }

    /// Calls so far that change something.
    pub fn calls(&self) -> u64 {
        self.with(|plan| plan.calls)
    }

    /// Syncs of files so far.
    pub fn syncs(&self) -> u64 {
        self.with(|plan| plan.syncs)
    }

    /// Calls so far that failed.
    pub fn failed(&self) -> u64 {
        self.with(|plan| plan.failed)
    }

    fn with<T>(&self, read: impl FnOnce(&mut Plan) -> T) -> T {
        self.state.with(read)
    }
}

impl State {
    fn with<T>(&self, read: impl FnOnce(&mut Plan) -> T) -> T {
        read(&mut self.plan.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Counts a call; fails if it is one that shall.
    fn step(&self) -> io::Result<()> {
        self.with(|plan| {
            let call = plan.calls;
            plan.calls += 1;
            match plan.fault {
                Some(fault) if call >= fault.at && call - fault.at < fault.count => {
                    plan.failed += 1;
                    Err(io::Error::new(fault.kind, "a fault of the test's disk"))
                }
                _ => Ok(()),
            }
        })
    }

    fn file(self: &Arc<Self>, inner: Box<dyn DiskFile>) -> Box<dyn DiskFile> {
        Box::new(FaultyFile { inner, state: Arc::clone(self) })
    }
}

impl Disk for FaultyDisk {
    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        self.state.step()?;
        Ok(self.state.file(self.inner.create(path)?))
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        Ok(self.state.file(self.inner.open(path)?))
    }

    fn open_to_write(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        Ok(self.state.file(self.inner.open_to_write(path)?))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.state.step()?;
        self.inner.rename(from, to)
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        self.state.step()?;
        self.inner.remove_file(path)
    }

    fn remove_folder(&self, path: &Path) -> io::Result<()> {
        self.state.step()?;
        self.inner.remove_folder(path)
    }

    fn create_folder(&self, path: &Path) -> io::Result<()> {
        self.state.step()?;
        self.inner.create_folder(path)
    }

    fn list(&self, path: &Path) -> io::Result<Vec<Entry>> {
        self.inner.list(path)
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        self.state.step()?;
        self.inner.sync_dir(path)
    }

    fn free_bytes(&self, path: &Path) -> io::Result<Option<u64>> {
        self.inner.free_bytes(path)
    }
}

impl DiskFile for FaultyFile {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        if let Err(error) = self.state.step() {
            self.inner.append(&bytes[..bytes.len() / 2])?;
            return Err(error);
        }
        self.inner.append(bytes)
    }

    fn reserve(&mut self, bytes: u64) -> io::Result<()> {
        if let Err(error) = self.state.step() {
            self.inner.reserve(bytes / 2)?;
            return Err(error);
        }
        self.inner.reserve(bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.state.with(|plan| plan.syncs += 1);
        self.state.step()?;
        self.inner.sync()
    }

    fn truncate(&mut self, bytes: u64) -> io::Result<()> {
        self.state.step()?;
        self.inner.truncate(bytes)
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        self.inner.read_at(buffer, offset)
    }

    fn bytes(&self) -> io::Result<u64> {
        self.inner.bytes()
    }
}
