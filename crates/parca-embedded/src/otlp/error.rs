/// Why an export, or a profile of one, is not taken.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum OtlpError {
    #[error("invalid request: expected an ExportProfilesServiceRequest of opentelemetry-proto v1.10: {0}")]
    Message(String),
    #[error(
        "invalid request: expected the layout of opentelemetry-proto v1.10, found signs of {found} ({sign}): update the sender, as both have the same name and other numbers"
    )]
    Layout { found: &'static str, sign: &'static str },
    #[error("invalid request: expected a dictionary, found none")]
    NoDictionary,
    #[error("invalid request: expected resource_profiles, found none")]
    Nothing,
    #[error("{table}: expected an index below {len}, found {found}")]
    Index { table: &'static str, len: usize, found: i32 },
    #[error("expected a sample type, found none")]
    NoType,
    #[error(
        "a sample: expected one value, or timestamps with a value for each or for none, found {values} values and {timestamps} timestamps"
    )]
    Shape { values: usize, timestamps: usize },
    #[error("{0}: expected a number of nanoseconds below 2^63, found {1}")]
    Time(&'static str, u64),
    #[error("expected at most {most} frames in all stacks of a request, found more")]
    TooLarge { most: usize },
    #[error("{0}")]
    Invalid(String),
    #[error("none of {profiles} profiles could be stored: {first}")]
    All { profiles: usize, first: Box<OtlpError> },
}

/// A number of nanoseconds that profiles can have.
pub(super) fn nanos(field: &'static str, value: u64) -> Result<i64, OtlpError> {
    i64::try_from(value).map_err(|_| OtlpError::Time(field, value))
}
