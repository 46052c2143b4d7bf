use std::borrow::Cow;

use arrow_ipc::{CompressionType, DictionaryBatch, RecordBatch};
use hashbrown::HashMap;

use super::{
    ArrowError,
    budget::Budget,
    column::{Bools, Integers, Lists, Nulls, Spans, Strings, Texts},
    lz4,
    schema::{Field, Kind, Offsets, Width},
};

type Dictionaries<'a> = HashMap<i64, Block<'a>, foldhash::fast::RandomState>;

/// The nodes and buffers of a record batch, or of a dictionary.
pub(super) struct Block<'a> {
    batch: RecordBatch<'a>,
    body: &'a [u8],
    compressed: bool,
}

impl<'a> Block<'a> {
    pub(super) fn new(batch: RecordBatch<'a>, body: &'a [u8]) -> Result<Self, ArrowError> {
        Ok(Self { batch, body, compressed: is_compressed(batch)? })
    }

    /// How many rows it has.
    pub(super) fn len(&self) -> Result<usize, ArrowError> {
        length(self.batch.length(), "a number of rows")
    }

    /// The length and the number of nulls of a node; a negative number of nulls is unknown.
    pub(super) fn node(&self, at: usize) -> Result<(usize, i64), ArrowError> {
        let nodes = self.batch.nodes().unwrap_or_default();
        if at >= nodes.len() {
            let found = format!("{} of them", nodes.len());
            return Err(ArrowError::Stream { expected: "a node for each column", found });
        }
        let node = nodes.get(at);
        Ok((length(node.length(), "a length of a column")?, node.null_count()))
    }

    pub(super) fn buffer(&self, at: usize, budget: &mut Budget) -> Result<Cow<'a, [u8]>, ArrowError> {
        let stored = self.stored(at)?;
        if !self.compressed || stored.is_empty() {
            budget.spend(stored.len())?;
            return Ok(Cow::Borrowed(stored));
        }
        let prefix = stored.split_first_chunk::<8>();
        let (prefix, data) = prefix.ok_or(ArrowError::Lz4("a buffer has no length"))?;
        match i64::from_le_bytes(*prefix) {
            // "May be set to -1 to indicate that the data that follows is not compressed".
            -1 => {
                budget.spend(data.len())?;
                Ok(Cow::Borrowed(data))
            }
            len => {
                let len = length(len, "a length of a buffer")?;
                budget.spend(len)?;
                lz4::decompress(data, len).map(Cow::Owned)
            }
        }
    }

    /// A buffer as it is in the body.
    fn stored(&self, at: usize) -> Result<&'a [u8], ArrowError> {
        let buffers = self.batch.buffers().unwrap_or_default();
        if at >= buffers.len() {
            let found = format!("{} of them", buffers.len());
            return Err(ArrowError::Stream { expected: "buffers for each column", found });
        }
        let buffer = buffers.get(at);
        let offset = length(buffer.offset(), "an offset of a buffer")?;
        let len = length(buffer.length(), "a length of a buffer")?;
        let bytes = offset.checked_add(len).and_then(|end| self.body.get(offset..end));
        bytes.ok_or_else(|| ArrowError::Stream {
            expected: "a buffer inside the body",
            found: format!("{len} bytes at {offset} of {}", self.body.len()),
        })
    }

    /// How many buffers each part of a column has that only the batch counts.
    pub(super) fn variadic(&self) -> Result<Vec<usize>, ArrowError> {
        let counts = self.batch.variadicBufferCounts().unwrap_or_default();
        counts.iter().map(|count| length(count, "a number of buffers")).collect()
    }

    pub(super) fn nulls(
        &self,
        at: usize,
        len: usize,
        count: i64,
        budget: &mut Budget,
    ) -> Result<Nulls<'a>, ArrowError> {
        if count == 0 {
            return Ok(Nulls::none());
        }
        let bits = self.buffer(at, budget)?;
        if bits.is_empty() && count < 0 {
            return Ok(Nulls::none());
        }
        check_size(&bits, len.div_ceil(8))?;
        Ok(Nulls::new(bits))
    }
}

/// A record batch whose columns are read by name. A column that is not there is all nulls.
pub(super) struct Batch<'r, 'a> {
    block: Block<'a>,
    rows: usize,
    fields: &'r [Field<'a>],
    /// The first node and buffer of each field.
    places: Vec<Place>,
    dictionaries: &'r Dictionaries<'a>,
    budget: &'r mut Budget,
}

#[derive(Clone, Copy, Default)]
struct Place {
    node: usize,
    buffer: usize,
}

