//! Batches that wait on disk.
//!
//! A folder holds a [`durable::Log`] of batches and a cursor that says which of them are done. Whatever
//! moment a process is killed in, everything that `append` returned for is found again, and nothing that
//! `done` returned for. Damage costs the records that it hit, and is counted and said.

mod record;

use std::collections::VecDeque;
use std::path::PathBuf;

use durable::{
    Cursor, DamageKind, DiskError, FolderLock, Found, LockError, Log, LogReader, LogSettings, SharedDisk,
    StdDisk,
};

use crate::batch::Batch;
use crate::settings::SpoolSettings;

/// Why the spool cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SpoolError {
    /// The file system's word.
    #[error("cannot use the spool")]
    Disk(#[from] DiskError),
    /// Another process or destination uses the folder.
    #[error(transparent)]
    Locked(LockError),
    /// A batch that is larger than the whole spool.
    #[error("expected a batch of at most {limit} bytes, found {bytes}")]
    TooLarge {
        /// `max_bytes`.
        limit: u64,
        /// The batch's size on disk.
        bytes: u64,
    },
}

impl From<LockError> for SpoolError {
    fn from(error: LockError) -> Self {
        match error {
            LockError::Disk(error) => Self::Disk(error),
            error => Self::Locked(error),
        }
    }
}

/// A first-in first-out line of batches in a folder, for one owner at a time.
#[derive(Debug)]
pub struct Spool {
    settings: SpoolSettings,
    log: Log,
    reader: LogReader,
    cursor: Cursor,
    /// Read but not done, with its number.
    head: Option<(u64, Batch)>,
    /// The number and samples of each batch that is not done, oldest first.
    waiting: VecDeque<(u64, u64)>,
    samples: u64,
    damage: SpoolDamage,
    _lock: FolderLock,
}

/// What could not be read since the folder was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SpoolDamage {
    /// Bytes that are no record, a write that a kill cut off included.
    pub bytes: u64,
    /// Batches that were accepted once and are lost.
    pub batches: u64,
}

/// Room for the log's own bytes about a record.
const OVERHEAD: u64 = 64;
/// Bytes of records are compressed and framed, so text in a profile cannot pass for one by chance.
const KEY: u64 = 0x7265_6d6f_7465_7772;
/// A file of the format before this one.
const OLD_EXTENSION: &str = "segment";

impl Spool {
    /// Opens the folder, makes it if needed, and finds what waits there. What is damaged is skipped,
    /// counted and logged.
    ///
    /// # Errors
    /// The folder cannot be used, or somebody else uses it.
    pub fn open(settings: SpoolSettings) -> Result<Self, SpoolError> {
        Self::open_on(StdDisk::shared(), settings)
    }

    fn open_on(disk: SharedDisk, settings: SpoolSettings) -> Result<Self, SpoolError> {
        let directory = &settings.directory;
        durable::make_folder(&*disk, directory)?;
        let lock = FolderLock::acquire(directory, "lock", "a remote write spool")?;
        warn_of_old_files(directory);
        let mut cursor = Cursor::open(SharedDisk::clone(&disk), &directory.join("cursor"), settings.fsync)?;
        let mut waiting = VecDeque::new();
        let (log, found) = Log::open(disk, log_settings(&settings), |number, record| {
            let samples = record::samples(&record).map_or(0, u64::from);
            waiting.push_back((number, samples));
        })?;
        let damage = damage(&found, &waiting, cursor.next());
        warn_of(&found, damage);
        // Numbers never come again, not even after a damaged cursor, or a new record could count as done.
        if let Some((first, _)) = waiting.front().filter(|(first, _)| *first > cursor.next()) {
            cursor.advance(*first)?;
        }
        let reader = LogReader::new(cursor.next());
        let mut spool = Self {
            settings,
            log,
            reader,
            cursor,
            head: None,
            samples: waiting.iter().map(|(_, samples)| samples).sum(),
            waiting,
            damage,
            _lock: lock,
        };
        spool.log.start_at(spool.cursor.next());
        spool.forget_below(spool.cursor.next());
        spool.log.remove_below(spool.cursor.next())?;
        Ok(spool)
    }

    /// Writes a batch behind the others. When it returns, a kill of the process does not lose the batch;
    /// with `fsync`, nor does a power cut. Returns how many samples had to go to make room.
    ///
    /// # Errors
    /// The batch is not in the spool.
    pub fn append(&mut self, batch: &Batch) -> Result<u64, SpoolError> {
        let record = record::write(batch);
        let (bytes, limit) = (record.len() as u64 + OVERHEAD, self.settings.max_bytes);
        if bytes > limit {
            return Err(SpoolError::TooLarge { limit, bytes });
        }
        let dropped = self.make_room(bytes)?;
        let numbers = self.log.append(&[record])?;
        self.waiting.push_back((numbers.start, batch.samples));
        self.samples += batch.samples;
        Ok(dropped)
    }

