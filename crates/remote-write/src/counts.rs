//! What a destination has done so far. The caller gives the numbers names.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::prepare::LeftOut;
use crate::spool::SpoolDamage;
use crate::wire::Message;

/// One destination's numbers since it started; samples unless said otherwise.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Counts {
    /// Stored by the receiver, as far as it says.
    pub sent: u64,
    /// Refused by the receiver for good.
    pub failed: u64,
    /// Sent once more than before, counted at each retry.
    pub retried: u64,
    /// Left out before they were queued.
    pub left_out: LeftOut,
    /// Dropped because they passed `sample_age_limit`.
    pub too_old: u64,
    /// Dropped because the queue or spool was full.
    pub overflowed: u64,
    /// Waiting or under way, in memory or in the spool.
    pub pending: u64,
    /// Compressed bytes in memory, or bytes of the spool's files.
    pub pending_bytes: u64,
    /// Compressed bytes of requests, tries included.
    pub bytes: u64,
    /// Requests that were answered, by status.
    pub answers: BTreeMap<u16, u64>,
    /// Requests that were not answered.
    pub unanswered: u64,
    /// The time that all requests took together. A caller that wants a histogram measures in its
    /// [`Transport`](crate::Transport).
    pub send_time: Duration,
    /// The newest timestamp that was stored, in milliseconds since 1970.
    pub highest_sent_ms: Option<i64>,
    /// The protocol that is spoken now; none before the first request.
    pub message: Option<Message>,
    /// What the spool could not read.
    pub damage: SpoolDamage,
    /// How far our clock is ahead of the receiver's, as its last answer shows.
    pub clock_ahead_seconds: Option<f64>,
    /// Panics of the sending tasks, each of which cost an attempt.
    pub panics: u64,
    /// What went wrong last, with the receiver's text.
    pub last_error: Option<String>,
}

/// Counts that several tasks write.
#[derive(Debug, Default)]
pub(crate) struct Counters(Mutex<Counts>);

impl Counters {
    /// Numbers stay usable after a panic in the middle of an update.
    pub(crate) fn lock(&self) -> MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
