//! Sealing, compaction and retention: what goes on behind the writes.

use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use durable::{DiskError, publish};

use super::health::add;
use super::manifest::{self, Manifest};
use super::{Shared, compact, recover, seal};
use crate::memory::MemoryPart;
use crate::sealed::{Block, Summary, WriteError};
use crate::store::parts::{Frozen, SharedPart};

/// How long after a failure sealing is tried again, at first and at most.
const BACKOFF: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));
/// How often compaction and retention look for work.
const PERIOD: Duration = Duration::from_secs(30);

impl Shared {
    /// The thread that seals.
    pub(crate) fn seal_loop(&self) {
        let mut wait = BACKOFF.0;
        while self.wait_for_seal(None) {
            match no_panic(|| self.seal_frozen()) {
                Ok(_) => {
                    wait = BACKOFF.0;
                    self.seal_wanted.store(false, Ordering::Relaxed);
                    self.want_care();
                }
                Err(error) => {
                    self.seal_failed(&error);
                    // What retention frees may be what is missing.
                    self.want_care();
                    if !self.pause(wait) {
                        return;
                    }
                    wait = (wait * 2).min(BACKOFF.1);
                }
            }
        }
    }

    /// The thread that merges and removes.
    pub(crate) fn care_loop(&self) {
        while self.wait_for_care(PERIOD) {
            if let Err(error) = self.retain() {
                tracing::warn!(error = %words::with_causes(&error), "old blocks cannot be removed");
            }
            self.set_damaged_aside();
            loop {
                match no_panic(|| self.compact()) {
                    Ok(true) if !self.is_closing() => {}
                    Ok(_) => break,
                    Err(error) => {
                        add(&self.counters.compaction_failures, 1);
                        tracing::warn!(error = %words::with_causes(&error), "blocks cannot be merged; trying again");
                        break;
                    }
                }
            }
        }
    }

    pub(crate) fn seal_failed(&self, error: &WriteError) {
        add(&self.counters.seal_failures, 1);
        self.health.set_sealing(Some(words::with_causes(error)));
    }

    /// Ends the youngest part at the end of the log.
    pub(crate) fn freeze(&self) {
        let _committing = self.committing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        self.parts.freeze(log.next_number());
        // What is sealed can be removed only by whole segments.
        log.rotate();
    }

    /// Writes all frozen parts as blocks, has them live, and removes the log that they stand for. Returns
    /// how many blocks that made.
    pub(crate) fn seal_frozen(&self) -> Result<usize, WriteError> {
        let _sealing = self.sealing.lock().unwrap_or_else(PoisonError::into_inner);
        let started = Instant::now();
        let frozen = self.parts.frozen();
        let Some(last) = frozen.iter().rposition(|frozen| frozen.through > 0) else { return Ok(0) };
        let (taken, through) = (&frozen[..=last], frozen[last].through);
        let made = self.write_blocks(taken, through)?;
        let summaries: Vec<Summary> = made.iter().map(|block| block.summary.clone()).collect();
        self.change_manifest(|manifest| {
            manifest.blocks.extend(summaries.iter().map(recover::live));
            manifest.wal_through = through;
        })?;
        let parts: Vec<SharedPart> = taken.iter().map(|frozen| Arc::clone(&frozen.part)).collect();
        let count = made.len();
        self.parts.replace(&parts, |sealed| sealed.extend(made));
        let removed = self.log.lock().unwrap_or_else(PoisonError::into_inner).remove_below(through);
        if let Err(error) = removed {
            tracing::warn!(%error, "a segment of the log that is not needed stays");
        }
        self.health.set_sealing(None);
        add(&self.counters.seals, 1);
        add(&self.counters.sealed_profiles, summaries.iter().map(|summary| summary.profiles).sum());
        add(&self.counters.seal_nanos, u64::try_from(started.elapsed().as_nanos()).unwrap_or(u64::MAX));
        Ok(count)
    }

    fn write_blocks(&self, frozen: &[Frozen], through: u64) -> Result<Vec<Arc<Block>>, WriteError> {
        let guards: Vec<_> = frozen.iter().map(|frozen| crate::view::read(&frozen.part)).collect();
        let parts: Vec<&MemoryPart> = guards.iter().map(|guard| &**guard).collect();
        let spans = seal::spans(&parts);
        let mut summaries = Vec::new();
        for (number, span) in spans.iter().enumerate() {
            let about =
                Summary { through, part: (number as u64, spans.len() as u64), ..self.about(Vec::new()) };
            // What was written lately is remembered once, whichever days it was about.
            let digests: Vec<u64> = match number {
                0 => parts.iter().flat_map(|part| part.digests()).copied().collect(),
                _ => Vec::new(),
            };
            let folder = seal::workshop(&self.settings.folder, about.block);
            let written = seal::seal(&self.disk, &folder, about, &parts, *span, &digests);
            summaries.push(written.inspect_err(|_| drop(self.disk.remove_folder(&folder)))?);
        }
        summaries.iter().map(|summary| self.publish(summary)).collect()
    }

    /// Number, store and time of a block that is about to be made.
    fn about(&self, sources: Vec<u64>) -> Summary {
        Summary {
            block: self.next_block.fetch_add(1, Ordering::Relaxed),
            store: self.store.clone(),
            sealed_nanos: self.settings.now_nanos(),
            part: (0, 1),
            sources,
            ..Summary::default()
        }
    }

    /// Moves a block to its place and opens it.
    fn publish(&self, summary: &Summary) -> Result<Arc<Block>, WriteError> {
        let from = seal::workshop(&self.settings.folder, summary.block);
        let to = manifest::block_folder(&self.settings.folder, summary.block);
        publish(&*self.disk, &from, &to)?;
        self.open(&to)
    }

