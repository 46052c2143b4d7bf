//! What became of the profiles of a store, in numbers.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// Why a profile was given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum DropReason {
    /// The store refuses it for good.
    Refused,
    /// Larger than the store takes.
    TooLarge,
    /// Nobody knows whether it was stored, and it must not count twice.
    Unknown,
    /// The queue had no room.
    QueueFull,
    /// The process ended first, and it was in memory.
    Shutdown,
}

impl DropReason {
    /// For metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::TooLarge => "too_large",
            Self::Unknown => "unknown",
            Self::QueueFull => "queue_full",
            Self::Shutdown => "shutdown",
        }
    }
}

/// Numbers since the start of a store's sender.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoreCounts {
    /// Profiles that the store said it has.
    pub sent: u64,
    /// Profiles that the store had although no answer said so.
    pub found: u64,
    /// Times that nobody knew whether a profile was stored.
    pub unknown: u64,
    /// Profiles without a value other than 0, of which a store keeps nothing.
    pub empty: u64,
    /// Profiles given up, by reason.
    pub dropped: BTreeMap<DropReason, u64>,
    /// Requests made.
    pub requests: u64,
    /// Requests that failed.
    pub failures: u64,
    /// Bytes of requests.
    pub bytes: u64,
    /// Profiles that wait.
    pub waiting: u64,
    /// Bytes that wait.
    pub waiting_bytes: u64,
    /// What kept the last request from being stored, until one is.
    pub error: Option<String>,
}

#[derive(Debug, Default)]
pub(super) struct Counters(Mutex<StoreCounts>);

impl Counters {
    pub(super) fn change<T>(&self, change: impl FnOnce(&mut StoreCounts) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn sent(&self, profiles: usize) {
        self.change(|counts| counts.sent += profiles as u64);
    }

    pub(super) fn found(&self, profiles: usize) {
        self.change(|counts| counts.found += profiles as u64);
    }

    pub(super) fn unknown(&self, profiles: usize) {
        self.change(|counts| counts.unknown += profiles as u64);
    }

    pub(super) fn dropped(&self, reason: DropReason, profiles: usize) {
        self.change(|counts| *counts.dropped.entry(reason).or_default() += profiles as u64);
    }

    pub(super) fn request(&self, bytes: u64, is_good: bool) {
        self.change(|counts| {
            counts.requests += 1;
            counts.failures += u64::from(!is_good);
            counts.bytes += bytes;
        });
    }

    /// Keeps the error; whether there was none before.
    pub(super) fn failing(&self, error: String) -> bool {
        self.change(|counts| counts.error.replace(error).is_none())
    }

    /// Forgets the error; whether there was one.
    pub(super) fn recovered(&self) -> bool {
        self.change(|counts| counts.error.take().is_some())
    }
}
