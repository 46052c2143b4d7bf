//! The two columns that sums are read from: stacks and values, page by page, each checked.

use std::io;
use std::sync::Arc;

use bytes::Bytes;
use durable::DiskFile;
use parquet::basic::{Compression, Type as Physical, ZstdLevel};
use parquet::column::reader::ColumnReaderImpl;
use parquet::data_type::Int64Type;
use parquet::errors::ParquetError;
use parquet::file::metadata::ColumnChunkMetaData;
use parquet::file::page_index::offset_index::PageLocation;
use parquet::file::properties::ReaderProperties;
use parquet::file::reader::{ChunkReader, Length};
use parquet::file::serialized_reader::SerializedPageReader;
use parquet::schema::types::{ColumnDescriptor, ColumnPath, Type};

use super::codec::{Reader, Writer};

/// One page on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PageAt {
    pub(crate) offset: u64,
    pub(crate) bytes: u32,
    /// The first row in the row group.
    pub(crate) first_row: u64,
    pub(crate) crc: u32,
}

/// A column of a row group: its dictionary, if it has one, then its pages.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ColumnAt {
    pub(crate) dictionary: Option<PageAt>,
    pub(crate) pages: Vec<PageAt>,
}

/// A row group: some rows of one profile type.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct RowGroup {
    pub(crate) first_row: u64,
    pub(crate) rows: u64,
    pub(crate) stacks: ColumnAt,
    pub(crate) values: ColumnAt,
}

pub(crate) fn write(groups: &[RowGroup]) -> Vec<u8> {
    let mut out = Writer::default();
    out.len(groups.len());
    for group in groups {
        out.number(group.rows);
        for column in [&group.stacks, &group.values] {
            out.len(column.dictionary.iter().len());
            out.len(column.pages.len());
            for page in column.dictionary.iter().chain(&column.pages) {
                out.numbers([page.offset, page.bytes.into(), page.first_row, page.crc.into()]);
            }
        }
    }
    out.bytes
}

/// The row groups; nothing where the bytes are none.
pub(crate) fn read(bytes: &[u8]) -> Option<Vec<RowGroup>> {
    let mut input = Reader::new(bytes);
    let mut groups = Vec::new();
    let mut first_row = 0_u64;
    for _ in 0..input.len()? {
        let rows = input.number()?;
        let (stacks, values) = (read_column(&mut input)?, read_column(&mut input)?);
        groups.push(RowGroup { first_row, rows, stacks, values });
        first_row = first_row.checked_add(rows)?;
    }
    input.is_empty().then_some(groups)
}

fn read_column(input: &mut Reader<'_>) -> Option<ColumnAt> {
    let (dictionary, pages) = (input.len()?, input.len()?);
    let mut page = || {
        let (offset, bytes) = (input.number()?, input.small()?);
        Some(PageAt { offset, bytes, first_row: input.number()?, crc: input.small()? })
    };
    let dictionary = if dictionary == 1 { Some(page()?) } else { None };
    Some(ColumnAt { dictionary, pages: (0..pages).map(|_| page()).collect::<Option<_>>()? })
}

/// Gives the pages of one column to the decoder, and refuses one that is not what was written.
struct Checked {
    file: Arc<dyn DiskFile>,
    pages: Vec<PageAt>,
}

impl Length for Checked {
    fn len(&self) -> u64 {
        self.pages.iter().map(|page| page.offset + u64::from(page.bytes)).max().unwrap_or(0)
    }
}

impl ChunkReader for Checked {
    type T = io::Empty;

