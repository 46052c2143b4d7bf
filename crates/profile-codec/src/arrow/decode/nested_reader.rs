use std::rc::Rc;

use arrow_ipc::{Endianness, Field, KeyValue, MessageHeader, MetadataVersion, Type};
use hashbrown::HashMap;

use super::{
    ArrowError, ArrowLimits,
    batch::{Block, check_size, entries, read_offsets},
    budget::Budget,
    column::{Integers, Nulls, Spans, Strings},
    nested::{Column, ListRows, Runs, Views},
    schema::{self, Footprint, Offsets, Width},
    stream::{Envelope, Messages},
};

/// The first record batch of a stream whose columns may be nested in each other.
pub(super) struct NestedBatch<'a> {
    pub(super) rows: usize,
    /// A value of the schema's metadata by its key.
    pub(super) metadata: Vec<(&'a str, &'a str)>,
    pub(super) columns: Columns<'a>,
    pub(super) budget: Budget,
}

/// Columns with their names.
pub(super) type Columns<'a> = Vec<(&'a str, Column<'a>)>;

impl<'a> NestedBatch<'a> {
    pub(super) fn metadata(&self, key: &str) -> Option<&str> {
        self.metadata.iter().find(|(known, _)| *known == key).map(|(_, value)| *value)
    }

    pub(super) fn column(&self, name: &str) -> Option<&Column<'a>> {
        self.columns.iter().find(|(known, _)| *known == name).map(|(_, column)| column)
    }
}

/// Nothing where the stream has a schema and no batch.
pub(super) fn read<'a>(bytes: &'a [u8], limits: &ArrowLimits) -> Result<Option<NestedBatch<'a>>, ArrowError> {
    let mut messages = Messages::new(bytes, limits);
    let (schema, version) = messages.schema()?;
    if schema.endianness() != Endianness::Little {
        return Err(ArrowError::unexpected("little-endian numbers", format!("`{:?}`", schema.endianness())));
    }
    let metadata = schema.custom_metadata().map(|pairs| pairs.iter().map(pair).collect()).unwrap_or_default();
    let fields: Vec<Field<'a>> = schema.fields().map(|fields| fields.iter().collect()).unwrap_or_default();
    let mut reader = Reader {
        version,
        entries: HashMap::default(),
        dictionaries: HashMap::default(),
        budget: Budget::new(limits.max_decoded_bytes),
        limits: *limits,
    };
    let mut count = 0;
    fields.iter().try_for_each(|field| reader.note(*field, &mut count))?;
    while let Some(Envelope { message, body }) = messages.next()? {
        let header = message.header_type();
        if header == MessageHeader::DictionaryBatch {
            let batch = message
                .header_as_dictionary_batch()
                .ok_or_else(|| ArrowError::unexpected("a dictionary", "nothing"))?;
            reader.dictionary(batch, body)?;
        } else if header == MessageHeader::RecordBatch {
            let batch = message
                .header_as_record_batch()
                .ok_or_else(|| ArrowError::unexpected("a batch", "nothing"))?;
            let (rows, columns) = reader.batch(&fields, batch, body)?;
            return Ok(Some(NestedBatch { rows, metadata, columns, budget: reader.budget }));
        } else {
            return Err(ArrowError::unexpected("a dictionary or a record batch", format!("`{header:?}`")));
        }
    }
    Ok(None)
}

fn pair(pair: KeyValue<'_>) -> (&str, &str) {
    (pair.key().unwrap_or_default(), pair.value().unwrap_or_default())
}

struct Reader<'a> {
    version: MetadataVersion,
    /// The field of each dictionary, by which its entries are read.
    entries: HashMap<i64, Field<'a>, foldhash::fast::RandomState>,
    dictionaries: HashMap<i64, Rc<Column<'a>>, foldhash::fast::RandomState>,
    budget: Budget,
    limits: ArrowLimits,
}

/// The next node, buffer and count of buffers of a batch.
struct Cursor<'b, 'a> {
    block: &'b Block<'a>,
    node: usize,
    buffer: usize,
    variadic: std::vec::IntoIter<usize>,
}

impl<'a> Reader<'a> {
    /// Ends, because the verifier of the message bounds its depth.
    fn note(&mut self, field: Field<'a>, count: &mut usize) -> Result<(), ArrowError> {
        *count += 1;
        let limit = self.limits.max_columns;
        if *count > limit {
            return Err(ArrowError::TooLarge { what: "columns", limit });
        }
        if let Some(dictionary) = field.dictionary() {
            self.entries.insert(dictionary.id(), field);
        }
        field.children().unwrap_or_default().iter().try_for_each(|child| self.note(child, count))
    }

    fn dictionary(
        &mut self,
        dictionary: arrow_ipc::DictionaryBatch<'a>,
        body: &'a [u8],
    ) -> Result<(), ArrowError> {
        let entries = entries(dictionary)?;
        // What no column refers to is passed over.
        let Some(field) = self.entries.get(&dictionary.id()).copied() else { return Ok(()) };
        let block = self.checked(Block::new(entries, body)?, "entries of a dictionary")?;
        let mut cursor = Cursor::new(&block)?;
        let values = self.plain(field, &mut cursor)?;
        self.dictionaries.insert(dictionary.id(), Rc::new(values));
        Ok(())
    }

