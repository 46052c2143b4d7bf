//! What of a write is not stored yet.

use crate::{NewBatch, NewProfile, NewWrite};

/// What of a write is not known: all of it, or nothing where its key is known; profiles each by their bytes. Equal
/// ones in one write are the sender's to answer for.
#[derive(Debug)]
pub(crate) struct Fresh {
    profiles: Vec<usize>,
    has_batch: bool,
}

impl Fresh {
    pub(crate) fn of(write: &NewWrite, known: &dyn Fn(u64) -> bool) -> Self {
        if write.key_digest().is_some_and(known) {
            return Self { profiles: Vec::new(), has_batch: false };
        }
        let is_new = |profile: &NewProfile| profile.digest == 0 || !known(profile.digest as u64);
        let profiles = (0..write.profiles.len()).filter(|at| is_new(&write.profiles[*at])).collect();
        Self { profiles, has_batch: write.batch.as_ref().is_some_and(|batch| !batch.is_empty()) }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.profiles.is_empty() && !self.has_batch
    }

    /// How many profiles are new and how many were stored before.
    pub(crate) fn counts(&self, write: &NewWrite) -> (usize, usize) {
        let (batch, all) = (self.batch(write), write.batch.as_ref());
        let stored = self.profiles.len() + batch.map_or(0, NewBatch::len);
        (stored, write.profiles.len() + all.map_or(0, NewBatch::len) - stored)
    }

    pub(crate) fn profiles<'a>(&self, write: &'a NewWrite) -> impl ExactSizeIterator<Item = &'a NewProfile> {
        self.profiles.iter().map(|at| &write.profiles[*at])
    }

    pub(crate) fn batch<'a>(&self, write: &'a NewWrite) -> Option<&'a NewBatch> {
        write.batch.as_ref().filter(|_| self.has_batch)
    }

    /// What to remember of the write.
    pub(crate) fn digests(&self, write: &NewWrite) -> Vec<u64> {
        let digests = self.profiles(write).filter(|profile| profile.digest != 0);
        write.key_digest().into_iter().chain(digests.map(|profile| profile.digest as u64)).collect()
    }
}
