//! What was read of blocks, as long as there is room.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hashbrown::HashMap;
use profile_model::Symbols;

use super::catalog::Catalog;
use super::heads::Head;
use super::pages::RowGroup;

/// A section of a block, decoded.
#[derive(Clone, Debug)]
pub(crate) enum Loaded {
    Catalog(Arc<Catalog>),
    Symbols(Arc<Symbols>),
    Groups(Arc<Vec<RowGroup>>),
    Heads(Arc<Vec<Head>>),
}

/// Block and section.
type Key = (u64, usize);

/// The sections that were used last, up to a number of bytes.
#[derive(Debug)]
pub(crate) struct Cache {
    inner: Mutex<Inner>,
    limit_bytes: usize,
}

#[derive(Debug, Default)]
struct Inner {
    entries: HashMap<Key, Entry, foldhash::fast::RandomState>,
    /// Keys by when they were used last.
    order: BTreeMap<u64, Key>,
    clock: u64,
    bytes: usize,
}

#[derive(Debug)]
struct Entry {
    loaded: Loaded,
    bytes: usize,
    used: u64,
}

impl Cache {
    pub(crate) fn new(limit_bytes: usize) -> Self {
        Self { inner: Mutex::default(), limit_bytes }
    }

    pub(crate) fn get(&self, key: Key) -> Option<Loaded> {
        let mut inner = self.lock();
        inner.clock += 1;
        let now = inner.clock;
        let Inner { entries, order, .. } = &mut *inner;
        let entry = entries.get_mut(&key)?;
        order.remove(&entry.used);
        entry.used = now;
        order.insert(now, key);
        Some(entry.loaded.clone())
    }

    /// Keeps a section, unless it is larger than all that may be kept.
    pub(crate) fn put(&self, key: Key, loaded: Loaded) {
        let bytes = loaded.bytes() + size_of::<Entry>() * 2;
        if bytes > self.limit_bytes {
            return;
        }
        let mut inner = self.lock();
        inner.remove(key);
        while inner.bytes + bytes > self.limit_bytes
            && let Some((_, oldest)) = inner.order.pop_first()
        {
            inner.remove(oldest);
        }
        inner.clock += 1;
        let used = inner.clock;
        inner.order.insert(used, key);
        inner.entries.insert(key, Entry { loaded, bytes, used });
        inner.bytes += bytes;
    }

    pub(crate) fn forget(&self, block: u64) {
        let mut inner = self.lock();
        let keys: Vec<Key> = inner.entries.keys().filter(|key| key.0 == block).copied().collect();
        keys.into_iter().for_each(|key| inner.remove(key));
    }

    pub(crate) fn bytes(&self) -> usize {
        self.lock().bytes
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn remove(&mut self, key: Key) {
        if let Some(entry) = self.entries.remove(&key) {
            self.order.remove(&entry.used);
            self.bytes -= entry.bytes;
        }
    }
}

impl Loaded {
    fn bytes(&self) -> usize {
        match self {
            Self::Catalog(catalog) => catalog.heap_bytes(),
            Self::Symbols(symbols) => symbols.heap_bytes(),
            Self::Groups(groups) => {
                let pages = |group: &RowGroup| group.stacks.pages.len() + group.values.pages.len();
                groups.iter().map(|group| pages(group) * 32 + size_of::<RowGroup>()).sum()
            }
            Self::Heads(heads) => heads.len() * size_of::<Head>(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_used_last_stays() {
        let cache = Cache::new(10_000);
        let heads = || {
            Loaded::Heads(Arc::new(vec![
                super::super::heads::read(&[1, 0, 0, 0, 0])
                    .map_or_else(|| unreachable!(), |h| h[0]);
                100
            ]))
        };
        (0..4).for_each(|block| {
            cache.put((block, 0), heads());
            cache.get((0, 0));
        });
        assert!(cache.bytes() <= 10_000);
        assert!(cache.get((0, 0)).is_some() && cache.get((3, 0)).is_some());
        assert!(cache.get((1, 0)).is_none());
        cache.forget(0);
        assert!(cache.get((0, 0)).is_none());
    }
}