    fn batch(
        &mut self,
        fields: &[Field<'a>],
        batch: arrow_ipc::RecordBatch<'a>,
        body: &'a [u8],
    ) -> Result<(usize, Columns<'a>), ArrowError> {
        let block = self.checked(Block::new(batch, body)?, "rows")?;
        let rows = block.len()?;
        let mut cursor = Cursor::new(&block)?;
        let mut columns = Vec::with_capacity(fields.len());
        for field in fields {
            let column = self.column(*field, &mut cursor)?;
            if column.len() != rows {
                let found = format!("{} values for {rows} rows", column.len());
                return Err(ArrowError::unexpected("columns as long as their batch", found));
            }
            columns.push((field.name().unwrap_or_default(), column));
        }
        Ok((rows, columns))
    }

    fn checked(&self, block: Block<'a>, what: &'static str) -> Result<Block<'a>, ArrowError> {
        let limit = self.limits.max_rows;
        if block.len()? > limit { Err(ArrowError::TooLarge { what, limit }) } else { Ok(block) }
    }

    fn column(&mut self, field: Field<'a>, cursor: &mut Cursor<'_, 'a>) -> Result<Column<'a>, ArrowError> {
        let Some(dictionary) = field.dictionary() else { return self.plain(field, cursor) };
        let width = match dictionary.indexType() {
            Some(key) => schema::width(key),
            // "If this field is null, the indices must be signed int32" (Schema.fbs).
            None => Some(Width { bytes: 4, signed: true }),
        };
        let width = width.ok_or_else(|| ArrowError::unexpected("a key of 8 to 64 bits", "another"))?;
        let keys = self.integers(field, width, cursor)?;
        // "Dictionary batches may be omitted when all values in the column are null".
        let empty = || Rc::new(Column::Nothing { kind: schema::name(field), len: 0 });
        let values = self.dictionaries.get(&dictionary.id()).cloned().unwrap_or_else(empty);
        Ok(Column::Dictionary { keys, values })
    }

    /// A column without a dictionary, or the entries of one.
    fn plain(&mut self, field: Field<'a>, cursor: &mut Cursor<'_, 'a>) -> Result<Column<'a>, ArrowError> {
        let eight_bytes = Width { bytes: 8, signed: true };
        match field.type_type() {
            Type::Int => match field.type_as_int().and_then(schema::width) {
                Some(width) => self.integers(field, width, cursor).map(Column::Integers),
                None => self.skipped(field, cursor),
            },
            Type::Timestamp => self.integers(field, eight_bytes, cursor).map(Column::Integers),
            Type::Utf8View | Type::BinaryView => self.views(cursor),
            Type::Struct_ => self.structure(field, cursor),
            Type::List => self.list(field, cursor),
            Type::ListView => self.list_view(field, cursor),
            Type::RunEndEncoded => self.runs(field, cursor),
            other => match schema::text(other) {
                Some(offsets) => self.strings(field, offsets, cursor),
                None => self.skipped(field, cursor),
            },
        }
    }

    fn integers(
        &mut self,
        field: Field<'a>,
        width: Width,
        cursor: &mut Cursor<'_, 'a>,
    ) -> Result<Integers<'a>, ArrowError> {
        let (len, nulls) = cursor.node(&mut self.budget)?;
        let bytes = cursor.buffer(&mut self.budget)?;
        check_size(&bytes, len.saturating_mul(width.bytes))?;
        Ok(Integers::new(field.name().unwrap_or_default(), bytes, width, len, nulls))
    }

    fn strings(
        &mut self,
        field: Field<'a>,
        offsets: Offsets,
        cursor: &mut Cursor<'_, 'a>,
    ) -> Result<Column<'a>, ArrowError> {
        let (len, nulls) = cursor.node(&mut self.budget)?;
        let name = field.name().unwrap_or_default();
        let offsets = read_offsets(cursor.block, name, cursor.buffer, len, offsets, &mut self.budget)?;
        cursor.buffer += 1;
        let data = cursor.buffer(&mut self.budget)?;
        Ok(Column::Strings(Strings::new(Spans::new(offsets, data.len())?, data, nulls, len)))
    }

