//! Protobuf's wire format, over slices.

/// Why bytes are not protobuf.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WireError {
    /// The bytes end in the middle of something.
    #[error("unexpected EOF")]
    Truncated,
    /// A number has more than 64 bits.
    #[error("expected a varint of at most 64 bits")]
    LongVarint,
    /// The field number is 0 or above 2²⁹ − 1.
    #[error("expected a field number, found {0}")]
    FieldNumber(u64),
    /// Deprecated groups, or a wire type that never was.
    #[error("expected wire type 0, 1, 2 or 5, found {0}")]
    WireType(u8),
    /// A known field does not have the type it must have.
    #[error("expected another wire type in field {0}")]
    Mismatch(u32),
}

pub(crate) type Result<T> = std::result::Result<T, WireError>;

/// Reads a message field by field.
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
}

/// A field as it stands in the bytes.
#[derive(Clone, Copy)]
pub(crate) struct Field<'a> {
    pub(crate) number: u32,
    value: Value<'a>,
}

#[derive(Clone, Copy)]
enum Value<'a> {
    Varint(u64),
    Bytes(&'a [u8]),
    Fixed,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(message: &'a [u8]) -> Self {
        Self { rest: message }
    }

    /// The next field, or nothing at the end of the message.
    #[inline]
    pub(crate) fn next(&mut self) -> Result<Option<Field<'a>>> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let tag = self.varint()?;
        let number = match u32::try_from(tag >> 3) {
            Ok(number @ 1..=0x1fff_ffff) => number,
            _ => return Err(WireError::FieldNumber(tag >> 3)),
        };
        let value = match (tag & 7) as u8 {
            0 => Value::Varint(self.varint()?),
            1 => self.skip(8)?,
            2 => Value::Bytes(self.bytes()?),
            5 => self.skip(4)?,
            other => return Err(WireError::WireType(other)),
        };
        Ok(Some(Field { number, value }))
    }

    /// Most numbers in a profile are ids and lines of one or two bytes.
    #[inline]
    fn varint(&mut self) -> Result<u64> {
        match self.rest {
            [only @ 0..0x80, rest @ ..] => {
                self.rest = rest;
                Ok(u64::from(*only))
            }
            [low, high @ 0..0x80, rest @ ..] => {
                self.rest = rest;
                Ok(u64::from(low & 0x7f) | u64::from(*high) << 7)
            }
            _ => self.long_varint(),
        }
    }

    fn long_varint(&mut self) -> Result<u64> {
        let mut value = 0;
        for (at, byte) in self.rest.iter().take(10).enumerate() {
            if at == 9 && *byte > 1 {
                return Err(WireError::LongVarint);
            }
            value |= u64::from(byte & 0x7f) << (7 * at);
            if *byte < 0x80 {
                self.rest = &self.rest[at + 1..];
                return Ok(value);
            }
        }
        Err(if self.rest.len() < 10 { WireError::Truncated } else { WireError::LongVarint })
    }

    #[inline]
    fn bytes(&mut self) -> Result<&'a [u8]> {
        let length = self.varint()?;
        self.take(usize::try_from(length).unwrap_or(usize::MAX))
    }

    #[inline]
    fn take(&mut self, length: usize) -> Result<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(length).ok_or(WireError::Truncated)?;
        self.rest = rest;
        Ok(taken)
    }

    fn skip(&mut self, length: usize) -> Result<Value<'a>> {
        self.take(length).map(|_| Value::Fixed)
    }
}

impl<'a> Field<'a> {
    #[inline]
    pub(super) fn varint(self) -> Result<u64> {
        match self.value {
            Value::Varint(value) => Ok(value),
            _ => Err(WireError::Mismatch(self.number)),
        }
    }

    #[inline]
    pub(crate) fn signed(self) -> Result<i64> {
        self.varint().map(|value| value as i64)
    }

    #[inline]
    pub(super) fn bool(self) -> Result<bool> {
        self.varint().map(|value| value != 0)
    }

