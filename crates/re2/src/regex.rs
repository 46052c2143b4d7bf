use std::fmt;

use crate::parse::{Parsed, parse};
use crate::{Error, ErrorKind, print};

/// How much memory a compiled pattern may take: Go's own limit is of the same size.
const MAX_COMPILED_BYTES: usize = 64 << 20;
/// How deep groups may nest in what is compiled: the engine compiles by recursion. Go takes 1,000, so that
/// [`check`] does, too.
const MAX_COMPILED_DEPTH: usize = 200;
/// Printing adds a few groups to each of the pattern's.
const NEST_LIMIT: u32 = 8 * MAX_COMPILED_DEPTH as u32;

/// A compiled pattern; cheap to clone.
#[derive(Clone)]
pub struct Regex {
    source: String,
    names: Vec<Option<String>>,
    engine: regex::Regex,
}

/// Whether Go would take the pattern; nothing is compiled.
///
/// # Errors
/// Go's own.
pub fn check(pattern: &str) -> Result<(), Error> {
    parse(pattern).map(drop)
}

impl Regex {
    /// A pattern that matches anywhere in a text.
    ///
    /// # Errors
    /// Where Go refuses it, or it takes more than 64 MiB compiled.
    pub fn new(pattern: &str) -> Result<Self, Error> {
        Self::compile(pattern, pattern)
    }

    /// A pattern that has to match all of a text, as Prometheus and Pyroscope mean it: `^(?:pattern)$`.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn whole(pattern: &str) -> Result<Self, Error> {
        // In pieces it may mean something else: `\Qa` is open, and so takes the bracket in.
        check(pattern)?;
        Self::compile(pattern, &format!("^(?:{pattern})$"))
    }

    fn compile(source: &str, pattern: &str) -> Result<Self, Error> {
        let Parsed { node, names, depth } = parse(pattern)?;
        if depth > MAX_COMPILED_DEPTH {
            return Err(Error::new(ErrorKind::NestingDepth, pattern));
        }
        let engine = regex::RegexBuilder::new(&print::pattern(&node))
            .size_limit(MAX_COMPILED_BYTES)
            .nest_limit(NEST_LIMIT)
            .build()
            .map_err(|_| Error::new(ErrorKind::Large, pattern))?;
        Ok(Self { source: source.to_owned(), names, engine })
    }

    /// The pattern as it was written.
    pub fn as_str(&self) -> &str {
        &self.source
    }

    /// Whether it matches.
    pub fn is_match(&self, text: &str) -> bool {
        self.engine.is_match(text)
    }

    /// The leftmost match with its groups, which are counted as in the pattern.
    pub fn captures<'t>(&self, text: &'t str) -> Option<regex::Captures<'t>> {
        self.engine.captures(text)
    }

    /// The group of this name: the engine knows groups by number only.
    pub fn group(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|known| known.as_deref() == Some(name))
    }

    /// The names of groups by number, that of the whole match first.
    pub(crate) fn names(&self) -> impl Iterator<Item = Option<&str>> {
        self.names.iter().map(Option::as_deref)
    }

    /// How many groups there are, that of the whole match included.
    pub fn groups(&self) -> usize {
        self.engine.captures_len()
    }
}

impl fmt::Debug for Regex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Regex({:?})", self.source)
    }
}

impl fmt::Display for Regex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.source)
    }
}

impl PartialEq for Regex {
    /// Equal patterns, equally anchored.
    fn eq(&self, other: &Self) -> bool {
        self.source == other.source && self.engine.as_str() == other.engine.as_str()
    }
}

impl Eq for Regex {}
