//! Strings in the encodings that Java writes them in.

use std::borrow::Cow;

use super::cursor::Cursor;
use super::error::{Fault, Result};

/// A string as it stands in the bytes.
#[derive(Clone, Copy, Debug, Default)]
pub(super) enum Text<'a> {
    /// Nothing, or no characters; what reads it tells these apart nowhere.
    #[default]
    Empty,
    Utf8(&'a [u8]),
    Latin1(&'a [u8]),
    /// So many UTF-16 units, each a number.
    Units(Cursor<'a>, usize),
    /// The string of this id in the pool of strings.
    Pooled(u64),
}

const NULL: u8 = 0;
const EMPTY: u8 = 1;
const POOLED: u8 = 2;
const UTF8: u8 = 3;
const UNITS: u8 = 4;
const LATIN1: u8 = 5;

impl<'a> Text<'a> {
    pub(super) fn read(cursor: &mut Cursor<'a>) -> Result<Self> {
        let at = cursor.at();
        Ok(match cursor.byte()? {
            NULL | EMPTY => Self::Empty,
            POOLED => Self::Pooled(cursor.long()?),
            UTF8 => Self::Utf8(sized(cursor)?),
            LATIN1 => Self::Latin1(sized(cursor)?),
            UNITS => {
                let count = cursor.count()?;
                let units = *cursor;
                for _ in 0..count {
                    cursor.number(2)?;
                }
                Self::Units(units, count)
            }
            other => return Err(Fault::broken(at, "an encoding of a string from 0 to 5", other.to_string())),
        })
    }

    /// At most how many bytes the text takes in UTF-8.
    pub(super) fn max_bytes(&self) -> usize {
        match self {
            Self::Empty | Self::Pooled(_) => 0,
            // Each byte may be none of UTF-8, and becomes U+FFFD then.
            Self::Utf8(bytes) => bytes.len().saturating_mul(3),
            Self::Latin1(bytes) => bytes.len().saturating_mul(2),
            Self::Units(_, count) => count.saturating_mul(3),
        }
    }

    /// The text; of one in the pool it is empty. What is no character becomes U+FFFD.
    pub(super) fn chars(&self) -> Cow<'a, str> {
        match self {
            Self::Empty | Self::Pooled(_) => Cow::Borrowed(""),
            Self::Utf8(bytes) => String::from_utf8_lossy(bytes),
            Self::Latin1(bytes) => bytes.iter().map(|byte| char::from(*byte)).collect(),
            Self::Units(units, count) => {
                let mut units = *units;
                let units = (0..*count).map_while(|_| units.number(2).ok()).map(|unit| unit as u16);
                char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
            }
        }
    }

    /// Whether it is this text, which is short.
    pub(super) fn is(&self, text: &str) -> bool {
        match self {
            Self::Utf8(bytes) => *bytes == text.as_bytes(),
            other => other.max_bytes() <= 3 * text.len() && other.chars() == text,
        }
    }
}

fn sized<'a>(cursor: &mut Cursor<'a>) -> Result<&'a [u8]> {
    let length = cursor.count()?;
    cursor.take(length)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn all_encodings_are_read() {
        let check = |bytes: &[u8], is_compressed: bool, expect: Result<&str>| {
            let mut cursor = Cursor::new(bytes, 0, is_compressed);
            let found = Text::read(&mut cursor);
            assert_eq!(found.clone().map(|text| text.chars().into_owned()), expect.map(str::to_owned));
            if let Ok(text) = found {
                assert_eq!(cursor.remaining(), 0, "{text:?}");
                assert!(text.max_bytes() >= text.chars().len());
                assert!(!text.is("another"));
                assert_eq!(text.is("aé"), text.chars() == "aé");
            }
        };
        check(&[0], true, Ok(""));
        check(&[1], true, Ok(""));
        check(&[2, 9], true, Ok(""));
        check(b"\x03\x03a\xc3\xa9", true, Ok("aé"));
        check(b"\x03\0\0\0\x03a\xc3\xa9", false, Ok("aé"));
        check(b"\x03\x01\xff", true, Ok("\u{fffd}"));
        check(b"\x04\x02a\xe9\x01", true, Ok("aé"));
        check(b"\x04\x03\xbd\xb0\x03\x80\xb8\x03a", true, Ok("\u{1f400}a"));
        check(b"\x04\x01\x80\xb8\x03", true, Ok("\u{fffd}"));
        check(b"\x04\0\0\0\x02\0a\0\xe9", false, Ok("aé"));
        check(b"\x05\x02a\xe9", true, Ok("aé"));
        let wrong = Fault::broken(0, "an encoding of a string from 0 to 5", "6");
        check(&[6], true, Err(wrong));
        check(&[3, 9, 1], true, Err(Fault::broken(1, "a count that fits into the rest", "9")));
    }
}
