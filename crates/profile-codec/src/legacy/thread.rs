//! Threads of C++ servers: `--- threadz 1 ---`, then a stack for each thread.

use super::draft::{Draft, DraftSample, drop_doubled_leaf, onto_calls};
use super::scan::{all_addresses, is_blank_or_comment};
use super::{LegacyError, maps};
use crate::pprof::Limits;

type Lines<'a> = std::iter::Peekable<std::iter::Enumerate<std::str::Lines<'a>>>;

/// Whether a line starts such a profile.
pub(super) fn is_header(line: &str) -> bool {
    line.contains("--- threadz ") || is_thread(line)
}

/// `--- Thread HEX (name: NAME/ID) stack: ---`.
fn is_thread(line: &str) -> bool {
    let start = line.split_once("--- Thread ").map(|(_, rest)| rest);
    start.is_some_and(|rest| rest.contains(" (name: ") && rest.contains(") stack: ---"))
}

pub(super) fn read(text: &str, limits: &Limits) -> Option<Result<Draft, LegacyError>> {
    let mut lines: Lines<'_> = text.lines().enumerate().peekable();
    while lines.next_if(|(_, line)| is_blank_or_comment(line)).is_some() {}
    let (_, first) = *lines.peek()?;
    if !is_header(first) {
        return None;
    }
    if !is_thread(first) {
        lines.next();
        while lines.next_if(|(_, line)| !line.starts_with('-') && !maps::is_start(line)).is_some() {}
    }
    Some(threads(lines, limits))
}

fn threads(mut lines: Lines<'_>, limits: &Limits) -> Result<Draft, LegacyError> {
    let mut draft = Draft::new(&[("thread", "count")], ("thread", "count"), 1, limits);
    while let Some((index, line)) = lines.peek().copied() {
        if maps::is_start(line) || line.starts_with("---- no stack trace for") {
            break;
        }
        if !is_thread(line) {
            return Err(LegacyError::line(index, "`--- Thread ID (name: …) stack: ---`", line));
        }
        lines.next();
        let stack = stack(&mut lines)?;
        match (stack, draft.samples.last_mut()) {
            (Some(stack), _) => draft.push(DraftSample { stack, values: vec![1], block_bytes: None })?,
            (None, Some(last)) => last.values[0] += 1,
            (None, None) => {}
        }
    }
    draft.maps = maps::after_start(lines.map(|(_, line)| line));
    drop_doubled_leaf(&mut draft.samples);
    Ok(draft)
}

/// The stack of a thread; `None` if it is that of the thread before.
fn stack(lines: &mut Lines<'_>) -> Result<Option<Vec<u64>>, LegacyError> {
    let mut stack = Vec::new();
    let mut is_same = false;
    while let Some((index, line)) = lines.next_if(|(_, line)| !line.trim().starts_with("---")) {
        match line.contains("same as previous thread") {
            true => is_same = true,
            false => {
                let found = all_addresses(line);
                stack.extend(found.ok_or_else(|| LegacyError::line(index, "addresses of 64 bits", line))?);
            }
        }
    }
    onto_calls(&mut stack);
    Ok((!is_same && !stack.is_empty()).then_some(stack))
}
