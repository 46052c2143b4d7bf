//! Heap and contention profiles of Google's Java agent: text with addresses that are ids of names.

use super::draft::{Draft, DraftSample, Named};
use super::scan::{Scan, addresses};
use super::{LegacyError, heap};
use crate::pprof::Limits;

/// The agent's, in bytes between two samples.
const HEAP_RATE: i64 = 512 * 1024;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Heap,
    Contention,
}

fn kind(line: &str) -> Option<Kind> {
    match line.trim() {
        "--- heapz 1 ---" => Some(Kind::Heap),
        "--- contentionz 1 ---" => Some(Kind::Contention),
        _ => None,
    }
}

/// Whether a line starts such a profile.
pub(super) fn is_header(line: &str) -> bool {
    kind(line).is_some()
}

pub(super) fn read(text: &str, limits: &Limits) -> Option<Result<Draft, LegacyError>> {
    let mut lines = text.lines().enumerate().peekable();
    let (_, first) = lines.next()?;
    let kind = kind(first)?;
    let mut draft = Draft::new(&[], ("", ""), 0, limits);
    let is_blank = |line: &str| line.trim().is_empty();
    while let Some((index, line)) = lines.next_if(|(_, line)| is_blank(line) || line.contains('=')) {
        if !is_blank(line) && attribute(kind, line, &mut draft).is_none() {
            let expected = "`format = java`, `resolution`, `sampling period` or `ms since reset`";
            return Some(Err(LegacyError::line(index, expected, line)));
        }
    }
    if draft.types.is_empty() {
        return Some(Err(LegacyError::CutOff("a line `resolution = UNIT`")));
    }
    let mut rest = Vec::new();
    for (index, line) in lines {
        match (rest.is_empty(), is_blank(line), sample(kind, line, draft.period)) {
            (_, true, _) => {}
            (true, _, Some(Some(sample))) => {
                if let Err(error) = draft.push(sample) {
                    return Some(Err(error));
                }
            }
            (true, _, Some(None)) => {
                return Some(Err(LegacyError::line(index, "a count that is not 0", line)));
            }
            _ => rest.push(line),
        }
    }
    names(rest.into_iter(), &mut draft);
    if draft.period_type.name.is_empty() {
        // The agent's heap profiles say none, and a Parca needs one.
        draft.period_type = draft.types[1].clone();
    }
    Some(Ok(draft))
}

fn attribute(kind: Kind, line: &str, draft: &mut Draft) -> Option<()> {
    let (key, value) = line.split_once('=')?;
    let value = value.trim();
    match (kind, key.trim()) {
        (_, "format") => return (value == "java").then_some(()),
        (Kind::Heap, "resolution") => draft.types = types(["inuse_objects", "inuse_space"], value),
        (Kind::Contention, "resolution") => draft.types = types(["contentions", "delay"], value),
        (Kind::Contention, "sampling period") => {
            draft.period_type = profile_model::ValueType::new("contentions", "count");
            draft.period = value.parse().ok()?;
        }
        (Kind::Contention, "ms since reset") => {
            draft.duration_nanos = value.parse::<i64>().ok()?.saturating_mul(1_000_000);
        }
        _ => return None,
    }
    Some(())
}

fn types([count, other]: [&str; 2], unit: &str) -> Vec<profile_model::ValueType> {
    vec![profile_model::ValueType::new(count, "count"), profile_model::ValueType::new(other, unit)]
}

/// `None` for what is no sample, `Some(None)` for one that counts nothing. The values stand in the other
/// order than elsewhere.
fn sample(kind: Kind, line: &str, period: i64) -> Option<Option<DraftSample>> {
    let (size, rest) = Scan(line.trim()).number(false)?;
    let (count, rest) = rest.word(" ")?.spaces().number(false)?;
    let rest = rest.word(" ")?.spaces().word("@ ")?;
    let stack = addresses(rest.spaces().0)?;
    let (values, block_bytes) = match kind {
        Kind::Heap if count == 0 => return Some(None),
        Kind::Heap => {
            let (objects, bytes) = heap::scaled(count, size, HEAP_RATE);
            (vec![objects, bytes], Some(size / count))
        }
        Kind::Contention => {
            let factor = if period == 0 { 1 } else { period };
            (vec![count.saturating_mul(factor), size.saturating_mul(factor)], None)
        }
    };
    Some(Some(DraftSample { stack, values, block_bytes }))
}

/// Reads `0xADDRESS function (file:line)` lines. The addresses mean nothing without them.
pub(super) fn names<'a>(lines: impl Iterator<Item = &'a str>, draft: &mut Draft) {
    draft.has_addresses = false;
    for (address, named) in lines.filter_map(name) {
        draft.names.insert(address, vec![named]);
    }
}

fn name(line: &str) -> Option<(u64, Named)> {
    let rest = line.trim().strip_prefix("0x")?;
    let (address, rest) = rest.split_once(char::is_whitespace)?;
    let address = u64::from_str_radix(address, 16).ok()?;
    Some((address, named(rest.trim())))
}

pub(super) fn named(text: &str) -> Named {
    let part = text.strip_suffix(')').and_then(|text| text.rsplit_once(" ("));
    let Some((function, place)) = part else {
        let function = if text.contains("generated stub/JIT") { "STUB" } else { text };
        return Named { function: function.to_owned(), ..Named::default() };
    };
    let function = function.trim_end().to_owned();
    let number = place.rsplit_once(':').and_then(|(file, line)| Some((file, line.parse::<i64>().ok()?)));
    match number {
        Some((file, line)) => Named { function, file: file.to_owned(), line: line.max(0) },
        None => {
            let file = place.rsplit('/').next().unwrap_or(place).to_owned();
            Named { function, file, line: 0 }
        }
    }
}
