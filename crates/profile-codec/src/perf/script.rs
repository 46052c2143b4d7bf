//! The text of `perf script`.

use std::collections::HashMap;

use profile_model::{Function, Line, Location, LocationId, Mapping, MappingFlags, StringId, Symbols};

use super::events::{Draft, Seen};
use super::{PerfError, Recording};
use crate::pprof::Limits;

/// Reads what `perf script` prints: for each sample a line that says of whom and when, then its frames, leaf
/// first. Addresses of programs in it are relative to their files, so they stand for nothing here but
/// frames without a name.
///
/// # Errors
/// If a line is none of it, there is no sample, or the limits are exceeded.
pub fn decode_script(text: &str, limits: &Limits) -> Result<Recording, PerfError> {
    let mut reader = Reader {
        draft: Draft::new(limits),
        frames: HashMap::new(),
        head: None,
        stack: Vec::new(),
        inlined: Vec::new(),
    };
    for (index, line) in text.lines().enumerate() {
        reader.line(index, line)?;
    }
    reader.end()?;
    reader.draft.finish()
}

struct Reader<'a> {
    draft: Draft,
    frames: HashMap<(&'a str, Vec<&'a str>), LocationId>,
    head: Option<Head<'a>>,
    stack: Vec<LocationId>,
    /// Names of calls that were inlined into the next frame.
    inlined: Vec<&'a str>,
}

/// The line before the frames.
#[derive(Clone, Copy)]
struct Head<'a> {
    comm: &'a str,
    pid: i64,
    time: u64,
    period: u64,
    event: &'a str,
}

impl<'a> Reader<'a> {
    fn line(&mut self, index: usize, line: &'a str) -> Result<(), PerfError> {
        let text = line.trim_end();
        if text.trim().is_empty() {
            return self.end();
        }
        if text.starts_with('#') {
            return Ok(());
        }
        let is_indented = text.starts_with(['\t', ' ']);
        let first = text.split_whitespace().next().unwrap_or_default();
        let is_frame = is_indented && self.head.is_some() && is_hex(first);
        if is_frame {
            self.frame(text.trim_start());
            return Ok(());
        }
        if let Some(head) = head(text.trim_start()) {
            self.end()?;
            // Without call chains, the frame stands behind the event.
            self.head = Some(head);
            return Ok(());
        }
        match self.head.is_some() && is_indented {
            // A source line (`-F +srcline`), which belongs to the frame above.
            true => Ok(()),
            false => Err(PerfError::Line {
                line: index + 1,
                expected: "`comm pid time: period event:` or a frame",
                found: text.trim().chars().take(60).collect(),
            }),
        }
    }

    /// `ADDRESS SYMBOL+0xOFFSET (FILE)`.
    fn frame(&mut self, text: &'a str) {
        let (_, rest) = text.split_once(' ').unwrap_or((text, ""));
        let (symbol, file) = match rest.trim().rsplit_once(" (") {
            Some((symbol, file)) => (symbol.trim(), file.trim_end_matches(')')),
            None => (rest.trim(), ""),
        };
        let symbol = without_offset(symbol);
        if file == "inlined" {
            self.inlined.push(symbol);
            return;
        }
        let mut names = std::mem::take(&mut self.inlined);
        names.push(symbol);
        let symbols = &mut self.draft.profile.symbols;
        let location = match self.frames.get(&(file, names.clone())) {
            Some(known) => *known,
            None => {
                let new = location(symbols, file, &names);
                self.frames.insert((file, names), new);
                new
            }
        };
        self.stack.push(location);
    }

    fn end(&mut self) -> Result<(), PerfError> {
        let stack = std::mem::take(&mut self.stack);
        self.inlined.clear();
        let Some(head) = self.head.take() else { return Ok(()) };
        if head.event.contains("dummy") {
            return Ok(());
        }
        let event = self.draft.event(head.event);
        let Head { comm, pid, time, period, .. } = head;
        self.draft.push(&stack, &Seen { event, comm, pid, time, period })
    }
}

/// `COMM PID[/TID] [[CPU]] TIME: [PERIOD] EVENT:`, where the name of a command may have blanks.
fn head(line: &str) -> Option<Head<'_>> {
    let mut places = line.match_indices(':').filter_map(|(colon, _)| {
        // Blanks beyond ASCII have more bytes than one.
        let word = line[..colon].rsplit(char::is_whitespace).next().unwrap_or_default();
        let start = colon - word.len();
        Some((start, colon, nanos(&line[start..colon])?))
    });
    let (start, colon, time) = places.next()?;
    let (before, after) = (line[..start].trim_end(), line[colon + 1..].trim());
    let before = match before.rsplit_once('[') {
        Some((before, cpu)) if cpu.trim_end_matches(']').bytes().all(|byte| byte.is_ascii_digit()) => {
            before.trim_end()
        }
        _ => before,
    };
    let (comm, pid) = before.rsplit_once(char::is_whitespace)?;
    let pid = pid.split('/').next()?.parse::<i64>().ok()?;
    let event = after.split_whitespace();
    let mut words = event.peekable();
    let period = words.peek().and_then(|word| word.parse::<u64>().ok());
    if period.is_some() {
        words.next();
    }
    let event = words.next().map_or("event", |word| word.trim_end_matches(':'));
    Some(Head { comm: comm.trim(), pid, time, period: period.unwrap_or(1), event })
}

/// `12345.678901` as nanoseconds.
fn nanos(word: &str) -> Option<u64> {
    let (whole, part) = word.split_once('.')?;
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number(whole) || !is_number(part) || part.len() > 9 {
        return None;
    }
    let scale = 10_u64.pow(9 - u32::try_from(part.len()).ok()?);
    whole.parse::<u64>().ok()?.checked_mul(1_000_000_000)?.checked_add(part.parse::<u64>().ok()? * scale)
}

fn is_hex(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn without_offset(symbol: &str) -> &str {
    match symbol.rsplit_once("+0x") {
        Some((name, offset)) if is_hex(offset) && !name.is_empty() => name,
        _ => symbol,
    }
}

/// A place with these names, innermost first.
fn location(symbols: &mut Symbols, file: &str, names: &[&str]) -> LocationId {
    let mapping = (!file.is_empty() && file != "[unknown]").then(|| {
        let file = symbols.intern_string(file);
        let (build_id, flags) =
            (StringId::EMPTY, MappingFlags { has_functions: true, ..MappingFlags::default() });
        symbols.intern_mapping(Mapping { start: 0, limit: 0, offset: 0, file, build_id, flags })
    });
    let line = |name: &&str| {
        let name = symbols.intern_string(name);
        let function = Function { name, system_name: name, filename: StringId::EMPTY, start_line: 0 };
        Line { function: Some(symbols.intern_function(function)), line: 0, column: 0 }
    };
    let lines: Vec<Line> = names.iter().map(line).collect();
    symbols.intern_location(Location { mapping, address: 0, is_folded: false, lines: &lines })
}
