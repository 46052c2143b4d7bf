use std::hash::Hash;

use super::index::Index;

/// Distinct entries of one fixed size.
#[derive(Clone, Debug)]
pub(crate) struct Plain<T> {
    entries: Vec<T>,
    index: Index,
}

impl<T> Default for Plain<T> {
    fn default() -> Self {
        Self { entries: Vec::new(), index: Index::default() }
    }
}

impl<T: Copy + Hash + Eq> Plain<T> {
    pub(crate) fn intern(&mut self, entry: T) -> usize {
        let Self { entries, index } = self;
        let (at, new) = index.find_or_append(entry, entries.len(), |at| entries[at]);
        if new {
            entries.push(entry);
        }
        at
    }

    pub(crate) fn reserve(&mut self, more: usize) {
        self.entries.reserve(more);
        self.index.reserve(more);
    }

    pub(crate) fn entries(&self) -> &[T] {
        &self.entries
    }

    pub(crate) fn heap_bytes(&self) -> usize {
        self.entries.capacity() * size_of::<T>() + self.index.heap_bytes()
    }
}
