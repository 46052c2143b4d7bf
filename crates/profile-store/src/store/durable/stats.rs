//! Numbers for metrics.

use std::sync::PoisonError;
use std::sync::atomic::{AtomicU64, Ordering};

use super::Shared;

/// How a store on disk does. Counts are since it was opened.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct DiskStats {
    /// Bytes of the log now.
    pub log_bytes: u64,
    /// Segments of the log now.
    pub log_segments: u64,
    /// Records written.
    pub log_records: u64,
    /// Bytes written.
    pub log_written_bytes: u64,
    /// Syncs; many writes have one.
    pub log_syncs: u64,
    /// Appends that failed.
    pub log_failures: u64,
    /// Bytes of records that were damaged when the log was opened.
    pub log_lost_bytes: u64,
    /// Bytes of a torn end that was cut off then.
    pub log_torn_bytes: u64,
    /// Records that were replayed then.
    pub replayed_records: u64,
    /// Records that could not be read then although they are whole.
    pub unreadable_records: u64,
    /// Bytes of requests that wait for the disk now.
    pub queue_bytes: u64,
    /// Profiles that came again and were not stored again.
    pub repeated_profiles: u64,
    /// Blocks now.
    pub blocks: u64,
    /// Bytes of blocks now.
    pub block_bytes: u64,
    /// Profiles in blocks now, each sample type counted on its own.
    pub block_profiles: u64,
    /// Rows in blocks now.
    pub block_rows: u64,
    /// Oldest profile in blocks, in nanoseconds since 1970.
    pub oldest_nanos: Option<i64>,
    /// Bytes of what is cached of blocks.
    pub cache_bytes: u64,
    /// Times that memory was sealed.
    pub seals: u64,
    /// Times that it could not be.
    pub seal_failures: u64,
    /// Seconds that took.
    pub seal_seconds: f64,
    /// Profiles sealed.
    pub sealed_profiles: u64,
    /// Times that blocks were merged.
    pub compactions: u64,
    /// Times that they could not be.
    pub compaction_failures: u64,
    /// Blocks that retention removed.
    pub retired_blocks: u64,
    /// Bytes of them.
    pub retired_bytes: u64,
    /// Blocks that were damaged and set aside.
    pub bad_blocks: u64,
    /// Bytes free on the disk, where that is known.
    pub free_bytes: Option<u64>,
    /// Seconds that opening took.
    pub open_seconds: f64,
    /// Whether writes are refused.
    pub refusing: bool,
}

impl Shared {
    pub(crate) fn stats(&self) -> DiskStats {
        let of = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let c = &self.counters;
        let (log_bytes, log_segments) = {
            let log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
            (log.bytes(), log.segments().len() as u64)
        };
        let blocks = self.parts.read_sealed();
        let sum =
            |of: fn(&crate::sealed::Summary) -> u64| blocks.iter().map(|block| of(&block.summary)).sum();
        #[expect(clippy::cast_precision_loss, reason = "metrics are floats")]
        DiskStats {
            log_bytes,
            log_segments,
            log_records: of(&c.log_records),
            log_written_bytes: of(&c.log_written_bytes),
            log_syncs: of(&c.log_syncs),
            log_failures: of(&c.log_failures),
            log_lost_bytes: of(&c.log_lost_bytes),
            log_torn_bytes: of(&c.log_torn_bytes),
            replayed_records: of(&c.replayed_records),
            unreadable_records: of(&c.unreadable_records),
            queue_bytes: self.queue.bytes() as u64,
            repeated_profiles: of(&c.repeated_profiles),
            blocks: blocks.len() as u64,
            block_bytes: sum(crate::sealed::Summary::bytes),
            block_profiles: sum(|summary| summary.profiles),
            block_rows: sum(|summary| summary.rows),
            oldest_nanos: blocks.iter().map(|block| block.summary.extent().first).min(),
            cache_bytes: self.cache.bytes() as u64,
            seals: of(&c.seals),
            seal_failures: of(&c.seal_failures),
            seal_seconds: of(&c.seal_nanos) as f64 / 1e9,
            sealed_profiles: of(&c.sealed_profiles),
            compactions: of(&c.compactions),
            compaction_failures: of(&c.compaction_failures),
            retired_blocks: of(&c.retired_blocks),
            retired_bytes: of(&c.retired_bytes),
            bad_blocks: of(&c.bad_blocks),
            free_bytes: self.disk.free_bytes(&self.settings.folder).ok().flatten(),
            open_seconds: self.opened_in.as_secs_f64(),
            refusing: self.health.writing().is_some(),
        }
    }
}
