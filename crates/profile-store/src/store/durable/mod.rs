//! The store that keeps what it acknowledged.
//!
//! ```text
//! DIR/LOCK                    who has the folder
//! DIR/STORE                   the store's name
//! DIR/MANIFEST                which blocks live, and up to where the log is in them
//! DIR/wal/00000000000000004711.wal   requests as they came, named by the first one's number
//! DIR/blocks/0000000042/      samples.parquet, stacks.parquet, index.bin
//! DIR/tmp/                    what is being made; emptied at the start
//! DIR/bad/                    what was damaged
//! ```

mod batch_record;
mod commit;
mod compact;
mod health;
mod inspect;
mod keep;
mod manifest;
mod queue;
mod record;
mod recover;
mod replay;
mod seal;
mod settings;
mod signals;
mod stats;

pub use inspect::{BlockReport, LogReport, Report, Waste, check, open_read_only};
pub use settings::DiskSettings;
pub use stats::DiskStats;

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use durable::{DiskError, FolderLock, LockError, Log, SharedDisk, StdDisk};

use super::parts::Parts;
use super::recent::Recent;
use crate::sealed::{Block, Cache};
use crate::{NewWrite, Refused, Written};
use commit::{Committer, Leader};
use health::{Counters, Health, add};
use manifest::Manifest;
use queue::{Pending, Queue};
use signals::Signals;

/// The reader of records.
pub(crate) fn read_any_record(bytes: &[u8]) {
    if let Ok(write) = record::read(bytes) {
        // What can be read can be written again.
        assert!(
            record::read(&record::write(&write)).is_ok()
                || write.profiles.iter().any(|new| new.raw.is_some())
        );
    }
}

/// Why a store cannot be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// Somebody else has the folder.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The disk's reason.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// A newer program wrote it.
    #[error("`{}` has format {format}, this program reads up to {reads}: start the program that wrote it", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// The folder's format.
        format: u32,
        /// What this program reads.
        reads: u32,
    },
    /// Manifest and name are gone, and no block says whose log it is.
    #[error("`{}` has a log but neither STORE nor MANIFEST: it cannot be read without one of them", .0.display())]
    Nameless(PathBuf),
    /// A thread could not be started.
    #[error("cannot start a thread")]
    Thread(#[source] std::io::Error),
}

/// What writers, keepers and readers share.
#[derive(Debug)]
pub(crate) struct Shared {
    disk: SharedDisk,
    settings: DiskSettings,
    store: String,
    pub(crate) parts: Parts<Block>,
    cache: Arc<Cache>,
    log: Mutex<Log>,
    /// Held from before a record is written until it is visible.
    committing: Mutex<()>,
    /// Held while memory is sealed: the same part twice would count twice.
    sealing: Mutex<()>,
    /// Held while blocks are merged or removed.
    caring: Mutex<()>,
    manifest: Mutex<Manifest>,
    next_block: AtomicU64,
    queue: Queue,
    pub(crate) health: Health,
    pub(crate) counters: Counters,
    seal_wanted: AtomicBool,
    signals: Mutex<Signals>,
    signalled: Condvar,
    opened_in: Duration,
}

/// A store on disk. Closes in order when it is dropped: what waits is written, threads end.
#[derive(Debug)]
pub(crate) struct OnDisk {
    pub(crate) shared: Arc<Shared>,
    leader: Arc<Leader>,
    threads: Mutex<Vec<JoinHandle<()>>>,
    _lock: Option<FolderLock>,
}

impl OnDisk {
    /// Opens a folder of this machine, which nobody else may have.
    pub(crate) fn open(settings: DiskSettings, words: &str) -> Result<Self, OpenError> {
        let disk = StdDisk::shared();
        durable::make_folder(&*disk, &settings.folder)?;
        let lock = FolderLock::acquire(&settings.folder, "LOCK", words)?;
        Self::open_on(disk, settings, Some(lock))
    }

