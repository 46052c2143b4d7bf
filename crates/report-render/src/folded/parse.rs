use std::io::{self, BufRead, BufReader, Read};

use foldhash::fast::RandomState;
use hashbrown::HashMap;
use memchr::{memchr_iter, memrchr};
use profile_model::{
    Function, Line, Location, LocationId, Profile, Sample, StackId, StringId, Symbols, ValueType,
};
use thiserror::Error;

/// What is read, and how much of it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ParseOptions {
    /// What the values count; the form does not say.
    pub value_type: ValueType,
    /// Bytes that are read at most.
    pub max_bytes: u64,
    /// Bytes that a line may have at most.
    pub max_line_bytes: usize,
}

impl Default for ParseOptions {
    /// Counts of samples; 4 GiB, 16 MiB in a line.
    fn default() -> Self {
        Self {
            value_type: ValueType::new("samples", "samples"),
            // Symbol tables have room for as many entries, and each takes a byte.
            max_bytes: u64::from(u32::MAX) - 1,
            max_line_bytes: 16 << 20,
        }
    }
}

/// Why folded stacks cannot be read.
#[derive(Debug, Error)]
#[error("line {line}")]
pub struct ParseError {
    /// The line, counted from 1.
    pub line: u64,
    /// What is wrong there.
    #[source]
    pub kind: ParseErrorKind,
}

/// What is wrong with a line of folded stacks.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ParseErrorKind {
    /// No space parts the stack from its value.
    #[error("expected a stack, a space and a value, found no space")]
    NoValue,
    /// What follows the last space is not a whole number that fits.
    #[error("expected a whole number of at most 64 bits after the last space, found `{0}`")]
    Value(String),
    /// The line is longer than the options allow.
    #[error("expected at most {0} bytes in a line, found more")]
    LineTooLong(usize),
    /// The input is longer than the options allow.
    #[error("expected at most {0} bytes, found more")]
    TooLong(u64),
    /// The reader failed.
    #[error("read the input")]
    Read(#[source] io::Error),
}

/// Reads folded stacks: one sample per line, empty lines skipped. Bytes that are not UTF-8 become
/// U+FFFD.
///
/// # Errors
/// If the reader fails, a line has no value, or a limit of the options is exceeded.
pub fn parse(input: impl Read, options: &ParseOptions) -> Result<Profile, ParseError> {
    let mut reader = BufReader::with_capacity(256 * 1024, input.take(options.max_bytes.saturating_add(1)));
    let mut stacks = Stacks::new();
    let mut profile = Profile::new(vec![options.value_type.clone()]);
    let (mut line, mut number, mut bytes) = (Vec::new(), 0, 0);
    loop {
        number += 1;
        let fail = |kind| ParseError { line: number, kind };
        line.clear();
        let limit = options.max_line_bytes as u64 + 1;
        let read = reader.by_ref().take(limit).read_until(b'\n', &mut line);
        let read = read.map_err(|error| fail(ParseErrorKind::Read(error)))?;
        if read == 0 {
            break;
        }
        bytes += read as u64;
        if bytes > options.max_bytes {
            return Err(fail(ParseErrorKind::TooLong(options.max_bytes)));
        }
        let text = line.trim_ascii_end();
        if text.len() > options.max_line_bytes {
            return Err(fail(ParseErrorKind::LineTooLong(options.max_line_bytes)));
        }
        if text.is_empty() {
            continue;
        }
        let (stack, value) = split_value(text).map_err(fail)?;
        let stack = stacks.intern(&mut profile.symbols, stack);
        profile.samples.push(Sample { stack, values: &[value], labels: &[] });
    }
    Ok(profile)
}

fn split_value(line: &[u8]) -> Result<(&[u8], i64), ParseErrorKind> {
    let space = memrchr(b' ', line).ok_or(ParseErrorKind::NoValue)?;
    let text = &line[space + 1..];
    let value = str::from_utf8(text).ok().and_then(|text| text.parse().ok());
    let value = value.ok_or_else(|| ParseErrorKind::Value(shorten(text)))?;
    Ok((line[..space].trim_ascii_end(), value))
}

/// As much of a piece of input as fits an error.
fn shorten(text: &[u8]) -> String {
    String::from_utf8_lossy(&text[..text.len().min(40)]).into_owned()
}

/// Stacks and frames by their text, which costs less than to make each anew and find that it is
/// known: most lines of most inputs were there before, or start like one before.
struct Stacks {
    /// Stacks by their hash. All bits of it are compared and then the text, which is in `texts`.
    known: HashMap<Box<[u8]>, StackId, RandomState>,
    frames: HashMap<Box<[u8]>, LocationId, RandomState>,
    /// The stack before, root first, and where each of its frames ends in its text.
    last: Vec<(LocationId, usize)>,
    last_text: Vec<u8>,
    leaf_first: Vec<LocationId>,
}

impl Stacks {
    fn new() -> Self {
        Self {
            known: HashMap::default(),
            frames: HashMap::default(),
            last: Vec::new(),
            last_text: Vec::new(),
            leaf_first: Vec::new(),
        }
    }

    fn intern(&mut self, symbols: &mut Symbols, text: &[u8]) -> StackId {
        if let Some(known) = self.known.get(text) {
            return *known;
        }
        self.keep_common(text);
        let mut start = self.last.last().map_or(0, |(_, end)| end + 1);
        if start <= text.len() {
            for end in memchr_iter(b';', &text[start..]).map(|at| start + at).collect::<Vec<_>>() {
                self.push(symbols, text, start, end);
                start = end + 1;
            }
            self.push(symbols, text, start, text.len());
        }
        self.last_text.clear();
        self.last_text.extend_from_slice(text);
        self.leaf_first.clear();
        self.leaf_first.extend(self.last.iter().rev().map(|(location, _)| *location));
        let stack = symbols.intern_stack(&self.leaf_first);
        self.known.insert(text.into(), stack);
        stack
    }
}
