//! A log of checksummed records in segments.
//!
//! A segment file is named by the number of its first record. Numbers rise and are written into each
//! record, so what is missing is known, and a segment ends where the next one begins: what a failed write
//! left behind in the older one is void, whatever became of it on the disk.

mod frame;
mod inspect;
mod reader;
mod scan;
mod segment;
mod writer;

pub use inspect::inspect;
pub use reader::LogReader;

use std::collections::VecDeque;
use std::ops::Range;
use std::path::PathBuf;

use crate::{DiskError, OnPath, SharedDisk};
use segment::Segment;
use writer::Writer;

/// Where a log is and how large its parts are.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct LogSettings {
    /// The folder of the segments.
    pub folder: PathBuf,
    /// The extension of segment files. Default `log`.
    pub extension: String,
    /// A segment that has reached this many bytes takes no more records. Default 64 MiB.
    pub segment_bytes: u64,
    /// The largest record. Default 64 MiB.
    pub max_record_bytes: u32,
    /// A number that whoever chooses the records' bytes does not know: after damage, records are
    /// looked for in what is left, and bytes inside a record must not pass for one. Default 0.
    pub key: u64,
    /// How many bytes of zeros a segment has behind its last record, for the next ones: a sync that changes no
    /// file's length is several times faster. They are given back when the segment ends. Default 0.
    pub reserve_bytes: u64,
    /// Whether an append survives a power cut, and not only a kill. Default true.
    pub sync: bool,
    /// Where copies of damaged bytes are kept. Default: nowhere.
    pub aside: Option<PathBuf>,
}

impl LogSettings {
    /// The defaults, for this folder.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
            extension: "log".to_owned(),
            segment_bytes: 64 << 20,
            max_record_bytes: 64 << 20,
            key: 0,
            reserve_bytes: 0,
            sync: true,
            aside: None,
        }
    }
}

/// What was found when a log was opened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Found {
    /// Whole records.
    pub records: u64,
    /// Bytes of the segment files.
    pub bytes: u64,
    /// What is no record, oldest first.
    pub damage: Vec<Damage>,
}

impl Found {
    /// Bytes of records that were once written and cannot be read.
    pub fn lost_bytes(&self) -> u64 {
        self.bytes_of(DamageKind::Lost)
    }

    /// Bytes behind the last record that were cut off.
    pub fn torn_bytes(&self) -> u64 {
        self.bytes_of(DamageKind::Torn)
    }

    fn bytes_of(&self, kind: DamageKind) -> u64 {
        self.damage.iter().filter(|damage| damage.kind == kind).map(|damage| damage.bytes).sum()
    }
}

/// Bytes of a segment that are no record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    /// The segment file.
    pub path: PathBuf,
    /// Where in it.
    pub offset: u64,
    /// How many.
    pub bytes: u64,
    /// What they are.
    pub kind: DamageKind,
}

/// What bytes are that are no record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DamageKind {
    /// The end of the last segment: a write that a kill or a power cut ended, and nobody was told of.
    Torn,
    /// Records are missing here.
    Lost,
    /// No record is missing: a header, or what a failed write left and a later segment declared void.
    Void,
}

/// One segment, for those who watch sizes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SegmentInfo {
    /// The number of its first record.
    pub first: u64,
    /// The number after its last record.
    pub end: u64,
    /// The segment's length.
    pub bytes: u64,
}

/// A log, for one owner at a time: lock the folder first ([`FolderLock`](crate::FolderLock)).
#[derive(Debug)]
pub struct Log {
    disk: SharedDisk,
    settings: LogSettings,
    segments: VecDeque<Segment>,
    writer: Option<Writer>,
    next: u64,
}

