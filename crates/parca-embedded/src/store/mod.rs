//! Where profiles are kept: in memory, by series and time, their stacks interned once for all.
//!
//! The rest of the crate sees [`Store`] and the [`Tables`] behind its lock. A store that survives a
//! restart takes this module's place, not more.

mod block;
mod evict;
mod filter;
mod intern;
mod series;
mod tables;

use std::sync::{PoisonError, RwLock, RwLockReadGuard};

use profile_model::{Labels, Profile};

pub(crate) use filter::{Between, Filter};
pub(crate) use series::{ProfileRows, Series};
pub(crate) use tables::Tables;

/// One profile on its way in, checked.
#[derive(Debug)]
pub(crate) struct NewProfile {
    /// The first part of its profile types.
    pub(crate) name: String,
    /// Without `__name__` and without empty values.
    pub(crate) labels: Labels,
    pub(crate) profile: Profile,
}

/// What is stored, for metrics.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Distinct profile type and label set.
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

/// The store. Writers exclude readers; both hold the lock for milliseconds.
#[derive(Debug)]
pub(crate) struct Store {
    tables: RwLock<Tables>,
    limit_bytes: usize,
}

impl Store {
    pub(crate) fn new(limit_bytes: usize) -> Self {
        Self { tables: RwLock::default(), limit_bytes }
    }

    /// Stores all of them; visible to every later [`read`](Self::read).
    pub(crate) fn append(&self, profiles: &[NewProfile]) {
        let mut tables = self.tables.write().unwrap_or_else(PoisonError::into_inner);
        for profile in profiles {
            tables.append(profile);
        }
        tables.enforce(self.limit_bytes);
    }

    pub(crate) fn read(&self) -> RwLockReadGuard<'_, Tables> {
        self.tables.read().unwrap_or_else(PoisonError::into_inner)
    }
}
