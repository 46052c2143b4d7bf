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
