//! Go's regular expressions (RE2 syntax), with Go's meaning and Go's errors, on the `regex` crate.
//!
//! Parca, Pyroscope, Prometheus and pprof compile the patterns that people write with Go's `regexp`.
//! The `regex` crate reads nearly the same syntax and means something else in places: `\d`, `\s`, `\w` and
//! `\b` are ASCII only in Go, `a{` and `[[=a=]]` are literal there, `\Q..\E` exists, class operations
//! (`&&`, `--`) and the flags `x`, `u` and `R` do not. A pattern is parsed here as Go 1.26 parses it and
//! handed on as a pattern that means the same to the engine.
//!
//! ```
//! use re2::Regex;
//!
//! assert!(Regex::new(r"it\'s")?.is_match("it's"));
//! assert!(!Regex::new(r"\d")?.is_match("٣"));
//! assert!(Regex::whole("a|b")?.is_match("b"));
//! assert!(!Regex::whole("a|b")?.is_match("ab"));
//! assert_eq!(
//!     Regex::new("a++").unwrap_err().to_string(),
//!     "error parsing regexp: invalid nested repetition operator: `++`",
//! );
//! # Ok::<(), re2::Error>(())
//! ```
//!
//! What it does not know: labels, functions, and who wrote the pattern.

mod ast;
mod class;
mod error;
mod expand;
mod names;
mod parse;
mod print;
mod regex;

pub use error::{Error, ErrorKind};
pub use regex::{Regex, check};
