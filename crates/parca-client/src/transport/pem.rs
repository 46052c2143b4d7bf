//! Certificates and keys, from files or as they stand in a configuration.

use std::fmt;
use std::path::Path;

use rustls_pki_types::pem::{self, PemObject};
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

/// Where a PEM text is. The text itself is in no message: it may be a key.
#[derive(Clone, Copy)]
pub(super) struct Source<'a> {
    field: &'static str,
    place: Place<'a>,
}

#[derive(Clone, Copy)]
enum Place<'a> {
    Text(&'a str),
    File(&'a Path),
}

impl<'a> Source<'a> {
    /// The one of the two that is set.
    pub(super) fn of(
        (text_field, text): (&'static str, Option<&'a str>),
        (file_field, file): (&'static str, Option<&'a Path>),
    ) -> Result<Option<Self>, (&'static str, String)> {
        match (text, file) {
            (None, None) => Ok(None),
            (Some(text), None) => Ok(Some(Self { field: text_field, place: Place::Text(text) })),
            (None, Some(path)) => Ok(Some(Self { field: file_field, place: Place::File(path) })),
            (Some(_), Some(_)) => Err((file_field, format!("expected `{text_field}` or this, found both"))),
        }
    }

    /// An error about what is there.
    pub(super) fn fault(&self, error: impl fmt::Display) -> (&'static str, String) {
        match self.place {
            Place::Text(_) => (self.field, error.to_string()),
            Place::File(path) => (self.field, format!("in `{}`: {error}", path.display())),
        }
    }

    fn expected(&self, what: &str, found: &str) -> (&'static str, String) {
        match self.place {
            Place::Text(_) => (self.field, format!("expected {what}{found}")),
            Place::File(path) => (self.field, format!("expected {what} in `{}`{found}", path.display())),
        }
    }
}

pub(super) fn certificates(
    source: &Source<'_>,
) -> Result<Vec<CertificateDer<'static>>, (&'static str, String)> {
    let what = "PEM certificates";
    let found: Result<Vec<_>, pem::Error> = match source.place {
        Place::Text(text) => CertificateDer::pem_slice_iter(text.as_bytes()).collect(),
        Place::File(path) => CertificateDer::pem_file_iter(path).and_then(Iterator::collect),
    };
    let found = found.map_err(|error| source.expected(what, &format!(": {error}")))?;
    if found.is_empty() {
        return Err(source.expected(what, ", found none"));
    }
    Ok(found)
}

pub(super) fn key(source: &Source<'_>) -> Result<PrivateKeyDer<'static>, (&'static str, String)> {
    match source.place {
        // The parser's error may quote a line of what it read.
        Place::Text(text) => PrivateKeyDer::from_pem_slice(text.as_bytes())
            .map_err(|_| source.expected("a PEM key", ", found something else, which is not shown")),
        Place::File(path) => PrivateKeyDer::from_pem_file(path)
            .map_err(|error| source.expected("a PEM key", &format!(": {error}"))),
    }
}
