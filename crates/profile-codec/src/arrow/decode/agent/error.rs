use thiserror::Error;

use crate::arrow::ArrowError;

/// Why a batch of an agent's cannot be taken.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum AgentError {
    /// The bytes are no Arrow stream, or not one as agents write it.
    #[error(transparent)]
    Stream(ArrowError),
    /// The stream has a schema and no batch.
    #[error("no record found")]
    NoRecord,
    /// The schema does not say which of the agents' it is, or names one that is not known.
    #[error("expected `v1` or `v2` as the schema's `parca_write_schema_version`, found neither")]
    Schema,
    /// A column is not there.
    #[error("missing column {0:?}")]
    Missing(&'static str),
    /// A row has no value where there has to be one.
    #[error("expected a value in column `{column}`, found none in row {row}")]
    Null {
        /// The column.
        column: &'static str,
        /// The row, counted from 0.
        row: usize,
    },
    /// A column has another type than agents write, contradicts itself, or is too large.
    #[error(transparent)]
    Column(#[from] ArrowError),
    /// A duration is longer than a number of nanoseconds can say.
    #[error("expected a duration that 63 bits of nanoseconds hold, found {0}")]
    Duration(u64),
    /// A stack that the samples name was asked for and did not come.
    #[error("missing stacktrace ID {0:?} in stacktrace IDs column")]
    NoStack(String),
}
