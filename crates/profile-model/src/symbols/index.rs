use std::hash::{BuildHasher, Hash};

use foldhash::fast::RandomState;
use hashbrown::HashTable;
use hashbrown::hash_table::Entry;

/// Finds the position of a value in a list that lives elsewhere, so no value is stored twice.
///
/// Seeded anew for each table: the keys come from outside, and nobody shall be able to choose
/// them so that they all collide. Positions do not depend on the seed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Index {
    positions: HashTable<u32>,
    state: RandomState,
}

impl Index {
    /// The position of `key`, and whether it is new and the caller must append it there.
    /// `key_at` reads the list, which is `len` long before the call.
    pub(crate) fn find_or_append<K: Hash + Eq>(
        &mut self,
        key: K,
        len: usize,
        key_at: impl Fn(usize) -> K,
    ) -> (usize, bool) {
        let Self { positions, state } = self;
        let hash = state.hash_one(&key);
        let same = |at: &u32| key_at(*at as usize) == key;
        let rehash = |at: &u32| state.hash_one(key_at(*at as usize));
        match positions.entry(hash, same, rehash) {
            Entry::Occupied(found) => (*found.get() as usize, false),
            Entry::Vacant(free) => {
                free.insert(u32::try_from(len).expect("a symbol table has fewer than 2^32 entries"));
                (len, true)
            }
        }
    }

    /// The position of `key`, if it is in the list.
    pub(crate) fn find<K: Hash + Eq>(&self, key: K, key_at: impl Fn(usize) -> K) -> Option<usize> {
        let hash = self.state.hash_one(&key);
        self.positions.find(hash, |at| key_at(*at as usize) == key).map(|at| *at as usize)
    }

    /// Size on the heap, in bytes.
    pub(crate) fn heap_bytes(&self) -> usize {
        self.positions.allocation_size()
    }
}
