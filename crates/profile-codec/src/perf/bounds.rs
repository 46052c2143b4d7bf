//! Whether the sizes and counts in a recording fit into it: the reader allocates what they say.

use super::PerfError;

const HEADER: u64 = 104;
/// In a stream, the header has only a magic and its own size.
const PIPE_HEADER: u64 = 16;
/// The smallest description of an event there ever was.
const MIN_ATTRIBUTE: u64 = 64;

/// The feature sections whose counts are allocated.
const STRINGS: [u64; 6] = [3, 4, 5, 6, 8, 9];
const COMMAND_LINE: u64 = 11;
const EVENTS: u64 = 12;
/// From here on they are Android's.
const SIMPLEPERF: u64 = 128;

const AUXTRACE: u32 = 71;
const FEATURE: u32 = 80;

type Result<T> = std::result::Result<T, PerfError>;

/// Whether it is a file rather than a stream.
pub(super) fn is_file(bytes: &[u8]) -> Result<bool> {
    let all = Bytes { bytes, is_big: bytes.starts_with(b"2ELIFREP") };
    if all.number(8)? == PIPE_HEADER {
        all.records(PIPE_HEADER, bytes.len() as u64)?;
        return Ok(false);
    }
    all.file()?;
    Ok(true)
}

#[derive(Clone, Copy)]
struct Bytes<'a> {
    bytes: &'a [u8],
    is_big: bool,
}

impl<'a> Bytes<'a> {
    fn file(self) -> Result<()> {
        self.part(0, HEADER)?;
        self.part_of_section(24)?;
        let (data, data_size) = (self.number(40)?, self.number(48)?);
        self.part(data, data_size)?;
        if self.number(16)? < MIN_ATTRIBUTE {
            return Err(broken("an event is described by more bytes"));
        }
        if self.number(64)? != 0 {
            return Err(broken("it is by a perf from before 2010, whose files are not read"));
        }
        let mut table = data.saturating_add(data_size);
        for bit in 0..256 {
            if self.number(72 + 8 * (bit / 64))? >> (bit % 64) & 1 == 0 {
                continue;
            }
            if bit >= SIMPLEPERF {
                return Err(broken("it is by Android's simpleperf: convert it with its own scripts"));
            }
            self.feature(bit, self.part_of_section(table)?)?;
            table += 16;
        }
        self.records(data, data.saturating_add(data_size))
    }

    /// What lies behind an offset and a size at this place.
    fn part_of_section(self, at: u64) -> Result<Bytes<'a>> {
        self.part(self.number(at)?, self.number(at.saturating_add(8))?)
    }

    fn part(self, offset: u64, size: u64) -> Result<Bytes<'a>> {
        let (end, length) = (offset.saturating_add(size), self.bytes.len() as u64);
        let range = usize::try_from(offset).ok().zip(usize::try_from(end).ok());
        let bytes = range.and_then(|(start, end)| self.bytes.get(start..end));
        Ok(Bytes { bytes: bytes.ok_or(PerfError::CutOff { end, length })?, ..self })
    }

    fn number(self, at: u64) -> Result<u64> {
        let word = self.part(at, 8)?.bytes.first_chunk::<8>().copied().unwrap_or_default();
        Ok(if self.is_big { u64::from_be_bytes(word) } else { u64::from_le_bytes(word) })
    }

    fn small_number(self, at: u64) -> Result<u64> {
        let word = self.part(at, 4)?.bytes.first_chunk::<4>().copied().unwrap_or_default();
        Ok(u64::from(if self.is_big { u32::from_be_bytes(word) } else { u32::from_le_bytes(word) }))
    }

    /// The counts of a feature section.
    fn feature(self, bit: u64, section: Bytes<'_>) -> Result<()> {
        match bit {
            _ if STRINGS.contains(&bit) => section.string(0).map(drop),
            COMMAND_LINE => {
                let count = section.small_number(0)?;
                section.part(4, count.saturating_mul(4)).map(drop)
            }
            EVENTS => section.events(),
            _ => Ok(()),
        }
    }

    /// Where the text ends that begins here with its length.
    fn string(self, at: u64) -> Result<u64> {
        let length = self.small_number(at)?;
        self.part(at.saturating_add(4), length)?;
        Ok(at + 4 + length)
    }

    fn events(self) -> Result<()> {
        let (count, attribute) = (self.small_number(0)?, self.small_number(4)?);
        self.part(8, count.saturating_mul(attribute.max(1)))?;
        let mut at = 8;
        for _ in 0..count {
            at += attribute;
            let ids = self.small_number(at)?;
            at = self.string(at + 4)?;
            self.part(at, ids * 8)?;
            at += ids * 8;
        }
        Ok(())
    }

    /// Sizes inside of records.
    fn records(self, start: u64, end: u64) -> Result<()> {
        let mut at = start;
        while at.saturating_add(8) <= end {
            let head = self.number(at)?.to_le_bytes();
            let (kind, size) = match self.is_big {
                false => (
                    u32::from_le_bytes([head[0], head[1], head[2], head[3]]),
                    u16::from_le_bytes([head[6], head[7]]),
                ),
                true => (
                    u32::from_be_bytes([head[7], head[6], head[5], head[4]]),
                    u16::from_be_bytes([head[1], head[0]]),
                ),
            };
            // The reader says what is wrong with a record that is smaller than its head.
            if size < 8 {
                return Ok(());
            }
            let mut next = at.saturating_add(u64::from(size));
            if kind == AUXTRACE {
                let more = self.number(at + 8)?;
                self.part(next, more)?;
                next = next.saturating_add(more);
            }
            if kind == FEATURE && size >= 16 && next <= end {
                // The reader takes the lower half of the number.
                let bit = self.number(at + 8)? & u64::from(u32::MAX);
                self.feature(bit, self.part(at + 16, u64::from(size) - 16)?)?;
            }
            at = next;
        }
        Ok(())
    }
}

fn broken(what: &str) -> PerfError {
    PerfError::Broken(what.to_owned())
}
