//! How a call of gRPC or Connect ended: the codes with their numbers, names and HTTP statuses.
//!
//! ```
//! use rpc_code::Code;
//!
//! let code = Code::of_grpc_status(b"5").expect("a number");
//! assert_eq!((code, code.as_str(), code.http_status()), (Code::NotFound, "not_found", 404));
//! assert_eq!(Code::of_name("not_found"), Some(code));
//! ```
//!
//! What it does not know: messages, headers, and what to do about a failure.

use std::fmt;

/// How a call ended, in the vocabulary that Connect shares with gRPC; the numbers are those on the wire.
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
    /// What was asked for does not exist.
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
    /// The server does not have the method, or not in its kind of storage.
    Unimplemented = 12,
    /// A broken promise of the protocol, or a fault of the server.
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

    /// The name in snake case, as Connect writes it and the original parca-load labels metrics with.
    pub fn as_str(self) -> &'static str {
        self.row().0
    }

    /// The HTTP status of an answer of this code, by Connect's table, which is also that of gRPC's JSON gateways
    /// (<https://connectrpc.com/docs/protocol/#error-codes>).
    pub fn http_status(self) -> u16 {
        self.row().1
    }

    fn row(self) -> (&'static str, u16) {
        match self {
            Self::Ok => ("ok", 200),
            Self::Canceled => ("canceled", 499),
            Self::Unknown => ("unknown", 500),
            Self::InvalidArgument => ("invalid_argument", 400),
            Self::DeadlineExceeded => ("deadline_exceeded", 504),
            Self::NotFound => ("not_found", 404),
            Self::AlreadyExists => ("already_exists", 409),
            Self::PermissionDenied => ("permission_denied", 403),
            Self::ResourceExhausted => ("resource_exhausted", 429),
            Self::FailedPrecondition => ("failed_precondition", 400),
            Self::Aborted => ("aborted", 409),
            Self::OutOfRange => ("out_of_range", 400),
            Self::Unimplemented => ("unimplemented", 501),
            Self::Internal => ("internal", 500),
            Self::Unavailable => ("unavailable", 503),
            Self::DataLoss => ("data_loss", 500),
            Self::Unauthenticated => ("unauthenticated", 401),
        }
    }

    /// The number that gRPC gives it.
    pub fn number(self) -> i32 {
        self as i32
    }

    /// The code of a number; those beyond the known ones mean `unknown`, as gRPC asks.
    pub fn of_number(number: i32) -> Self {
        usize::try_from(number).ok().and_then(|at| Self::ALL.get(at)).copied().unwrap_or(Self::Unknown)
    }

    /// The code of a `grpc-status` text. Nothing for a text that is no number.
    pub fn of_grpc_status(text: &[u8]) -> Option<Self> {
        let number: u32 = std::str::from_utf8(text).ok()?.trim().parse().ok()?;
        Some(Self::of_number(i32::try_from(number).unwrap_or(i32::MAX)))
    }

    /// The failure that Connect calls so. Nothing for a name that is none, and for `ok`, which is no failure.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().skip(1).find(|code| code.as_str() == name)
    }

    /// The code for an HTTP status other than 200 of an answer that says no code, by the table of gRPC and Connect
    /// (<https://connectrpc.com/docs/protocol/#http-to-error-code>).
    pub fn of_http_status(status: u16) -> Self {
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
        for (at, code) in (0..).zip(Code::ALL) {
            assert_eq!(code.number(), at);
            assert_eq!(Code::of_number(at), code);
            assert_eq!(Code::of_grpc_status(at.to_string().as_bytes()), Some(code));
        }
        for number in [-1, 17, i32::MAX] {
            assert_eq!(Code::of_number(number), Code::Unknown);
        }
        assert_eq!(Code::of_grpc_status(b" 5 "), Some(Code::NotFound));
        assert_eq!(Code::of_grpc_status(b"4294967295"), Some(Code::Unknown));
        for text in [&b""[..], b"x", b"-1", b"99999999999", b"\xff"] {
            assert_eq!(Code::of_grpc_status(text), None);
        }
    }

    #[test]
    fn names_are_read_back_but_for_that_of_success() {
        for code in Code::ALL {
            assert_eq!(Code::of_name(code.as_str()), Some(code).filter(|code| *code != Code::Ok));
        }
        assert_eq!(Code::of_name("NOT_FOUND"), None);
    }
}