    fn open(&self, folder: &Path) -> Result<Arc<Block>, WriteError> {
        let block = Block::open(&self.disk, folder, &self.cache);
        block.map(Arc::new).map_err(|reason| {
            let source = std::io::Error::other(format!("{reason:?}"));
            DiskError::new("read back", folder, source).into()
        })
    }

    /// Writes a changed manifest; it counts once it is on the disk.
    fn change_manifest(&self, change: impl FnOnce(&mut Manifest)) -> Result<(), DiskError> {
        let mut current = self.manifest.lock().unwrap_or_else(PoisonError::into_inner);
        let mut next = current.clone();
        change(&mut next);
        next.next_block = self.next_block.load(Ordering::Relaxed);
        manifest::write(&*self.disk, &self.settings.folder, &next)?;
        *current = next;
        Ok(())
    }

    /// Merges blocks once, if that is of use. Returns whether it was.
    pub(crate) fn compact(&self) -> Result<bool, WriteError> {
        let _caring = self.caring.lock().unwrap_or_else(PoisonError::into_inner);
        let blocks: Vec<Arc<Block>> =
            self.parts.read_sealed().into_iter().filter(|block| !block.is_damaged()).collect();
        let chosen = compact::choose(&blocks, self.settings.now_nanos(), self.settings.max_block_bytes);
        let bytes: u64 = chosen.iter().map(|block| block.summary.bytes()).sum();
        let free = self.disk.free_bytes(&self.settings.folder).ok().flatten().unwrap_or(u64::MAX);
        if chosen.len() < 2 || free < self.settings.min_free_bytes.saturating_add(2 * bytes) {
            return Ok(false);
        }
        let sources: Vec<u64> = chosen.iter().map(|block| block.id()).collect();
        let through = chosen.iter().map(|block| block.summary.through).max().unwrap_or(0);
        let about = Summary { through, ..self.about(sources.clone()) };
        let folder = seal::workshop(&self.settings.folder, about.block);
        let merged = compact::merge(&self.disk, &folder, about, &chosen);
        let summary = merged.inspect_err(|_| drop(self.disk.remove_folder(&folder)))?;
        let block = self.publish(&summary)?;
        self.change_manifest(|manifest| {
            manifest.blocks.retain(|live| !sources.contains(&live.id));
            manifest.blocks.push(recover::live(&summary));
        })?;
        self.parts.replace(&[], |sealed| {
            sealed.retain(|block| !sources.contains(&block.id()));
            sealed.push(block);
        });
        chosen.iter().for_each(|block| block.doom());
        add(&self.counters.compactions, 1);
        Ok(true)
    }

    /// Removes blocks that are too old, then the oldest until all fits. Returns how many.
    pub(crate) fn retain(&self) -> Result<usize, DiskError> {
        let _caring = self.caring.lock().unwrap_or_else(PoisonError::into_inner);
        let blocks = self.parts.read_sealed();
        let doomed = self.expired(&blocks);
        if doomed.is_empty() {
            return Ok(0);
        }
        let ids: Vec<u64> = doomed.iter().map(|block| block.id()).collect();
        self.change_manifest(|manifest| manifest.blocks.retain(|live| !ids.contains(&live.id)))?;
        self.parts.replace(&[], |sealed| sealed.retain(|block| !ids.contains(&block.id())));
        for block in &doomed {
            block.doom();
            add(&self.counters.retired_blocks, 1);
            add(&self.counters.retired_bytes, block.summary.bytes());
        }
        Ok(doomed.len())
    }

    fn expired(&self, blocks: &[Arc<Block>]) -> Vec<Arc<Block>> {
        let now = self.settings.now_nanos();
        // Profiles of the future age from when they came.
        let age = |block: &Arc<Block>| block.summary.extent().last.min(block.summary.sealed_nanos);
        let limit = self
            .settings
            .retention
            .map(|span| now.saturating_sub(i64::try_from(span.as_nanos()).unwrap_or(i64::MAX)));
        let mut oldest_first: Vec<&Arc<Block>> = blocks.iter().collect();
        oldest_first.sort_by_key(|block| age(block));
        let mut bytes: u64 = blocks.iter().map(|block| block.summary.bytes()).sum();
        bytes += self.log.lock().unwrap_or_else(PoisonError::into_inner).bytes();
        let mut doomed = Vec::new();
        for block in oldest_first {
            let old = limit.is_some_and(|limit| age(block) < limit);
            let large = self.settings.retention_bytes.is_some_and(|limit| bytes > limit);
            if old || large {
                bytes = bytes.saturating_sub(block.summary.bytes());
                doomed.push(Arc::clone(block));
            }
        }
        doomed
    }

    /// Blocks in which a read found damage live no longer.
    pub(crate) fn set_damaged_aside(&self) {
        let _caring = self.caring.lock().unwrap_or_else(PoisonError::into_inner);
        for block in self.parts.read_sealed().into_iter().filter(|block| block.is_damaged()) {
            let id = block.id();
            let changed = self.change_manifest(|manifest| manifest.blocks.retain(|live| live.id != id));
            if let Err(error) = changed {
                tracing::warn!(%error, block = id, "a damaged block cannot be set aside yet");
                continue;
            }
            self.parts.replace(&[], |sealed| sealed.retain(|block| block.id() != id));
            recover::set_aside(&*self.disk, &self.settings.folder, id, "a read found damage in it");
            add(&self.counters.bad_blocks, 1);
        }
    }
}

/// A mistake of this program in one block must not end sealing for good.
fn no_panic<T>(work: impl FnOnce() -> Result<T, WriteError>) -> Result<T, WriteError> {
    let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(work));
    done.unwrap_or(Err(WriteError::Panicked))
}
