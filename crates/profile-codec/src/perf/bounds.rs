//! Whether the sections that a header names lie within the file: their sizes are allocated as they stand.

use super::PerfError;

const HEADER: usize = 104;
/// In a stream, the header has only a magic and its own size.
const PIPE_HEADER: u64 = 16;

/// Whether it is a file rather than a stream.
pub(super) fn is_file(bytes: &[u8]) -> Result<bool, PerfError> {
    let is_big = bytes.starts_with(b"2ELIFREP");
    let size = number(bytes, 8, is_big)?;
    if size == PIPE_HEADER {
        return Ok(false);
    }
    check(bytes, is_big)?;
    Ok(true)
}

fn check(bytes: &[u8], is_big: bool) -> Result<(), PerfError> {
    if bytes.len() < HEADER {
        return Err(PerfError::CutOff { end: HEADER as u64, length: bytes.len() as u64 });
    }
    for at in [24, 40, 56] {
        section(bytes, at, is_big)?;
    }
    let mut features = 0;
    for word in 0..4 {
        features += number(bytes, 72 + 8 * word, is_big)?.count_ones() as usize;
    }
    let data_end = number(bytes, 40, is_big)?.saturating_add(number(bytes, 48, is_big)?);
    let table = usize::try_from(data_end)
        .map_err(|_| PerfError::CutOff { end: data_end, length: bytes.len() as u64 })?;
    (0..features).try_for_each(|at| section(bytes, table.saturating_add(16 * at), is_big))
}

/// An offset and a size at this place.
fn section(bytes: &[u8], at: usize, is_big: bool) -> Result<(), PerfError> {
    let (offset, size) = (number(bytes, at, is_big)?, number(bytes, at.saturating_add(8), is_big)?);
    let (end, length) = (offset.saturating_add(size), bytes.len() as u64);
    if end > length { Err(PerfError::CutOff { end, length }) } else { Ok(()) }
}

fn number(bytes: &[u8], at: usize, is_big: bool) -> Result<u64, PerfError> {
    let cut_off = PerfError::CutOff { end: (at as u64).saturating_add(8), length: bytes.len() as u64 };
    let word = bytes.get(at..).and_then(|rest| rest.first_chunk::<8>()).ok_or(cut_off)?;
    Ok(if is_big { u64::from_be_bytes(*word) } else { u64::from_le_bytes(*word) })
}
