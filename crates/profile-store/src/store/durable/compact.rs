//! Several blocks of one day become one.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use durable::SharedDisk;
use profile_model::{Labels, StackId, Symbols, Transfer};

use super::seal::day;
use crate::model::TypeKey;
use crate::sealed::{Block, BlockWriter, Head, RowCursor, Summary, WriteError};
use crate::view::ReadError;

/// Blocks of a day that is not over are merged when there are this many.
const MANY: usize = 8;
/// Digests of older blocks are of no use: nobody repeats a request after an hour.
const DIGESTS_FOR: i64 = 3600 * 1_000_000_000;

/// The blocks that are best merged now; fewer than two where none are. A block is taken along if those
/// smaller than it have as much together, so each profile is written again a few times only.
pub(crate) fn choose(blocks: &[Arc<Block>], now_nanos: i64, max_bytes: u64) -> Vec<Arc<Block>> {
    let mut days: BTreeMap<(i64, i64), Vec<&Arc<Block>>> = BTreeMap::new();
    for block in blocks {
        let extent = block.summary.extent();
        let days_of = (day(extent.first), day(extent.last));
        // Blocks of several days have profiles with times all over: any of them may be merged.
        let key = if days_of.0 == days_of.1 { days_of } else { (i64::MAX, i64::MAX) };
        days.entry(key).or_default().push(block);
    }
    for ((of, _), mut blocks) in days {
        blocks.sort_by_key(|block| block.summary.bytes());
        let mut taken = 0;
        let fits = |block: &&&Arc<Block>| {
            let bytes = block.summary.bytes();
            let first = taken == 0;
            taken += bytes;
            taken <= max_bytes && (first || bytes <= (taken - bytes).max(bytes.min(SMALL)))
        };
        let chosen: Vec<Arc<Block>> = blocks.iter().take_while(fits).map(|block| Arc::clone(block)).collect();
        let over = of < day(now_nanos).saturating_sub(1);
        if chosen.len() >= if over { 2 } else { MANY } {
            return chosen;
        }
    }
    Vec::new()
}

/// A block below this is merged whatever the others have.
const SMALL: u64 = 1 << 20;

/// One block while it is read from front to back.
struct Source<'a> {
    block: &'a Block,
    rows: RowCursor,
    transfer: Transfer<'a>,
    stacks: u64,
}

/// Writes the profiles of several blocks into a folder that is not there yet.
pub(crate) fn merge(
    disk: &SharedDisk,
    folder: &Path,
    about: Summary,
    blocks: &[Arc<Block>],
) -> Result<Summary, WriteError> {
    let catalogs = blocks.iter().map(|block| block.catalog()).collect::<Result<Vec<_>, ReadError>>()?;
    let symbols = blocks.iter().map(|block| block.symbols()).collect::<Result<Vec<_>, ReadError>>()?;
    let mut sorted: Vec<(&Arc<TypeKey>, &Arc<Labels>, usize, usize)> = Vec::new();
    for (number, catalog) in catalogs.iter().enumerate() {
        let places = catalog.index.all().enumerate();
        sorted.extend(places.map(|(series, (key, labels))| (key, labels, number, series)));
    }
    sorted.sort_by(|a, b| (a.0, a.1, a.2).cmp(&(b.0, b.1, b.2)));
    let names: BTreeSet<String> =
        sorted.iter().flat_map(|(_, labels, ..)| labels.iter().map(|(name, _)| name.to_owned())).collect();
    let now = about.sealed_nanos;
    let mut writer = BlockWriter::new(disk, folder, about, &names)?;
    let mut sources = Vec::new();
    for (block, symbols) in blocks.iter().zip(&symbols) {
        sources.push(Source::open(block, symbols)?);
    }
    for same in sorted.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1)) {
        writer.start_series(same[0].0, same[0].1)?;
        let mut profiles: Vec<(Head, usize, u64)> = Vec::new();
        for (_, _, source, series) in same {
            let entry = &catalogs[*source].entries[*series];
            let mut row = entry.first_row;
            for head in blocks[*source].heads_of(entry)? {
                profiles.push((head, *source, row));
                row += head.rows;
            }
        }
        // Stable: each source is read in its order.
        profiles.sort_by_key(|(head, ..)| head.at.time_nanos);
        for (head, source, row) in profiles {
            let rows = sources[source].rows_of(row, head.rows, &mut writer.symbols)?;
            writer.profile(head.at, rows.into_iter())?;
        }
    }
    writer.finish(&digests(blocks, now)?)
}

fn digests(blocks: &[Arc<Block>], now_nanos: i64) -> Result<Vec<u64>, ReadError> {
    let mut digests = Vec::new();
    for block in blocks {
        if now_nanos.saturating_sub(block.summary.sealed_nanos) <= DIGESTS_FOR {
            digests.extend(block.digests()?);
        }
    }
    Ok(digests)
}

impl<'a> Source<'a> {
    fn open(block: &'a Block, symbols: &'a Symbols) -> Result<Self, ReadError> {
        let stacks = symbols.stacks().len() as u64;
        Ok(Self { block, rows: block.rows(true)?, transfer: Transfer::new(symbols), stacks })
    }

    fn rows_of(&mut self, row: u64, count: u64, to: &mut Symbols) -> Result<Vec<(StackId, i64)>, ReadError> {
        let (mut stacks, mut values) = (Vec::new(), Vec::new());
        let read = self.rows.read(row, count, &mut stacks, &mut values);
        read.map_err(|error| self.block.undecodable(error))?;
        let mut rows = Vec::with_capacity(stacks.len());
        for (stack, value) in stacks.into_iter().zip(values) {
            let stack = stack.cast_unsigned() as u32;
            if u64::from(stack) >= self.stacks {
                return Err(self.block.damage("a row names a stack that is not there"));
            }
            rows.push((self.transfer.stack(to, StackId::new(stack)), value));
        }
        Ok(rows)
    }
}
