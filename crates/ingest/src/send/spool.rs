//! The queue on disk. A profile is promised when it is synced; one sync serves all that wait for it.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use durable::{Cursor, DiskError, FolderLock, LockError, Log, LogReader, LogSettings, StdDisk};
use tokio::sync::{Notify, mpsc, oneshot};

use super::batch::{Batch, QueueError, fitting};
use super::record::Record;
use super::settings::SpoolSettings;

/// Why a spool cannot be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(super) enum SpoolError {
    #[error(transparent)]
    Lock(#[from] LockError),
    #[error(transparent)]
    Disk(#[from] DiskError),
}

type Told = oneshot::Sender<Result<(), QueueError>>;

#[derive(Clone)]
pub(super) struct Spool {
    inbox: mpsc::Sender<(Vec<u8>, Told)>,
    shared: Arc<Shared>,
}

struct Shared {
    files: Mutex<Files>,
    changed: Notify,
    waiting: AtomicU64,
    bytes: AtomicU64,
    max_bytes: u64,
    /// Records below this number may have been sent by the process before.
    unsure_below: u64,
    _lock: FolderLock,
}

struct Files {
    log: Log,
    cursor: Cursor,
    reader: LogReader,
    /// Read, and not done yet.
    ahead: Vec<(u64, Record)>,
}

/// How many profiles may wait for a sync.
const INBOX: usize = 256;
/// How many of them one sync serves.
const TOGETHER: usize = 64;
const SEGMENT_BYTES: u64 = 16 << 20;

impl Spool {
    /// Opens the folder. What the process before left there is sent, the first `batch` of it after a look
    /// whether it is stored.
    pub(super) fn open(settings: &SpoolSettings, batch: usize) -> Result<Self, SpoolError> {
        let disk = StdDisk::shared();
        durable::make_folder(&*disk, &settings.folder)?;
        let lock = FolderLock::acquire(&settings.folder, "lock", "parca-ingest")?;
        let mut log_settings = LogSettings::new(&settings.folder);
        log_settings.extension = "profiles".to_owned();
        log_settings.segment_bytes = SEGMENT_BYTES;
        log_settings.key = key(&settings.folder);
        let (log, found) = Log::open(Arc::clone(&disk), log_settings, |_, _| {})?;
        let cursor = Cursor::open(disk, &settings.folder.join("cursor"), true)?;
        for damage in &found.damage {
            tracing::warn!(?damage, "the spool was damaged; what is whole is sent");
        }
        let (start, end) = (cursor.next(), log.next_number());
        let waiting = end.saturating_sub(start);
        let unsure_below = if waiting > 0 { start.saturating_add(batch as u64) } else { 0 };
        let bytes = log.bytes();
        let reader = LogReader::new(start);
        let shared = Arc::new(Shared {
            files: Mutex::new(Files { log, cursor, reader, ahead: Vec::new() }),
            changed: Notify::new(),
            waiting: AtomicU64::new(waiting),
            bytes: AtomicU64::new(bytes),
            max_bytes: settings.max_bytes,
            unsure_below: unsure_below.min(end),
            _lock: lock,
        });
        let (inbox, jobs) = mpsc::channel(INBOX);
        let writer = Arc::clone(&shared);
        tokio::task::spawn_blocking(move || writer.write_all(jobs));
        Ok(Self { inbox, shared })
    }

    pub(super) async fn push(&self, record: Record) -> Result<(), QueueError> {
        let (told, tells) = oneshot::channel();
        let gone = || QueueError::Disk("the writer has ended".to_owned());
        self.inbox.send((record.encode(), told)).await.map_err(|_| gone())?;
        tells.await.map_err(|_| gone())?
    }

    /// Waits until a profile waits. Records that cannot be read are none, which only `next` finds out.
    pub(super) async fn some(&self) {
        loop {
            let changed = self.shared.changed.notified();
            if self.waiting().0 > 0 {
                return;
            }
            changed.await;
        }
    }

    pub(super) async fn next(&self, most: usize, most_bytes: usize) -> Batch {
        loop {
            let changed = self.shared.changed.notified();
            let shared = Arc::clone(&self.shared);
            let batch = tokio::task::spawn_blocking(move || shared.next(most, most_bytes)).await;
            if let Ok(Some(batch)) = batch {
                return batch;
            }
            changed.await;
        }
    }

    pub(super) async fn done(&self, places: u64) {
        let shared = Arc::clone(&self.shared);
        // Fails only if the runtime ends, and then nobody asks any more.
        let _ = tokio::task::spawn_blocking(move || shared.done(places)).await;
    }

    pub(super) fn waiting(&self) -> (u64, u64) {
        (self.shared.waiting.load(Ordering::Relaxed), self.shared.bytes.load(Ordering::Relaxed))
    }
}

impl Shared {
    fn lock(&self) -> std::sync::MutexGuard<'_, Files> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write_all(&self, mut jobs: mpsc::Receiver<(Vec<u8>, Told)>) {
        while let Some(first) = jobs.blocking_recv() {
            let mut together = vec![first];
            while together.len() < TOGETHER {
                let Ok(job) = jobs.try_recv() else { break };
                together.push(job);
            }
            self.write(together);
        }
    }

    fn write(&self, jobs: Vec<(Vec<u8>, Told)>) {
        let bytes = self.bytes.load(Ordering::Relaxed);
        let outcome = match bytes >= self.max_bytes && self.waiting.load(Ordering::Relaxed) > 0 {
            true => Err(QueueError::Full(bytes, self.max_bytes)),
            false => {
                let bodies: Vec<&[u8]> = jobs.iter().map(|(body, _)| body.as_slice()).collect();
                let mut files = self.lock();
                let written = files.log.append(&bodies);
                self.bytes.store(files.log.bytes(), Ordering::Relaxed);
                written.map(drop).map_err(|error| QueueError::Disk(error.to_string()))
            }
        };
        if outcome.is_ok() {
            self.waiting.fetch_add(jobs.len() as u64, Ordering::Relaxed);
            self.changed.notify_one();
        }
        for (_, told) in jobs {
            // Whoever asked may have gone away; the profile is safe all the same.
            let _ = told.send(outcome.clone());
        }
    }

    fn next(&self, most: usize, most_bytes: usize) -> Option<Batch> {
        let mut files = self.lock();
        let Files { log, reader, ahead, .. } = &mut *files;
        let mut bytes: usize = ahead.iter().map(|(_, record)| record.bytes()).sum();
        while ahead.len() < most && bytes <= most_bytes {
            match reader.next(log) {
                Ok(Some((number, body))) => match Record::decode(&body) {
                    Some(record) => {
                        bytes += record.bytes();
                        ahead.push((number, record));
                    }
                    None => {
                        tracing::warn!(number, "a record of the spool cannot be read and is passed over");
                        self.forget(1);
                    }
                },
                Ok(None) => break,
                Err(error) => {
                    tracing::error!(%error, "the spool cannot be read");
                    break;
                }
            }
        }
        let records = fitting(ahead.iter().map(|(_, record)| record), most, most_bytes);
        let first = ahead.first()?.0;
        Some(Batch { places: records.len() as u64, records, is_unsure: first < self.unsure_below })
    }

    fn done(&self, places: u64) {
        let mut files = self.lock();
        let Files { log, cursor, ahead, .. } = &mut *files;
        let count = usize::try_from(places).unwrap_or(usize::MAX).min(ahead.len());
        let Some((last, _)) = ahead.drain(..count).next_back() else { return };
        let moved = cursor.advance(last + 1).and_then(|()| log.remove_below(last + 1).map(drop));
        if let Err(error) = moved {
            tracing::error!(%error, "the place in the spool cannot be written; after a restart, some is looked for in the store again");
        }
        self.forget(places);
        self.bytes.store(log.bytes(), Ordering::Relaxed);
    }

    /// So many wait no longer.
    fn forget(&self, places: u64) {
        self.waiting.fetch_sub(places.min(self.waiting.load(Ordering::Relaxed)), Ordering::Relaxed);
    }
}

/// A number of this folder that nobody chooses who chooses what profiles hold, and that stays.
fn key(folder: &Path) -> u64 {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let mut hasher = DefaultHasher::new();
    ("parca-ingest spool", folder.file_name()).hash(&mut hasher);
    hasher.finish()
}
