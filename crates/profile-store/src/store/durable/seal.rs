//! From parts in memory to blocks: one for each day of the profiles' time.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use durable::SharedDisk;
use profile_model::{Labels, StackId, Transfer};

use crate::memory::{MemoryPart, Moment};
use crate::model::{Span, TypeKey};
use crate::sealed::{BlockWriter, Summary, WriteError};

/// A day in nanoseconds.
pub(crate) const DAY: i64 = 86_400 * 1_000_000_000;

/// Days that get a block each; of profiles with times all over, the oldest share one.
const MOST_DAYS: usize = 24;

/// The UTC day of a time.
pub(crate) fn day(nanos: i64) -> i64 {
    nanos.div_euclid(DAY)
}

/// The spans that get a block each, oldest first. Together they hold all profiles of the parts.
pub(crate) fn spans(parts: &[&MemoryPart]) -> Vec<Span> {
    let mut days: BTreeMap<i64, u64> = BTreeMap::new();
    for part in parts {
        for series in 0..part.index().len() as u32 {
            let extent = part.extents_of(series).whole();
            if day(extent.first) == day(extent.last) {
                *days.entry(day(extent.first)).or_default() += 1;
            } else {
                part.profiles_of(series, Span::ALL)
                    .for_each(|profile| *days.entry(day(profile.at.time_nanos)).or_default() += 1);
            }
        }
    }
    let days: Vec<i64> = days.into_keys().collect();
    let own = days.len().saturating_sub(MOST_DAYS);
    let mut spans = Vec::new();
    if let Some(last) = days[..own].last() {
        spans.push(Span::inclusive(i64::MIN, end_of(*last)));
    }
    spans.extend(days[own..].iter().map(|day| Span::inclusive(day.saturating_mul(DAY), end_of(*day))));
    spans
}

fn end_of(day: i64) -> i64 {
    day.saturating_add(1).saturating_mul(DAY).saturating_sub(i64::from(day < i64::MAX / DAY))
}

/// Series of several parts, sorted as a block has them.
type Sorted<'a> = Vec<(&'a Arc<TypeKey>, &'a Arc<Labels>, usize, u32)>;

/// Writes the profiles of a span into a folder that is not there yet.
pub(crate) fn seal(
    disk: &SharedDisk,
    folder: &Path,
    about: Summary,
    parts: &[&MemoryPart],
    span: Span,
    digests: &[u64],
) -> Result<Summary, WriteError> {
    let sorted = sorted(parts, span);
    let names: BTreeSet<String> =
        sorted.iter().flat_map(|(_, labels, ..)| labels.iter().map(|(name, _)| name.to_owned())).collect();
    let mut writer = BlockWriter::new(disk, folder, about, &names)?;
    let mut transfers: Vec<Transfer<'_>> = parts.iter().map(|part| Transfer::new(part.symbols())).collect();
    for same in sorted.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1)) {
        writer.start_series(same[0].0, same[0].1)?;
        let mut profiles: Vec<(Moment, usize, &[StackId], &[i64])> = Vec::new();
        for (_, _, part, series) in same {
            let of_part = parts[*part].profiles_of(*series, span);
            profiles.extend(of_part.map(|profile| (profile.at, *part, profile.stacks, profile.values)));
        }
        // Stable: those of one instant stay in the order they came.
        profiles.sort_by_key(|(at, ..)| at.time_nanos);
        for (at, part, stacks, values) in profiles {
            let transfer = &mut transfers[part];
            let symbols = &mut writer.symbols;
            let rows: Vec<(StackId, i64)> = stacks
                .iter()
                .zip(values)
                .map(|(stack, value)| (transfer.stack(symbols, *stack), *value))
                .collect();
            writer.profile(at, rows.into_iter())?;
        }
    }
    writer.finish(digests)
}

fn sorted<'a>(parts: &[&'a MemoryPart], span: Span) -> Sorted<'a> {
    let mut sorted: Sorted<'a> = Vec::new();
    for (number, part) in parts.iter().enumerate() {
        for series in 0..part.index().len() as u32 {
            if part.profiles_of(series, span).next().is_some() {
                sorted.push((part.index().key(series), part.index().labels(series), number, series));
            }
        }
    }
    sorted.sort_by(|a, b| (a.0, a.1, a.2).cmp(&(b.0, b.1, b.2)));
    sorted
}

/// Where a block is made before it is published.
pub(crate) fn workshop(folder: &Path, block: u64) -> PathBuf {
    folder.join("tmp").join(format!("{block:010}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_end_before_the_next_begins() {
        assert_eq!((day(0), day(-1), day(DAY - 1), day(DAY)), (0, -1, 0, 1));
        assert_eq!(end_of(0), DAY - 1);
        assert_eq!(end_of(day(i64::MAX)), i64::MAX);
        assert_eq!(end_of(-1), -1);
    }
}
