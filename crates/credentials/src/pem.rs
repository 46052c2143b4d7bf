//! Certificates and keys as PEM, where they stand, and what is wrong with them.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use crate::{Secret, file};

/// No bundle of certificates is longer; the usual system's is 250 kB.
const MAX_PEM_BYTES: u64 = 16 << 20;

/// Where a PEM text is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pem {
    /// The text itself, as a configuration has it.
    Text(Secret),
    /// A file that holds it, read again when it changes; at most 16 MiB.
    File(PathBuf),
}

/// The parts of TLS settings that can be wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The authorities to trust.
    Ca,
    /// The client's certificate chain, leaf first.
    Cert,
    /// The client's private key.
    Key,
}

/// Why TLS settings cannot be used. No text of a file is quoted: it may be a key.
#[derive(Debug, thiserror::Error)]
#[error("{}", self.words())]
pub struct TlsProblem {
    /// The part that is wrong.
    pub part: Part,
    /// The file, if the part is in one.
    pub file: Option<PathBuf>,
    /// What the system says of a file that cannot be read.
    pub unreadable: Option<io::Error>,
    /// What is wrong with what was read; empty if nothing was.
    pub message: String,
}

impl Pem {
    /// The one of the two that is set; the text wins.
    pub fn of(text: Option<Secret>, file: Option<&Path>) -> Option<Self> {
        text.map(Self::Text).or_else(|| file.map(|path| Self::File(path.to_owned())))
    }

    pub(crate) fn file(&self) -> Option<&Path> {
        match self {
            Self::Text(_) => None,
            Self::File(path) => Some(path),
        }
    }

    /// At least one certificate.
    ///
    /// # Errors
    /// There is none, or what is there is something else.
    pub fn certificates(&self, part: Part) -> Result<Vec<CertificateDer<'static>>, TlsProblem> {
        let text = self.text(part)?;
        let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(text.expose().as_bytes()).collect();
        match found {
            Ok(found) if !found.is_empty() => Ok(found),
            Ok(_) => Err(self.problem(part, "found none")),
            Err(_) => Err(self.problem(part, "found something else")),
        }
    }

    /// A private key.
    ///
    /// # Errors
    /// There is none, or what is there is something else.
    pub fn key(&self) -> Result<PrivateKeyDer<'static>, TlsProblem> {
        let text = self.text(Part::Key)?;
        // The parser's error may quote a line of what it read.
        PrivateKeyDer::from_pem_slice(text.expose().as_bytes())
            .map_err(|_| self.problem(Part::Key, "found something else, which is not shown"))
    }

    fn text(&self, part: Part) -> Result<Secret, TlsProblem> {
        match self {
            Self::Text(text) => Ok(text.clone()),
            Self::File(path) => match file::read(path, MAX_PEM_BYTES) {
                Ok(text) => Ok(Secret::new(text)),
                Err(error) => {
                    let unreadable = Some(error);
                    Err(TlsProblem { part, file: Some(path.clone()), unreadable, message: String::new() })
                }
            },
        }
    }

    pub(crate) fn problem(&self, part: Part, message: impl fmt::Display) -> TlsProblem {
        let file = self.file().map(Path::to_owned);
        TlsProblem { part, file, unreadable: None, message: message.to_string() }
    }
}

impl TlsProblem {
    fn words(&self) -> String {
        let what = match self.part {
            Part::Ca | Part::Cert => "PEM certificates",
            Part::Key => "a PEM key",
        };
        let place = match &self.file {
            Some(path) => format!(" in `{}`", path.display()),
            None => String::new(),
        };
        match &self.unreadable {
            Some(error) => format!("expected {what}{place}: {error}"),
            None => format!("expected {what}{place}, {}", self.message),
        }
    }
}
