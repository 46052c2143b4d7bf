use std::{borrow::Cow, ops::Range};

use profile_model::{StringId, Symbols};

use super::{ArrowError, budget::Budget, schema::Width};

/// Which values of a column are there.
pub(super) struct Nulls<'a>(Option<Cow<'a, [u8]>>);

impl<'a> Nulls<'a> {
    pub(super) fn none() -> Self {
        Self(None)
    }

    /// From a bit per row, set where there is a value.
    pub(super) fn new(bits: Cow<'a, [u8]>) -> Self {
        Self(Some(bits))
    }

    pub(super) fn is_null(&self, row: usize) -> bool {
        self.0.as_ref().is_some_and(|bits| !bit(bits, row))
    }
}

/// A bit of a bitmap; unset beyond its end.
fn bit(bits: &[u8], at: usize) -> bool {
    bits.get(at / 8).is_some_and(|byte| byte >> (at % 8) & 1 == 1)
}

/// A column of truth values.
pub(super) struct Bools<'a>(Option<(Cow<'a, [u8]>, Nulls<'a>)>);

impl<'a> Bools<'a> {
    pub(super) fn missing() -> Self {
        Self(None)
    }

    pub(super) fn new(bits: Cow<'a, [u8]>, nulls: Nulls<'a>) -> Self {
        Self(Some((bits, nulls)))
    }

    pub(super) fn get(&self, row: usize) -> Option<bool> {
        let (bits, nulls) = self.0.as_ref()?;
        (!nulls.is_null(row)).then(|| bit(bits, row))
    }
}

/// A column of integers of any width.
pub(super) struct Integers<'a> {
    name: &'a str,
    bytes: Cow<'a, [u8]>,
    width: Width,
    len: usize,
    nulls: Nulls<'a>,
}

impl<'a> Integers<'a> {
    pub(super) fn missing(name: &'a str) -> Self {
        let (bytes, width) = (Cow::Borrowed(&[][..]), Width { bytes: 1, signed: false });
        Self { name, bytes, width, len: 0, nulls: Nulls::none() }
    }

    /// The bytes must be enough for `len` values.
    pub(super) fn new(
        name: &'a str,
        bytes: Cow<'a, [u8]>,
        width: Width,
        len: usize,
        nulls: Nulls<'a>,
    ) -> Self {
        Self { name, bytes, width, len, nulls }
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn error(&self, row: usize, expected: &'static str, found: impl ToString) -> ArrowError {
        let found = format!("`{}`", found.to_string());
        ArrowError::Value { column: self.name.to_owned(), row, expected, found }
    }

    /// A number, nothing where it is null. An unsigned one of 2^63 and above is negative: Parca
    /// casts its signed values, of which those of a difference may be below 0.
    pub(super) fn get(&self, row: usize) -> Option<i64> {
        self.bits(row).map(u64::cast_signed)
    }

    /// A number without a sign, whatever the column says.
    pub(super) fn get_unsigned(&self, row: usize) -> Option<u64> {
        self.bits(row)
    }

    /// A number that counts or points: nothing where it is null, an error where it is negative or
    /// not less than `end`.
    pub(super) fn index(&self, row: usize, end: usize) -> Result<Option<usize>, ArrowError> {
        let Some(number) = self.get(row) else { return Ok(None) };
        match usize::try_from(number) {
            Ok(index) if index < end => Ok(Some(index)),
            _ => Err(self.error(row, "an index in range", number)),
        }
    }

    /// The value, extended to 64 bits by its sign if it has one.
    #[inline]
    fn bits(&self, row: usize) -> Option<u64> {
        if row >= self.len || self.nulls.is_null(row) {
            return None;
        }
        let Width { bytes, signed } = self.width;
        let start = row * bytes;
        let bytes = self.bytes.get(start..start + bytes)?;
        Some(match (bytes, signed) {
            (&[a], false) => a.into(),
            (&[a], true) => a.cast_signed() as u64,
            (&[a, b], false) => u16::from_le_bytes([a, b]).into(),
            (&[a, b], true) => i16::from_le_bytes([a, b]) as u64,
            (&[a, b, c, d], false) => u32::from_le_bytes([a, b, c, d]).into(),
            (&[a, b, c, d], true) => i32::from_le_bytes([a, b, c, d]) as u64,
            (bytes, _) => u64::from_le_bytes(*bytes.first_chunk()?),
        })
    }
}

/// Where entries start and end in something else.
///
/// No byte belongs to two entries. Were that not checked for entries that are null, or that nobody
/// refers to, those between them could all be as long as the whole.
pub(super) struct Spans<'a>(Integers<'a>);

impl<'a> Spans<'a> {
    pub(super) fn missing(name: &'a str) -> Self {
        Self(Integers::missing(name))
    }

    /// From one more offset than there are entries, into something that ends at `end`.
    pub(super) fn new(offsets: Integers<'a>, end: usize) -> Result<Self, ArrowError> {
        let mut last = 0;
        for at in 0..offsets.len() {
            let offset = offsets.index(at, end + 1)?.unwrap_or(last);
            if offset < last {
                return Err(offsets.error(at, "offsets in ascending order", offset));
            }
            last = offset;
        }
        Ok(Self(offsets))
    }

