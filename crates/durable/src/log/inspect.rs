//! Looking at a log without changing it.

use super::{Found, LogSettings, SegmentInfo, scan};
use crate::{Disk, DiskError};

/// Reads all segments of a log that nobody else needs to have opened, changes nothing, and says what
/// [`Log::open`](super::Log::open) would find.
///
/// # Errors
/// The file system's.
pub fn inspect(
    disk: &dyn Disk,
    settings: &LogSettings,
    mut visit: impl FnMut(u64, Vec<u8>),
) -> Result<(Vec<SegmentInfo>, Found), DiskError> {
    let (segments, found) = scan::all(disk, settings, &mut visit)?;
    Ok((segments.iter().map(super::Segment::info).collect(), found))
}
