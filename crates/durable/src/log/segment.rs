//! A file of records: its name, its header, its bounds.

use std::path::{Path, PathBuf};

use super::{LogSettings, SegmentInfo};

/// In front of the records, for people and for `file`: records do not depend on it.
pub(super) const HEADER: [u8; 16] = *b"durable log 1\n\0\0";

/// A file and what is in it.
#[derive(Clone, Debug)]
pub(super) struct Segment {
    pub(super) path: PathBuf,
    /// The number of the first record.
    pub(super) first: u64,
    /// The number after the last record.
    pub(super) end: u64,
    pub(super) bytes: u64,
}

impl Segment {
    pub(super) fn info(&self) -> SegmentInfo {
        SegmentInfo { first: self.first, end: self.end, bytes: self.bytes }
    }
}

pub(super) fn path(settings: &LogSettings, first: u64) -> PathBuf {
    settings.folder.join(format!("{first:020}.{}", settings.extension))
}

/// The number in a segment's name; nothing for other files.
pub(super) fn number(settings: &LogSettings, name: &Path) -> Option<u64> {
    let digits = name.to_str()?.strip_suffix(&settings.extension)?.strip_suffix('.')?;
    (digits.len() == 20 && digits.bytes().all(|byte| byte.is_ascii_digit())).then(|| digits.parse().ok())?
}
