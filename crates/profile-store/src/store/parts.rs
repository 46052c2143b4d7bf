//! The parts of the store, and how they come and go.

use std::sync::{Arc, PoisonError, RwLock};

use super::fresh::Fresh;
use crate::NewWrite;
use crate::memory::MemoryPart;
use crate::view::{Part, View};

/// Rows after which a part takes no more: a reader keeps a writer waiting for at most that many.
const FULL_ROWS: u64 = 1 << 20;

pub(crate) type SharedPart = Arc<RwLock<MemoryPart>>;

/// A part in memory that takes no more profiles.
#[derive(Clone, Debug)]
pub(crate) struct Frozen {
    pub(crate) part: SharedPart,
    pub(crate) bytes: usize,
    /// The log's record after the last one that is in this part or one before it; zero where the part ends
    /// inside a record's neighbours, or without a log.
    pub(crate) through: u64,
}

#[derive(Debug)]
struct Lists<B> {
    sealed: Vec<Arc<B>>,
    frozen: Vec<Frozen>,
    head: SharedPart,
}

impl<B> Lists<B> {
    fn memory(&self) -> impl Iterator<Item = &SharedPart> {
        self.frozen.iter().map(|frozen| &frozen.part).chain([&self.head])
    }
}

/// All parts, those in memory and the blocks `B`. The lock over the lists is held for as long as it takes to copy them.
#[derive(Debug)]
pub(crate) struct Parts<B> {
    lists: RwLock<Lists<B>>,
    /// Bytes after which a part takes no more.
    full_bytes: usize,
}

impl<B: Part + 'static> Parts<B> {
    pub(crate) fn new(full_bytes: usize) -> Self {
        let lists = Lists { sealed: Vec::new(), frozen: Vec::new(), head: SharedPart::default() };
        Self { lists: RwLock::new(lists), full_bytes }
    }

    pub(crate) fn view(&self) -> View {
        self.read(|lists| {
            let sealed = lists.sealed.iter().map(|block| Arc::clone(block) as Arc<dyn Part>);
            let memory = lists.memory().map(|part| Arc::clone(part) as Arc<dyn Part>);
            View::of(sealed.chain(memory).collect())
        })
    }

    /// The parts in memory, oldest first.
    pub(crate) fn memory(&self) -> Vec<SharedPart> {
        self.read(|lists| lists.memory().cloned().collect())
    }

    /// Adds what is fresh of a write to the youngest part, and remembers by what it is recognised. One caller at a
    /// time. Returns whether the part is full now.
    pub(crate) fn append(&self, write: &NewWrite, fresh: &Fresh, digests: &[u64]) -> bool {
        let head = self.head();
        let mut part = head.write().unwrap_or_else(PoisonError::into_inner);
        fresh.profiles(write).for_each(|profile| part.append(profile));
        fresh.batch(write).into_iter().for_each(|batch| part.append_batch(batch));
        part.remember(digests);
        part.rows() >= FULL_ROWS || part.heap_bytes() >= self.full_bytes
    }

    /// Begins a new part. What the old one holds stays readable.
    pub(crate) fn freeze(&self, through: u64) {
        let part = self.head();
        let bytes = {
            let mut part = part.write().unwrap_or_else(PoisonError::into_inner);
            if part.is_empty() {
                drop(part);
                return self.write(|lists| {
                    lists.frozen.last_mut().into_iter().for_each(|last| last.through = through)
                });
            }
            part.freeze();
            part.heap_bytes()
        };
        self.write(|lists| {
            lists.head = SharedPart::default();
            lists.frozen.push(Frozen { part, bytes, through });
        });
    }

    /// Forgets the part in memory whose newest profile is the oldest; returns its rows.
    pub(crate) fn drop_oldest(&self) -> Option<u64> {
        self.write(|lists| {
            let newest = |frozen: &Frozen| crate::view::read(&frozen.part).extent().last;
            let at = (0..lists.frozen.len()).min_by_key(|at| newest(&lists.frozen[*at]))?;
            Some(crate::view::read(&lists.frozen.remove(at).part).rows())
        })
    }

    /// Bytes of all parts in memory.
    pub(crate) fn bytes(&self) -> usize {
        let (head, frozen) = self.read(|lists| {
            (Arc::clone(&lists.head), lists.frozen.iter().map(|frozen| frozen.bytes).sum::<usize>())
        });
        crate::view::read(&head).heap_bytes() + frozen
    }

    pub(crate) fn head(&self) -> SharedPart {
        self.read(|lists| Arc::clone(&lists.head))
    }

    pub(crate) fn frozen(&self) -> Vec<Frozen> {
        self.read(|lists| lists.frozen.clone())
    }

    pub(crate) fn read_sealed(&self) -> Vec<Arc<B>> {
        self.read(|lists| lists.sealed.clone())
    }

    /// In one step: these parts of memory go, and the sealed ones become those that `change` leaves.
    pub(crate) fn replace(&self, sealed_parts: &[SharedPart], change: impl FnOnce(&mut Vec<Arc<B>>)) {
        self.write(|lists| {
            lists.frozen.retain(|frozen| !sealed_parts.iter().any(|part| Arc::ptr_eq(part, &frozen.part)));
            change(&mut lists.sealed);
        });
    }

    fn read<T>(&self, read: impl FnOnce(&Lists<B>) -> T) -> T {
        read(&self.lists.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn write<T>(&self, change: impl FnOnce(&mut Lists<B>) -> T) -> T {
        change(&mut self.lists.write().unwrap_or_else(PoisonError::into_inner))
    }
}
