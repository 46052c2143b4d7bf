//! The log is written by one at a time: many requests with one sync, then they are visible, then acknowledged.

use std::borrow::Cow;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::{Duration, Instant};

use hashbrown::HashSet;

use super::health::add;
use super::queue::{Pending, refuse};
use super::{Shared, record};
use crate::sealed::Block;
use crate::store::fresh::Fresh;
use crate::store::parts::Parts;
use crate::store::recent::Recent;
use crate::{NewWrite, Refused, Written};

/// How often a disk that refused is tried.
const RETRY: Duration = Duration::from_secs(1);

/// How many groups one caller writes, whose own request is in the first or second, before a thread goes on with it.
const MOST_GROUPS: usize = 8;

/// How long it is believed that the disk has room.
const ROOM_FOR: Duration = Duration::from_millis(250);

/// Lets whoever brings a write also write it, with all that wait: waking a thread for it was a
/// tenth of what a small write cost.
#[derive(Debug)]
pub(crate) struct Leader {
    pub(crate) shared: Arc<Shared>,
    pub(crate) committer: Mutex<Committer>,
}

impl Leader {
    /// Writes what waits, unless somebody else is at it, who looks again before going.
    pub(crate) fn lead(&self) {
        let _panicked = Panicked(&self.shared);
        for _ in 0..MOST_GROUPS {
            let Some(mut committer) = self.try_committer() else { return };
            let group = self.shared.queue.take();
            if !group.is_empty() {
                committer.commit(group);
                committer.seal_if_due();
            }
            drop(committer);
            // Looked at after others may lead: who came meanwhile and could not is not forgotten.
            if self.shared.queue.is_empty() {
                return;
            }
        }
        self.shared.queue.wake();
    }

    /// The thread behind: takes over from callers who have done enough, tries a disk that refused, and asks for sealing
    /// where nobody writes. Ends once the queue is closed and empty, and nobody writes any more.
    pub(crate) fn follow(&self) {
        let _ended = Ended(&self.shared);
        let _panicked = Panicked(&self.shared);
        while let Some(waits) = self.shared.queue.wait(RETRY) {
            let mut committer = self.committer();
            let group = self.shared.queue.take();
            if !group.is_empty() {
                committer.commit(group);
            } else if !waits {
                committer.idle();
            }
            committer.seal_if_due();
        }
        drop(self.committer());
    }

    fn committer(&self) -> MutexGuard<'_, Committer> {
        self.committer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn try_committer(&self) -> Option<MutexGuard<'_, Committer>> {
        match self.committer.try_lock() {
            Ok(committer) => Some(committer),
            Err(TryLockError::Poisoned(committer)) => Some(committer.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        }
    }
}

/// The writer of the log.
#[derive(Debug)]
pub(crate) struct Committer {
    pub(crate) shared: Arc<Shared>,
    pub(crate) recent: Recent,
    /// Bytes of log since sealing was last asked for.
    pub(crate) unsealed_bytes: u64,
    /// When the first profile came that is not sealed.
    pub(crate) unsealed_since: Option<Instant>,
    /// When the disk had room last, and bytes written since.
    pub(crate) room: Option<(Instant, u64)>,
}

impl Committer {
    fn commit(&mut self, group: Vec<Pending>) {
        if let Some(refused) = self.blocked() {
            self.shared.health.set_writing(Some(refused.to_string()));
            return refuse(group, &refused);
        }
        // Nobody may end a part between the log and the part.
        let shared = Arc::clone(&self.shared);
        let _committing = shared.committing.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = self.fresh(&group);
        let records = records(&group, &fresh);
        // What was stored before is safe already.
        let appended = if records.is_empty() { Ok(()) } else { self.append(&records) };
        drop(records);
        match appended {
            Ok(()) => self.acknowledge(group, &fresh),
            Err(refused) => refuse(group, &refused),
        }
    }

    /// What of each write was not stored before.
    fn fresh(&self, group: &[Pending]) -> Vec<Fresh> {
        let mut earlier: HashSet<u64, foldhash::fast::RandomState> = HashSet::default();
        let mut fresh = Vec::with_capacity(group.len());
        for pending in group {
            let new = {
                let known = |digest| self.recent.has(digest) || earlier.contains(&digest);
                Fresh::of(&pending.write, &known)
            };
            earlier.extend(new.digests(&pending.write));
            fresh.push(new);
        }
        fresh
    }

