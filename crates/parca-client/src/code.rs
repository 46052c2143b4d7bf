use std::fmt;

/// How a call ended, in gRPC's vocabulary; the numbers are those on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Code {
    /// The call succeeded.
    Ok = 0,
    /// The caller or a peer gave the call up.
    Canceled = 1,
    /// Something that has no better code. Parca answers it to profiles that it cannot store.
    Unknown = 2,
    /// The request makes no sense to the server.
    InvalidArgument = 3,
    /// The deadline passed first.
    DeadlineExceeded = 4,
    /// What was asked for does not exist; see [`Error::is_no_data`](crate::Error::is_no_data).
    NotFound = 5,
    /// What should be created exists.
    AlreadyExists = 6,
    /// The caller is known and not allowed.
    PermissionDenied = 7,
    /// A quota or a size limit, of the server's or of ours.
    ResourceExhausted = 8,
    /// The system is not in the state the call needs.
    FailedPrecondition = 9,
    /// A conflict with something concurrent.
    Aborted = 10,
    /// Past a valid range.
    OutOfRange = 11,
    /// The server does not have the method.
    Unimplemented = 12,
    /// A broken promise of the protocol.
    Internal = 13,
    /// The server cannot be reached, or broke off; the usual candidate for a retry.
    Unavailable = 14,
    /// Data was lost for good.
    DataLoss = 15,
    /// No valid credentials.
    Unauthenticated = 16,
}

impl Code {
    /// Every code, in the order of the numbers.
    pub const ALL: [Self; 17] = [
        Self::Ok,
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

    /// The name in snake case, as connect-go writes it and the original parca-load labels metrics with.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
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

    /// The code of a `grpc-status` text; numbers beyond the known ones mean `unknown`, as gRPC asks.
    /// Nothing for a text that is no number.
    pub(crate) fn from_wire(text: &[u8]) -> Option<Self> {
        let number: u32 = std::str::from_utf8(text).ok()?.trim().parse().ok()?;
        Some(Self::ALL.get(number as usize).copied().unwrap_or(Self::Unknown))
    }

    /// The code for an HTTP status other than 200, as connect-go maps it.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_on_the_wire_are_the_positions() {
        for (at, code) in Code::ALL.into_iter().enumerate() {
            assert_eq!(code as usize, at);
            assert_eq!(Code::from_wire(at.to_string().as_bytes()), Some(code));
        }
        assert_eq!(Code::from_wire(b"17"), Some(Code::Unknown));
        assert_eq!(Code::from_wire(b" 5 "), Some(Code::NotFound));
        for text in [&b""[..], b"x", b"-1", b"99999999999", b"\xff"] {
            assert_eq!(Code::from_wire(text), None);
        }
    }
}
