use std::fmt;
use std::time::Instant;

use bytes::Bytes;
use http::{HeaderName, HeaderValue};

use crate::{Error, Method};

/// A request in its final form: built once, sent as often as wanted.
#[derive(Clone)]
pub struct Prepared {
    pub(crate) method: Method,
    pub(crate) body: Bytes,
    pub(crate) compressed: bool,
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
}

impl Prepared {
    /// The method it calls.
    pub fn method(&self) -> Method {
        self.method
    }

    /// The request with a header of its own, beside those of the settings. A value that no header can have is
    /// left out.
    #[must_use]
    pub fn with_header(mut self, name: &'static str, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.push((HeaderName::from_static(name), value));
        }
        self
    }

    /// What is sent as the body: the message with its frame prefix.
    pub fn body(&self) -> &Bytes {
        &self.body
    }
}

impl fmt::Debug for Prepared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Prepared")
            .field("method", &self.method)
            .field("body_bytes", &self.body.len())
            .finish()
    }
}

/// How a call went, and when.
#[derive(Debug)]
pub struct Timed {
    /// When the request was handed to a connection. For a call that never got one: when it began.
    pub sent: Instant,
    /// When the head of the answer was there; nothing if it never was.
    pub first_byte: Option<Instant>,
    /// When the last byte of the answer was read, or the call failed.
    pub done: Instant,
    /// Bytes of the answer's body as they came: frame prefixes included, headers not, compression as sent.
    pub bytes_in: u64,
    /// Bytes of the request's body, if it was sent.
    pub bytes_out: u64,
    /// The message of the answer (nothing with [`Keep::Nothing`](crate::Keep::Nothing)), or why there is none.
    pub result: Result<Option<Bytes>, Error>,
}
