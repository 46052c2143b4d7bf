//! samples.parquet: one row for each stack of each profile, for any engine that reads Parquet.

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::sync::Arc;

use bytes::Bytes;
use durable::DiskFile;
use parquet::basic::{Compression, ConvertedType, LogicalType, Repetition, Type as Physical, ZstdLevel};
use parquet::column::writer::{get_column_writer, get_typed_column_writer};
use parquet::data_type::{ByteArray, ByteArrayType, DataType, Int32Type, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::metadata::{KeyValue, RowGroupMetaDataPtr};
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterPropertiesPtr};
use parquet::file::writer::{
    SerializedFileWriter, SerializedPageWriter, SerializedRowGroupWriter, TrackedWrite,
};
use parquet::schema::types::{ColumnDescPtr, ColumnPath, Type, TypePtr};
use profile_model::Labels;

use super::pages::{ColumnAt, PageAt};
use crate::memory::Moment;
use crate::model::TypeKey;

/// Rows of a row group: what sealing holds in memory, 12 bytes each.
pub(super) const GROUP_ROWS: usize = 512 << 10;
/// More label names than this have no column; the index has them all.
const MAX_LABEL_COLUMNS: usize = 200;
/// How many rows of a column are made at once.
const STRIDE: usize = 8192;
/// The columns before those of labels.
const TYPE_COLUMNS: [&str; 5] = ["name", "sample_type", "sample_unit", "period_type", "period_unit"];

/// The rows of each row group, and where its stacks and values are.
pub(super) type Places = Vec<(u64, ColumnAt, ColumnAt)>;

/// A file that is written through a [`Write`].
#[derive(Debug)]
pub(super) struct Sink {
    pub(super) file: Box<dyn DiskFile>,
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.append(bytes)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Rows of one profile type that wait to become a row group.
#[derive(Debug, Default)]
struct Waiting {
    heads: Vec<WaitingHead>,
    stacks: Vec<u32>,
    values: Vec<i64>,
}

#[derive(Clone, Copy, Debug)]
struct WaitingHead {
    series: u32,
    profile: u64,
    at: Moment,
    rows: u32,
}

pub(super) struct SamplesWriter {
    writer: SerializedFileWriter<Sink>,
    columns: Vec<String>,
    value_properties: [WriterPropertiesPtr; 2],
    block: u64,
    waiting: Waiting,
    key: Option<TypeKey>,
    /// Labels of the series of the waiting rows.
    labels: Vec<(u32, Labels)>,
    /// Where stacks and values of each row group are, without checksums.
    groups: Places,
}

impl SamplesWriter {
    pub(super) fn new(
        sink: Sink,
        block: u64,
        store: &str,
        label_names: &BTreeSet<String>,
    ) -> Result<Self, ParquetError> {
        let columns: Vec<String> = label_names.iter().take(MAX_LABEL_COLUMNS).cloned().collect();
        let schema = schema(&columns)?;
        let properties = Arc::new(properties(store, block)?);
        let plain = properties.as_ref().clone().into_builder().set_dictionary_enabled(false).build();
        let writer = SerializedFileWriter::new(sink, schema, Arc::clone(&properties))?;
        Ok(Self {
            writer,
            columns,
            value_properties: [properties, Arc::new(plain)],
            block,
            waiting: Waiting::default(),
            key: None,
            labels: Vec::new(),
            groups: Vec::new(),
        })
    }

    /// What is written from now on is of this type.
    pub(super) fn start_type(&mut self, key: &TypeKey) -> Result<(), ParquetError> {
        self.flush()?;
        self.key = Some(key.clone());
        self.labels.clear();
        Ok(())
    }

    pub(super) fn start_series(&mut self, series: u32, labels: &Labels) {
        self.labels.push((series, labels.clone()));
    }

    /// Rows are sorted by stack.
    pub(super) fn profile(
        &mut self,
        series: u32,
        profile: u64,
        at: Moment,
        rows: &[(u32, i64)],
    ) -> Result<(), ParquetError> {
        let mut rest = rows;
        while !rest.is_empty() {
            let room = GROUP_ROWS - self.waiting.stacks.len();
            let (now, later) = rest.split_at(room.min(rest.len()));
            self.waiting.stacks.extend(now.iter().map(|(stack, _)| *stack));
            self.waiting.values.extend(now.iter().map(|(_, value)| *value));
            self.waiting.heads.push(WaitingHead { series, profile, at, rows: now.len() as u32 });
            if self.waiting.stacks.len() == GROUP_ROWS {
                self.flush()?;
            }
            rest = later;
        }
        Ok(())
    }

