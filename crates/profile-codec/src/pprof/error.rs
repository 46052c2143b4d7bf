use thiserror::Error;

use super::wire::WireError;

/// Why bytes are not a profile.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// Bytes that begin as gzip and are none.
    #[error("decompressing profile: {}", gzip_message(.0))]
    Gzip(std::io::Error),
    /// Bytes that are not a protobuf message of the right shape.
    #[error("failed to parse profile: {0}")]
    Wire(WireError),
    /// The message contradicts itself.
    #[error("invalid profile: {0}")]
    Invalid(InvalidProfile),
    /// The profile is larger than the reader allows.
    #[error("expected at most {limit} {what}")]
    TooLarge {
        /// What there is too much of.
        what: &'static str,
        /// The limit from [`Limits`](super::Limits).
        limit: usize,
    },
}

// Written out because `#[from]` would also make them sources, and the text has them already.
impl From<WireError> for DecodeError {
    fn from(error: WireError) -> Self {
        Self::Wire(error)
    }
}

impl From<InvalidProfile> for DecodeError {
    fn from(error: InvalidProfile) -> Self {
        Self::Invalid(error)
    }
}

/// What is wrong in a message that is shaped like a profile.
///
/// The texts of the variants that Parca checks for are Parca's own; it prefixes them with
/// `invalid profile: `.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum InvalidProfile {
    /// Index 0 means "none", so the first string must be empty.
    #[error("first item in string table is expected to be empty string, but it is {0:?}")]
    FirstString(String),
    /// Ids do not count up from 1.
    #[error("{0} id is not sequential")]
    NotSequential(Table),
    /// A table has an entry that nothing can refer to.
    #[error("expected a non-zero {0} id")]
    ZeroId(Table),
    /// Two entries of a table have one id.
    #[error("expected distinct {table} ids, found {id} twice")]
    DuplicateId {
        /// The table.
        table: Table,
        /// The id.
        id: u64,
    },
    /// An entry of a table refers to a string that is not there.
    #[error("{table} (id: {id}) has invalid {field} index {index}")]
    EntryString {
        /// The table.
        table: Table,
        /// The entry's id.
        id: u64,
        /// The field that refers.
        field: &'static str,
        /// The index of the string.
        index: i64,
    },
    /// The head of the profile refers to a string that is not there.
    #[error("{field} has invalid index {index}")]
    HeadString {
        /// The field that refers.
        field: &'static str,
        /// The index of the string.
        index: i64,
    },
    /// The executable infos sent along do not fit.
    #[error("profile has {mappings} mappings but {infos} executable infos")]
    ExecutableInfos {
        /// How many mappings the profile has.
        mappings: usize,
        /// How many infos came with it.
        infos: usize,
    },
    /// A location is in a mapping that is not there.
    #[error("location has invalid mapping id: {0}")]
    MappingOfLocation(u64),
    /// A line is in a function that is not there.
    #[error("location {location} has invalid function id: {function}")]
    FunctionOfLocation {
        /// The location's id.
        location: u64,
        /// The function's id.
        function: u64,
    },
    /// Samples, and nothing that says what their values are.
    #[error("missing sample type information")]
    NoSampleTypes,
    /// A sample has not one value per sample type.
    #[error("mismatch: sample has {values} values vs. {types} types")]
    ValueCount {
        /// How many values the sample has.
        values: usize,
        /// How many sample types there are.
        types: usize,
    },
    /// A stack refers to location 0, which means "none".
    #[error("location ids of stacktraces must be non-zero")]
    ZeroLocation,
    /// A stack refers to a location that is not there.
    #[error("sample {sample} location number {number} ({id}) is out of range")]
    LocationOfSample {
        /// The position of the sample.
        sample: usize,
        /// The position in its stack.
        number: usize,
        /// The id of the location.
        id: u64,
    },
    /// A sample's label has no name.
    #[error("sample {sample} label {label} has no key")]
    LabelWithoutKey {
        /// The position of the sample.
        sample: usize,
        /// The position of the label.
        label: usize,
    },
    /// A sample's label refers to a string that is not there.
    #[error("sample {sample} label {label} has invalid {field} index {index}")]
    LabelString {
        /// The position of the sample.
        sample: usize,
        /// The position of the label.
        label: usize,
        /// The field that refers.
        field: &'static str,
        /// The index of the string.
        index: i64,
    },
}

/// A table whose entries have ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Table {
    /// Mapped binaries.
    Mapping,
    /// Functions.
    Function,
    /// Locations.
    Location,
}

impl std::fmt::Display for Table {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Mapping => "mapping",
            Self::Function => "function",
            Self::Location => "location",
        })
    }
}

/// Go, and so Parca, says "unexpected EOF" where bytes are missing.
fn gzip_message(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::UnexpectedEof => "unexpected EOF".to_owned(),
        _ => error.to_string(),
    }
}