    fn get_read(&self, start: u64) -> Result<io::Empty, ParquetError> {
        Err(ParquetError::General(format!("expected whole pages, asked for what is at {start}")))
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes, ParquetError> {
        let found = self.pages.iter().find(|page| page.offset == start && page.bytes as usize == length);
        let page =
            found.ok_or_else(|| ParquetError::General(format!("no page of {length} bytes at {start}")))?;
        let mut bytes = vec![0; length];
        self.file.read_at(&mut bytes, start).map_err(|error| ParquetError::External(Box::new(error)))?;
        if crc32fast::hash(&bytes) != page.crc {
            return Err(ParquetError::General(format!(
                "the page at {start} is damaged: its checksum differs"
            )));
        }
        Ok(bytes.into())
    }
}

/// Reads one column of one row group from front to back.
struct ColumnRows {
    reader: ColumnReaderImpl<Int64Type>,
}

impl ColumnRows {
    fn open(file: &Arc<dyn DiskFile>, column: &ColumnAt, rows: u64) -> Result<Self, ParquetError> {
        let pages: Vec<PageAt> = column.dictionary.iter().chain(&column.pages).copied().collect();
        let first =
            pages.first().ok_or_else(|| ParquetError::General("a column without pages".to_owned()))?;
        let total: i64 = pages.iter().map(|page| i64::from(page.bytes)).sum();
        let field = Type::primitive_type_builder("column", Physical::INT64).build()?;
        let descr = Arc::new(ColumnDescriptor::new(Arc::new(field), 0, 0, ColumnPath::from("column")));
        let data = column.pages.first().map_or(first.offset, |page| page.offset);
        let meta = ColumnChunkMetaData::builder(Arc::clone(&descr))
            .set_compression(Compression::ZSTD(ZstdLevel::try_new(super::ZSTD_LEVEL)?))
            .set_data_page_offset(data.cast_signed())
            .set_dictionary_page_offset(column.dictionary.map(|page| page.offset.cast_signed()))
            .set_total_compressed_size(total)
            .set_num_values(rows.cast_signed())
            .build()?;
        let location = |page: &PageAt| PageLocation {
            offset: page.offset.cast_signed(),
            compressed_page_size: page.bytes.cast_signed(),
            first_row_index: page.first_row.cast_signed(),
        };
        let locations = column.pages.iter().map(location).collect();
        let source = Arc::new(Checked { file: Arc::clone(file), pages });
        let properties = Arc::new(ReaderProperties::builder().build());
        let pages = SerializedPageReader::new_with_properties(
            source,
            &meta,
            rows as usize,
            Some(locations),
            properties,
        )?;
        Ok(Self { reader: ColumnReaderImpl::new(descr, Box::new(pages)) })
    }

    fn skip(&mut self, rows: usize) -> Result<(), ParquetError> {
        match self.reader.skip_records(rows)? {
            skipped if skipped == rows => Ok(()),
            skipped => Err(short(rows, skipped)),
        }
    }

    fn read(&mut self, rows: usize, into: &mut Vec<i64>) -> Result<(), ParquetError> {
        let before = into.len();
        while into.len() - before < rows {
            let wanted = rows - (into.len() - before);
            let (read, ..) = self.reader.read_records(wanted, None, None, into)?;
            if read == 0 {
                return Err(short(rows, into.len() - before));
            }
        }
        Ok(())
    }
}

fn short(expected: usize, found: usize) -> ParquetError {
    ParquetError::General(format!("expected {expected} rows, found {found}"))
}

/// Reads rows of a block in rising order, skipping what is not asked for.
pub(crate) struct RowCursor {
    file: Arc<dyn DiskFile>,
    groups: Arc<Vec<RowGroup>>,
    with_stacks: bool,
    open: Option<Open>,
}

struct Open {
    group: usize,
    /// The next row, counted over the block.
    next: u64,
    stacks: Option<ColumnRows>,
    values: ColumnRows,
}

impl RowCursor {
    pub(crate) fn new(file: Arc<dyn DiskFile>, groups: Arc<Vec<RowGroup>>, with_stacks: bool) -> Self {
        Self { file, groups, with_stacks, open: None }
    }

    /// Appends the rows from `first` on. Cheap if `first` is not before what was read last.
    pub(crate) fn read(
        &mut self,
        first: u64,
        rows: u64,
        stacks: &mut Vec<i64>,
        values: &mut Vec<i64>,
    ) -> Result<(), ParquetError> {
        let (mut at, end) = (first, first + rows);
        while at < end {
            let open = self.seek(at)?;
            let (next, group) = (open.next, open.group);
            let group_end = self.groups[group].first_row + self.groups[group].rows;
            let count = (end.min(group_end) - at) as usize;
            let Some(open) = &mut self.open else { return Err(short(count, 0)) };
            let skip = (at - next) as usize;
            for (column, into) in
                [(open.stacks.as_mut(), &mut *stacks), (Some(&mut open.values), &mut *values)]
            {
                if let Some(column) = column {
                    column.skip(skip)?;
                    column.read(count, into)?;
                }
            }
            at += count as u64;
            open.next = at;
        }
        Ok(())
    }

    fn seek(&mut self, row: u64) -> Result<&Open, ParquetError> {
        let group = self.groups.partition_point(|group| group.first_row + group.rows <= row);
        let at = self.groups.get(group).ok_or_else(|| short(1, 0))?;
        let usable = self.open.as_ref().is_some_and(|open| open.group == group && open.next <= row);
        if !usable {
            let column = |column| ColumnRows::open(&self.file, column, at.rows);
            let stacks = if self.with_stacks { Some(column(&at.stacks)?) } else { None };
            let values = column(&at.values)?;
            self.open = Some(Open { group, next: at.first_row, stacks, values });
        }
        self.open.as_ref().ok_or_else(|| short(1, 0))
    }
}
