use std::hash::Hash;

use super::index::Index;

/// Distinct lists of entries of one fixed size, end to end in one list.
#[derive(Clone, Debug)]
pub(crate) struct Lists<T> {
    entries: Vec<T>,
    /// Where each list ends in `entries`; it starts where the one before it ends.
    ends: Vec<usize>,
    index: Index,
}

impl<T> Default for Lists<T> {
    fn default() -> Self {
        Self { entries: Vec::new(), ends: Vec::new(), index: Index::default() }
    }
}

impl<T: Copy + Hash + Eq> Lists<T> {
    pub(crate) fn intern(&mut self, list: &[T]) -> usize {
        let Self { entries, ends, index } = self;
        let (at, new) = index.find_or_append(list, ends.len(), |at| slice(entries, ends, at));
        if new {
            entries.extend_from_slice(list);
            ends.push(entries.len());
        }
        at
    }

    pub(crate) fn find(&self, list: &[T]) -> Option<usize> {
        self.index.find(list, |at| self.get(at))
    }

    pub(crate) fn reserve(&mut self, more: usize, entries: usize) {
        self.ends.reserve(more);
        self.entries.reserve(entries);
        self.index.reserve(more);
    }

    pub(crate) fn get(&self, at: usize) -> &[T] {
        slice(&self.entries, &self.ends, at)
    }

    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    pub(crate) fn heap_bytes(&self) -> usize {
        self.entries.capacity() * size_of::<T>()
            + self.ends.capacity() * size_of::<usize>()
            + self.index.heap_bytes()
    }
}

fn slice<'a, T>(entries: &'a [T], ends: &[usize], at: usize) -> &'a [T] {
    let start = if at == 0 { 0 } else { ends[at - 1] };
    &entries[start..ends[at]]
}
