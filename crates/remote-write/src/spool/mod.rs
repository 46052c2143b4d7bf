//! Batches that wait on disk.
//!
//! A folder holds segment files, named by the number of their first record, and a cursor file that says
//! which records are done. Both are only ever appended to: whatever moment a process is killed in,
//! everything that `append` returned for is found again, and nothing that `done` returned for.

mod cursor;
mod record;
mod segment;

use std::collections::VecDeque;
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::PathBuf;

use crate::batch::Batch;
use crate::settings::SpoolSettings;
use cursor::Cursor;
use segment::{Reader, Segment, Writer};

/// Why the spool cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SpoolError {
    /// The file system's word.
    #[error("cannot {action} in spool `{directory}`")]
    Io {
        /// What was tried.
        action: &'static str,
        /// The folder.
        directory: PathBuf,
        /// The cause.
        #[source]
        source: io::Error,
    },
    /// Another process or destination uses the folder.
    #[error("expected spool `{0}` for itself, found it in use")]
    Locked(PathBuf),
    /// A batch that is larger than the whole spool.
    #[error("expected a batch of at most {limit} bytes, found {bytes}")]
    TooLarge {
        /// `max_bytes`.
        limit: u64,
        /// The batch's size on disk.
        bytes: u64,
    },
}

/// A first-in first-out line of batches in a folder, for one owner at a time.
#[derive(Debug)]
pub struct Spool {
    settings: SpoolSettings,
    segments: VecDeque<Segment>,
    writer: Option<Writer>,
    reader: Option<Reader>,
    /// Read but not done, with its number.
    head: Option<(u64, Batch)>,
    cursor: Cursor,
    damaged: u64,
    /// Locked for as long as the spool lives.
    _lock: File,
}

