//! A store on disk: what only such a one can do.

use std::sync::Arc;

use super::durable::{DiskSettings, DiskStats, OnDisk, OpenError};
use super::{Kind, Store};
use crate::sealed::Block;

impl Store {
    /// A store in a folder, which keeps what it acknowledged and is larger than memory. `words` say who has
    /// the folder, to whoever comes second; an address, say.
    ///
    /// # Errors
    /// The folder is somebody else's, cannot be used, or a newer program wrote it.
    pub fn open(settings: DiskSettings, words: &str) -> Result<Self, OpenError> {
        Ok(Self { kind: Kind::Disk(Arc::new(OnDisk::open(settings, words)?)) })
    }

    /// A store on another disk than this machine's, for tests. Nobody checks that it has one owner.
    ///
    /// # Errors
    /// The folder cannot be used, or a newer program wrote it.
    pub fn open_on(disk: ::durable::SharedDisk, settings: DiskSettings) -> Result<Self, OpenError> {
        Ok(Self { kind: Kind::Disk(Arc::new(OnDisk::open_on(disk, settings, None)?)) })
    }

    /// How the disk does; nothing for a store in memory.
    pub fn disk_stats(&self) -> Option<DiskStats> {
        self.on_disk().map(|store| store.shared.stats())
    }

    /// The store's name, which its blocks bear, too; nothing for a store in memory.
    pub fn name(&self) -> Option<&str> {
        self.on_disk().map(|store| store.shared.name())
    }

    /// The file that says which blocks live; nothing for a store in memory.
    pub fn manifest(&self) -> Option<std::path::PathBuf> {
        self.on_disk().map(|store| store.shared.manifest_path())
    }

    /// The blocks that live now, oldest first. Their files stay for as long as what is returned lives.
    pub fn sealed_blocks(&self) -> Vec<SealedBlock> {
        let Some(store) = self.on_disk() else { return Vec::new() };
        let mut blocks: Vec<SealedBlock> =
            store.shared.parts.read_sealed().into_iter().map(|block| SealedBlock { block }).collect();
        blocks.sort_by_key(SealedBlock::id);
        blocks
    }

    /// Seals what is in memory, now and in this thread. Returns how many blocks that made.
    ///
    /// # Errors
    /// In words: blocks cannot be written. Everything is where it was.
    pub fn seal_now(&self) -> Result<usize, String> {
        let Some(store) = self.on_disk() else { return Ok(0) };
        store.shared.freeze();
        store.shared.seal_frozen().map_err(|error| {
            store.shared.seal_failed(&error);
            words::with_causes(&error)
        })
    }

    /// Merges blocks, now and in this thread, as long as that is of use. Returns how often.
    ///
    /// # Errors
    /// In words: blocks cannot be written. Everything is where it was.
    pub fn compact_now(&self) -> Result<usize, String> {
        let Some(store) = self.on_disk() else { return Ok(0) };
        let mut times = 0;
        while store.shared.compact().map_err(|error| words::with_causes(&error))? {
            times += 1;
        }
        Ok(times)
    }

    /// Removes blocks that are too old or too many, now and in this thread. Returns how many.
    ///
    /// # Errors
    /// In words: the manifest cannot be written. Everything is where it was.
    pub fn retain_now(&self) -> Result<usize, String> {
        let Some(store) = self.on_disk() else { return Ok(0) };
        store.shared.set_damaged_aside();
        store.shared.retain().map_err(|error| words::with_causes(&error))
    }

    pub(super) fn on_disk(&self) -> Option<&OnDisk> {
        match &self.kind {
            Kind::Memory(_) => None,
            Kind::Disk(store) => Some(store),
        }
    }
}

/// A sealed block, held so that its files stay.
#[derive(Clone, Debug)]
pub struct SealedBlock {
    block: Arc<Block>,
}

impl SealedBlock {
    /// The block's number in the store.
    pub fn id(&self) -> u64 {
        self.block.id()
    }

    /// The block's files, in the order in which a copy of them is of use: the index, which knows the others, is last.
    pub fn files(&self) -> Vec<std::path::PathBuf> {
        self.block.files()
    }
}
