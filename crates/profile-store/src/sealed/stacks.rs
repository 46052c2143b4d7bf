//! stacks.parquet: what stack ids mean, for any engine that reads Parquet.

use std::sync::Arc;

use parquet::basic::{Compression, ConvertedType, LogicalType, Repetition, Type as Physical, ZstdLevel};
use parquet::data_type::{ByteArray, ByteArrayType, DataType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::types::{Type, TypePtr};
use profile_model::{Frame, StackId, Symbols};

use super::samples::{Sink, text_field};

/// Stacks of a row group.
const GROUP_STACKS: u32 = 16 << 10;

/// Writes every stack with its frames, leaf first, calls that were inlined as frames of their own.
pub(super) fn write(sink: Sink, block: u64, symbols: &Symbols) -> Result<Sink, ParquetError> {
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(super::ZSTD_LEVEL)?))
        .set_statistics_enabled(EnabledStatistics::None)
        .set_offset_index_disabled(true)
        .build();
    let mut writer = SerializedFileWriter::new(sink, schema()?, Arc::new(properties))?;
    let stacks = symbols.stacks().len() as u32;
    for first in (0..stacks).step_by(GROUP_STACKS as usize) {
        let ids = first..stacks.min(first + GROUP_STACKS);
        let mut group = writer.next_row_group()?;
        let high = (block << 32).cast_signed();
        let numbers: Vec<i64> = ids.clone().map(|id| high | i64::from(id)).collect();
        if let Some(mut column) = group.next_column()? {
            column.typed::<Int64Type>().write_batch(&numbers, None, None)?;
            column.close()?;
        }
        let function = |frame: &Frame<'_>| {
            let found = symbols.frame_function(frame).map(|function| [function.name, function.system_name]);
            let name = found.and_then(|names| names.into_iter().find(|name| !name.is_empty()));
            text(name.map_or("", |name| symbols.string(name)))
        };
        let file = |frame: &Frame<'_>| {
            text(symbols.frame_function(frame).map_or("", |function| symbols.string(function.filename)))
        };
        let mapping = |frame: &Frame<'_>| {
            text(symbols.frame_mapping(frame).map_or("", |mapping| symbols.string(mapping.file)))
        };
        let line = |frame: &Frame<'_>| frame.line.map_or(0, |line| line.line);
        let address = |frame: &Frame<'_>| symbols.location(frame.location).address.cast_signed();
        lists::<ByteArrayType>(&mut group, symbols, ids.clone(), function)?;
        lists::<ByteArrayType>(&mut group, symbols, ids.clone(), file)?;
        lists::<Int64Type>(&mut group, symbols, ids.clone(), line)?;
        lists::<ByteArrayType>(&mut group, symbols, ids.clone(), mapping)?;
        lists::<Int64Type>(&mut group, symbols, ids, address)?;
        group.close()?;
    }
    writer.into_inner()
}

fn text(text: &str) -> ByteArray {
    ByteArray::from(text)
}

fn lists<T: DataType>(
    group: &mut SerializedRowGroupWriter<'_, Sink>,
    symbols: &Symbols,
    stacks: std::ops::Range<u32>,
    value: impl Fn(&Frame<'_>) -> T::T,
) -> Result<(), ParquetError> {
    let Some(mut column) = group.next_column()? else { return Ok(()) };
    let (mut values, mut defined, mut repeated) = (Vec::new(), Vec::new(), Vec::new());
    for stack in stacks {
        let before = defined.len();
        for frame in symbols.frames(StackId::new(stack)) {
            repeated.push(i16::from(defined.len() > before));
            defined.push(1);
            values.push(value(&frame));
        }
        if defined.len() == before {
            repeated.push(0);
            defined.push(0);
        }
    }
    column.typed::<T>().write_batch(&values, Some(&defined), Some(&repeated))?;
    column.close()
}

fn schema() -> Result<TypePtr, ParquetError> {
    let number = |name: &str| {
        let field = Type::primitive_type_builder(name, Physical::INT64).with_repetition(Repetition::REQUIRED);
        field.build().map(Arc::new)
    };
    let fields = vec![
        number("stack_id")?,
        list("function_names", text_field("element", Repetition::REQUIRED)?)?,
        list("files", text_field("element", Repetition::REQUIRED)?)?,
        list("lines", number("element")?)?,
        list("mappings", text_field("element", Repetition::REQUIRED)?)?,
        list("addresses", number("element")?)?,
    ];
    Ok(Arc::new(Type::group_type_builder("stacks").with_fields(fields).build()?))
}

/// The three levels that the format's specification asks of a list.
fn list(name: &str, element: TypePtr) -> Result<TypePtr, ParquetError> {
    let inner =
        Type::group_type_builder("list").with_repetition(Repetition::REPEATED).with_fields(vec![element]);
    let outer = Type::group_type_builder(name)
        .with_repetition(Repetition::REQUIRED)
        .with_logical_type(Some(LogicalType::List))
        .with_converted_type(ConvertedType::LIST)
        .with_fields(vec![Arc::new(inner.build()?)]);
    Ok(Arc::new(outer.build()?))
}
