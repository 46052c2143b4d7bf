//! Heap profiles of gperftools and Go, and gperftools' growth and fragmentation profiles.

use super::draft::{Draft, DraftSample};
use super::scan::{Scan, addresses, is_blank_or_comment};
use super::{LegacyError, count, maps};
use crate::pprof::Limits;

const PERIOD_TYPE: (&str, &str) = ("space", "bytes");

/// What the first line says.
#[derive(Clone, Copy)]
struct Header {
    period: i64,
    /// Sampled by bytes, so that small blocks stand for more.
    is_sampled: bool,
    has_allocations: bool,
}

pub(super) fn read(text: &str, limits: &Limits) -> Option<Result<Draft, LegacyError>> {
    let header = header(text.lines().next()?)?;
    Some(body(text, header, limits))
}

/// Whether a line starts a heap profile.
pub(super) fn is_header(line: &str) -> bool {
    header(line).is_some()
}

/// `heap profile: objects: bytes [objects: bytes] @ heap/rate`.
fn header(line: &str) -> Option<Header> {
    let (_, after) = line.split_once("heap profile:")?;
    let (inuse, allocated, rest) = four_numbers(Scan(after).spaces(), false)?;
    let rest = rest.spaces().word("@")?.spaces().0;
    let has_allocations =
        (allocated.0 != inuse.0 && allocated.0 != 0) || (allocated.1 != inuse.1 && allocated.1 != 0);
    if rest.starts_with("growth") || rest.starts_with("fragmentation") {
        return Some(Header { period: 1, is_sampled: false, has_allocations: false });
    }
    let end = rest.bytes().take_while(|b| matches!(b, b'_' | b'a'..=b'z' | b'0'..=b'9')).count();
    let (kind, rate) = rest.split_at(end);
    let rate = rate.strip_prefix('/').unwrap_or(rate);
    let rate = Scan(rate).number(false).map_or(0, |(rate, _)| rate);
    let (period, is_sampled) = match kind {
        "heapz_v2" | "heap_v2" => (rate, true),
        "heapprofile" => (1, false),
        // Go writes twice its rate.
        "heap" => (rate / 2, true),
        _ => return None,
    };
    Some(Header { period, is_sampled, has_allocations })
}

type Pair = (i64, i64);

/// `a: b [c: d]`.
fn four_numbers(scan: Scan<'_>, signed: bool) -> Option<(Pair, Pair, Scan<'_>)> {
    let (a, rest) = scan.number(signed)?;
    let (b, rest) = rest.word(":")?.spaces().number(signed)?;
    let (c, rest) = rest.spaces().word("[")?.spaces().number(false)?;
    let (d, rest) = rest.word(":")?.spaces().number(false)?;
    Some(((a, b), (c, d), rest.spaces().word("]")?))
}

fn body(text: &str, header: Header, limits: &Limits) -> Result<Draft, LegacyError> {
    let types: &[(&str, &str)] = match header.has_allocations {
        true => &[
            ("alloc_objects", "count"),
            ("alloc_space", "bytes"),
            ("inuse_objects", "count"),
            ("inuse_space", "bytes"),
        ],
        false => &[("objects", "count"), ("space", "bytes")],
    };
    let mut draft = Draft::new(types, PERIOD_TYPE, header.period, limits);
    let mut lines = text.lines().enumerate().skip(1);
    for (index, line) in lines.by_ref() {
        if maps::is_start(line) {
            draft.maps = maps::read(lines.map(|(_, line)| line));
            return Ok(draft);
        }
        count::name(line, &mut draft);
        if !is_blank_or_comment(line) {
            let found = sample(line, header);
            let expected = "`objects: bytes [objects: bytes] @ addresses`";
            draft.push(found.ok_or_else(|| LegacyError::line(index, expected, line))?)?;
        }
    }
    Ok(draft)
}

fn sample(line: &str, header: Header) -> Option<DraftSample> {
    let read = |scan| {
        let (inuse, allocated, rest) = four_numbers(scan, true)?;
        Some((inuse, allocated, rest.word(" @")?))
    };
    let (inuse, allocated, rest) = Scan(line).starts_of_numbers().find_map(read)?;
    let mut values = Vec::with_capacity(4);
    let mut block_bytes = 0;
    let pairs = [allocated, inuse];
    for (count, size) in pairs.into_iter().skip(usize::from(!header.has_allocations)) {
        if count == 0 && size != 0 {
            return None;
        }
        if count != 0 {
            block_bytes = size.wrapping_div(count);
        }
        let (count, size) = match header.is_sampled && count != 0 {
            true => scaled(count, size, header.period),
            false => (count, size),
        };
        values.extend([count, size]);
    }
    let mut stack = addresses(rest.0)?;
    stack.iter_mut().for_each(|address| *address = address.wrapping_sub(1));
    Some(DraftSample { stack, values, block_bytes: Some(block_bytes) })
}

/// What samples stand for, where a block of `size` bytes is sampled with the probability
/// `1 - exp(-size / rate)`.
pub(super) fn scaled(count: i64, size: i64, rate: i64) -> (i64, i64) {
    if count == 0 || size == 0 {
        return (0, 0);
    }
    if rate <= 1 {
        return (count, size);
    }
    let mean = size as f64 / count as f64;
    let scale = 1.0 / (1.0 - (-mean / rate as f64).exp());
    ((count as f64 * scale) as i64, (size as f64 * scale) as i64)
}