impl<'r, 'a> Batch<'r, 'a> {
    pub(super) fn new(
        block: Block<'a>,
        rows: usize,
        fields: &'r [Field<'a>],
        dictionaries: &'r Dictionaries<'a>,
        budget: &'r mut Budget,
    ) -> Result<Self, ArrowError> {
        let places = places(fields, &block.batch)?;
        Ok(Self { block, rows, fields, places, dictionaries, budget })
    }

    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    pub(super) fn budget(&mut self) -> &mut Budget {
        self.budget
    }

    /// An error if there is no such column.
    pub(super) fn require(&self, name: &'static str) -> Result<(), ArrowError> {
        self.find(name).map(drop).ok_or(ArrowError::NoColumn(name))
    }

    pub(super) fn integers(&mut self, name: &'a str) -> Result<Integers<'a>, ArrowError> {
        let Some((field, place)) = self.find(name) else { return Ok(Integers::missing(name)) };
        match field.kind {
            Kind::Null => Ok(Integers::missing(name)),
            Kind::Integer(width) => self.integers_at(name, place, width, Some(self.rows)),
            _ => Err(wrong_type(field, "integers")),
        }
    }

    pub(super) fn bools(&mut self, name: &str) -> Result<Bools<'a>, ArrowError> {
        let Some((field, place)) = self.find(name) else { return Ok(Bools::missing()) };
        match field.kind {
            Kind::Null => Ok(Bools::missing()),
            Kind::Bool => {
                let (_, nulls) = self.node(place, Some(self.rows))?;
                let bits = self.block.buffer(place.buffer + 1, self.budget)?;
                check_size(&bits, self.rows.div_ceil(8))?;
                Ok(Bools::new(bits, nulls))
            }
            _ => Err(wrong_type(field, "booleans")),
        }
    }

    pub(super) fn texts(&mut self, name: &str) -> Result<Texts<'a>, ArrowError> {
        match self.find(name) {
            Some((field, place)) => self.texts_of(field, place),
            None => Ok(Texts::missing()),
        }
    }

    /// The columns whose names start so, each with the rest of its name, but for those of a type
    /// that has no values: they are free, and would cost a look for each row.
    pub(super) fn texts_below(&mut self, prefix: &str) -> Result<Vec<(&'a str, Texts<'a>)>, ArrowError> {
        let mut found = Vec::new();
        for (at, field) in self.fields.iter().enumerate() {
            match field.name.strip_prefix(prefix) {
                Some(rest) if !matches!(field.kind, Kind::Null) => {
                    found.push((rest, self.texts_of(field, self.places[at])?));
                }
                _ => {}
            }
        }
        Ok(found)
    }

    fn texts_of(&mut self, field: &Field<'a>, place: Place) -> Result<Texts<'a>, ArrowError> {
        let name = field.name;
        match field.kind {
            Kind::Null => Ok(Texts::missing()),
            Kind::Text(offsets) => {
                let strings = read_strings(&self.block, name, place, offsets, self.budget)?;
                check_rows(strings.len(), self.rows)?;
                Ok(Texts::Plain(strings))
            }
            Kind::Dictionary { key, id, values: offsets } => {
                let keys = self.integers_at(name, place, key, Some(self.rows))?;
                let values = match self.dictionaries.get(&id) {
                    Some(block) => {
                        let strings = read_strings(block, name, Place::default(), offsets, self.budget)?;
                        check_rows(strings.len(), block.len()?)?;
                        strings
                    }
                    // "Dictionary batches may be omitted when all values in the column are null".
                    None => Strings::empty(name),
                };
                Ok(Texts::Dictionary { keys, values })
            }
            _ => Err(wrong_type(field, "text or bytes, in a dictionary or not")),
        }
    }

    pub(super) fn lists(&mut self, name: &'a str) -> Result<Lists<'a>, ArrowError> {
        let Some((field, place)) = self.find(name) else { return Ok(Lists::missing(name)) };
        match field.kind {
            Kind::Null => Ok(Lists::missing(name)),
            Kind::List { offsets, items } => {
                let (_, nulls) = self.node(place, Some(self.rows))?;
                let ends =
                    read_offsets(&self.block, name, place.buffer + 1, self.rows, offsets, self.budget)?;
                let place = Place { node: place.node + 1, buffer: place.buffer + 2 };
                let items = self.integers_at(name, place, items, None)?;
                Ok(Lists::new(Spans::new(ends, items.len())?, items, nulls))
            }
            _ => Err(wrong_type(field, "lists of integers")),
        }
    }

    fn find(&self, name: &str) -> Option<(&'r Field<'a>, Place)> {
        let at = self.fields.iter().position(|field| field.name == name)?;
        Some((&self.fields[at], self.places[at]))
    }

    fn integers_at(
        &mut self,
        name: &'a str,
        place: Place,
        width: Width,
        rows: Option<usize>,
    ) -> Result<Integers<'a>, ArrowError> {
        let (len, nulls) = self.node(place, rows)?;
        let bytes = self.block.buffer(place.buffer + 1, self.budget)?;
        check_size(&bytes, len.saturating_mul(width.bytes))?;
        Ok(Integers::new(name, bytes, width, len, nulls))
    }

    /// The length and the nulls of a column, which must have that many rows.
    fn node(&mut self, place: Place, rows: Option<usize>) -> Result<(usize, Nulls<'a>), ArrowError> {
        let (len, null_count) = self.block.node(place.node)?;
        check_rows(len, rows.unwrap_or(len))?;
        Ok((len, self.block.nulls(place.buffer, len, null_count, self.budget)?))
    }
}

