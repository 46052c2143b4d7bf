//! The store: writes go in, views come out.

mod durable;
mod fresh;
mod memory_only;
mod parts;
mod recent;

use std::sync::Arc;
use std::sync::atomic::Ordering;

use hashbrown::HashSet;

use self::durable::OnDisk;
pub use self::durable::{
    BlockReport, DiskSettings, DiskStats, LogReport, OpenError, Report, Waste, check, open_read_only,
};
use crate::model::TypeKey;
use crate::view::{Part, View, read};
use crate::{NewWrite, Refused, Written};
use memory_only::MemoryOnly;
use profile_model::Labels;

pub(crate) use self::durable::read_any_record;

/// What is stored, for metrics.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Distinct profile type and label set, of what is in memory.
    pub series: u64,
    /// Stored profiles, each sample type counted on its own.
    pub profiles: u64,
    /// Stored rows: a stack with a value.
    pub rows: u64,
    /// Estimated bytes in memory.
    pub bytes: u64,
    /// Rows dropped so far to stay under the memory limit.
    pub evicted_rows: u64,
}

/// Profiles by labels, type and time.
#[derive(Clone, Debug)]
pub struct Store {
    kind: Kind,
}

#[derive(Clone, Debug)]
enum Kind {
    Memory(Arc<MemoryOnly>),
    Disk(Arc<OnDisk>),
}

impl Store {
    /// A store in memory that drops the oldest profiles beyond the limit (estimated bytes).
    pub fn in_memory(limit_bytes: usize) -> Self {
        Self { kind: Kind::Memory(Arc::new(MemoryOnly::new(limit_bytes))) }
    }

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

    /// Stores all of it or nothing; calls back once it is known which, at once or later from another
    /// thread. What was stored is visible to every later [`view`](Self::view).
    pub fn submit(&self, write: NewWrite, done: impl FnOnce(Result<Written, Refused>) + Send + 'static) {
        match &self.kind {
            Kind::Memory(store) => done(Ok(store.write(&write))),
            Kind::Disk(store) => store.submit(write, Box::new(done)),
        }
    }

    /// As [`submit`](Self::submit), waiting for the outcome.
    ///
    /// # Errors
    /// Nothing was stored.
    pub fn write(&self, write: NewWrite) -> Result<Written, Refused> {
        let (done, outcome) = std::sync::mpsc::sync_channel(1);
        self.submit(write, move |written| {
            // The other end waits below.
            let _ = done.send(written);
        });
        outcome.recv().unwrap_or(Err(Refused::Closing))
    }

    /// Everything that is stored at this moment.
    pub fn view(&self) -> View {
        match &self.kind {
            Kind::Memory(store) => store.parts.view(),
            Kind::Disk(store) => store.shared.parts.view(),
        }
    }

    /// What is stored now.
    pub fn stats(&self) -> Stats {
        let mut stats = count(&self.view());
        match &self.kind {
            Kind::Memory(store) => stats.evicted_rows = store.evicted_rows.load(Ordering::Relaxed),
            Kind::Disk(_) => {}
        }
        stats
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

    /// Why writes are refused now; nothing where they are taken.
    pub fn problem(&self) -> Option<String> {
        self.on_disk()?.shared.health.writing()
    }

    /// Why memory cannot be written to blocks now.
    pub fn sealing_problem(&self) -> Option<String> {
        self.on_disk()?.shared.health.sealing()
    }

    /// Writes what waits and ends all threads; what comes later is refused.
    pub fn close(&self) {
        if let Some(store) = self.on_disk() {
            store.close();
        }
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

    fn on_disk(&self) -> Option<&OnDisk> {
        match &self.kind {
            Kind::Memory(_) => None,
            Kind::Disk(store) => Some(store),
        }
    }
}

/// A sealed block, held so that its files stay.
#[derive(Clone, Debug)]
pub struct SealedBlock {
    block: Arc<crate::sealed::Block>,
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

fn count(view: &View) -> Stats {
    let mut stats = Stats::default();
    let mut series: HashSet<(Arc<TypeKey>, Arc<Labels>), foldhash::fast::RandomState> = HashSet::default();
    for part in &view.parts {
        let Part::Memory(part) = part else { continue };
        let part = read(part);
        series.extend(part.index().all().map(|(key, labels)| (Arc::clone(key), Arc::clone(labels))));
        stats.profiles += part.profiles();
        stats.rows += part.rows();
        stats.bytes += part.heap_bytes() as u64;
    }
    stats.series = series.len() as u64;
    stats
}
