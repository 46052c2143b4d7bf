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
    slots: HashTable<Slot>,
    state: RandomState,
}

/// Half of the hash is kept, so that growing does not read the whole list again.
#[derive(Clone, Copy, Debug)]
struct Slot {
    hash: u32,
    position: u32,
}

impl Slot {
    /// What the table sorts by: the kept half, spread over all bits.
    fn spread(hash: u32) -> u64 {
        u64::from(hash).wrapping_mul(0x9e37_79b9_7f4a_7c15)
    }
}

impl Index {
    /// Makes room for so many more entries.
    pub(crate) fn reserve(&mut self, more: usize) {
        self.slots.reserve(more, |slot| Slot::spread(slot.hash));
    }

    /// The position of `key`, and whether it is new and the caller must append it there.
    /// `key_at` reads the list, which is `len` long before the call.
    pub(crate) fn find_or_append<K: Hash + Eq>(
        &mut self,
        key: K,
        len: usize,
        key_at: impl Fn(usize) -> K,
    ) -> (usize, bool) {
        let hash = self.hash(&key);
        let same = |slot: &Slot| slot.hash == hash && key_at(slot.position as usize) == key;
        match self.slots.entry(Slot::spread(hash), same, |slot| Slot::spread(slot.hash)) {
            Entry::Occupied(found) => (found.get().position as usize, false),
            Entry::Vacant(free) => {
                let position = u32::try_from(len).expect("a symbol table has fewer than 2^32 entries");
                free.insert(Slot { hash, position });
                (len, true)
            }
        }
    }

    /// The position of `key`, if it is in the list.
    pub(crate) fn find<K: Hash + Eq>(&self, key: K, key_at: impl Fn(usize) -> K) -> Option<usize> {
        let hash = self.hash(&key);
        let same = |slot: &Slot| slot.hash == hash && key_at(slot.position as usize) == key;
        self.slots.find(Slot::spread(hash), same).map(|slot| slot.position as usize)
    }

    /// Size on the heap, in bytes.
    pub(crate) fn heap_bytes(&self) -> usize {
        self.slots.allocation_size()
    }

    fn hash(&self, key: &impl Hash) -> u32 {
        (self.state.hash_one(key) >> 32) as u32
    }
}
