//! Files of records, written from front to back and never changed.

use std::collections::VecDeque;
use std::fs::{self, File};
use std::io::{self, BufReader, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use super::record;
use crate::batch::Batch;

const MAGIC: &[u8; 8] = b"rwspool1";
pub(super) const HEADER: u64 = MAGIC.len() as u64;
const EXTENSION: &str = "segment";

/// A file and what is in it.
#[derive(Debug)]
pub(super) struct Segment {
    pub(super) path: PathBuf,
    /// The number of the first record.
    pub(super) first: u64,
    /// Records that can be read.
    pub(super) records: u64,
    /// Samples in records that are not done.
    pub(super) samples: u64,
    pub(super) bytes: u64,
}

impl Segment {
    /// The number after the last record.
    pub(super) fn end(&self) -> u64 {
        self.first.saturating_add(self.records)
    }
}

/// The segments of a folder that hold records from `next` on, and how many bytes were damaged. Segments
/// that are done or hold nothing are removed.
pub(super) fn find(directory: &Path, next: u64) -> io::Result<(VecDeque<Segment>, u64)> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path.extension().is_some_and(|e| e == EXTENSION) {
            paths.extend(number(&path).map(|first| (first, path)));
        }
    }
    paths.sort();
    let (mut segments, mut damaged) = (VecDeque::new(), 0);
    for (first, path) in paths {
        let (segment, bad) = scan(path, first, next)?;
        damaged += bad;
        if segment.end() <= next || segment.records == 0 {
            fs::remove_file(&segment.path)?;
        } else {
            segments.push_back(segment);
        }
    }
    Ok((segments, damaged))
}

fn number(path: &Path) -> Option<u64> {
    path.file_stem()?.to_str()?.parse().ok()
}

fn scan(path: PathBuf, first: u64, next: u64) -> io::Result<(Segment, u64)> {
    let bytes = fs::metadata(&path)?.len();
    let mut segment = Segment { path, first, records: 0, samples: 0, bytes };
    let mut reader = Reader::open(&segment, 0)?;
    let mut good = HEADER.min(bytes);
    while let Some((number, batch)) = reader.next()? {
        segment.records += 1;
        segment.samples += if number < next { 0 } else { batch.samples };
        good = reader.read_bytes;
    }
    Ok((segment, bytes - good))
}

/// Reads a segment's records in order, up to the first that is torn.
#[derive(Debug)]
pub(super) struct Reader {
    file: BufReader<File>,
    number: u64,
    from: u64,
    read_bytes: u64,
    ended: bool,
}

impl Reader {
    /// Starts before the record of this number.
    pub(super) fn open(segment: &Segment, from: u64) -> io::Result<Self> {
        let mut file = BufReader::new(File::open(&segment.path)?);
        let mut magic = [0; MAGIC.len()];
        let ended = !filled(&mut file, &mut magic)? || magic != *MAGIC;
        Ok(Self { file, number: segment.first, from, read_bytes: HEADER, ended })
    }

    /// The next record with its number; none at the end.
    pub(super) fn next(&mut self) -> io::Result<Option<(u64, Batch)>> {
        loop {
            let Some(batch) = self.next_batch()? else { return Ok(None) };
            let number = self.number;
            self.number = self.number.saturating_add(1);
            if number >= self.from {
                return Ok(Some((number, batch)));
            }
        }
    }

    fn next_batch(&mut self) -> io::Result<Option<Batch>> {
        let mut head = [0; record::HEAD];
        // After a torn record nothing can be trusted, not even that it is the end.
        if self.ended || !filled(&mut self.file, &mut head)? {
            self.ended = true;
            return Ok(None);
        }
        let mut payload = Vec::new();
        if let Some(len) = record::payload_len(&head) {
            // Grows with what is there, not with what a damaged length promises.
            (&mut self.file).take(len as u64).read_to_end(&mut payload)?;
        }
        self.read_bytes += (record::HEAD + payload.len()) as u64;
        let batch = record::read(&head, payload);
        self.ended = batch.is_none();
        Ok(batch)
    }
}

/// Whether there were enough bytes.
fn filled(file: &mut impl Read, buffer: &mut [u8]) -> io::Result<bool> {
    match file.read_exact(buffer) {
        Ok(()) => Ok(true),
        Err(e) if e.kind() == ErrorKind::UnexpectedEof => Ok(false),
        Err(e) => Err(e),
    }
}

/// Appends records to one segment.
#[derive(Debug)]
pub(super) struct Writer {
    file: File,
    fsync: bool,
}

impl Writer {
    /// Makes a segment whose first record has this number.
    pub(super) fn create(directory: &Path, first: u64, fsync: bool) -> io::Result<(Self, Segment)> {
        let path = directory.join(format!("{first:020}.{EXTENSION}"));
        let mut file = File::create(&path)?;
        file.write_all(MAGIC)?;
        if fsync {
            File::open(directory)?.sync_all()?;
        }
        Ok((Self { file, fsync }, Segment { path, first, records: 0, samples: 0, bytes: HEADER }))
    }

    /// Writes one record behind the `at` bytes that are there; takes back what a failure left half done.
    pub(super) fn write(&mut self, record: &[u8], at: u64) -> io::Result<()> {
        let written = self.file.write_all(record).and_then(|()| match self.fsync {
            true => self.file.sync_data(),
            false => Ok(()),
        });
        if written.is_err() {
            self.file.set_len(at)?;
        }
        written
    }
}
