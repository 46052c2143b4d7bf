//! Batches for `WriteArrow` that end a real Parca (parca-dev/parca at 3b5647cd, `pkg/normalizer/arrow_v2.go`: assertions of
//! types and indices that nobody checks): profiles or an error here.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_array::types::{Int16Type, Int32Type, Int64Type, RunEndIndexType, UInt32Type};
use arrow_array::{
    Array, ArrayRef, DictionaryArray, Int64Array, ListArray, ListViewArray, PrimitiveArray, RecordBatch,
    RunArray, StringArray, StructArray, UInt32Array, UInt64Array,
};
use arrow_buffer::{OffsetBuffer, ScalarBuffer};
use arrow_ipc::writer::StreamWriter;
use arrow_schema::{Field, Schema};
use profile_codec::arrow::{ArrowLimits, decode_agent_batch};
use profile_model::ProfileBatch;

/// Two rows; what stands in `without` is not there.
#[derive(Clone, Copy, Default)]
struct Batch<'a> {
    without: &'a [&'a str],
    /// Bits of the ends of runs; 32 if 0.
    ends: u8,
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
        let comm = self.both(texts(&["worker"]));
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

    fn ipc(&self) -> Vec<u8> {
        let columns = self.columns().into_iter().filter(|(name, _)| !self.without.contains(name));
        let (fields, arrays): (Vec<Field>, Vec<ArrayRef>) =
            columns.map(|(name, array)| (Field::new(name, array.data_type().clone(), true), array)).unzip();
        let version = [("parca_write_schema_version".to_owned(), "v2".to_owned())];
        let schema = Arc::new(Schema::new_with_metadata(fields, HashMap::from(version)));
        let batch = RecordBatch::try_new(Arc::clone(&schema), arrays).unwrap();
        let mut writer = StreamWriter::try_new(Vec::new(), &schema).unwrap();
        writer.write(&batch).unwrap();
        writer.into_inner().unwrap()
    }
}

fn decoded(ipc: &[u8]) -> Result<ProfileBatch, String> {
    decode_agent_batch(ipc, &ArrowLimits::default()).map_err(|error| error.to_string())
}

#[test]
fn ends_of_runs_may_have_any_width() {
    for ends in [16, 32, 64] {
        let batch = decoded(&Batch { ends, ..Batch::default() }.ipc()).unwrap();
        let stacks: Vec<usize> = batch.stacks.iter().map(|stack| batch.symbols.stack(*stack).len()).collect();
        assert_eq!((batch.values.as_slice(), stacks.as_slice()), (&[5, 6][..], &[2, 2][..]), "{ends}");
        assert_eq!(batch.sets.labels(0).to_string(), r#"{comm="worker"}"#);
    }
}

#[test]
fn what_is_missing_is_named() {
    for name in [
        "line",
        "column",
        "function",
        "start_line",
        "system_name",
        "filename",
        "address",
        "mapping_file",
        "mapping_build_id",
        "lines",
        "value",
        "producer",
        "sample_type",
        "period_unit",
        "period",
        "duration",
        "timestamp",
        "labels",
        "stacktrace",
        "stacktrace_id",
    ] {
        let error = decoded(&Batch { without: &[name], ..Batch::default() }.ipc()).unwrap_err();
        assert!(error.contains(&format!("{name:?}")), "{name}: {error}");
    }
}

/// Lengths, ends of runs, offsets, sizes, indices of dictionaries: each of them is a word of the stream.
#[test]
fn every_number_may_be_another() {
    let good = Batch::default().ipc();
    let mut refused = 0;
    for at in (0..good.len() - 3).step_by(4) {
        let word = i32::from_le_bytes(*good[at..].first_chunk().unwrap());
        for other in [0, 1, 3, -1, i32::MAX, i32::MIN, word.wrapping_add(1), word.wrapping_sub(1)] {
            let mut bad = good.clone();
            bad[at..at + 4].copy_from_slice(&other.to_le_bytes());
            match decoded(&bad) {
                Ok(batch) => assert!(batch.profiles().count() <= 2 && batch.stacks.len() <= 3),
                Err(words) => refused += usize::from(!words.is_empty()),
            }
        }
    }
    assert!(refused > 500, "{refused}");
}
