//! Numbers and bytes as they stand in a recording.

use super::error::{Fault, Result};

/// A place in a file that reading goes on from, up to an end.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cursor<'a> {
    /// The file up to the end.
    bytes: &'a [u8],
    at: usize,
    /// Whether numbers have a variable length; otherwise they are big-endian, each as long as its type.
    is_compressed: bool,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(bytes: &'a [u8], at: usize, is_compressed: bool) -> Self {
        Self { bytes, at, is_compressed }
    }

    /// The place in the file.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// A cursor that ends where this one does and reads from another place.
    pub(super) fn moved_to(self, at: usize) -> Self {
        Self { at, ..self }
    }

    /// A cursor that reads on from here to an end that is not behind its own.
    pub(super) fn up_to(self, end: usize) -> Self {
        Self { bytes: &self.bytes[..end.min(self.bytes.len())], ..self }
    }

    pub(super) fn remaining(&self) -> usize {
        self.bytes.len().saturating_sub(self.at)
    }

    #[inline]
    pub(super) fn byte(&mut self) -> Result<u8> {
        let byte = *self.bytes.get(self.at).ok_or_else(|| self.short("a byte"))?;
        self.at += 1;
        Ok(byte)
    }

    pub(super) fn take(&mut self, count: usize) -> Result<&'a [u8]> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let taken = rest.get(..count).ok_or_else(|| self.short("as many bytes as are announced"))?;
        self.at += count;
        Ok(taken)
    }

    /// A number of a type that has so many bytes where numbers are not compressed.
    #[inline]
    pub(super) fn number(&mut self, width: usize) -> Result<u64> {
        if self.is_compressed { self.compressed() } else { self.big_endian(width) }
    }

    /// A `long`, which references are, too.
    #[inline]
    pub(super) fn long(&mut self) -> Result<u64> {
        self.number(8)
    }

    /// How many elements or bytes follow, each of which takes at least one byte.
    pub(super) fn count(&mut self) -> Result<usize> {
        let at = self.at;
        let count = self.number(4)?;
        match usize::try_from(count) {
            Ok(count) if count <= self.remaining() => Ok(count),
            _ => Err(Fault::broken(at, "a count that fits into the rest", count.to_string())),
        }
    }

    /// Seven bits a byte, the lowest first; the ninth has eight.
    #[inline]
    fn compressed(&mut self) -> Result<u64> {
        let mut value = 0;
        for shift in (0..56).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Ok(value | u64::from(self.byte()?) << 56)
    }

    fn big_endian(&mut self, width: usize) -> Result<u64> {
        Ok(self.take(width)?.iter().fold(0, |value, byte| value << 8 | u64::from(*byte)))
    }

    #[cold]
    fn short(&self, expected: &'static str) -> Fault {
        Fault::broken(self.at, expected, format!("the end at byte {}", self.bytes.len()))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_compressed_or_big_endian() {
        let check = |bytes: &[u8], is_compressed: bool, width: usize, expect: Option<(u64, usize)>| {
            let mut cursor = Cursor::new(bytes, 0, is_compressed);
            assert_eq!(cursor.number(width).ok().map(|value| (value, cursor.at())), expect, "{bytes:x?}");
        };
        check(&[0], true, 8, Some((0, 1)));
        check(&[0x7f, 1], true, 8, Some((127, 1)));
        check(&[0x80, 1], true, 8, Some((128, 2)));
        check(&[0xff; 9], true, 8, Some((u64::MAX, 9)));
        check(&[0x80, 0x80, 0x80, 0], true, 4, Some((0, 4)));
        check(&[0x80], true, 8, None);
        check(&[0xff; 8], true, 8, None);
        check(&[0, 0, 1, 2], false, 4, Some((258, 4)));
        check(&[0xff; 8], false, 8, Some((u64::MAX, 8)));
        check(&[1, 2], false, 2, Some((258, 2)));
        check(&[1, 2, 3], false, 4, None);
    }

    #[test]
    fn counts_fit_into_what_follows() {
        assert_eq!(Cursor::new(&[2, 7, 7], 0, true).count().unwrap(), 2);
        let error = Cursor::new(&[3, 7, 7], 0, true).count().unwrap_err();
        assert_eq!(error, Fault::broken(0, "a count that fits into the rest", "3"));
    }
}
