//! What is mapped where in each process, at the time of a sample.

use std::collections::{BTreeMap, HashMap};

use profile_model::{Mapping, MappingFlags, MappingId, StringId, Symbols};

/// A mapped file.
#[derive(Clone, Debug)]
pub(super) struct Map {
    pub(super) start: u64,
    pub(super) end: u64,
    pub(super) offset: u64,
    pub(super) file: StringId,
    pub(super) build_id: StringId,
}

/// The maps of a process.
#[derive(Clone, Debug, Default)]
pub(super) struct ProcessMaps {
    pub(super) by_start: BTreeMap<u64, Map>,
    /// Another one after each change.
    pub(super) version: u64,
}

/// The maps of every process, and those of the kernel.
#[derive(Default)]
pub(super) struct Maps {
    processes: HashMap<i32, ProcessMaps>,
    changes: u64,
    /// How many there are in all.
    count: usize,
}

/// The kernel has this process id in the records.
pub(super) const KERNEL: i32 = -1;

/// The most maps of all processes.
const MAX_MAPS: usize = 4 << 20;

impl Maps {
    /// A new map cuts what it overlaps.
    pub(super) fn add(&mut self, pid: i32, map: Map) {
        if self.count >= MAX_MAPS {
            return;
        }
        self.changes += 1;
        let process = self.processes.entry(pid).or_default();
        process.version = self.changes;
        let before = process.by_start.len();
        process.add(map);
        self.count = self.count + process.by_start.len() - before;
    }

    /// A child begins with the maps of its parent.
    pub(super) fn fork(&mut self, parent: i32, child: i32) {
        let Some(maps) = self.processes.get(&parent).filter(|_| parent != child).cloned() else { return };
        self.exec(child);
        if self.count + maps.by_start.len() <= MAX_MAPS {
            self.count += maps.by_start.len();
            self.processes.insert(child, maps);
        }
    }

    /// A new program begins with none.
    pub(super) fn exec(&mut self, pid: i32) {
        let gone = self.processes.remove(&pid);
        self.count -= gone.map_or(0, |maps| maps.by_start.len());
    }

    pub(super) fn of(&self, pid: i32) -> Option<&ProcessMaps> {
        self.processes.get(&pid)
    }

    pub(super) fn find(&self, pid: i32, address: u64) -> Option<&Map> {
        let (_, map) = self.of(pid)?.by_start.range(..=address).next_back()?;
        (address < map.end).then_some(map)
    }
}

impl ProcessMaps {
    fn add(&mut self, map: Map) {
        let maps = &mut self.by_start;
        let overlapped: Vec<u64> = maps
            .range(..map.end)
            .rev()
            .take_while(|(_, old)| old.end > map.start)
            .map(|(start, _)| *start)
            .collect();
        for start in overlapped {
            let Some(old) = maps.remove(&start) else { continue };
            if old.end > map.end {
                let cut = map.end - old.start;
                let offset = old.offset.wrapping_add(cut);
                maps.insert(map.end, Map { start: map.end, offset, ..old.clone() });
            }
            if old.start < map.start {
                maps.insert(old.start, Map { end: map.start, ..old });
            }
        }
        maps.insert(map.start, map);
    }
}

impl Map {
    pub(super) fn intern(&self, symbols: &mut Symbols) -> MappingId {
        let Self { start, end, offset, file, build_id } = *self;
        let flags = MappingFlags::default();
        symbols.intern_mapping(Mapping { start, limit: end, offset, file, build_id, flags })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(start: u64, end: u64, offset: u64) -> Map {
        Map { start, end, offset, file: StringId::EMPTY, build_id: StringId::EMPTY }
    }

    /// Start, end and offset of the maps of a process.
    fn shown(maps: &Maps, pid: i32) -> Vec<(u64, u64, u64)> {
        let shown = |map: &Map| (map.start, map.end, map.offset);
        maps.of(pid).map(|maps| maps.by_start.values().map(shown).collect()).unwrap_or_default()
    }

    #[test]
    fn a_new_map_cuts_what_it_overlaps() {
        let check = |new: (u64, u64), expect: &[(u64, u64, u64)]| {
            let mut maps = Maps::default();
            maps.add(1, map(10, 20, 100));
            maps.add(1, map(30, 40, 0));
            maps.add(1, map(new.0, new.1, 7));
            assert_eq!(shown(&maps, 1), expect, "{new:?}");
            assert_eq!(maps.count, expect.len(), "{new:?}");
        };
        check((20, 30), &[(10, 20, 100), (20, 30, 7), (30, 40, 0)]);
        check((12, 15), &[(10, 12, 100), (12, 15, 7), (15, 20, 105), (30, 40, 0)]);
        check((5, 12), &[(5, 12, 7), (12, 20, 102), (30, 40, 0)]);
        check((15, 35), &[(10, 15, 100), (15, 35, 7), (35, 40, 5)]);
        check((0, 50), &[(0, 50, 7)]);
        check((10, 20), &[(10, 20, 7), (30, 40, 0)]);
    }

    #[test]
    fn a_child_begins_with_the_maps_of_its_parent_and_a_program_with_none() {
        let mut maps = Maps::default();
        maps.add(1, map(10, 20, 0));
        maps.fork(1, 2);
        maps.add(2, map(30, 40, 0));
        assert_eq!((shown(&maps, 1).len(), shown(&maps, 2).len(), maps.count), (1, 2, 3));
        // A thread is no process of its own.
        maps.fork(1, 1);
        maps.exec(2);
        assert_eq!((shown(&maps, 1).len(), shown(&maps, 2).len(), maps.count), (1, 0, 1));
        // The number of a process that ended is used again.
        maps.add(2, map(50, 60, 0));
        maps.fork(1, 2);
        assert_eq!((shown(&maps, 2), maps.count), (vec![(10, 20, 0)], 2));
        assert!(maps.find(2, 19).is_some() && maps.find(2, 20).is_none() && maps.find(2, 9).is_none());
    }

    #[test]
    fn each_change_has_a_number_of_its_own() {
        let mut maps = Maps::default();
        let version = |maps: &Maps| maps.of(1).map_or(0, |maps| maps.version);
        let mut seen = vec![version(&maps)];
        for at in 0..3 {
            maps.add(1, map(10 * at, 10 * at + 5, 0));
            seen.push(version(&maps));
        }
        maps.exec(1);
        maps.add(1, map(0, 5, 0));
        seen.push(version(&maps));
        assert!(seen.is_sorted_by(|a, b| a < b), "{seen:?}");
    }
}
