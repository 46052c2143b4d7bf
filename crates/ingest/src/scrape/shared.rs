//! What all loops of a scraper share.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use http_config::Environment;
use profile_codec::pprof::Limits;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::exclusive::Exclusive;

/// What bounds a scraper, and what the process lends it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ScrapeOptions {
    /// The longest answer of a target, in bytes, before it is decompressed. Default 64 MiB.
    pub max_answer_bytes: usize,
    /// The most of everything in a profile.
    pub limits: Limits,
    /// What variables of the process say: proxies, and where the API server of our own cluster is.
    pub environment: Environment,
}

impl Default for ScrapeOptions {
    fn default() -> Self {
        Self { max_answer_bytes: 64 << 20, limits: Limits::default(), environment: Environment::empty() }
    }
}

/// What all loops share.
pub(super) struct Shared<S> {
    pub(super) sink: S,
    pub(super) options: ScrapeOptions,
    pub(super) exclusive: Exclusive,
    pub(super) counts: Counters,
    pub(super) tasks: TaskTracker,
    pub(super) stop: CancellationToken,
}

/// Numbers since the start.
#[derive(Debug, Default)]
pub(super) struct Counters {
    pub(super) scrapes: AtomicU64,
    pub(super) bytes: AtomicU64,
    pub(super) mended: AtomicU64,
    pub(super) missed: AtomicU64,
    pub(super) refused: AtomicU64,
    /// Scrapes that have begun and not ended.
    pub(super) under_way: AtomicUsize,
    pub(super) failures: Mutex<BTreeMap<&'static str, u64>>,
}

impl Counters {
    /// Counts a scrape as under way for as long as the answer lives.
    pub(super) fn begin(&self) -> UnderWay<'_> {
        self.under_way.fetch_add(1, Ordering::Relaxed);
        UnderWay(self)
    }

    pub(super) fn failed(&self, reason: &'static str) {
        *self.failures.lock().unwrap_or_else(PoisonError::into_inner).entry(reason).or_default() += 1;
    }
}

/// A scrape under way, whether it ends or is given up.
pub(super) struct UnderWay<'a>(&'a Counters);

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.under_way.fetch_sub(1, Ordering::Relaxed);
    }
}
