//! Contention and mutex profiles: `--- contentionz …` of C++, `--- mutex:` and `--- contention:` of Go.

use super::draft::{Draft, DraftSample};
use super::scan::{Scan, addresses, is_blank_or_comment};
use super::{LegacyError, count, maps};
use crate::pprof::Limits;

const TYPES: [(&str, &str); 2] = [("contentions", "count"), ("delay", "nanoseconds")];

/// Whether a line starts such a profile; Java's starts alike, and says so in its next lines.
pub(super) fn is_header(line: &str) -> bool {
    ["--- contentionz ", "--- mutex:", "--- contention:"].iter().any(|start| line.starts_with(start))
}

pub(super) fn read(text: &str, limits: &Limits) -> Option<Result<Draft, LegacyError>> {
    let mut lines = text.lines().enumerate().peekable();
    let (_, first) = lines.next()?;
    if !is_header(first) {
        return None;
    }
    let mut draft = Draft::new(&TYPES, TYPES[0], 1, limits);
    let mut cycles_per_second = 0;
    while let Some((_, line)) = lines.next_if(|(_, line)| is_attribute(line)) {
        let Some((key, value)) = line.split_once('=') else { continue };
        let value = value.trim();
        match (key.trim(), value.parse::<i64>()) {
            ("cycles/second", Ok(number)) => cycles_per_second = number,
            ("sampling period", Ok(number)) => draft.period = number,
            ("ms since reset", Ok(number)) => draft.duration_nanos = number.saturating_mul(1_000_000),
            ("discarded samples", _) => {}
            // Java's.
            _ => return None,
        }
    }
    Some(samples(lines, cycles_per_second, draft))
}

fn is_attribute(line: &str) -> bool {
    is_blank_or_comment(line) || (line.contains('=') && !line.trim().starts_with("---"))
}

fn samples<'a>(
    mut lines: impl Iterator<Item = (usize, &'a str)>,
    cycles_per_second: i64,
    mut draft: Draft,
) -> Result<Draft, LegacyError> {
    for (index, line) in lines.by_ref() {
        if line.trim().starts_with("---") {
            draft.maps = maps::after_start(std::iter::once(line).chain(lines.map(|(_, line)| line)));
            return Ok(draft);
        }
        count::name(line, &mut draft);
        if !is_blank_or_comment(line) {
            let found = sample(line, draft.period, cycles_per_second);
            draft.push(found.ok_or_else(|| LegacyError::line(index, "`delay count @ addresses`", line))?)?;
        }
    }
    Ok(draft)
}

fn sample(line: &str, period: i64, cycles_per_second: i64) -> Option<DraftSample> {
    let (mut delay, rest) = Scan(line).starts_of_numbers().find_map(|scan| scan.number(false))?;
    let (mut count, rest) = rest.spaces().number(false)?;
    let mut stack = addresses(rest.word(" @")?.0)?;
    stack.iter_mut().for_each(|address| *address = address.wrapping_sub(1));
    if period > 0 {
        if cycles_per_second > 0 {
            delay = (delay as f64 * period as f64 / (cycles_per_second as f64 / 1e9)) as i64;
        }
        count = count.saturating_mul(period);
    }
    Some(DraftSample { stack, values: vec![count, delay], block_bytes: None })
}
