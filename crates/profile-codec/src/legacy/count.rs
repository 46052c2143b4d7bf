//! Counts of Go: `goroutine profile: total 7`, then `1 @ 0x… 0x…` lines, with names in comments.

use super::draft::{Draft, DraftSample, Named};
use super::scan::{Scan, addresses, is_blank_or_comment};
use super::{LegacyError, maps};
use crate::pprof::Limits;

pub(super) fn read(text: &str, limits: &Limits) -> Option<Result<Draft, LegacyError>> {
    let mut lines = text.lines().enumerate();
    let (_, first) = lines.find(|(_, line)| !is_blank_or_comment(line))?;
    Some(body(kind(first)?, lines, limits))
}

/// The name in `NAME profile: total N`.
pub(super) fn kind(line: &str) -> Option<&str> {
    let (name, total) = line.split_once(" profile: total ")?;
    let is_number = !total.is_empty() && total.bytes().all(|byte| byte.is_ascii_digit());
    (is_number && !name.is_empty() && !name.contains(char::is_whitespace)).then_some(name)
}

fn body<'a>(
    kind: &str,
    mut lines: impl Iterator<Item = (usize, &'a str)>,
    limits: &Limits,
) -> Result<Draft, LegacyError> {
    let mut draft = Draft::new(&[(kind, "count")], (kind, "count"), 1, limits);
    for (index, line) in lines.by_ref() {
        if line.starts_with("---") {
            let maps = maps::after_start(std::iter::once(line).chain(lines.map(|(_, line)| line)));
            draft.maps = maps;
            return Ok(draft);
        }
        name(line, &mut draft);
        if !is_blank_or_comment(line) {
            let found = sample(line);
            draft.push(found.ok_or_else(|| LegacyError::line(index, "`count @ addresses`", line))?)?;
        }
    }
    Ok(draft)
}

fn sample(line: &str) -> Option<DraftSample> {
    let (count, rest) = Scan(line).number(false)?;
    let rest = rest.word(" @")?.0;
    let mut stack = Vec::new();
    for word in rest.split_ascii_whitespace() {
        stack.extend(addresses(word).filter(|found| found.len() == 1 && word.starts_with("0x"))?);
    }
    stack.iter_mut().for_each(|address| *address = address.wrapping_sub(1));
    let is_stack = !stack.is_empty();
    is_stack.then_some(DraftSample { stack, values: vec![count], block_bytes: None })
}

/// Keeps the name in a comment of Go's, `#\t0xPC\tfunction+0xOFFSET\tfile:line`. Inlined calls are lines of
/// one address, innermost first.
pub(super) fn name(line: &str, draft: &mut Draft) {
    let Some((address, named)) = parse_name(line) else { return };
    let known = draft.names.entry(address).or_default();
    if !known.contains(&named) {
        known.push(named);
    }
}

fn parse_name(line: &str) -> Option<(u64, Named)> {
    let mut words = line.strip_prefix("#\t")?.split('\t').filter(|word| !word.is_empty());
    let address = u64::from_str_radix(words.next()?.trim().strip_prefix("0x")?, 16).ok()?;
    let (function, _offset) = words.next()?.rsplit_once("+0x")?;
    let (file, number) = words.next()?.trim().rsplit_once(':')?;
    let named = Named { function: function.to_owned(), file: file.to_owned(), line: number.parse().ok()? };
    Some((address, named))
}
