//! Any file or answer that holds profiles: unpacked, told apart and read, or refused with what it is.
//!
//! ```
//! use profile_codec::file::{self, Options};
//!
//! let read = file::read(b"goroutine profile: total 2\n2 @ 0x11\n", &Options::default())?;
//! assert_eq!(read.profiles[0].samples.total(0), 2);
//!
//! let error = file::read(b"<html>Please log in</html>", &Options::default()).unwrap_err();
//! assert_eq!(error.to_string(), "expected a profile, found an HTML page, such as that of a login or a proxy: `<html>Please log in</html>`");
//! # Ok::<_, file::Unreadable>(())
//! ```

use std::borrow::Cow;
use std::fmt;

use profile_model::Profile;

use crate::detect::{Form, detect};
use crate::jfr;
use crate::legacy::{self, LegacyError};
use crate::pprof::{self, DecodeError, Limits};
use crate::unpack::{self, Unpacked};

/// What is read, and how much of it.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Options {
    /// The most of everything.
    pub limits: Limits,
}

/// The profiles of a file.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Contents {
    /// What the file was, once unpacked.
    pub form: Form,
    /// How often it was compressed.
    pub layers: usize,
    /// The file's profiles; most often one, never none.
    pub profiles: Vec<Profile>,
}

/// Why there is no profile in a file.
#[derive(Debug)]
#[non_exhaustive]
pub struct Unreadable {
    /// What the file looks like.
    pub form: Form,
    /// The file's start, made fit for a line.
    pub excerpt: String,
    /// Why it could not be read, if it looked like what can be.
    pub reason: Option<Reason>,
}

/// Why a file of a form that is read could not be.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Reason {
    /// Compressed bytes that are not whole, or too many.
    #[error(transparent)]
    Pprof(DecodeError),
    /// An older form that is broken.
    #[error(transparent)]
    Legacy(LegacyError),
}

/// Reads the profiles of a file or an answer: pprof, compressed or not or more than once, several one after
/// another, and the [older forms](crate::legacy).
///
/// # Errors
/// If it is anything else, empty or broken. Other forms have readers of their own.
pub fn read(bytes: &[u8], options: &Options) -> Result<Contents, Unreadable> {
    let limits = &options.limits;
    let unpacked = unpack::unpack(bytes, limits)
        .map_err(|error| Unreadable::new(Form::Gzip, bytes, Some(Reason::Pprof(error))))?;
    let (form, layers) = (detect(&unpacked.bytes), unpacked.layers);
    let profiles = match form {
        Form::Pprof | Form::SeveralPprofs | Form::Unknown | Form::Text => pprofs(&unpacked, limits),
        Form::Legacy => legacy::decode(&unpacked.bytes, limits)
            .map(|found| found.map(|profile| vec![profile]).map_err(Reason::Legacy))
            .transpose(),
        _ => Ok(None),
    };
    let refuse = |reason| Unreadable::new(form, &unpacked.bytes, reason);
    match profiles {
        Ok(Some(profiles)) => Ok(Contents { form, layers, profiles }),
        Ok(None) => Err(refuse(None)),
        Err(reason) => Err(refuse(Some(reason))),
    }
}

/// The bytes of a file without its compression, up to the limit of decoded bytes.
///
/// # Errors
/// If it is compressed and cannot be decompressed.
pub fn unpacked<'a>(bytes: &'a [u8], limits: &Limits) -> Result<Cow<'a, [u8]>, Unreadable> {
    let unpacked = unpack::unpack(bytes, limits);
    let unpacked =
        unpacked.map_err(|error| Unreadable::new(Form::Gzip, bytes, Some(Reason::Pprof(error))))?;
    Ok(unpacked.bytes)
}

/// One profile, or one for each part that was compressed by itself.
fn pprofs(unpacked: &Unpacked<'_>, limits: &Limits) -> Result<Option<Vec<Profile>>, Reason> {
    let form = detect(&unpacked.bytes);
    if unpacked.parts.len() > 1 {
        let each: Result<Vec<Profile>, _> =
            unpacked.parts.iter().map(|part| pprof::decode(&unpacked.bytes[part.clone()], limits)).collect();
        if let Some(profiles) = each.ok().filter(|all| all.iter().all(|one| !one.sample_types.is_empty())) {
            return Ok(Some(profiles));
        }
    }
    match form {
        Form::Pprof => {
            pprof::decode(&unpacked.bytes, limits).map(|one| Some(vec![one])).map_err(Reason::Pprof)
        }
        _ => Ok(None),
    }
}

impl Unreadable {
    fn new(form: Form, bytes: &[u8], reason: Option<Reason>) -> Self {
        Self { form, excerpt: excerpt(bytes), reason }
    }

    /// What to do about it; empty if nothing can be said.
    pub fn hint(&self) -> &'static str {
        match (&self.reason, self.form) {
            (Some(Reason::Pprof(DecodeError::TooLarge { .. })), _) => {
                "raise the limit, or record a shorter time"
            }
            (Some(Reason::Pprof(_)), Form::Pprof | Form::Gzip) => {
                "the file is cut off or damaged: fetch it again"
            }
            (Some(_), Form::Legacy) => {
                "the file is cut off or damaged: fetch it again, or ask for pprof (without `?debug=1`)"
            }
            (_, form) => form.hint(),
        }
    }
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.reason, self.form) {
            (Some(reason), Form::Gzip) => {
                write!(f, "expected a profile, found gzip that cannot be decompressed: {reason}")
            }
            (Some(reason), form) => {
                write!(f, "expected a profile, found {form} that cannot be read: {reason}")
            }
            (None, Form::Empty) => {
                f.write_str("expected a profile, found nothing: 0 bytes, or only white space")
            }
            (None, form) => write!(f, "expected a profile, found {form}: `{}`", self.excerpt),
        }
    }
}

impl std::error::Error for Unreadable {}

/// The name of the series of a profile that has none, after what was measured: of recordings of Java as Pyroscope names
/// them, of all others as [`profile_model::series_name`].
pub fn series_name(profile: &Profile) -> String {
    let other = || profile_model::series_name(&profile.sample_types);
    jfr::series_name(profile).map_or_else(other, str::to_owned)
}

/// The first bytes as one short line: text as it is, other bytes as hex.
pub fn excerpt(bytes: &[u8]) -> String {
    let start = &bytes[..bytes.len().min(120)];
    let text = String::from_utf8_lossy(start);
    let strange = text.chars().filter(|c| c.is_control() && !c.is_whitespace() || *c == '\u{fffd}').count();
    if 8 * strange > text.chars().count() {
        return jfr::hex(&start[..start.len().min(16)]);
    }
    let clean: Cow<'_, str> = text.split_whitespace().collect::<Vec<_>>().join(" ").into();
    let clean: String = clean.chars().filter(|c| !c.is_control()).take(80).collect();
    match bytes.len() > 120 || clean.chars().count() == 80 {
        true => format!("{clean}…"),
        false => clean,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
#[path = "file_tests.rs"]
mod tests;
