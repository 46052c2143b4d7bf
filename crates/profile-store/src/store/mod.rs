//! The store: writes go in, views come out.

#[cfg(feature = "disk")]
mod disk;
#[cfg(feature = "disk")]
mod durable;
mod fresh;
mod memory_only;
mod parts;
mod recent;

use std::sync::Arc;
use std::sync::atomic::Ordering;

use hashbrown::HashSet;

#[cfg(feature = "disk")]
pub use self::disk::SealedBlock;
#[cfg(feature = "disk")]
use self::durable::OnDisk;
#[cfg(feature = "disk")]
pub use self::durable::{
    BlockReport, DiskSettings, DiskStats, LogReport, OpenError, Report, Waste, check, open_read_only,
};
use crate::model::TypeKey;
use crate::view::{View, read};
use crate::{NewWrite, Refused, Written};
use memory_only::MemoryOnly;
use parts::SharedPart;
use profile_model::Labels;

#[cfg(feature = "disk")]
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
    #[cfg(feature = "disk")]
    Disk(Arc<OnDisk>),
}

impl Store {
    /// A store in memory that drops the oldest profiles beyond the limit (estimated bytes).
    pub fn in_memory(limit_bytes: usize) -> Self {
        Self { kind: Kind::Memory(Arc::new(MemoryOnly::new(limit_bytes))) }
    }

    /// Stores all of it or nothing; calls back once it is known which, at once or later from another
    /// thread. A store on disk may write in this thread, for others, too: call it where waiting for the disk is
    /// allowed. What was stored is visible to every later [`view`](Self::view).
    pub fn submit(&self, write: NewWrite, done: impl FnOnce(Result<Written, Refused>) + Send + 'static) {
        match &self.kind {
            Kind::Memory(store) => done(Ok(store.write(&write))),
            #[cfg(feature = "disk")]
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
            #[cfg(feature = "disk")]
            Kind::Disk(store) => store.shared.parts.view(),
        }
    }

    /// What is stored now.
    pub fn stats(&self) -> Stats {
        match &self.kind {
            Kind::Memory(store) => {
                let evicted_rows = store.evicted_rows.load(Ordering::Relaxed);
                Stats { evicted_rows, ..count(&store.parts.memory()) }
            }
            #[cfg(feature = "disk")]
            Kind::Disk(store) => count(&store.shared.parts.memory()),
        }
    }

    /// Why writes are refused now; nothing where they are taken.
    pub fn problem(&self) -> Option<String> {
        match &self.kind {
            Kind::Memory(_) => None,
            #[cfg(feature = "disk")]
            Kind::Disk(store) => store.shared.health.writing(),
        }
    }

    /// Why memory cannot be written to blocks now.
    pub fn sealing_problem(&self) -> Option<String> {
        match &self.kind {
            Kind::Memory(_) => None,
            #[cfg(feature = "disk")]
            Kind::Disk(store) => store.shared.health.sealing(),
        }
    }

    /// Writes what waits and ends all threads; what comes later is refused. A store in memory has neither.
    pub fn close(&self) {
        match &self.kind {
            Kind::Memory(_) => {}
            #[cfg(feature = "disk")]
            Kind::Disk(store) => store.close(),
        }
    }
}

fn count(parts: &[SharedPart]) -> Stats {
    let mut stats = Stats::default();
    let mut series: HashSet<(Arc<TypeKey>, Arc<Labels>), foldhash::fast::RandomState> = HashSet::default();
    for part in parts {
        let part = read(part);
        series.extend(part.index().all().map(|(key, labels)| (Arc::clone(key), Arc::clone(labels))));
        stats.profiles += part.profiles();
        stats.rows += part.rows();
        stats.bytes += part.heap_bytes() as u64;
    }
    stats.series = series.len() as u64;
    stats
}
