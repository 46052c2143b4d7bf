use std::fmt;

/// How a call failed, in the vocabulary that Connect shares with gRPC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Code {
    /// The caller or a proxy gave the call up.
    Canceled,
    /// Something that has no better code.
    Unknown,
    /// The request makes no sense to the server.
    InvalidArgument,
    /// The deadline passed first.
    DeadlineExceeded,
    /// What was asked for does not exist.
    NotFound,
    /// What should be created exists.
    AlreadyExists,
    /// The caller is known and not allowed.
    PermissionDenied,
    /// A quota or a size limit, of the server's or of ours.
    ResourceExhausted,
    /// The system is not in the state the call needs.
    FailedPrecondition,
    /// A conflict with something concurrent.
    Aborted,
    /// Past a valid range.
    OutOfRange,
    /// The server does not have the method, or not in its kind of storage.
    Unimplemented,
    /// A broken promise of the protocol.
    Internal,
    /// The server cannot be reached, or broke off.
    Unavailable,
    /// Data was lost for good.
    DataLoss,
    /// No valid credentials.
    Unauthenticated,
}

impl Code {
    /// Every code.
    pub const ALL: [Self; 16] = [
        Self::Canceled,
        Self::Unknown,
        Self::InvalidArgument,
        Self::DeadlineExceeded,
        Self::NotFound,
        Self::AlreadyExists,
        Self::PermissionDenied,
        Self::ResourceExhausted,
        Self::FailedPrecondition,
        Self::Aborted,
        Self::OutOfRange,
        Self::Unimplemented,
        Self::Internal,
        Self::Unavailable,
        Self::DataLoss,
        Self::Unauthenticated,
    ];

    /// The code as it stands in an error's `code`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Canceled => "canceled",
            Self::Unknown => "unknown",
            Self::InvalidArgument => "invalid_argument",
            Self::DeadlineExceeded => "deadline_exceeded",
            Self::NotFound => "not_found",
            Self::AlreadyExists => "already_exists",
            Self::PermissionDenied => "permission_denied",
            Self::ResourceExhausted => "resource_exhausted",
            Self::FailedPrecondition => "failed_precondition",
            Self::Aborted => "aborted",
            Self::OutOfRange => "out_of_range",
            Self::Unimplemented => "unimplemented",
            Self::Internal => "internal",
            Self::Unavailable => "unavailable",
            Self::DataLoss => "data_loss",
            Self::Unauthenticated => "unauthenticated",
        }
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|code| code.as_str() == text)
    }

    /// The code for an HTTP status without a Connect error, by the protocol's table
    /// (<https://connectrpc.com/docs/protocol/#http-to-error-code>).
    pub(crate) fn from_http_status(status: u16) -> Self {
        match status {
            400 => Self::Internal,
            401 => Self::Unauthenticated,
            403 => Self::PermissionDenied,
            404 => Self::Unimplemented,
            429 | 502..=504 => Self::Unavailable,
            _ => Self::Unknown,
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