    fn views(&mut self, cursor: &mut Cursor<'_, 'a>) -> Result<Column<'a>, ArrowError> {
        let (len, nulls) = cursor.node(&mut self.budget)?;
        let heads = cursor.buffer(&mut self.budget)?;
        check_size(&heads, len.saturating_mul(16))?;
        let count = cursor.variadic.next().unwrap_or(0);
        // Bounded by the buffers that there are.
        let data = (0..count).map(|_| cursor.buffer(&mut self.budget)).collect::<Result<_, _>>()?;
        Ok(Column::Views(Views { heads, data, nulls, len }))
    }

    fn structure(&mut self, field: Field<'a>, cursor: &mut Cursor<'_, 'a>) -> Result<Column<'a>, ArrowError> {
        let (len, nulls) = cursor.node(&mut self.budget)?;
        let mut fields = Vec::new();
        for child in field.children().unwrap_or_default() {
            let column = self.column(child, cursor)?;
            if column.len() < len {
                let found = format!("{} values for {len} rows", column.len());
                return Err(ArrowError::unexpected("columns as long as their struct", found));
            }
            fields.push((child.name().unwrap_or_default(), column));
        }
        Ok(Column::Struct { fields, nulls, len })
    }

    fn list(&mut self, field: Field<'a>, cursor: &mut Cursor<'_, 'a>) -> Result<Column<'a>, ArrowError> {
        let (len, nulls) = cursor.node(&mut self.budget)?;
        let name = field.name().unwrap_or_default();
        let offsets = Offsets { bytes: 4 };
        let offsets = read_offsets(cursor.block, name, cursor.buffer, len, offsets, &mut self.budget)?;
        cursor.buffer += 1;
        let items = self.only_child(field, cursor)?;
        let rows = ListRows::Spans(Spans::new(offsets, items.len())?);
        Ok(Column::List { rows, items: Box::new(items), nulls, len })
    }

    fn list_view(&mut self, field: Field<'a>, cursor: &mut Cursor<'_, 'a>) -> Result<Column<'a>, ArrowError> {
        let (len, nulls) = cursor.node(&mut self.budget)?;
        let (name, width) = (field.name().unwrap_or_default(), Width { bytes: 4, signed: true });
        let mut numbers = || {
            let bytes = cursor.buffer(&mut self.budget)?;
            check_size(&bytes, len.saturating_mul(width.bytes))?;
            Ok::<_, ArrowError>(Integers::new(name, bytes, width, len, Nulls::none()))
        };
        let rows = ListRows::Views { offsets: numbers()?, sizes: numbers()? };
        Ok(Column::List { rows, items: Box::new(self.only_child(field, cursor)?), nulls, len })
    }

    fn only_child(
        &mut self,
        field: Field<'a>,
        cursor: &mut Cursor<'_, 'a>,
    ) -> Result<Column<'a>, ArrowError> {
        let children = field.children().unwrap_or_default();
        if children.len() != 1 {
            return Err(ArrowError::unexpected(
                "a list of one kind of item",
                format!("{} kinds", children.len()),
            ));
        }
        self.column(children.get(0), cursor)
    }

    fn runs(&mut self, field: Field<'a>, cursor: &mut Cursor<'_, 'a>) -> Result<Column<'a>, ArrowError> {
        let (len, _) = cursor.bare_node()?;
        let children = field.children().unwrap_or_default();
        if children.len() != 2 {
            return Err(ArrowError::unexpected(
                "ends of runs and values",
                format!("{} columns", children.len()),
            ));
        }
        let ends = self.column(children.get(0), cursor)?;
        let values = self.column(children.get(1), cursor)?;
        match ends {
            Column::Integers(ends) => Ok(Column::Runs(Runs::new(ends, values, len)?)),
            _ => Err(ArrowError::unexpected("ends of runs as integers", "something else")),
        }
    }

    /// A type that nobody asks for: stepped over with all its parts.
    fn skipped(&mut self, field: Field<'a>, cursor: &mut Cursor<'_, 'a>) -> Result<Column<'a>, ArrowError> {
        let footprint = Footprint::of(field, self.version)?;
        let (len, _) = cursor.block.node(cursor.node)?;
        let more: usize = cursor.variadic.by_ref().take(footprint.variadic).fold(0, usize::saturating_add);
        cursor.node += footprint.nodes;
        cursor.buffer = cursor.buffer.saturating_add(footprint.buffers).saturating_add(more);
        Ok(Column::Nothing { kind: schema::name(field), len })
    }
}

impl<'b, 'a> Cursor<'b, 'a> {
    fn new(block: &'b Block<'a>) -> Result<Self, ArrowError> {
        Ok(Self { block, node: 0, buffer: 0, variadic: block.variadic()?.into_iter() })
    }

    /// The length and the number of nulls of the next node.
    fn bare_node(&mut self) -> Result<(usize, i64), ArrowError> {
        let node = self.block.node(self.node)?;
        self.node += 1;
        Ok(node)
    }

    /// The next node with its nulls, which are the next buffer.
    fn node(&mut self, budget: &mut Budget) -> Result<(usize, Nulls<'a>), ArrowError> {
        let (len, null_count) = self.bare_node()?;
        let nulls = self.block.nulls(self.buffer, len, null_count, budget)?;
        self.buffer += 1;
        Ok((len, nulls))
    }

    fn buffer(&mut self, budget: &mut Budget) -> Result<std::borrow::Cow<'a, [u8]>, ArrowError> {
        let bytes = self.block.buffer(self.buffer, budget)?;
        self.buffer += 1;
        Ok(bytes)
    }
}
