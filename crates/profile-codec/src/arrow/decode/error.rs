use thiserror::Error;

/// Why bytes are not a flame graph or a table.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ArrowError {
    /// The stream ends in the middle of something.
    #[error("expected {expected} bytes of {what}, found {found}")]
    Truncated {
        /// What is cut off.
        what: &'static str,
        /// How many bytes it should have.
        expected: u64,
        /// How many there are.
        found: usize,
    },
    /// The head of a message is not what it should be.
    #[error("invalid head of an arrow message: {0}")]
    Head(String),
    /// The stream is not made as Arrow's streams are.
    #[error("invalid arrow stream: expected {expected}, found {found}")]
    Stream {
        /// What should be there.
        expected: &'static str,
        /// What is there.
        found: String,
    },
    /// Arrow has it, but no Parca was seen to send it.
    #[error("unsupported arrow stream: expected {expected}, found {found}")]
    Unsupported {
        /// What this reader knows.
        expected: &'static str,
        /// What is there.
        found: String,
    },
    /// A buffer does not come out of its compression.
    #[error("invalid lz4 data: {0}")]
    Lz4(&'static str),
    /// A column is not there.
    #[error("expected a column `{0}`, found none")]
    NoColumn(&'static str),
    /// A column has another type than it should.
    #[error("column `{column}`: expected {expected}, found {found}")]
    ColumnType {
        /// The column.
        column: String,
        /// The types that will do.
        expected: &'static str,
        /// The type it has.
        found: String,
    },
    /// A column contradicts itself or another.
    #[error("column `{column}`, row {row}: expected {expected}, found {found}")]
    Value {
        /// The column.
        column: String,
        /// The row, counted from 0 in its batch.
        row: usize,
        /// What should be there.
        expected: &'static str,
        /// What is there.
        found: String,
    },
    /// The record is larger than the reader allows.
    #[error("expected at most {limit} {what}")]
    TooLarge {
        /// What there is too much of.
        what: &'static str,
        /// The limit from [`ArrowLimits`](super::ArrowLimits).
        limit: usize,
    },
}

impl ArrowError {
    /// A stream that is not made as Arrow's streams are.
    pub(super) fn unexpected(expected: &'static str, found: impl Into<String>) -> Self {
        Self::Stream { expected, found: found.into() }
    }
}
