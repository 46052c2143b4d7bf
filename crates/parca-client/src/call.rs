use bytes::Bytes;

use crate::{Code, Error, Method};

/// A typed request: what [`Client::call`](crate::Client::call) sends, and what it gives back.
///
/// Only this crate implements it.
pub trait Call: wire::Wire {
    /// What the server's answer means.
    type Answer;

    /// The method that is called.
    const METHOD: Method;

    /// The meaning of an answer's message, as [`Client::timed`](crate::Client::timed) returns it.
    ///
    /// # Errors
    /// `internal` for bytes that are no such message, `resource_exhausted` for a flame graph of too many nodes.
    fn decode(message: Bytes) -> Result<Self::Answer, Error>;
}

pub(crate) mod wire {
    use crate::Error;

    /// Keeps messages of the wire out of the public API.
    pub trait Wire {
        /// The request's message, or why it must not be sent.
        fn encode(&self) -> Result<Vec<u8>, Error>;
    }
}

/// Decodes a message of the wire.
pub(crate) fn message<M: prost::Message + Default>(bytes: Bytes) -> Result<M, Error> {
    M::decode(bytes).map_err(malformed)
}

pub(crate) fn malformed(error: prost::DecodeError) -> Error {
    Error::new(Code::Internal, format!("expected a message of Parca's, found other bytes: {error}"))
        .with_source(error)
}

/// A request that must not be sent.
pub(crate) fn refused(message: impl Into<String>) -> Error {
    Error::new(Code::InvalidArgument, message)
}
