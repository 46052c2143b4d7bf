use std::io;

use profile_model::ValueType;
use thiserror::Error;

/// What is read, and how much of it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ParseOptions {
    /// What the values count; the form does not say.
    pub value_type: ValueType,
    /// Bytes that are read at most.
    pub max_bytes: u64,
    /// Bytes that a line may have at most.
    pub max_line_bytes: usize,
}

impl Default for ParseOptions {
    /// Counts of samples; 4 GiB, 16 MiB in a line.
    fn default() -> Self {
        Self {
            value_type: ValueType::new("samples", "samples"),
            // Symbol tables have room for as many entries, and each takes a byte.
            max_bytes: u64::from(u32::MAX) - 1,
            max_line_bytes: 16 << 20,
        }
    }
}

/// Why folded stacks cannot be read.
#[derive(Debug, Error)]
#[error("line {line}")]
pub struct ParseError {
    /// The line, counted from 1.
    pub line: u64,
    /// What is wrong there.
    #[source]
    pub kind: ParseErrorKind,
}

/// What is wrong with a line of folded stacks.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ParseErrorKind {
    /// No space parts the stack from its value.
    #[error("expected a stack, a space and a value, found no space")]
    NoValue,
    /// What follows the last space is not a whole number that fits.
    #[error("expected a whole number of at most 64 bits after the last space, found `{0}`")]
    Value(String),
    /// The line is longer than the options allow.
    #[error("expected at most {0} bytes in a line, found more")]
    LineTooLong(usize),
    /// The input is longer than the options allow.
    #[error("expected at most {0} bytes, found more")]
    TooLong(u64),
    /// The reader failed.
    #[error("read the input")]
    Read(#[source] io::Error),
}
