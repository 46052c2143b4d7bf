use thiserror::Error;

/// Why bytes that start like one of the older formats are not a profile.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum LegacyError {
    /// A line that the format does not have.
    #[error("line {line}: expected {expected}, found `{found}`")]
    Line {
        /// The line, counted from 1.
        line: usize,
        /// What the format has there.
        expected: &'static str,
        /// The start of what is there.
        found: String,
    },
    /// The bytes end inside a stack.
    #[error("expected {0}, found the end of the file")]
    CutOff(&'static str),
    /// More than the reader allows.
    #[error("expected at most {limit} {what}")]
    TooLarge {
        /// What there is too much of.
        what: &'static str,
        /// The most that is read.
        limit: usize,
    },
}

impl LegacyError {
    pub(super) fn line(index: usize, expected: &'static str, found: &str) -> Self {
        Self::Line { line: index + 1, expected, found: found.trim().chars().take(60).collect() }
    }
}
