use std::io::Read;

use foldhash::fast::RandomState;
use hashbrown::HashMap;
use memchr::{memchr_iter, memrchr};
use profile_model::{Function, Line, Location, LocationId, Profile, Sample, StackId, StringId, Symbols};

use super::lines::Lines;
use super::options::{ParseError, ParseErrorKind, ParseOptions};

/// Reads folded stacks: one sample per line, empty lines skipped. Bytes that are not UTF-8 become
/// U+FFFD.
///
/// # Errors
/// If the reader fails, a line has no value, or a limit of the options is exceeded.
pub fn parse(input: impl Read, options: &ParseOptions) -> Result<Profile, ParseError> {
    let mut stacks = Stacks::default();
    let mut profile = Profile::new(vec![options.value_type.clone()]);
    for_each_stack(input, options, |stack, value| {
        let stack = stacks.intern(&mut profile.symbols, stack);
        profile.samples.push(Sample { stack, values: &[value], labels: &[] });
    })?;
    Ok(profile)
}

/// Calls `each` with the text of each stack, root first, and its value.
///
/// # Errors
/// As [`parse`].
pub fn for_each_stack(
    input: impl Read,
    options: &ParseOptions,
    mut each: impl FnMut(&[u8], i64),
) -> Result<(), ParseError> {
    let mut lines = Lines::new(input, options);
    let mut line = 0;
    let mut next = || -> Result<bool, ParseErrorKind> {
        line += 1;
        let Some(text) = lines.next()? else { return Ok(false) };
        let text = text.trim_ascii_end();
        if !text.is_empty() {
            let (stack, value) = split_value(text)?;
            each(stack, value);
        }
        Ok(true)
    };
    loop {
        match next() {
            Ok(true) => {}
            Ok(false) => return Ok(()),
            Err(kind) => return Err(ParseError { line, kind }),
        }
    }
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
/// known: most lines of most inputs were there before, or start like the one before.
#[derive(Default)]
struct Stacks {
    stacks: HashMap<Box<[u8]>, StackId, RandomState>,
    frames: HashMap<Box<[u8]>, LocationId, RandomState>,
    /// The last new stack, root first, and where each of its frames ends in its text.
    last: Vec<(LocationId, usize)>,
    last_text: Vec<u8>,
    leaf_first: Vec<LocationId>,
}

impl Stacks {
    fn intern(&mut self, symbols: &mut Symbols, text: &[u8]) -> StackId {
        if text.is_empty() {
            return StackId::EMPTY;
        }
        if let Some(known) = self.stacks.get(text) {
            return *known;
        }
        self.keep_common(text);
        let start = self.last.last().map_or(0, |(_, end)| end + 1);
        if let Some(rest) = text.get(start..) {
            self.push_frames(symbols, rest, start);
        }
        self.last_text.clear();
        self.last_text.extend_from_slice(text);
        self.leaf_first.clear();
        self.leaf_first.extend(self.last.iter().rev().map(|(location, _)| *location));
        let stack = symbols.intern_stack(&self.leaf_first);
        self.stacks.insert(text.into(), stack);
        stack
    }

    /// Forgets the frames of the last stack that this one does not start with.
    fn keep_common(&mut self, text: &[u8]) {
        let pairs = self.last_text.iter().zip(text);
        let common = pairs.take_while(|(last, this)| last == this).count();
        let is_same = |end: usize| end <= common && text.get(end).is_none_or(|byte| *byte == b';');
        let kept = self.last.iter().take_while(|(_, end)| is_same(*end)).count();
        self.last.truncate(kept);
    }

    /// Adds the frames of the rest of a stack, which starts at `offset` of its text.
    fn push_frames(&mut self, symbols: &mut Symbols, rest: &[u8], offset: usize) {
        let mut start = 0;
        for end in memchr_iter(b';', rest).chain([rest.len()]) {
            let name = &rest[start..end];
            let location = match self.frames.get(name) {
                Some(known) => *known,
                None => {
                    let new = location(symbols, &String::from_utf8_lossy(name));
                    self.frames.insert(name.into(), new);
                    new
                }
            };
            self.last.push((location, offset + end));
            start = end + 1;
        }
    }
}

fn location(symbols: &mut Symbols, name: &str) -> LocationId {
    let name = symbols.intern_string(name);
    let function = Function { name, system_name: name, filename: StringId::EMPTY, start_line: 0 };
    let function = Some(symbols.intern_function(function));
    let lines = [Line { function, line: 0, column: 0 }];
    symbols.intern_location(Location { mapping: None, address: 0, is_folded: false, lines: &lines })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_is_said_with_its_line() {
        let options = ParseOptions { max_line_bytes: 8, max_bytes: 20, ..ParseOptions::default() };
        let check = |input: &[u8], expect: &str| {
            let error = parse(input, &options).unwrap_err();
            assert_eq!(format!("{error}: {}", error.kind), expect);
        };
        check(b"a 1\nb", "line 2: expected a stack, a space and a value, found no space");
        let value = "expected a whole number of at most 64 bits after the last space, found";
        check(b"a b", &format!("line 1: {value} `b`"));
        check(b"a 1.5", &format!("line 1: {value} `1.5`"));
        check(b"a \xff", &format!("line 1: {value} `\u{fffd}`"));
        check(b"a;b;c;d 1\n", "line 1: expected at most 8 bytes in a line, found more");
        check(b"a;b 10\na;b 10\na;b 10\n", "line 3: expected at most 20 bytes, found more");
    }
}