impl Spool {
    /// Opens the folder, makes it if needed, and finds what waits there. Damaged ends of files, which a
    /// crash leaves behind, are skipped.
    pub fn open(settings: SpoolSettings) -> Result<Self, SpoolError> {
        let io = |action, source| SpoolError::Io { action, directory: settings.directory.clone(), source };
        fs::create_dir_all(&settings.directory).map_err(|e| io("make the folder", e))?;
        let lock = File::create(settings.directory.join("lock")).map_err(|e| io("make the lock", e))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(SpoolError::Locked(settings.directory)),
            Err(TryLockError::Error(e)) => return Err(io("lock", e)),
        }
        let mut cursor = Cursor::open(&settings.directory).map_err(|e| io("read the cursor", e))?;
        let (segments, damaged) =
            segment::find(&settings.directory, cursor.next()).map_err(|e| io("read segments", e))?;
        // Numbers never come again, not even after a damaged cursor, or a new record could count as done.
        if let Some(first) = segments.front().filter(|first| first.first > cursor.next()) {
            cursor.advance(first.first).map_err(|e| io("write the cursor", e))?;
        }
        Ok(Self { settings, segments, writer: None, reader: None, head: None, cursor, damaged, _lock: lock })
    }

    /// Writes a batch behind the others. When it returns, a kill of the process does not lose the batch;
    /// with `fsync`, nor does a power cut. Returns how many samples had to go to make room.
    pub fn append(&mut self, batch: &Batch) -> Result<u64, SpoolError> {
        let bytes = record::write(batch);
        let limit = self.settings.max_bytes;
        if segment::HEADER + bytes.len() as u64 > limit {
            return Err(SpoolError::TooLarge { limit, bytes: bytes.len() as u64 });
        }
        let dropped = self.make_room(bytes.len() as u64)?;
        self.write(&bytes, batch.samples).map_err(|e| self.io("write a batch", e))?;
        Ok(dropped)
    }

    /// The oldest batch that is not done, with its number.
    pub fn head(&mut self) -> Result<Option<(u64, Batch)>, SpoolError> {
        while self.head.is_none() && !self.segments.is_empty() {
            if self.reader.is_none() {
                let opened = Reader::open(&self.segments[0], self.cursor.next());
                self.reader = Some(opened.map_err(|e| self.io("open a segment", e))?);
            }
            let read = self.reader.as_mut().map_or(Ok(None), Reader::next);
            self.head = read.map_err(|e| self.io("read a batch", e))?;
            if self.head.is_none() {
                let samples = self.segments[0].samples;
                if samples > 0 {
                    tracing::warn!(samples, "spooled samples can no longer be read");
                }
                self.drop_first()?;
            }
        }
        Ok(self.head.clone())
    }

    /// The batch of this number needs no more sending.
    pub fn done(&mut self, number: u64) -> Result<(), SpoolError> {
        let Some((_, batch)) = self.head.take_if(|(head, _)| *head == number) else { return Ok(()) };
        if let Some(first) = self.segments.front_mut() {
            first.samples = first.samples.saturating_sub(batch.samples);
        }
        self.cursor.advance(number.saturating_add(1)).map_err(|e| self.io("write the cursor", e))?;
        if self.segments.front().is_some_and(|first| first.end() <= self.cursor.next()) {
            self.drop_first()?;
        }
        Ok(())
    }

    /// Samples that wait.
    pub fn samples(&self) -> u64 {
        self.segments.iter().map(|segment| segment.samples).sum()
    }

    /// Bytes of the segments on disk.
    pub fn bytes(&self) -> u64 {
        self.segments.iter().map(|segment| segment.bytes).sum()
    }

    /// Bytes that could not be read when the folder was opened.
    pub fn damaged_bytes(&self) -> u64 {
        self.damaged
    }

    fn write(&mut self, bytes: &[u8], samples: u64) -> io::Result<()> {
        let full = self.segments.back().is_some_and(|last| last.bytes >= self.segment_bytes());
        if self.writer.is_none() || full {
            let first = self.segments.back().map_or(0, Segment::end).max(self.cursor.next());
            let (writer, segment) = Writer::create(&self.settings.directory, first, self.settings.fsync)?;
            self.writer = Some(writer);
            self.segments.push_back(segment);
        }
        let (Some(writer), Some(segment)) = (&mut self.writer, self.segments.back_mut()) else {
            return Ok(());
        };
        if let Err(error) = writer.write(bytes, segment.bytes) {
            // Nothing may follow a torn record; the next one gets a segment of its own.
            self.writer = None;
            if let Some(empty) = self.segments.pop_back_if(|last| last.records == 0) {
                fs::remove_file(&empty.path)?;
            }
            return Err(error);
        }
        segment.bytes += bytes.len() as u64;
        segment.records += 1;
        segment.samples += samples;
        Ok(())
    }

    /// Room is made by whole segments, so they are a small part of the limit.
    fn segment_bytes(&self) -> u64 {
        (self.settings.max_bytes / 16).min(8 << 20)
    }

    fn make_room(&mut self, bytes: u64) -> Result<u64, SpoolError> {
        let mut dropped = 0;
        while !self.segments.is_empty() && self.bytes() + segment::HEADER + bytes > self.settings.max_bytes {
            let first = &self.segments[0];
            // The batch under way is not lost: who sends it has a copy.
            let under_way = self.head.as_ref().map_or(0, |(_, batch)| batch.samples);
            dropped += first.samples.saturating_sub(under_way);
            self.drop_first()?;
        }
        Ok(dropped)
    }

    /// Takes the oldest segment away, done or not.
    fn drop_first(&mut self) -> Result<(), SpoolError> {
        let Some(first) = self.segments.pop_front() else { return Ok(()) };
        self.reader = None;
        self.head = None;
        if self.segments.is_empty() {
            self.writer = None;
        }
        if self.cursor.next() < first.end() {
            self.cursor.advance(first.end()).map_err(|e| self.io("write the cursor", e))?;
        }
        fs::remove_file(&first.path).map_err(|e| self.io("remove a segment", e))
    }

    fn io(&self, action: &'static str, source: io::Error) -> SpoolError {
        SpoolError::Io { action, directory: self.settings.directory.clone(), source }
    }
}

#[cfg(test)]
mod tests;