    /// Empty beyond the last entry.
    pub(super) fn get(&self, at: usize) -> Range<usize> {
        let offset = |at| self.0.get(at).and_then(|offset| usize::try_from(offset).ok());
        offset(at).zip(offset(at + 1)).map_or(0..0, |(start, end)| start..end)
    }
}

/// Text or bytes, one after the other.
pub(super) struct Strings<'a> {
    spans: Spans<'a>,
    data: Cow<'a, [u8]>,
    nulls: Nulls<'a>,
    len: usize,
}

impl<'a> Strings<'a> {
    pub(super) fn empty(name: &'a str) -> Self {
        Self::new(Spans::missing(name), Cow::Borrowed(&[]), Nulls::none(), 0)
    }

    pub(super) fn new(spans: Spans<'a>, data: Cow<'a, [u8]>, nulls: Nulls<'a>, len: usize) -> Self {
        Self { spans, data, nulls, len }
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Text to be copied, which is paid for here, with what is not UTF-8 replaced: Go, and so
    /// Parca, does not check.
    fn get(&self, at: usize, budget: &mut Budget) -> Result<Option<Cow<'_, str>>, ArrowError> {
        self.bytes(at).map(|bytes| paid_text(bytes, budget)).transpose()
    }

    /// The bytes of an entry, nothing where it is null.
    pub(super) fn bytes(&self, at: usize) -> Option<&[u8]> {
        if self.nulls.is_null(at) {
            return None;
        }
        self.data.get(self.spans.get(at))
    }
}

/// Bytes as text, its copy paid for.
pub(super) fn paid_text<'t>(bytes: &'t [u8], budget: &mut Budget) -> Result<Cow<'t, str>, ArrowError> {
    match str::from_utf8(bytes) {
        Ok(text) => {
            budget.spend(text.len())?;
            Ok(Cow::Borrowed(text))
        }
        Err(_) => {
            budget.spend(bytes.len().saturating_mul(char::REPLACEMENT_CHARACTER.len_utf8()))?;
            Ok(String::from_utf8_lossy(bytes))
        }
    }
}

/// A column of text or bytes.
pub(super) enum Texts<'a> {
    /// Each row has its own.
    Plain(Strings<'a>),
    /// Each row has the position of its own.
    Dictionary { keys: Integers<'a>, values: Strings<'a> },
}

impl<'a> Texts<'a> {
    pub(super) fn missing() -> Self {
        Self::Dictionary { keys: Integers::missing(""), values: Strings::empty("") }
    }

    /// The text of a row, nothing where it is null.
    pub(super) fn get(&self, row: usize, budget: &mut Budget) -> Result<Option<Cow<'_, str>>, ArrowError> {
        match self {
            Self::Plain(strings) => strings.get(row, budget),
            Self::Dictionary { keys, values } => match keys.index(row, values.len)? {
                Some(at) => values.get(at, budget),
                None => Ok(None),
            },
        }
    }

    /// The rows as ids of symbols.
    pub(super) fn intern(
        &self,
        rows: usize,
        symbols: &mut Symbols,
        budget: &mut Budget,
    ) -> Result<Interned, ArrowError> {
        let mut intern = |strings: &Strings<'_>, at| {
            let text = strings.get(at, budget)?;
            Ok(text.map(|text| symbols.intern_string(&text)))
        };
        match self {
            Self::Plain(strings) => (0..rows).map(|row| intern(strings, row)).collect(),
            Self::Dictionary { keys, values } => {
                intern_entries(keys, values.len, rows, |at| intern(values, at))
            }
        }
    }
}

/// Ids of strings by row.
pub(super) type Interned = Vec<Option<StringId>>;

/// Looks every entry of a dictionary up once, and only if a row has it.
fn intern_entries(
    keys: &Integers<'_>,
    entries: usize,
    rows: usize,
    mut intern: impl FnMut(usize) -> Result<Option<StringId>, ArrowError>,
) -> Result<Interned, ArrowError> {
    let mut known: Vec<Option<Option<StringId>>> = vec![None; entries];
    let mut ids = Vec::with_capacity(rows);
    for row in 0..rows {
        let Some(at) = keys.index(row, entries)? else {
            ids.push(None);
            continue;
        };
        let id = match known[at] {
            Some(id) => id,
            None => *known[at].insert(intern(at)?),
        };
        ids.push(id);
    }
    Ok(ids)
}

/// A column of lists of numbers.
pub(super) struct Lists<'a> {
    spans: Spans<'a>,
    items: Integers<'a>,
    nulls: Nulls<'a>,
}

impl<'a> Lists<'a> {
    pub(super) fn missing(name: &'a str) -> Self {
        Self { spans: Spans::missing(name), items: Integers::missing(name), nulls: Nulls::none() }
    }

    pub(super) fn new(spans: Spans<'a>, items: Integers<'a>, nulls: Nulls<'a>) -> Self {
        Self { spans, items, nulls }
    }

    /// How many numbers there are in all lists.
    pub(super) fn items(&self) -> usize {
        self.items.len()
    }

    /// The numbers of a row that are not null, each of which must be less than `end`.
    pub(super) fn get(&self, row: usize, end: usize) -> Result<Vec<usize>, ArrowError> {
        if self.nulls.is_null(row) {
            return Ok(Vec::new());
        }
        let span = self.spans.get(row);
        let mut numbers = Vec::with_capacity(span.len());
        for at in span {
            numbers.extend(self.items.index(at, end)?);
        }
        Ok(numbers)
    }
}
