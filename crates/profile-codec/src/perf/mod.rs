//! Linux perf: recordings of `perf record` and the text of `perf script`.
//!
//! A recording has addresses and the files that were mapped there, and no names; whoever has the files can
//! add them. Google's converter (`perf_to_profile`) writes no period type, no time and event names that a
//! Parca refuses; here each profile has types, unit and duration that any Parca takes.

#[cfg(feature = "perf")]
mod bounds;
#[cfg(feature = "perf")]
mod chain;
#[cfg(feature = "perf")]
mod data;
mod events;
#[cfg(feature = "perf")]
mod maps;
mod script;
#[cfg(feature = "perf")]
mod unwind;

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;

#[cfg(feature = "perf")]
pub use data::{decode, decode_unwinding};
pub use script::decode_script;
#[cfg(feature = "perf")]
pub use unwind::{LeafOnly, MappedCode, Registers, Unwind, UserStack};

use profile_model::Profile;

/// What perf recorded.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Recording {
    /// Samples of all events, each with values of its own event only.
    pub profile: Profile,
    /// The names of the events, in order.
    pub events: Vec<String>,
    /// Samples that the kernel could not keep.
    pub lost: u64,
    /// Whether there are copies of the stacks of programs, to be unwound afterwards (`--call-graph dwarf`).
    pub has_stack_copies: bool,
}

/// Why bytes are no recording.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PerfError {
    /// A file that cannot be read.
    #[error("{0}")]
    Broken(String),
    /// A section lies outside of the file.
    #[error("expected sections within the file's {length} bytes, found one up to byte {end}")]
    CutOff {
        /// Where the section would end.
        end: u64,
        /// How long the file is.
        length: u64,
    },
    /// There is more than the reader allows.
    #[error("expected at most {limit} {what}")]
    TooLarge {
        /// What there is too much of.
        what: &'static str,
        /// The most that is read.
        limit: usize,
    },
    /// A line that is none of `perf script`.
    #[error("line {line}: expected {expected}, found `{found}`")]
    Line {
        /// The line, counted from 1.
        line: usize,
        /// What was expected.
        expected: &'static str,
        /// The start of what is there.
        found: String,
    },
    /// There is no sample.
    #[error("expected samples, found none")]
    Empty,
}
