//! What goes out together, and why a queue takes no more.

use super::record::Record;

/// Why a queue does not take a profile.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum QueueError {
    #[error("the queue is full: {0} of {1} bytes")]
    Full(u64, u64),
    #[error("the spool cannot be written: {0}")]
    Disk(String),
}

/// Profiles that go out together.
#[derive(Debug)]
pub(super) struct Batch {
    pub(super) records: Vec<Record>,
    /// How many places of the queue they take.
    pub(super) places: u64,
    /// Whether somebody may have sent them before.
    pub(super) is_unsure: bool,
}

/// The first of these that go into one request: alike in whether their addresses are normalized, and not too
/// many bytes, unless one alone has as many.
pub(super) fn fitting<'a>(
    records: impl Iterator<Item = &'a Record>,
    most: usize,
    most_bytes: usize,
) -> Vec<Record> {
    let (mut taken, mut bytes): (Vec<Record>, usize) = (Vec::new(), 0);
    for record in records.take(most) {
        bytes += record.bytes();
        let is_alike = |first: &Record| first.head.normalized == record.head.normalized;
        if taken.first().is_some_and(|first| bytes > most_bytes || !is_alike(first)) {
            break;
        }
        taken.push(record.clone());
    }
    taken
}
