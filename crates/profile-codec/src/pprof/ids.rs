use hashbrown::HashMap;

use super::{InvalidProfile, Table};

/// What the ids of a table stand for.
///
/// Nearly all writers count from 1, so that a list does; whatever else a table has goes to a map.
pub(super) struct Ids<T> {
    table: Table,
    sequential: Vec<T>,
    others: HashMap<u64, T, foldhash::fast::RandomState>,
}

impl<T: Copy> Ids<T> {
    pub(super) fn new(table: Table, room: usize) -> Self {
        Self { table, sequential: Vec::with_capacity(room), others: HashMap::default() }
    }

    pub(super) fn insert(&mut self, id: u64, meaning: T) -> Result<(), InvalidProfile> {
        let table = self.table;
        if id == 0 {
            return Err(InvalidProfile::ZeroId(table));
        }
        if self.get(id).is_some() {
            return Err(InvalidProfile::DuplicateId { table, id });
        }
        match id == self.sequential.len() as u64 + 1 {
            true => self.sequential.push(meaning),
            false => drop(self.others.insert(id, meaning)),
        }
        Ok(())
    }

    #[inline]
    pub(super) fn get(&self, id: u64) -> Option<T> {
        let at = usize::try_from(id.wrapping_sub(1)).unwrap_or(usize::MAX);
        match self.sequential.get(at) {
            Some(meaning) => Some(*meaning),
            None if self.others.is_empty() => None,
            None => self.others.get(&id).copied(),
        }
    }
}
