use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

use crate::{Code, Method};

type Source = Box<dyn StdError + Send + Sync>;

/// The two texts of `NOT_FOUND` that mean "nothing there" (QueryRange; single and diff queries).
const NO_DATA: [&str; 2] =
    ["No data found for the query", "could not find profile at requested time and selectors"];

/// A call that failed: what the server answered, or why it could not be asked.
///
/// Displays as the method and the message; the cause, if another layer has one, is in `source()`,
/// and advice in [`hint`](Self::hint).
pub struct Error(Box<Inner>);

struct Inner {
    code: Code,
    message: String,
    method: Option<Method>,
    url: Option<Arc<str>>,
    hint: Option<&'static str>,
    source: Option<Source>,
}

impl Error {
    pub(crate) fn new(code: Code, message: impl Into<String>) -> Self {
        let message = message.into();
        Self(Box::new(Inner { code, message, method: None, url: None, hint: None, source: None }))
    }

    pub(crate) fn with_source(mut self, source: impl Into<Source>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    pub(crate) fn with_hint(mut self, hint: &'static str) -> Self {
        self.0.hint.get_or_insert(hint);
        self
    }

    pub(crate) fn of_call(mut self, method: Method, url: &Arc<str>) -> Self {
        self.0.method = Some(method);
        self.0.url = Some(Arc::clone(url));
        self
    }

    /// The gRPC code: the server's, or the one that connect-go gives to the same failure. Never `Ok`.
    pub fn code(&self) -> Code {
        self.0.code
    }

    /// The server's text, or ours where no server answered.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The method that was called; nothing for a failure before any call.
    pub fn method(&self) -> Option<Method> {
        self.0.method
    }

    /// The server's address as it was set; it never holds credentials.
    pub fn url(&self) -> Option<&str> {
        self.0.url.as_deref()
    }

    /// Advice for the person at the keyboard, where the failure is a common mistake.
    pub fn hint(&self) -> Option<&'static str> {
        self.0.hint
    }

    /// Whether this is Parca's way of saying that nothing matches, which is no fault of anybody's.
    ///
    /// QueryRange and single queries answer `NOT_FOUND` with one of two texts. A merge over nothing
    /// is no error but a report with a total of zero.
    pub fn is_no_data(&self) -> bool {
        self.0.code == Code::NotFound && NO_DATA.iter().any(|text| self.0.message.contains(text))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(method) = self.0.method {
            write!(f, "`{method}`: ")?;
        }
        write!(f, "{}", self.0.code)?;
        match self.0.message.as_str() {
            "" => Ok(()),
            message => write!(f, ": {message}"),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { code, message, method, url, hint, source } = &*self.0;
        f.debug_struct("Error")
            .field("code", code)
            .field("message", message)
            .field("method", method)
            .field("url", url)
            .field("hint", hint)
            .field("source", source)
            .finish()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as &(dyn StdError + 'static))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_data_is_told_apart_from_errors() {
        let check = |code, message: &str, expect| {
            assert_eq!(Error::new(code, message).is_no_data(), expect, "{message}")
        };
        let range = "No data found for the query, try a different query or time range or no data has been written to be queried yet.";
        check(Code::NotFound, range, true);
        check(Code::NotFound, "could not find profile at requested time and selectors", true);
        check(
            Code::NotFound,
            "reading base profile: rpc error: code = NotFound desc = could not find profile at requested time and selectors",
            true,
        );
        check(Code::NotFound, "unknown service", false);
        check(Code::Unknown, range, false);
    }

    #[test]
    fn is_small_enough_to_return() {
        assert_eq!(size_of::<Error>(), size_of::<usize>());
    }
}
