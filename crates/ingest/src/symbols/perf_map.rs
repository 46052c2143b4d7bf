//! Names that a JIT wrote down: `/tmp/perf-PID.map`, lines of start, size and name, in hex.

use std::fs;
use std::path::Path;

use crate::mend::NamedLine;

pub(super) struct PerfMap {
    /// Sorted by start.
    entries: Vec<Entry>,
}

struct Entry {
    start: u64,
    size: u64,
    name: String,
}

const MAX_BYTES: u64 = 256 << 20;

impl PerfMap {
    pub(super) fn read(path: &Path) -> Result<Self, String> {
        let about =
            fs::metadata(path).map_err(|_| "the program left no map of what it compiled".to_owned())?;
        if !about.is_file() || about.len() > MAX_BYTES {
            return Err(format!("expected a file of at most {}", words::bytes(MAX_BYTES)));
        }
        let bytes = fs::read(path).map_err(|error| error.to_string())?;
        Ok(Self::parse(&String::from_utf8_lossy(&bytes)))
    }

    pub(super) fn parse(text: &str) -> Self {
        let mut entries: Vec<Entry> = text.lines().filter_map(entry).collect();
        // Code that took the place of other code comes later, and counts.
        entries.reverse();
        entries.sort_by_key(|entry| entry.start);
        entries.dedup_by_key(|entry| entry.start);
        Self { entries }
    }

    pub(super) fn names(&self, address: u64) -> Vec<NamedLine> {
        let at = self.entries.partition_point(|entry| entry.start <= address);
        let found = at.checked_sub(1).map(|at| &self.entries[at]);
        let found = found.filter(|entry| address - entry.start < entry.size);
        found.map(|entry| NamedLine::of(&entry.name)).into_iter().collect()
    }
}

fn entry(line: &str) -> Option<Entry> {
    let (start, rest) = line.split_once(' ')?;
    let (size, name) = rest.split_once(' ')?;
    let hex = |text: &str| u64::from_str_radix(text.trim_start_matches("0x"), 16).ok();
    Some(Entry { start: hex(start)?, size: hex(size)?, name: name.trim().to_owned() })
}