fn places(fields: &[Field<'_>], batch: &RecordBatch<'_>) -> Result<Vec<Place>, ArrowError> {
    let mut variadic = batch.variadicBufferCounts().unwrap_or_default().iter();
    let (mut place, mut places) = (Place::default(), Vec::with_capacity(fields.len()));
    for field in fields {
        places.push(place);
        let footprint = field.footprint;
        place.node = place.node.saturating_add(footprint.nodes);
        place.buffer = place.buffer.saturating_add(footprint.buffers);
        for count in variadic.by_ref().take(footprint.variadic) {
            let count = length(count, "a number of buffers")?;
            place.buffer = place.buffer.saturating_add(count);
        }
    }
    Ok(places)
}

fn read_strings<'a>(
    block: &Block<'a>,
    name: &'a str,
    place: Place,
    offsets: Offsets,
    budget: &mut Budget,
) -> Result<Strings<'a>, ArrowError> {
    let (len, null_count) = block.node(place.node)?;
    let nulls = block.nulls(place.buffer, len, null_count, budget)?;
    let offsets = read_offsets(block, name, place.buffer + 1, len, offsets, budget)?;
    let data = block.buffer(place.buffer + 2, budget)?;
    Ok(Strings::new(Spans::new(offsets, data.len())?, data, nulls, len))
}

/// Where `len` entries start and end. With no entries there may be no offsets at all.
pub(super) fn read_offsets<'a>(
    block: &Block<'a>,
    name: &'a str,
    at: usize,
    len: usize,
    offsets: Offsets,
    budget: &mut Budget,
) -> Result<Integers<'a>, ArrowError> {
    let bytes = block.buffer(at, budget)?;
    let count = if len == 0 { 0 } else { len.saturating_add(1) };
    check_size(&bytes, count.saturating_mul(offsets.bytes))?;
    Ok(Integers::new(name, bytes, Width { bytes: offsets.bytes, signed: true }, count, Nulls::none()))
}

fn length(number: i64, expected: &'static str) -> Result<usize, ArrowError> {
    let invalid = |_| ArrowError::Stream { expected, found: format!("`{number}`") };
    usize::try_from(number).map_err(invalid)
}

pub(super) fn check_size(bytes: &[u8], needed: usize) -> Result<(), ArrowError> {
    if bytes.len() < needed {
        let found = format!("{} bytes where {needed} are needed", bytes.len());
        return Err(ArrowError::Stream { expected: "a buffer as long as its column", found });
    }
    Ok(())
}

fn check_rows(len: usize, rows: usize) -> Result<(), ArrowError> {
    if len != rows {
        let found = format!("{len} values for {rows} rows");
        return Err(ArrowError::Stream { expected: "columns as long as their batch", found });
    }
    Ok(())
}

fn wrong_type(field: &Field<'_>, expected: &'static str) -> ArrowError {
    let found = match &field.kind {
        Kind::Other(name) => format!("`{name}`"),
        other => format!("`{other:?}`"),
    };
    ArrowError::ColumnType { column: field.name.to_owned(), expected, found }
}

/// The entries of a dictionary that does not add to one before.
pub(super) fn entries(dictionary: DictionaryBatch<'_>) -> Result<RecordBatch<'_>, ArrowError> {
    if dictionary.isDelta() {
        let expected = "whole dictionaries";
        return Err(ArrowError::Unsupported { expected, found: "an addition to one".to_owned() });
    }
    dictionary.data().ok_or_else(|| ArrowError::unexpected("the data of a dictionary", "nothing"))
}

fn is_compressed(batch: RecordBatch<'_>) -> Result<bool, ArrowError> {
    match batch.compression().map(|compression| compression.codec()) {
        None => Ok(false),
        Some(CompressionType::LZ4_FRAME) => Ok(true),
        Some(other) => Err(ArrowError::Unsupported {
            expected: "buffers compressed by LZ4, or not at all",
            found: format!("`{other:?}`"),
        }),
    }
}
