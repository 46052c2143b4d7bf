//! The store: writes go in, views come out.

mod memory_only;
mod parts;
mod recent;

use std::sync::Arc;
use std::sync::atomic::Ordering;

use hashbrown::HashSet;

use crate::model::TypeKey;
use crate::view::{Part, View, read};
use crate::{NewProfile, NewWrite, Refused, Written};
use memory_only::MemoryOnly;
use profile_model::Labels;

/// What is stored, for metrics.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Distinct profile type and label set, of what is in memory.
    pub series: u64,
    /// Stored profiles, each sample type counted on its own.
    pub profiles: u64,
    /// Stored rows: a stack with a value.
    pub rows: u64,
    /// Estimated bytes in memory.
    pub bytes: u64,
    /// Rows dropped so far to stay under the memory limit.
    pub evicted_rows: u64,
}

/// Profiles by labels, type and time.
#[derive(Clone, Debug)]
pub struct Store {
    kind: Kind,
}

#[derive(Clone, Debug)]
enum Kind {
    Memory(Arc<MemoryOnly>),
}

impl Store {
    /// A store in memory that drops the oldest profiles beyond the limit (estimated bytes).
    pub fn in_memory(limit_bytes: usize) -> Self {
        Self { kind: Kind::Memory(Arc::new(MemoryOnly::new(limit_bytes))) }
    }

    /// Stores all of it or nothing; calls back once it is known which, at once or later from another
    /// thread. What was stored is visible to every later [`view`](Self::view).
    pub fn submit(&self, write: NewWrite, done: impl FnOnce(Result<Written, Refused>) + Send + 'static) {
        match &self.kind {
            Kind::Memory(store) => done(Ok(store.write(&write))),
        }
    }

    /// As [`submit`](Self::submit), waiting for the outcome.
    ///
    /// # Errors
    /// Nothing was stored.
    pub fn write(&self, write: NewWrite) -> Result<Written, Refused> {
        let (done, outcome) = std::sync::mpsc::sync_channel(1);
        self.submit(write, move |written| {
            // The other end waits below.
            let _ = done.send(written);
        });
        outcome.recv().unwrap_or(Err(Refused::Closing))
    }

    /// Everything that is stored at this moment.
    pub fn view(&self) -> View {
        match &self.kind {
            Kind::Memory(store) => store.parts.view(),
        }
    }

    /// What is stored now.
    pub fn stats(&self) -> Stats {
        let mut stats = count(&self.view());
        match &self.kind {
            Kind::Memory(store) => stats.evicted_rows = store.evicted_rows.load(Ordering::Relaxed),
        }
        stats
    }
}

fn count(view: &View) -> Stats {
    let mut stats = Stats::default();
    let mut series: HashSet<(Arc<TypeKey>, Arc<Labels>), foldhash::fast::RandomState> = HashSet::default();
    for part in &view.parts {
        let Part::Memory(part) = part else { continue };
        let part = read(part);
        series.extend(part.index().all().map(|(key, labels)| (Arc::clone(key), Arc::clone(labels))));
        stats.profiles += part.profiles();
        stats.rows += part.rows();
        stats.bytes += part.heap_bytes() as u64;
    }
    stats.series = series.len() as u64;
    stats
}

/// The profiles of a write that are not known yet: all of them, or none where its key is known. Equal ones
/// in one write are the sender's to answer for.
fn fresh<'a>(write: &'a NewWrite, known: &dyn Fn(u64) -> bool) -> Vec<&'a NewProfile> {
    if write.key_digest().is_some_and(known) {
        return Vec::new();
    }
    let is_new = |profile: &&NewProfile| profile.digest == 0 || !known(profile.digest as u64);
    write.profiles.iter().filter(is_new).collect()
}

/// What to remember of a write.
fn digests<'a>(write: &NewWrite, fresh: &'a [&NewProfile]) -> impl Iterator<Item = u64> + use<'a> {
    let profiles = fresh.iter().filter(|profile| profile.digest != 0).map(|profile| profile.digest as u64);
    write.key_digest().into_iter().chain(profiles)
}
