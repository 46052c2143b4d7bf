use crate::pprof::WireError;

/// Why bytes are no recording.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JfrError {
    /// A chunk does not begin as chunks do.
    #[error("chunk {chunk}, byte {offset}: expected `FLR\\0`, found {found}")]
    Magic {
        /// The chunk, counted from 1.
        chunk: usize,
        /// Where it begins in the file.
        offset: usize,
        /// What is there.
        found: String,
    },
    /// A version of the format that is not read.
    #[error("chunk {chunk}: expected version 2 of the format, found {major}.{minor}")]
    Version {
        /// The chunk, counted from 1.
        chunk: usize,
        /// The version.
        major: u16,
        /// The version's second part.
        minor: u16,
    },
    /// The bytes are not as the format has them.
    #[error("chunk {chunk}, byte {offset}, {event}: expected {expected}, found {found}")]
    Broken {
        /// The chunk, counted from 1.
        chunk: usize,
        /// Where in the file.
        offset: usize,
        /// The event or the part of the chunk that was read.
        event: String,
        /// What the format has there.
        expected: &'static str,
        /// What is there.
        found: String,
    },
    /// Of no chunk is there enough to read it.
    #[error("{0}, and nothing before that can be read")]
    CutOff(CutOff),
    /// The labels that came beside the recording are not as Pyroscope's agent has them.
    #[error("expected the labels of a recording (`LabelsSnapshot`): {0}")]
    Labels(WireError),
    /// There is more than the reader allows.
    #[error("expected at most {limit} {what}")]
    TooLarge {
        /// What there is too much of.
        what: &'static str,
        /// The most that is read.
        limit: usize,
    },
}

impl JfrError {
    /// What can be done about it; empty if nothing can be said.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Version { major: ..=1, .. } => {
                "versions before 2 are from before Java 11: record with a newer Java, or with async-profiler"
            }
            Self::Version { .. } => "it is from a Java that is newer than this reader: look for an update",
            Self::CutOff(_) => {
                "stop the recording before the file is taken: `jcmd PID JFR.dump` or `JFR.stop`"
            }
            Self::TooLarge { .. } => "record for a shorter time",
            Self::Magic { .. } | Self::Broken { .. } => {
                "the file is damaged: fetch it again, or look at it with `jfr summary`"
            }
            Self::Labels(_) => "",
        }
    }
}

/// A last chunk that is not whole: the file is cut off, or the chunk was still being written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CutOff {
    /// The chunk, counted from 1.
    pub chunk: usize,
    /// Where in the file its whole events end.
    pub offset: usize,
    /// Whether its head says that it was still being written.
    pub is_unfinished: bool,
}

impl std::fmt::Display for CutOff {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { chunk, offset, .. } = self;
        match self.is_unfinished {
            true => write!(f, "chunk {chunk} was still being written: its whole events end at byte {offset}"),
            false => write!(f, "chunk {chunk} is cut off: its whole events end at byte {offset}"),
        }
    }
}

/// What is wrong at a place, without the chunk and the event around it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    Broken { offset: usize, expected: &'static str, found: String },
    TooLarge { what: &'static str, limit: usize },
}

pub(super) type Result<T> = std::result::Result<T, Fault>;

impl Fault {
    pub(super) fn broken(offset: usize, expected: &'static str, found: impl Into<String>) -> Self {
        Self::Broken { offset, expected, found: found.into() }
    }

    /// The error that it is in a chunk, while an event or a part of the chunk is read.
    pub(super) fn within(self, chunk: usize, event: &str) -> JfrError {
        match self {
            Self::Broken { offset, expected, found } => {
                JfrError::Broken { chunk, offset, event: event.to_owned(), expected, found }
            }
            Self::TooLarge { what, limit } => JfrError::TooLarge { what, limit },
        }
    }
}