    /// The oldest batch that is not done, with its number.
    ///
    /// # Errors
    /// The file system's.
    pub fn head(&mut self) -> Result<Option<(u64, Batch)>, SpoolError> {
        while self.head.is_none() {
            let Some((number, record)) = self.reader.next(&self.log)? else {
                self.lose_below(self.log.next_number());
                break;
            };
            self.lose_below(number);
            match record::read(record) {
                Some(batch) => self.head = Some((number, batch)),
                None => self.lose_below(number + 1),
            }
        }
        Ok(self.head.clone())
    }

    /// The batch of this number needs no more sending.
    ///
    /// # Errors
    /// The file system's; in this process the batch is done all the same.
    pub fn done(&mut self, number: u64) -> Result<(), SpoolError> {
        if self.head.take_if(|(head, _)| *head == number).is_none() {
            return Ok(());
        }
        self.forget_below(number + 1);
        self.cursor.advance(number + 1)?;
        self.log.remove_below(number + 1)?;
        Ok(())
    }

    /// Samples that wait.
    pub fn samples(&self) -> u64 {
        self.samples
    }

    /// Bytes of the segments on disk.
    pub fn bytes(&self) -> u64 {
        self.log.bytes()
    }

    /// What could not be read.
    pub fn damage(&self) -> SpoolDamage {
        self.damage
    }

    fn make_room(&mut self, bytes: u64) -> Result<u64, SpoolError> {
        let mut dropped = 0;
        while self.log.bytes() + bytes > self.settings.max_bytes {
            let Some(segment) = self.log.drop_oldest()? else { break };
            // The batch under way is not lost: who sends it has a copy.
            let under_way = self.head.take_if(|(number, _)| *number < segment.end);
            let gone = self.forget_below(segment.end);
            dropped += gone.saturating_sub(under_way.map_or(0, |(_, batch)| batch.samples));
            if self.cursor.next() < segment.end {
                self.cursor.advance(segment.end)?;
            }
        }
        Ok(dropped)
    }

    /// Takes batches off the list, and returns how many samples they had.
    fn forget_below(&mut self, number: u64) -> u64 {
        let mut gone = 0;
        while let Some((_, samples)) = self.waiting.pop_front_if(|(first, _)| *first < number) {
            gone += samples;
        }
        self.samples -= gone;
        gone
    }

    /// Takes batches off the list that were damaged since the folder was opened.
    fn lose_below(&mut self, number: u64) {
        let before = self.waiting.len();
        let samples = self.forget_below(number);
        let batches = (before - self.waiting.len()) as u64;
        if batches > 0 {
            self.damage.batches += batches;
            let spool = self.settings.directory.display();
            tracing::warn!(%spool, batches, samples, "spooled samples can no longer be read");
        }
    }
}

fn log_settings(settings: &SpoolSettings) -> LogSettings {
    let mut log = LogSettings::new(&settings.directory);
    log.extension = "spool".to_owned();
    // Room is made by whole segments, so they are a small part of the limit.
    log.segment_bytes = (settings.max_bytes / 16).min(8 << 20);
    log.key = KEY;
    log.sync = settings.fsync;
    log
}

/// Numbers are given out one after the other, so a number that is missing was a batch.
fn damage(found: &Found, waiting: &VecDeque<(u64, u64)>, next: u64) -> SpoolDamage {
    let wanted = waiting.iter().map(|(number, _)| *number).filter(|number| *number >= next);
    let first = wanted.clone().next();
    let span = wanted.clone().next_back().zip(first).map_or(0, |(last, first)| last - first + 1);
    let before = first.map_or(0, |first| first - next);
    let lost = if found.damage.is_empty() { 0 } else { before + span - wanted.count() as u64 };
    SpoolDamage { bytes: found.lost_bytes() + found.torn_bytes(), batches: lost }
}

fn warn_of(found: &Found, damage: SpoolDamage) {
    for one in &found.damage {
        let (file, offset, bytes) = (one.path.display(), one.offset, one.bytes);
        match one.kind {
            DamageKind::Lost => tracing::warn!(%file, offset, bytes, "spooled samples are damaged and lost"),
            DamageKind::Torn => {
                tracing::warn!(%file, offset, bytes, "the spool's end was cut off: a write had not finished")
            }
            DamageKind::Void => tracing::debug!(%file, offset, bytes, "bytes of the spool hold nothing"),
        }
    }
    if damage.batches > 0 {
        tracing::warn!(batches = damage.batches, "spooled requests are lost to damage; the others are sent");
    }
}

/// An upgrade in the middle of an outage: what waited in the old form is not read.
fn warn_of_old_files(directory: &std::path::Path) {
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
    let old: Vec<PathBuf> = entries
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == OLD_EXTENSION))
        .collect();
    if !old.is_empty() {
        let (files, spool) = (old.len(), directory.display());
        tracing::warn!(%spool, files, "files of an earlier version's spool are not read; remove them");
    }
}

#[cfg(test)]
mod tests;
