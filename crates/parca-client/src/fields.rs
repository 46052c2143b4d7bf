use crate::{Code, Error};

/// The fields of an encoded protobuf message, in the order they stand.
///
/// For what generated code cannot do: trees deeper than its recursion limit, and looking into a
/// message without building it. Groups are refused, as proto3 has none.
#[derive(Clone)]
pub(crate) struct Fields<'a>(&'a [u8]);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Field<'a> {
    pub(crate) number: u64,
    pub(crate) value: Value<'a>,
    /// Key and value as they stand.
    pub(crate) raw: &'a [u8],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Value<'a> {
    Varint(u64),
    Bytes(&'a [u8]),
    /// A fixed-width number, which no field looked at here is.
    Fixed,
}

/// Bytes that are no protobuf message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Malformed;

impl Malformed {
    pub(crate) fn in_answer(self) -> Error {
        Error::new(Code::Internal, "expected a message of Parca's, found other bytes")
    }
}

impl<'a> Fields<'a> {
    pub(crate) fn of(message: &'a [u8]) -> Self {
        Self(message)
    }

    fn field(&mut self) -> Result<Field<'a>, Malformed> {
        let before = self.0;
        let key = varint(&mut self.0)?;
        let value = match key & 7 {
            0 => Value::Varint(varint(&mut self.0)?),
            1 => self.take(8).map(|_| Value::Fixed)?,
            2 => {
                let length = usize::try_from(varint(&mut self.0)?).map_err(|_| Malformed)?;
                Value::Bytes(self.take(length)?)
            }
            5 => self.take(4).map(|_| Value::Fixed)?,
            _ => return Err(Malformed),
        };
        let raw = &before[..before.len() - self.0.len()];
        Ok(Field { number: key >> 3, value, raw })
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8], Malformed> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or(Malformed)?;
        self.0 = rest;
        Ok(taken)
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<Field<'a>, Malformed>;

    /// After malformed bytes comes nothing more.
    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let field = self.field();
        if field.is_err() {
            self.0 = &[];
        }
        Some(field)
    }
}

pub(crate) fn varint(bytes: &mut &[u8]) -> Result<u64, Malformed> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let (&byte, rest) = bytes.split_first().ok_or(Malformed)?;
        *bytes = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return if shift == 63 && byte > 1 { Err(Malformed) } else { Ok(value) };
        }
    }
    Err(Malformed)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn varints() {
        let check = |bytes: &[u8], expect| assert_eq!(varint(&mut &bytes[..]), expect, "{bytes:?}");
        check(&[0], Ok(0));
        check(&[0xac, 0x02], Ok(300));
        check(&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01], Ok(u64::MAX));
        check(&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02], Err(Malformed));
        check(&[0x80; 11], Err(Malformed));
        check(&[0x80], Err(Malformed));
        check(&[], Err(Malformed));
    }

    #[test]
    fn fields_keep_their_bytes() {
        let message = [0x08, 0x05, 0x12, 0x02, b'h', b'i', 0x1d, 0, 0, 0, 0];
        let fields: Vec<_> = Fields::of(&message).map(Result::unwrap).collect();
        assert_eq!(fields[0], Field { number: 1, value: Value::Varint(5), raw: &message[..2] });
        assert_eq!(fields[1], Field { number: 2, value: Value::Bytes(b"hi"), raw: &message[2..6] });
        assert_eq!(fields[2].value, Value::Fixed);
        assert_eq!(Fields::of(&[0x12, 0x05, 0]).collect::<Vec<_>>(), [Err(Malformed)]);
        assert_eq!(Fields::of(&[0x0b]).collect::<Vec<_>>(), [Err(Malformed)]);
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
            Fields::of(&bytes).for_each(drop);
        }
    }
}
