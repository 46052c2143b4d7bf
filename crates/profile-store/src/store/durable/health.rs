//! What goes well and what does not, for metrics and readiness.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// Counts since the store was opened.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) log_records: AtomicU64,
    pub(crate) log_written_bytes: AtomicU64,
    pub(crate) log_syncs: AtomicU64,
    pub(crate) log_failures: AtomicU64,
    pub(crate) log_lost_bytes: AtomicU64,
    pub(crate) log_torn_bytes: AtomicU64,
    pub(crate) replayed_records: AtomicU64,
    pub(crate) unreadable_records: AtomicU64,
    pub(crate) repeated_profiles: AtomicU64,
    pub(crate) seals: AtomicU64,
    pub(crate) seal_failures: AtomicU64,
    pub(crate) seal_nanos: AtomicU64,
    pub(crate) sealed_profiles: AtomicU64,
    pub(crate) compactions: AtomicU64,
    pub(crate) compaction_failures: AtomicU64,
    pub(crate) retired_blocks: AtomicU64,
    pub(crate) retired_bytes: AtomicU64,
    pub(crate) bad_blocks: AtomicU64,
}

pub(crate) fn add(counter: &AtomicU64, count: u64) {
    counter.fetch_add(count, Ordering::Relaxed);
}

/// What is wrong now; nothing where all is well.
#[derive(Debug, Default)]
pub(crate) struct Health {
    writing: Mutex<Option<String>>,
    sealing: Mutex<Option<String>>,
}

impl Health {
    /// Why writes are refused.
    pub(crate) fn writing(&self) -> Option<String> {
        get(&self.writing)
    }

    /// Why blocks cannot be written.
    pub(crate) fn sealing(&self) -> Option<String> {
        get(&self.sealing)
    }

    /// Notes how writing goes; said in the log when it changes.
    pub(crate) fn set_writing(&self, problem: Option<String>) {
        let was = set(&self.writing, problem.clone());
        match (was, problem) {
            (None, Some(reason)) => tracing::error!(reason, "writes are refused"),
            (Some(_), None) => tracing::info!("writes are taken again"),
            _ => {}
        }
    }

    /// Notes how sealing goes; said in the log when it changes.
    pub(crate) fn set_sealing(&self, problem: Option<String>) {
        let was = set(&self.sealing, problem.clone());
        match (was, problem) {
            (None, Some(reason)) => tracing::error!(reason, "blocks cannot be written; trying again"),
            (Some(_), None) => tracing::info!("blocks are written again"),
            _ => {}
        }
    }
}

fn get(problem: &Mutex<Option<String>>) -> Option<String> {
    problem.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

fn set(problem: &Mutex<Option<String>>, to: Option<String>) -> Option<String> {
    std::mem::replace(&mut *problem.lock().unwrap_or_else(PoisonError::into_inner), to)
}
