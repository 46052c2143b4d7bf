//! Staying under the memory limit: the oldest goes first, and so do stacks nobody points to.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;

use profile_model::{Symbols, Transfer};

use super::series::SeriesKey;
use super::tables::Tables;

impl Tables {
    /// Does nothing below the limit. Above it, makes room for a tenth more than asked, so that the
    /// work is done now and then and not at every write.
    pub(super) fn enforce(&mut self, limit_bytes: usize) {
        while self.heap_bytes() > limit_bytes && !self.series.is_empty() {
            let used = self.heap_bytes();
            let excess = used - limit_bytes + limit_bytes / 10;
            // Stacks take their share of the memory, and go with the rows that hold them.
            let share = excess as f64 / used as f64;
            let rows: usize = self.series.values().map(super::Series::rows).sum();
            self.drop_oldest_rows(((rows as f64 * share) as usize).max(1));
            self.drop_unused_symbols();
        }
    }

    fn drop_oldest_rows(&mut self, wanted: usize) {
        let mut oldest: BinaryHeap<Reverse<(i64, usize)>> = BinaryHeap::new();
        let keys: Vec<Arc<SeriesKey>> = self.series.keys().cloned().collect();
        for (index, key) in keys.iter().enumerate() {
            oldest.extend(self.series[key].oldest_block().map(|newest| Reverse((newest, index))));
        }
        let mut dropped = 0;
        while dropped < wanted
            && let Some(Reverse((_, index))) = oldest.pop()
        {
            let Some(series) = self.series.get_mut(&keys[index]) else { continue };
            dropped += series.drop_oldest_block().map_or(0, |block| block.rows());
            oldest.extend(series.oldest_block().map(|newest| Reverse((newest, index))));
        }
        self.series.retain(|_, series| !series.is_empty());
        self.evicted_rows += dropped as u64;
    }

    fn drop_unused_symbols(&mut self) {
        let mut kept = Symbols::new();
        let mut transfer = Transfer::new(&self.symbols);
        for series in self.series.values_mut() {
            for stack in series.stacks_mut() {
                *stack = transfer.stack(&mut kept, *stack);
            }
        }
        drop(transfer);
        self.symbols = kept;
    }
}

#[cfg(test)]
mod tests {
    use profile_model::{Labels, Location, Profile, Sample, ValueType};

    use super::super::{Filter, NewProfile, Store};

    fn profile(time_nanos: i64) -> NewProfile {
        let mut profile = Profile::new(vec![ValueType::new("cpu", "nanoseconds")]);
        profile.period_type = Some(ValueType::new("cpu", "nanoseconds"));
        (profile.time_nanos, profile.duration_nanos) = (time_nanos, 1);
        for address in 1..200_u64 {
            // Addresses that no other profile has: their symbols must be given back, too.
            let address = address + (time_nanos as u64) * 1000;
            let location = Location { mapping: None, address, is_folded: false, lines: &[] };
            let location = profile.symbols.intern_location(location);
            let stack = profile.symbols.intern_stack(&[location]);
            profile.samples.push(Sample { stack, values: &[1], labels: &[] });
        }
        NewProfile { name: "process_cpu".into(), labels: Labels::default(), profile }
    }

    #[test]
    fn the_oldest_go_and_the_memory_stays_bounded() {
        const LIMIT: usize = 4 << 20;
        let store = Store::new(LIMIT);
        for time in 1..=2000 {
            store.append(&[profile(time)]);
            assert!(store.read().stats().bytes <= LIMIT as u64);
        }
        let tables = store.read();
        let stats = tables.stats();
        assert_eq!(stats.rows + stats.evicted_rows, 2000 * 199);
        assert!(stats.evicted_rows > 0 && stats.rows > 0, "{stats:?}");
        let times: Vec<i64> =
            tables.select(&Filter::all()).iter().flat_map(|s| s.profiles()).map(|p| p.time_nanos).collect();
        assert_eq!(times.last(), Some(&2000));
        assert!(times.windows(2).all(|pair| pair[0] + 1 == pair[1]), "a hole in {times:?}");
        for profile in tables.select(&Filter::all()).iter().flat_map(|s| s.profiles()) {
            let first = tables.symbols().stack(profile.stacks[0])[0];
            assert_eq!(tables.symbols().location(first).address, 1 + profile.time_nanos as u64 * 1000);
        }
    }
}
