//! What the log holds becomes visible again.

use std::sync::Arc;
use std::time::{Duration, Instant};

use durable::{DamageKind, Log, SharedDisk};

use super::health::{Counters, add};
use super::manifest::Manifest;
use super::{DiskSettings, OpenError, commit, record, recover};
use crate::NewWrite;
use crate::sealed::Block;
use crate::store::fresh::Fresh;
use crate::store::parts::Parts;
use crate::store::recent::{REMEMBERED, Recent};

/// Bytes of records that are decoded together, on all processors.
const BATCH_BYTES: usize = 2 << 20;

/// What was sealed lately is recognised, too.
pub(crate) fn remember(blocks: &[Arc<Block>], recent: &mut Recent) {
    let mut newest_first: Vec<&Arc<Block>> = blocks.iter().collect();
    newest_first.sort_by_key(|block| std::cmp::Reverse(block.id()));
    let (mut lists, mut count) = (Vec::new(), 0);
    for block in newest_first {
        if count >= REMEMBERED {
            break;
        }
        match block.digests() {
            Ok(digests) => {
                count += digests.len();
                lists.push(digests);
            }
            Err(error) => tracing::warn!(%error, "writes of a block are not recognised"),
        }
    }
    lists.into_iter().rev().flatten().for_each(|digest| recent.add(digest));
}

/// Opens the log and applies its records; bad ones are counted and said, and stop nothing.
pub(crate) fn replay(
    disk: &SharedDisk,
    settings: &DiskSettings,
    manifest: &Manifest,
    parts: &Parts<Block>,
    recent: &mut Recent,
    counters: &Counters,
) -> Result<Log, OpenError> {
    let mut batch = Batch::new(parts, recent, counters);
    let (mut log, found) = recover::open_log(disk, settings, manifest, |number, body| {
        if number >= manifest.wal_through {
            batch.add(number, body);
        }
    })?;
    batch.apply();
    for damage in &found.damage {
        let (path, offset, bytes) = (damage.path.display(), damage.offset, damage.bytes);
        match damage.kind {
            DamageKind::Torn => tracing::info!(%path, offset, bytes, "a torn end of the log was cut off"),
            DamageKind::Lost => {
                tracing::error!(%path, offset, bytes, "records of the log are damaged and lost")
            }
            DamageKind::Void => {}
        }
    }
    add(&counters.log_lost_bytes, found.lost_bytes());
    add(&counters.log_torn_bytes, found.torn_bytes());
    log.start_at(manifest.wal_through);
    log.remove_below(manifest.wal_through)?;
    Ok(log)
}

/// Records on their way into memory, many at once.
pub(crate) struct Batch<'a> {
    parts: &'a Parts<Block>,
    recent: &'a mut Recent,
    counters: &'a Counters,
    waiting: Vec<(u64, Vec<u8>)>,
    bytes: usize,
    said: Instant,
}

impl<'a> Batch<'a> {
    pub(crate) fn new(parts: &'a Parts<Block>, recent: &'a mut Recent, counters: &'a Counters) -> Self {
        Self { parts, recent, counters, waiting: Vec::new(), bytes: 0, said: Instant::now() }
    }

    pub(crate) fn add(&mut self, number: u64, body: Vec<u8>) {
        self.bytes += body.len();
        self.waiting.push((number, body));
        if self.bytes >= BATCH_BYTES {
            self.apply();
        }
    }

    pub(crate) fn apply(&mut self) {
        let waiting = std::mem::take(&mut self.waiting);
        self.bytes = 0;
        for ((number, _), write) in waiting.iter().zip(decoded(&waiting)) {
            match write {
                Ok(write) => {
                    let fresh = Fresh::of(&write, &|digest| self.recent.has(digest));
                    commit::apply(self.parts, self.recent, &write, &fresh);
                    add(&self.counters.replayed_records, 1);
                }
                Err(reason) => {
                    tracing::error!(number, reason, "a record of the log cannot be read");
                    add(&self.counters.unreadable_records, 1);
                }
            }
        }
        if self.said.elapsed() >= Duration::from_secs(1) {
            self.said = Instant::now();
            let records = self.counters.replayed_records.load(std::sync::atomic::Ordering::Relaxed);
            tracing::info!(records, "reading the log");
        }
    }
}

/// Decodes records on all processors; in their order.
fn decoded(records: &[(u64, Vec<u8>)]) -> Vec<Result<NewWrite, String>> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(16);
    let share = records.len().div_ceil(threads).max(1);
    std::thread::scope(|scope| {
        let decode = |records: &[(u64, Vec<u8>)]| -> Vec<_> {
            records.iter().map(|(_, body)| record::read(body)).collect()
        };
        let running: Vec<_> = records.chunks(share).map(|share| scope.spawn(move || decode(share))).collect();
        let of = |thread: std::thread::ScopedJoinHandle<'_, Vec<_>>| match thread.join() {
            Ok(decoded) => decoded,
            Err(panic) => std::panic::resume_unwind(panic),
        };
        running.into_iter().flat_map(of).collect()
    })
}
