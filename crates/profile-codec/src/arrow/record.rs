use std::sync::Arc;

use arrow_array::{ArrayRef, RecordBatch};
use arrow_ipc::{
    CompressionType,
    writer::{IpcWriteOptions, StreamWriter},
};
use arrow_schema::{ArrowError, Field, Schema};
use bytes::Bytes;

/// Why a record could not be written: more of something than Arrow's 32-bit offsets can address.
#[derive(Debug, thiserror::Error)]
#[error("encoding an arrow record")]
pub struct EncodeError(#[from] ArrowError);

/// A record batch under construction.
#[derive(Default)]
pub(super) struct Record {
    fields: Vec<Field>,
    columns: Vec<ArrayRef>,
}

impl Record {
    /// Adds a column that may have nulls. Parca says of nearly all columns that they have none, and
    /// is wrong for many, so that strict readers refuse its streams.
    pub(super) fn nullable(&mut self, name: impl Into<String>, column: ArrayRef) {
        self.add(name, column, true);
    }

    /// Adds a column that has no nulls.
    pub(super) fn required(&mut self, name: impl Into<String>, column: ArrayRef) {
        self.add(name, column, false);
    }

    fn add(&mut self, name: impl Into<String>, column: ArrayRef, nullable: bool) {
        self.fields.push(Field::new(name, column.data_type().clone(), nullable));
        self.columns.push(column);
    }

    /// The record as an IPC stream with buffers compressed by LZ4, the form of Parca's answers.
    pub(super) fn into_stream(self) -> Result<Bytes, EncodeError> {
        let schema = Arc::new(Schema::new(self.fields));
        let batch = RecordBatch::try_new(schema.clone(), self.columns)?;
        let options = IpcWriteOptions::default().try_with_compression(Some(CompressionType::LZ4_FRAME))?;
        let mut writer = StreamWriter::try_new_with_options(Vec::new(), &schema, options)?;
        writer.write(&batch)?;
        Ok(writer.into_inner()?.into())
    }
}
