//! What bytes are, by how they start: any file or answer that somebody takes for a profile.

mod binary;
mod form;
mod text;

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;

pub use form::Form;

use crate::legacy;

/// What the bytes look like. A guess by the start; only reading them tells whether they are whole.
///
/// ```
/// use profile_codec::detect::{Form, detect};
///
/// assert_eq!(detect(b"main;work 12\n"), Form::Folded);
/// assert_eq!(detect(b"<!doctype html><title>Login</title>"), Form::Html);
/// ```
pub fn detect(bytes: &[u8]) -> Form {
    let start = &bytes[..bytes.len().min(PEEK)];
    if start.iter().all(u8::is_ascii_whitespace) {
        return Form::Empty;
    }
    binary::by_magic(bytes)
        .or_else(|| legacy::kind_of(start))
        .or_else(|| text::detect(start))
        .or_else(|| binary::pprof(bytes))
        .unwrap_or(Form::Unknown)
}

/// How much of a text is looked at.
const PEEK: usize = 64 << 10;