impl Log {
    /// Opens the folder, makes it if it is missing, and calls `visit` with the number and bytes of every
    /// whole record, in order. A torn end is cut off; other damage is skipped, copied to
    /// [`aside`](LogSettings::aside) and reported, and is no error.
    ///
    /// # Errors
    /// The file system's.
    pub fn open(
        disk: SharedDisk,
        settings: LogSettings,
        mut visit: impl FnMut(u64, Vec<u8>),
    ) -> Result<(Self, Found), DiskError> {
        crate::make_folder(&*disk, &settings.folder)?;
        let (mut segments, found) = scan::all(&*disk, &settings, &mut visit)?;
        for damage in &found.damage {
            scan::repair(&*disk, &settings, damage);
            if let Some(last) = segments.back_mut().filter(|_| damage.kind == DamageKind::Torn) {
                last.bytes = damage.offset;
            }
        }
        if let Some(last) = segments.back() {
            scan::give_back(&*disk, last);
        }
        let next = segments.back().map_or(0, |last| last.end);
        Ok((Self { disk, settings, segments, writer: None, next }, found))
    }

    /// The number that the next record gets.
    pub fn next_number(&self) -> u64 {
        self.next
    }

    /// Numbers below this one are not given out again, even if all segments are gone.
    pub fn start_at(&mut self, number: u64) {
        if number > self.next {
            self.next = number;
            self.writer = None;
        }
    }

    /// Writes records behind the others, with one write and, unless switched off, one sync; returns their
    /// numbers. When it returns they are safe.
    ///
    /// # Errors
    /// None of the records is in the log then. A later call goes on: behind the last good record, or in a
    /// new segment where the old one can no longer be trusted. (If the disk takes nothing at all from here
    /// to the end of the process, not even the cut, records of this call may be found by the next one.)
    pub fn append<B: AsRef<[u8]>>(&mut self, records: &[B]) -> Result<Range<u64>, DiskError> {
        let full = self.segments.back().is_some_and(|last| last.bytes >= self.settings.segment_bytes);
        if self.writer.is_none() || full {
            self.start_segment()?;
        }
        let (Some(writer), Some(segment)) = (&mut self.writer, self.segments.back_mut()) else {
            return Ok(self.next..self.next);
        };
        let end = self.next + records.len() as u64;
        match writer.append(&self.settings, self.next, records) {
            Ok(bytes) => segment.bytes = bytes,
            Err(failed) => {
                if !failed.usable {
                    self.writer = None;
                }
                return Err(failed.error).on(failed.action, &segment.path);
            }
        }
        (self.next, segment.end) = (end, end);
        Ok(end - records.len() as u64..end)
    }

    /// Lets the next record begin a new segment.
    pub fn rotate(&mut self) {
        self.writer = None;
    }

    /// Removes the segments that hold only records below `number`. Returns how many bytes they had.
    ///
    /// # Errors
    /// The file system's; what could not be removed is tried again by the next call.
    pub fn remove_below(&mut self, number: u64) -> Result<u64, DiskError> {
        let mut removed = 0;
        while self.segments.front().is_some_and(|first| first.end <= number) {
            removed += self.drop_oldest()?.map_or(0, |segment| segment.bytes);
        }
        Ok(removed)
    }

    /// Removes the oldest segment, whatever it holds.
    ///
    /// # Errors
    /// The file system's.
    pub fn drop_oldest(&mut self) -> Result<Option<SegmentInfo>, DiskError> {
        let Some(first) = self.segments.front() else { return Ok(None) };
        let info = first.info();
        self.disk.remove_file(&first.path).on("remove", &first.path)?;
        self.segments.pop_front();
        if self.segments.is_empty() {
            self.writer = None;
        }
        Ok(Some(info))
    }

    /// The segments, oldest first.
    pub fn segments(&self) -> impl ExactSizeIterator<Item = SegmentInfo> {
        self.segments.iter().map(Segment::info)
    }

    /// Bytes of all segments.
    pub fn bytes(&self) -> u64 {
        self.segments.iter().map(|segment| segment.bytes).sum()
    }

    fn start_segment(&mut self) -> Result<(), DiskError> {
        // One without a record makes room for its successor, which has the same name.
        self.segments.pop_back_if(|last| last.first >= self.next);
        self.writer = None;
        let (writer, segment) = Writer::create(&*self.disk, &self.settings, self.next)?;
        self.writer = Some(writer);
        self.segments.push_back(segment);
        Ok(())
    }
}
