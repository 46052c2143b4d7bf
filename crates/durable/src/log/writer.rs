//! Appends records to one segment.

use std::io;

use super::LogSettings;
use super::frame::{HEAD, Seal};
use super::segment::{self, HEADER, Segment};
use crate::{Disk, DiskError, DiskFile, OnPath};

/// A buffer above this is given back after the write.
const KEPT_BUFFER: usize = 1 << 20;

#[derive(Debug)]
pub(super) struct Writer {
    file: Box<dyn DiskFile>,
    seal: Seal,
    /// The end of the last good record.
    end: u64,
    /// Up to where zeros were written ahead; `None` once the disk refused to.
    reserved: Option<u64>,
    buffer: Vec<u8>,
}

/// Why records are not in the segment.
pub(super) struct Failed {
    pub(super) action: &'static str,
    pub(super) error: io::Error,
    /// Whether the segment takes further records.
    pub(super) usable: bool,
}

impl Writer {
    /// Makes a segment whose first record has this number. It appears with its header or not at all, in
    /// place of one of the same name that has no record.
    pub(super) fn create(
        disk: &dyn Disk,
        settings: &LogSettings,
        first: u64,
    ) -> Result<(Self, Segment), DiskError> {
        let path = segment::path(settings, first);
        let fresh = path.with_extension("new");
        let make = || {
            let mut file = disk.create(&fresh)?;
            file.append(&HEADER)?;
            if settings.sync {
                file.sync()?
            }
            disk.rename(&fresh, &path)?;
            Ok(file)
        };
        let made: io::Result<Box<dyn DiskFile>> = make();
        let file = made.on("begin", &path).inspect_err(|_| drop(disk.remove_file(&fresh)))?;
        if settings.sync {
            disk.sync_dir(&settings.folder).on("sync", &settings.folder)?;
        }
        let end = HEADER.len() as u64;
        let segment = Segment { path, first, end: first, bytes: end };
        let seal = Seal::new(settings.key, first);
        Ok((Self { file, seal, end, reserved: Some(end), buffer: Vec::new() }, segment))
    }

    /// Writes the records; returns the segment's length.
    pub(super) fn append<B: AsRef<[u8]>>(
        &mut self,
        settings: &LogSettings,
        first: u64,
        records: &[B],
    ) -> Result<u64, Failed> {
        let fits =
            |record: &B| u32::try_from(record.as_ref().len()).is_ok_and(|n| n <= settings.max_record_bytes);
        if let Some(large) = records.iter().find(|record| !fits(record)) {
            let (limit, bytes) = (settings.max_record_bytes, large.as_ref().len());
            let words = format!("expected a record of at most {limit} bytes, found {bytes}");
            let error = io::Error::new(io::ErrorKind::InvalidInput, words);
            return Err(Failed { action: "write", error, usable: true });
        }
        self.buffer.clear();
        self.buffer.reserve(records.iter().map(|record| HEAD + record.as_ref().len()).sum());
        for (number, record) in (first..).zip(records) {
            self.seal.write(number, record.as_ref(), &mut self.buffer);
        }
        self.reserve(settings.reserve_bytes);
        self.write(settings.sync)?;
        self.end += self.buffer.len() as u64;
        if self.buffer.capacity() > KEPT_BUFFER {
            self.buffer = Vec::new();
        }
        Ok(self.end)
    }

    /// Makes room for the buffer and for records behind it, where there is too little.
    fn reserve(&mut self, ahead: u64) {
        let bytes = self.buffer.len() as u64;
        if ahead > 0 && self.reserved.is_some_and(|reserved| self.end + bytes > reserved) {
            // Without it syncs are slower, and that is all.
            let made = self.file.reserve(bytes + ahead);
            self.reserved = made.is_ok().then_some(self.end + bytes + ahead);
        }
    }

    fn write(&mut self, sync: bool) -> Result<(), Failed> {
        if let Err(error) = self.file.append(&self.buffer) {
            // Nothing may follow a torn record.
            let usable = self.file.truncate(self.end).is_ok();
            self.reserved = usable.then_some(self.end);
            return Err(Failed { action: "write", error, usable });
        }
        let synced = if sync { self.file.sync() } else { Ok(()) };
        synced.map_err(|error| {
            // What the system still holds of this file may be gone: it is not written to again.
            self.reserved = self.file.truncate(self.end).is_ok().then_some(self.end);
            Failed { action: "sync", error, usable: false }
        })
    }
}

/// What was reserved is given back. It need not succeed: readers know zeros behind the last record.
impl Drop for Writer {
    fn drop(&mut self) {
        if self.reserved != Some(self.end) {
            let _ = self.file.truncate(self.end);
        }
    }
}