    /// Ends the file; returns it with the places of its row groups.
    pub(super) fn finish(mut self) -> Result<(Sink, Places), ParquetError> {
        self.flush()?;
        Ok((self.writer.into_inner()?, self.groups))
    }

    fn flush(&mut self) -> Result<(), ParquetError> {
        if self.waiting.stacks.is_empty() {
            return Ok(());
        }
        let waiting = std::mem::take(&mut self.waiting);
        let key = self.key.clone().ok_or_else(|| ParquetError::General("rows without a type".to_owned()))?;
        let descr = self.writer.schema_descr();
        let (stack, value) = (descr.num_columns() - 2, descr.num_columns() - 1);
        let [stack_column, value_column] = [stack, value].map(|at| descr.column(at));
        let mut group = self.writer.next_row_group()?;
        let texts = [&key.name, &key.sample.0, &key.sample.1, &key.period.0, &key.period.1];
        for text in texts {
            write_texts(&mut group, &waiting.heads, |_| Some(ByteArray::from(text.as_str())), false)?;
        }
        for name in &self.columns {
            let labels = &self.labels;
            let value = |series: u32| {
                let at = labels.partition_point(|(other, _)| *other < series);
                labels.get(at).and_then(|(_, labels)| labels.get(name)).map(ByteArray::from)
            };
            write_texts(&mut group, &waiting.heads, value, true)?;
        }
        let heads = &waiting.heads;
        write_numbers::<Int32Type>(&mut group, heads, |head| head.series.cast_signed())?;
        write_numbers::<Int32Type>(&mut group, heads, |head| head.profile as i32)?;
        write_numbers::<Int64Type>(&mut group, heads, |head| head.at.time_nanos)?;
        write_numbers::<Int64Type>(&mut group, heads, |head| head.at.duration_nanos)?;
        write_numbers::<Int64Type>(&mut group, heads, |head| head.at.period)?;
        let high = (self.block << 32).cast_signed();
        let ids: Vec<i64> = waiting.stacks.iter().map(|stack| high | i64::from(*stack)).collect();
        let stacks = append(&mut group, &stack_column, &self.value_properties[..1], &ids)?;
        let values = append(&mut group, &value_column, &self.value_properties, &waiting.values)?;
        let meta = group.close()?;
        let place = |at: usize, column: ColumnAt| moved(&meta, at, column);
        self.groups.push((waiting.stacks.len() as u64, place(stack, stacks), place(value, values)));
        let (mut stacks, mut values) = (waiting.stacks, waiting.values);
        stacks.clear();
        values.clear();
        self.waiting = Waiting { heads: Vec::new(), stacks, values };
        Ok(())
    }
}

/// A column with its pages where the row group put them.
fn moved(meta: &RowGroupMetaDataPtr, at: usize, mut column: ColumnAt) -> ColumnAt {
    let (start, _) = meta.column(at).byte_range();
    column.dictionary.iter_mut().chain(&mut column.pages).for_each(|page| page.offset += start);
    column
}

fn write_texts(
    group: &mut SerializedRowGroupWriter<'_, Sink>,
    heads: &[WaitingHead],
    value: impl Fn(u32) -> Option<ByteArray>,
    optional: bool,
) -> Result<(), ParquetError> {
    let Some(mut column) = group.next_column()? else { return Ok(()) };
    let writer = column.typed::<ByteArrayType>();
    let (mut values, mut levels) = (Vec::new(), Vec::new());
    let mut last: Option<(u32, Option<ByteArray>)> = None;
    for head in heads {
        if last.as_ref().is_none_or(|(series, _)| *series != head.series) {
            last = Some((head.series, value(head.series)));
        }
        let text = last.as_ref().and_then(|(_, text)| text.as_ref());
        let mut left = head.rows as usize;
        while left > 0 {
            let count = left.min(STRIDE - levels.len());
            levels.extend(std::iter::repeat_n(i16::from(text.is_some()), count));
            text.into_iter().for_each(|text| values.extend(std::iter::repeat_n(text.clone(), count)));
            left -= count;
            if levels.len() == STRIDE {
                writer.write_batch(&values, optional.then_some(&levels), None)?;
                values.clear();
                levels.clear();
            }
        }
    }
    writer.write_batch(&values, optional.then_some(&levels), None)?;
    column.close()
}

fn write_numbers<T: DataType>(
    group: &mut SerializedRowGroupWriter<'_, Sink>,
    heads: &[WaitingHead],
    value: impl Fn(&WaitingHead) -> T::T,
) -> Result<(), ParquetError> {
    let Some(mut column) = group.next_column()? else { return Ok(()) };
    let writer = column.typed::<T>();
    let mut values = Vec::with_capacity(STRIDE);
    for head in heads {
        let mut left = head.rows as usize;
        while left > 0 {
            let count = left.min(STRIDE - values.len());
            values.extend(std::iter::repeat_n(value(head), count));
            left -= count;
            if values.len() == STRIDE {
                writer.write_batch(&values, None, None)?;
                values.clear();
            }
        }
    }
    writer.write_batch(&values, None, None)?;
    column.close()
}

/// Writes a column in each of several ways and keeps the shortest: a dictionary wins on counts, none on
/// bytes. Returns where its pages are in the column.
fn append(
    group: &mut SerializedRowGroupWriter<'_, Sink>,
    descr: &ColumnDescPtr,
    ways: &[WriterPropertiesPtr],
    values: &[i64],
) -> Result<ColumnAt, ParquetError> {
    let mut best: Option<(Vec<u8>, _)> = None;
    for way in ways {
        let mut sink = TrackedWrite::new(Vec::new());
        let pages = Box::new(SerializedPageWriter::new(&mut sink));
        let mut writer = get_typed_column_writer::<Int64Type>(get_column_writer(
            Arc::clone(descr),
            Arc::clone(way),
            pages,
        ));
        writer.write_batch(values, None, None)?;
        let closed = writer.close()?;
        let bytes = sink.into_inner()?;
        if best.as_ref().is_none_or(|(shortest, _)| bytes.len() < shortest.len()) {
            best = Some((bytes, closed));
        }
    }
    let Some((bytes, closed)) = best else { return Ok(ColumnAt::default()) };
    let index = closed.offset_index.as_ref();
    let locations =
        index.ok_or_else(|| ParquetError::General("a column without an offset index".to_owned()))?;
    let mut column = ColumnAt::default();
    for page in locations.page_locations() {
        let (offset, bytes) = (page.offset.cast_unsigned(), page.compressed_page_size.cast_unsigned());
        column.pages.push(PageAt { offset, bytes, first_row: page.first_row_index.cast_unsigned(), crc: 0 });
    }
    if let Some(first) = column.pages.first().filter(|first| first.offset > 0) {
        column.dictionary = Some(PageAt { offset: 0, bytes: first.offset as u32, first_row: 0, crc: 0 });
    }
    for page in column.dictionary.iter_mut().chain(&mut column.pages) {
        page.crc = crc32fast::hash(&bytes[page.offset as usize..][..page.bytes as usize]);
    }
    group.append_column(&Bytes::from(bytes), closed)?;
    Ok(column)
}

fn properties(store: &str, block: u64) -> Result<WriterProperties, ParquetError> {
    let entry = |key: &str, value: String| KeyValue::new(key.to_owned(), value);
    let about = vec![
        entry("parca_tools.format", super::FORMAT.to_string()),
        entry("parca_tools.store", store.to_owned()),
        entry("parca_tools.block", block.to_string()),
    ];
    let sorted = EnabledStatistics::Chunk;
    Ok(WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(super::ZSTD_LEVEL)?))
        .set_statistics_enabled(EnabledStatistics::None)
        .set_column_statistics_enabled(ColumnPath::from("time_nanos"), sorted)
        .set_column_statistics_enabled(ColumnPath::from("series"), sorted)
        .set_key_value_metadata(Some(about))
        .set_created_by(concat!("parca-tools profile-store ", env!("CARGO_PKG_VERSION")).to_owned())
        .build())
}