    /// Opens a folder of any disk.
    pub(crate) fn open_on(
        disk: SharedDisk,
        settings: DiskSettings,
        lock: Option<FolderLock>,
    ) -> Result<Self, OpenError> {
        let started = Instant::now();
        let cache = Arc::new(Cache::new((settings.memory_limit_bytes / 8).clamp(1 << 20, 64 << 20)));
        let opened = recover::open(&disk, &settings, &cache)?;
        let parts = Parts::new(settings.memory_limit_bytes / 4);
        parts.replace(&[], |sealed| sealed.clone_from(&opened.blocks));
        let counters = Counters::default();
        add(&counters.bad_blocks, opened.bad);
        let mut recent = Recent::default();
        replay::remember(&opened.blocks, &mut recent);
        let log = replay::replay(&disk, &settings, &opened.manifest, &parts, &mut recent, &counters)?;
        let (unsealed_bytes, store) = (log.bytes(), opened.manifest.store.clone());
        let shared = Arc::new(Shared {
            disk,
            settings,
            store,
            parts,
            cache,
            log: Mutex::new(log),
            committing: Mutex::default(),
            sealing: Mutex::default(),
            caring: Mutex::default(),
            next_block: AtomicU64::new(opened.manifest.next_block),
            manifest: Mutex::new(opened.manifest),
            queue: Queue::default(),
            health: Health::default(),
            counters,
            seal_wanted: AtomicBool::new(false),
            signals: Mutex::default(),
            signalled: Condvar::new(),
            opened_in: started.elapsed(),
        });
        let committer = Committer {
            shared: Arc::clone(&shared),
            recent,
            unsealed_bytes,
            unsealed_since: (unsealed_bytes > 0).then(Instant::now),
            room: None,
        };
        let leader = Arc::new(Leader { shared: Arc::clone(&shared), committer: Mutex::new(committer) });
        let store = Self { shared, leader, threads: Mutex::default(), _lock: lock };
        store.start()?;
        Ok(store)
    }

    fn start(&self) -> Result<(), OpenError> {
        let leader = Arc::clone(&self.leader);
        self.spawn("store-log", move || leader.follow())?;
        if self.shared.settings.background {
            let (seals, cares) = (Arc::clone(&self.shared), Arc::clone(&self.shared));
            self.spawn("store-seal", move || seals.seal_loop())?;
            self.spawn("store-care", move || cares.care_loop())?;
        }
        Ok(())
    }

    fn spawn(&self, name: &str, work: impl FnOnce() + Send + 'static) -> Result<(), OpenError> {
        let thread =
            std::thread::Builder::new().name(name.to_owned()).spawn(work).map_err(OpenError::Thread)?;
        self.threads.lock().unwrap_or_else(PoisonError::into_inner).push(thread);
        Ok(())
    }

    pub(crate) fn submit(&self, write: NewWrite, done: Box<dyn FnOnce(Result<Written, Refused>) + Send>) {
        let record = record::write(&write);
        let limit = recover::MAX_RECORD_BYTES as usize;
        if record.len() > limit {
            return done(Err(Refused::TooLarge { limit, bytes: record.len() }));
        }
        self.shared.queue.push(Pending { write, record, done }, self.shared.settings.max_queue_bytes);
        self.leader.lead();
    }

    /// Writes what waits, ends the threads.
    pub(crate) fn close(&self) {
        self.shared.queue.close();
        self.shared.signal(|signals| signals.closing = true);
        let threads = std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner));
        for thread in threads {
            if thread.join().is_err() {
                tracing::error!("a thread of the store ended badly");
            }
        }
    }
}

impl Drop for OnDisk {
    fn drop(&mut self) {
        self.close();
    }
}

impl Shared {
    pub(crate) fn name(&self) -> &str {
        &self.store
    }

    pub(crate) fn manifest_path(&self) -> PathBuf {
        manifest::manifest_path(&self.settings.folder)
    }
}