    #[inline]
    pub(crate) fn bytes(self) -> Result<&'a [u8]> {
        match self.value {
            Value::Bytes(bytes) => Ok(bytes),
            _ => Err(WireError::Mismatch(self.number)),
        }
    }

    /// How many numbers [`each_varint`](Self::each_varint) will give: a varint ends with its only
    /// byte below 0x80.
    #[inline]
    pub(super) fn varint_count(self) -> usize {
        match self.value {
            Value::Bytes(packed) => packed.iter().filter(|byte| **byte < 0x80).count(),
            _ => 1,
        }
    }

    /// The numbers of a repeated field: packed several, otherwise one.
    #[inline]
    pub(super) fn each_varint(self, mut take: impl FnMut(u64)) -> Result<()> {
        match self.value {
            Value::Varint(value) => take(value),
            Value::Bytes(packed) => {
                let mut reader = Reader::new(packed);
                while !reader.rest.is_empty() {
                    take(reader.varint()?);
                }
            }
            Value::Fixed => return Err(WireError::Mismatch(self.number)),
        }
        Ok(())
    }
}

/// Writes a message field by field; what has its default value is left out, as proto3 has it.
#[derive(Default)]
pub(super) struct Writer {
    bytes: Vec<u8>,
    /// Kept to be used again.
    nested: Option<Box<Writer>>,
}

impl Writer {
    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    pub(super) fn uint(&mut self, number: u32, value: u64) {
        if value != 0 {
            self.varint(u64::from(number) << 3);
            self.varint(value);
        }
    }

    pub(super) fn int(&mut self, number: u32, value: i64) {
        self.uint(number, value as u64);
    }

    pub(super) fn bool(&mut self, number: u32, value: bool) {
        self.uint(number, u64::from(value));
    }

    /// One of a repeated field, empty or not.
    pub(super) fn bytes(&mut self, number: u32, value: &[u8]) {
        self.varint(u64::from(number) << 3 | 2);
        self.varint(value.len() as u64);
        self.bytes.extend_from_slice(value);
    }

    pub(super) fn message(&mut self, number: u32, fill: impl FnOnce(&mut Writer)) {
        let mut nested = self.nested.take().unwrap_or_default();
        nested.bytes.clear();
        fill(&mut nested);
        self.bytes(number, &nested.bytes);
        self.nested = Some(nested);
    }

    pub(super) fn packed(&mut self, number: u32, values: impl ExactSizeIterator<Item = u64>) {
        if values.len() > 0 {
            self.message(number, |packed| values.for_each(|value| packed.varint(value)));
        }
    }

    fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.bytes.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.bytes.push(value as u8);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn varints_round_trip() {
        for value in [0, 1, 127, 128, 300, u64::from(u32::MAX), i64::MAX as u64, u64::MAX] {
            let mut writer = Writer::default();
            writer.varint(value);
            let bytes = writer.into_bytes();
            let mut reader = Reader::new(&bytes);
            assert_eq!(reader.varint(), Ok(value));
            assert!(reader.rest.is_empty());
        }
    }

    #[test]
    fn what_is_not_protobuf_is_refused() {
        #[track_caller]
        fn check(bytes: &[u8], expect: WireError) {
            assert_eq!(Reader::new(bytes).next().err(), Some(expect));
        }
        check(&[0x80], WireError::Truncated);
        check(&[0x08], WireError::Truncated);
        check(&[0x0a, 5, 1], WireError::Truncated);
        check(&[0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1], WireError::Truncated);
        check(&[0x09, 1, 2, 3], WireError::Truncated);
        check(&[0xff; 11], WireError::LongVarint);
        check(&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2], WireError::LongVarint);
        check(&[0x00, 1], WireError::FieldNumber(0));
        check(&[0x0b], WireError::WireType(3));
        check(&[0x0f], WireError::WireType(7));
    }

    #[test]
    fn repeated_numbers_are_read_packed_or_not() {
        let field = Reader::new(&[0x0a, 3, 1, 0x80, 1]).next().unwrap().unwrap();
        let mut numbers = Vec::new();
        field.each_varint(|number| numbers.push(number)).unwrap();
        let field = Reader::new(&[0x08, 7]).next().unwrap().unwrap();
        field.each_varint(|number| numbers.push(number)).unwrap();
        assert_eq!(numbers, [1, 128, 7]);
        assert_eq!(field.bytes(), Err(WireError::Mismatch(1)));
    }
}