fn schema(labels: &[String]) -> Result<TypePtr, ParquetError> {
    let mut fields: Vec<TypePtr> = Vec::new();
    for name in TYPE_COLUMNS {
        fields.push(text_field(name, Repetition::REQUIRED)?);
    }
    for name in labels {
        fields.push(text_field(&format!("labels.{name}"), Repetition::OPTIONAL)?);
    }
    let numbers = [
        ("series", Physical::INT32),
        ("profile", Physical::INT32),
        ("time_nanos", Physical::INT64),
        ("duration_nanos", Physical::INT64),
        ("period", Physical::INT64),
        ("stack_id", Physical::INT64),
        ("value", Physical::INT64),
    ];
    for (name, physical) in numbers {
        let field = Type::primitive_type_builder(name, physical).with_repetition(Repetition::REQUIRED);
        fields.push(Arc::new(field.build()?));
    }
    Ok(Arc::new(Type::group_type_builder("samples").with_fields(fields).build()?))
}

pub(super) fn text_field(name: &str, repetition: Repetition) -> Result<TypePtr, ParquetError> {
    let field = Type::primitive_type_builder(name, Physical::BYTE_ARRAY)
        .with_repetition(repetition)
        .with_logical_type(Some(LogicalType::String))
        .with_converted_type(ConvertedType::UTF8);
    Ok(Arc::new(field.build()?))
}
