//! CPU profiles of gperftools and of Google's Java agent: machine words of the program's width and order.

use super::draft::{Draft, DraftSample, drop_doubled_leaf, onto_calls};
use super::{LegacyError, java, maps};
use crate::pprof::Limits;

/// How wide the words are, and in which order their bytes are.
#[derive(Clone, Copy)]
pub(super) struct Words {
    width: usize,
    big_endian: bool,
}

const LAYOUTS: [Words; 4] = [
    Words { width: 4, big_endian: false },
    Words { width: 4, big_endian: true },
    Words { width: 8, big_endian: false },
    Words { width: 8, big_endian: true },
];

/// The words of the header: 0, 3, then 1 for Java, the period in microseconds, and padding.
const HEADER: usize = 5;

impl Words {
    fn get(self, bytes: &[u8]) -> u64 {
        let add = |sum: u64, byte: &u8| sum << 8 | u64::from(*byte);
        match self.big_endian {
            true => bytes.iter().fold(0, add),
            false => bytes.iter().rev().fold(0, add),
        }
    }
}

/// What the header says: the layout, whether Java wrote it, and the period in microseconds.
pub(super) fn header(bytes: &[u8]) -> Option<(Words, bool, u64)> {
    LAYOUTS.into_iter().find_map(|layout| {
        let header = bytes.get(..HEADER * layout.width)?;
        let words: Vec<u64> = header.chunks_exact(layout.width).map(|word| layout.get(word)).collect();
        match words[..] {
            [0, 3, kind @ (0 | 1), period, 0] if period > 0 => Some((layout, kind == 1, period)),
            _ => None,
        }
    })
}

pub(super) fn read(bytes: &[u8], limits: &Limits) -> Option<Result<Draft, LegacyError>> {
    let (layout, is_java, period) = header(bytes)?;
    let period = i64::try_from(period).unwrap_or(i64::MAX).saturating_mul(1000);
    let body = &bytes[HEADER * layout.width..];
    Some(match is_java {
        true => java_cpu(body, layout, period, limits),
        false => cpp_cpu(body, layout, period, limits),
    })
}

/// Reads a profile whose addresses stay as they are, with nothing behind the samples.
pub(super) fn read_as_is(bytes: &[u8], limits: &Limits) -> Option<Result<Draft, LegacyError>> {
    let (layout, _, period) = header(bytes)?;
    let period = i64::try_from(period).unwrap_or(i64::MAX).saturating_mul(1000);
    let mut draft = cpu_draft(period, limits);
    Some(samples(&bytes[HEADER * layout.width..], layout, false, &mut draft).map(|_| draft))
}

fn cpp_cpu(body: &[u8], layout: Words, period: i64, limits: &Limits) -> Result<Draft, LegacyError> {
    let mut draft = cpu_draft(period, limits);
    let rest = samples(body, layout, true, &mut draft)?;
    drop_signal_frames(&mut draft.samples);
    drop_doubled_leaf(&mut draft.samples);
    draft.maps = maps::read(String::from_utf8_lossy(rest).lines());
    Ok(draft)
}

fn java_cpu(body: &[u8], layout: Words, period: i64, limits: &Limits) -> Result<Draft, LegacyError> {
    let mut draft = cpu_draft(period, limits);
    let rest = samples(body, layout, false, &mut draft)?;
    java::names(String::from_utf8_lossy(rest).lines(), &mut draft);
    Ok(draft)
}

fn cpu_draft(period: i64, limits: &Limits) -> Draft {
    Draft::new(&[("samples", "count"), ("cpu", "nanoseconds")], ("cpu", "nanoseconds"), period, limits)
}

/// Reads `count, depth, address…` up to the end marker `0, 1, 0`; gives what follows it.
fn samples<'a>(
    mut rest: &'a [u8],
    layout: Words,
    on_calls: bool,
    draft: &mut Draft,
) -> Result<&'a [u8], LegacyError> {
    let cut_off = || LegacyError::CutOff("a count, a depth and as many addresses");
    while !rest.is_empty() {
        let (head, tail) = rest.split_at_checked(2 * layout.width).ok_or_else(cut_off)?;
        let (count, depth) = (layout.get(&head[..layout.width]), layout.get(&head[layout.width..]));
        let size = usize::try_from(depth).ok().and_then(|depth| depth.checked_mul(layout.width));
        let (addresses, tail) = size.and_then(|size| tail.split_at_checked(size)).ok_or_else(cut_off)?;
        rest = tail;
        let mut stack: Vec<u64> = addresses.chunks_exact(layout.width).map(|word| layout.get(word)).collect();
        if (count, &stack[..]) == (0, &[0]) {
            return Ok(rest);
        }
        if on_calls {
            onto_calls(&mut stack);
        }
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        let values = vec![count, count.saturating_mul(draft.period)];
        draft.push(DraftSample { stack, values, block_bytes: None })?;
    }
    Ok(rest)
}

/// Where nearly all samples have one frame above the leaf, it is that of the signal handler.
fn drop_signal_frames(samples: &mut [DraftSample]) {
    let enough = samples.len() - samples.len() / 32;
    for _ in 0..2 {
        let mut counts = std::collections::HashMap::new();
        for second in samples.iter().filter_map(|sample| sample.stack.get(1)) {
            *counts.entry(*second).or_insert(0_usize) += 1;
        }
        let Some((frame, _)) = counts.into_iter().find(|(_, count)| *count >= enough) else { return };
        let has_it = |sample: &&mut DraftSample| sample.stack.get(1) == Some(&frame);
        samples.iter_mut().filter(has_it).for_each(|sample| {
            sample.stack.remove(1);
        });
    }
}
