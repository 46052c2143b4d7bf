//! Reading records, past whatever is damaged.

use std::io;

use super::Log;
use super::frame::{HEAD, Seal};
use super::segment::{HEADER, Segment};
use crate::{Disk, DiskError, DiskFile, OnPath};

/// How much is read at once while looking for the next record behind damage.
const STRIDE: usize = 64 << 10;

/// What comes next in a segment.
pub(super) enum Item {
    /// A whole record.
    Record(u64, Vec<u8>),
    /// Bytes that are none, from this offset to before the next record or the end.
    Bad { offset: u64, bytes: u64 },
}

/// Reads a segment from front to back.
#[derive(Debug)]
pub(super) struct SegmentReader {
    file: Box<dyn DiskFile>,
    seal: Seal,
    max_record_bytes: u32,
    at: u64,
    /// Numbers below are not records of this place.
    next: u64,
}

impl SegmentReader {
    pub(super) fn open(
        disk: &dyn Disk,
        segment: &Segment,
        key: u64,
        max_record_bytes: u32,
    ) -> io::Result<Self> {
        let file = disk.open(&segment.path)?;
        let seal = Seal::new(key, segment.first);
        Ok(Self { file, seal, max_record_bytes, at: 0, next: segment.first })
    }

    /// The next record or damage before `end`, the length of the file that counts.
    pub(super) fn next(&mut self, end: u64) -> io::Result<Option<Item>> {
        if self.at == 0 && self.pass_header(end)? {
            self.at = HEADER.len() as u64;
        }
        if self.at >= end {
            return Ok(None);
        }
        if let Some((number, body)) = self.record_at(self.at, end)? {
            self.at += (HEAD + body.len()) as u64;
            self.next = number.saturating_add(1);
            return Ok(Some(Item::Record(number, body)));
        }
        let offset = self.at;
        self.at = self.find_record(offset, end)?;
        Ok(Some(Item::Bad { offset, bytes: self.at - offset }))
    }

    fn pass_header(&self, end: u64) -> io::Result<bool> {
        let mut header = [0; HEADER.len()];
        if end < header.len() as u64 {
            return Ok(false);
        }
        self.file.read_at(&mut header, 0)?;
        Ok(header == HEADER)
    }

    /// The whole record that begins here, if one does.
    fn record_at(&self, at: u64, end: u64) -> io::Result<Option<(u64, Vec<u8>)>> {
        if end.saturating_sub(at) < HEAD as u64 {
            return Ok(None);
        }
        let mut head = [0; HEAD];
        self.file.read_at(&mut head, at)?;
        let Some(head) = self.seal.head(head) else { return Ok(None) };
        let room = end - at - HEAD as u64;
        if head.len > self.max_record_bytes || u64::from(head.len) > room || head.number < self.next {
            return Ok(None);
        }
        let mut body = vec![0; head.len as usize];
        self.file.read_at(&mut body, at + HEAD as u64)?;
        Ok(self.seal.is_whole(&head, &body).then_some((head.number, body)))
    }

    /// Where the next whole record behind `from` begins, or the end.
    fn find_record(&self, from: u64, end: u64) -> io::Result<u64> {
        let mark = self.seal.mark();
        let (mut at, mut chunk) = (from + 1, Vec::new());
        while at + (HEAD as u64) <= end {
            let bytes = (end - at).min(STRIDE as u64) as usize;
            chunk.resize(bytes, 0);
            self.file.read_at(&mut chunk, at)?;
            for (index, _) in chunk.windows(mark.len()).enumerate().filter(|(_, window)| *window == mark) {
                let candidate = at + index as u64;
                if self.record_at(candidate, end)?.is_some() {
                    return Ok(candidate);
                }
            }
            at += (bytes - (mark.len() - 1)) as u64;
        }
        Ok(end)
    }
}

/// Reads the records of a [`Log`] in order, while it is written to.
#[derive(Debug)]
pub struct LogReader {
    next: u64,
    open: Option<(u64, SegmentReader)>,
}

impl LogReader {
    /// A reader whose first record is the one of this number, or the first one behind it.
    pub fn new(number: u64) -> Self {
        Self { next: number, open: None }
    }

    /// The next record with its number; `None` where the log ends now. Records that were removed or
    /// damaged are passed over.
    ///
    /// # Errors
    /// The file system's.
    pub fn next(&mut self, log: &Log) -> Result<Option<(u64, Vec<u8>)>, DiskError> {
        while let Some(segment) = log.segments.iter().find(|segment| segment.end > self.next) {
            if self.open.as_ref().is_none_or(|(first, _)| *first != segment.first) {
                let settings = &log.settings;
                let reader =
                    SegmentReader::open(&*log.disk, segment, settings.key, settings.max_record_bytes);
                self.open = Some((segment.first, reader.on("read", &segment.path)?));
            }
            let Some((_, reader)) = &mut self.open else { return Ok(None) };
            match reader.next(segment.bytes).on("read", &segment.path)? {
                Some(Item::Record(number, body)) if (self.next..segment.end).contains(&number) => {
                    self.next = number + 1;
                    return Ok(Some((number, body)));
                }
                Some(_) => {}
                None => self.next = segment.end,
            }
        }
        Ok(None)
    }
}
