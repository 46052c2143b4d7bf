//! The store that forgets at the end of the process.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError, RwLock};

use super::fresh::Fresh;
use super::parts::Parts;
use super::recent::Recent;
use crate::memory::MemoryPart;
use crate::{NewWrite, Written};

/// The memory limit is kept by whole parts, so a part is a small share of it.
const PARTS: usize = 12;

/// Nothing is ever sealed: what stands in for a block is a part as the others are.
type NoBlock = RwLock<MemoryPart>;

#[derive(Debug)]
pub(crate) struct MemoryOnly {
    pub(crate) parts: Parts<NoBlock>,
    recent: Mutex<Recent>,
    limit_bytes: usize,
    pub(crate) evicted_rows: AtomicU64,
}

impl MemoryOnly {
    pub(crate) fn new(limit_bytes: usize) -> Self {
        let parts = Parts::new(limit_bytes / PARTS);
        Self { parts, recent: Mutex::default(), limit_bytes, evicted_rows: AtomicU64::new(0) }
    }

    pub(crate) fn write(&self, write: &NewWrite) -> Written {
        // Held to the end: one writer at a time.
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = Fresh::of(write, &|digest| recent.has(digest));
        fresh.digests(write).into_iter().for_each(|digest| recent.add(digest));
        // In memory nothing outlives `recent`.
        if self.parts.append(write, &fresh, &[]) {
            self.parts.freeze(0);
        }
        self.evict();
        let (stored, repeated) = fresh.counts(write);
        Written { stored, repeated }
    }

    fn evict(&self) {
        while self.parts.bytes() > self.limit_bytes {
            let dropped = self.parts.drop_oldest().or_else(|| {
                self.parts.freeze(0);
                self.parts.drop_oldest()
            });
            let Some(rows) = dropped else { return };
            self.evicted_rows.fetch_add(rows, Ordering::Relaxed);
        }
    }
}
