//! Batches for `WriteArrow` as parca-agent writes them, and such as it never would.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_array::types::{Int16Type, Int32Type, Int64Type, RunEndIndexType, UInt32Type};
use arrow_array::{
    Array, ArrayRef, DictionaryArray, Int64Array, ListArray, ListViewArray, PrimitiveArray, RecordBatch,
    RunArray, StringArray, StructArray, UInt32Array, UInt64Array,
};
use arrow_buffer::{OffsetBuffer, ScalarBuffer};
use arrow_ipc::CompressionType;
use arrow_ipc::writer::{IpcWriteOptions, StreamWriter};
use arrow_schema::{Field, Schema};

/// Two rows; what stands in `without` is not there.
#[derive(Clone, Copy, Default)]
pub(crate) struct Batch<'a> {
    pub(crate) without: &'a [&'a str],
    /// Bits of the ends of runs; 32 if 0.
    pub(crate) ends: u8,
    /// How long a label is, in a stream that is compressed; a short one, and not compressed, if 0.
    pub(crate) bomb_bytes: usize,
}

fn structure(fields: Vec<(&str, ArrayRef)>, without: &[&str]) -> ArrayRef {
    let kept = fields.into_iter().filter(|(name, _)| !without.contains(name));
    let (fields, arrays): (Vec<Field>, Vec<ArrayRef>) =
        kept.map(|(name, array)| (Field::new(name, array.data_type().clone(), true), array)).unzip();
    Arc::new(StructArray::new(fields.into(), arrays, None))
}

fn dictionary(keys: &[u32], values: ArrayRef) -> ArrayRef {
    Arc::new(DictionaryArray::<UInt32Type>::new(UInt32Array::from(keys.to_vec()), values))
}

fn texts(texts: &[&str]) -> ArrayRef {
    dictionary(&(0..texts.len() as u32).collect::<Vec<_>>(), Arc::new(StringArray::from(texts.to_vec())))
}

fn runs_of<R: RunEndIndexType>(ends: &[R::Native], values: &ArrayRef) -> ArrayRef {
    let ends = PrimitiveArray::<R>::from_iter_values(ends.iter().copied());
    Arc::new(RunArray::<R>::try_new(&ends, values).unwrap())
}

impl Batch<'_> {
    /// One value for both rows.
    fn both(&self, value: ArrayRef) -> ArrayRef {
        match self.ends {
            16 => runs_of::<Int16Type>(&[2], &value),
            64 => runs_of::<Int64Type>(&[2], &value),
            _ => runs_of::<Int32Type>(&[2], &value),
        }
    }

    fn text(&self, text: &str) -> ArrayRef {
        self.both(Arc::new(StringArray::from(vec![text])))
    }

    fn number(&self, number: i64) -> ArrayRef {
        self.both(Arc::new(Int64Array::from(vec![number])))
    }

    /// Two places: one of `main`, one without lines.
    fn locations(&self) -> ArrayRef {
        let function = structure(
            vec![
                ("system_name", texts(&["main"])),
                ("filename", texts(&["a.c"])),
                ("start_line", Arc::new(Int64Array::from(vec![3]))),
            ],
            self.without,
        );
        let line = structure(
            vec![
                ("line", Arc::new(Int64Array::from(vec![7]))),
                ("column", Arc::new(UInt64Array::from(vec![1]))),
                ("function", dictionary(&[0], function)),
            ],
            self.without,
        );
        let item = Arc::new(Field::new("item", line.data_type().clone(), true));
        let lines = ListArray::new(item, OffsetBuffer::new(vec![0, 1, 1].into()), line, None);
        structure(
            vec![
                ("address", Arc::new(UInt64Array::from(vec![16, 32]))),
                ("mapping_file", texts(&["app", "lib"])),
                ("mapping_build_id", texts(&["aa", "bb"])),
                ("lines", Arc::new(lines)),
            ],
            self.without,
        )
    }

    fn columns(&self) -> Vec<(&'static str, ArrayRef)> {
        let frames = dictionary(&[0, 1, 1], self.locations());
        let item = Arc::new(Field::new("item", frames.data_type().clone(), true));
        let (offsets, sizes) = (ScalarBuffer::from(vec![0_i32, 1]), ScalarBuffer::from(vec![2_i32, 2]));
        let comm = self.both(texts(&[&("worker".to_owned() + &"x".repeat(self.bomb_bytes))]));
        vec![
            ("labels", structure(vec![("comm", comm)], &[])),
            ("stacktrace", Arc::new(ListViewArray::new(item, offsets, sizes, frames, None))),
            ("stacktrace_id", Arc::new(Int64Array::from(vec![1, 2]))),
            ("value", Arc::new(Int64Array::from(vec![5, 6]))),
            ("producer", self.text("parca_agent")),
            ("sample_type", self.text("samples")),
            ("sample_unit", self.text("count")),
            ("period_type", self.text("cpu")),
            ("period_unit", self.text("nanoseconds")),
            ("period", self.number(10)),
            ("duration", self.number(1_000_000_000)),
            ("timestamp", self.number(1_700_000_000_000_000_000)),
        ]
    }

    pub(crate) fn ipc(&self) -> Vec<u8> {
        let columns = self.columns().into_iter().filter(|(name, _)| !self.without.contains(name));
        let (fields, arrays): (Vec<Field>, Vec<ArrayRef>) =
            columns.map(|(name, array)| (Field::new(name, array.data_type().clone(), true), array)).unzip();
        let version = [("parca_write_schema_version".to_owned(), "v2".to_owned())];
        let schema = Arc::new(Schema::new_with_metadata(fields, HashMap::from(version)));
        let batch = RecordBatch::try_new(Arc::clone(&schema), arrays).unwrap();
        let compression = (self.bomb_bytes > 0).then_some(CompressionType::LZ4_FRAME);
        let options = IpcWriteOptions::default().try_with_compression(compression).unwrap();
        let mut writer = StreamWriter::try_new_with_options(Vec::new(), &schema, options).unwrap();
        writer.write(&batch).unwrap();
        writer.into_inner().unwrap()
    }
}