    fn append(&mut self, records: &[Cow<'_, [u8]>]) -> Result<(), Refused> {
        let Shared { log, health, counters, .. } = &*self.shared;
        let mut log = log.lock().unwrap_or_else(PoisonError::into_inner);
        let before = log.bytes();
        add(&counters.log_syncs, 1);
        match log.append(records) {
            Ok(_) => {
                let bytes = log.bytes().saturating_sub(before);
                add(&counters.log_records, records.len() as u64);
                add(&counters.log_written_bytes, bytes);
                self.unsealed_bytes += bytes;
                self.room.iter_mut().for_each(|(_, written)| *written += bytes);
                health.set_writing(None);
                Ok(())
            }
            Err(error) => {
                add(&counters.log_failures, 1);
                let words = format!("{error}: {}", error.source);
                let refused =
                    if error.is_full() { Refused::DiskFull(words) } else { Refused::DiskFailed(words) };
                health.set_writing(Some(refused.to_string()));
                Err(refused)
            }
        }
    }

    fn acknowledge(&mut self, group: Vec<Pending>, fresh: &[Fresh]) {
        for (pending, new) in group.iter().zip(fresh) {
            if !new.is_empty() {
                self.unsealed_since.get_or_insert_with(Instant::now);
            }
            apply(&self.shared.parts, &mut self.recent, &pending.write, new);
        }
        for (pending, new) in group.into_iter().zip(fresh) {
            let (stored, repeated) = new.counts(&pending.write);
            add(&self.shared.counters.repeated_profiles, repeated as u64);
            (pending.done)(Ok(Written { stored, repeated }));
        }
    }

    /// Why nothing can be written now, whatever the log says.
    fn blocked(&mut self) -> Option<Refused> {
        let Shared { disk, settings, parts, health, .. } = &*self.shared;
        if parts.bytes() > settings.memory_limit_bytes {
            let words = health.sealing().unwrap_or_else(|| "they are behind".to_owned());
            return Some(Refused::SealFailed(words));
        }
        let wanted = settings.min_free_bytes;
        // Asking the system at each write would cost as much as the write.
        let known = |(at, bytes): &(Instant, u64)| at.elapsed() < ROOM_FOR && *bytes < wanted / 16;
        if self.room.as_ref().is_some_and(known) {
            return None;
        }
        let free = disk.free_bytes(&settings.folder).ok().flatten()?;
        self.room = (free >= wanted).then(|| (Instant::now(), 0));
        (free < wanted)
            .then(|| Refused::DiskFull(format!("{free} bytes are free, {wanted} are kept for blocks")))
    }

    /// Tries a disk that refused, so that readiness does not wait for a request.
    fn idle(&mut self) {
        if self.shared.health.writing().is_some() && self.blocked().is_none() {
            // An empty append begins a segment where one is needed, and syncs.
            let _ = self.append(&[]);
        }
    }

    fn seal_if_due(&mut self) {
        let Shared { settings, parts, .. } = &*self.shared;
        let old = self.unsealed_since.is_some_and(|since| since.elapsed() >= settings.seal_after);
        let large = self.unsealed_bytes >= settings.seal_bytes;
        let heavy = !old && !large && parts.bytes() >= settings.memory_limit_bytes / 2;
        if (old || large || heavy) && settings.background && !self.shared.seal_wanted.load(Ordering::Relaxed)
        {
            self.shared.freeze();
            (self.unsealed_bytes, self.unsealed_since) = (0, None);
            self.shared.want_seal();
        }
    }
}

/// Refuses all writes from when it is dropped.
struct Ended<'a>(&'a Shared);

impl Drop for Ended<'_> {
    fn drop(&mut self) {
        self.0.queue.end();
    }
}

/// Refuses all writes after a mistake of this program: nobody knows what is in memory then. Whoever waits is told.
struct Panicked<'a>(&'a Shared);

impl Drop for Panicked<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.queue.end();
            self.0.health.set_writing(Some("writing the log ended by a mistake of this program".to_owned()));
        }
    }
}

/// Makes visible what is in the log.
pub(crate) fn apply(parts: &Parts<Block>, recent: &mut Recent, write: &NewWrite, fresh: &Fresh) {
    let digests = fresh.digests(write);
    digests.iter().for_each(|digest| recent.add(*digest));
    if parts.append(write, fresh, &digests) {
        // It may end inside a group: it is sealed with those behind it, which know where they end.
        parts.freeze(0);
    }
}

/// One record for each write that has something new.
fn records<'a>(group: &'a [Pending], fresh: &[Fresh]) -> Vec<Cow<'a, [u8]>> {
    let mut records = Vec::new();
    for (pending, new) in group.iter().zip(fresh) {
        if new.is_empty() {
            continue;
        }
        records.push(match new.counts(&pending.write) {
            (_, 0) => Cow::Borrowed(&pending.record[..]),
            _ => Cow::Owned(record::write_some(&pending.write, new)),
        });
    }
    records
}
