//! The store on disk on `/metrics`: log, blocks, and what goes on behind the writes.

use ops::metrics::{Family, Kind, Registry, Value};
use profile_store::DiskStats;

use super::of_each;
use crate::stores::Stores;

type Read = fn(&DiskStats) -> f64;

/// Adds the families of stores on disk; those in memory have none.
pub(super) fn register(registry: &Registry, stores: &Stores) {
    let stores = stores.clone();
    registry.collect_with(move || {
        let on_disk = |(tenant, store): (_, profile_store::Store)| Some((tenant, store.disk_stats()?));
        let stats: Vec<_> = stores.all().into_iter().filter_map(on_disk).collect();
        if stats.is_empty() {
            return Vec::new();
        }
        let family = |kind, (name, help, read): &(&str, &str, Read)| {
            let is_gauge = matches!(kind, Kind::Gauge);
            let family = Family::new(format!("parca_embedded_{name}"), *help, kind);
            of_each(family, &stats, |stats| {
                if is_gauge { Value::Gauge(read(stats)) } else { Value::Counter(read(stats)) }
            })
        };
        let gauges = GAUGES.iter().map(|of| family(Kind::Gauge, of));
        gauges.chain(COUNTERS.iter().map(|of| family(Kind::Counter, of))).collect()
    });
}

const GAUGES: &[(&str, &str, Read)] = &[
    ("log_bytes", "Bytes of the log that are not in blocks yet.", |s| number(s.log_bytes)),
    ("log_segments", "Segments of the log.", |s| number(s.log_segments)),
    ("log_queue_bytes", "Bytes of writes that wait for the disk.", |s| number(s.queue_bytes)),
    ("blocks", "Sealed blocks.", |s| number(s.blocks)),
    ("block_bytes", "Bytes of sealed blocks on disk.", |s| number(s.block_bytes)),
    ("block_profiles", "Profiles in sealed blocks, each sample type counted on its own.", |s| {
        number(s.block_profiles)
    }),
    ("block_rows", "Stacks with values in sealed blocks.", |s| number(s.block_rows)),
    ("block_oldest_timestamp_seconds", "Time of the oldest profile in sealed blocks.", |s| {
        s.oldest_nanos.map_or(0.0, |nanos| nanos as f64 / 1e9)
    }),
    ("block_cache_bytes", "Memory for what was read of blocks.", |s| number(s.cache_bytes)),
    ("disk_free_bytes", "Bytes free on the disk of the data folder.", |s| number(s.free_bytes.unwrap_or(0))),
    ("open_seconds", "How long opening the data folder took.", |s| s.open_seconds),
    ("writes_refused", "1 while writes are refused because of the disk.", |s| {
        f64::from(u8::from(s.refusing))
    }),
];

const COUNTERS: &[(&str, &str, Read)] = &[
    ("log_records_total", "Requests written to the log.", |s| number(s.log_records)),
    ("log_written_bytes_total", "Bytes written to the log.", |s| number(s.log_written_bytes)),
    ("log_syncs_total", "Syncs of the log; many requests share one.", |s| number(s.log_syncs)),
    ("log_failures_total", "Writes or syncs of the log that failed.", |s| number(s.log_failures)),
    ("log_lost_bytes_total", "Bytes of damaged records found at the start.", |s| number(s.log_lost_bytes)),
    ("log_torn_bytes_total", "Bytes of a torn end that was cut off at the start.", |s| {
        number(s.log_torn_bytes)
    }),
    ("log_replayed_records_total", "Requests read from the log at the start.", |s| {
        number(s.replayed_records)
    }),
    ("log_unreadable_records_total", "Whole records that this program cannot read.", |s| {
        number(s.unreadable_records)
    }),
    ("repeated_profiles_total", "Profiles that came again and were not stored again.", |s| {
        number(s.repeated_profiles)
    }),
    ("seals_total", "Times that memory became blocks.", |s| number(s.seals)),
    ("seal_failures_total", "Times that it could not.", |s| number(s.seal_failures)),
    ("seal_seconds_total", "Time that sealing took.", |s| s.seal_seconds),
    ("sealed_profiles_total", "Profiles sealed, each sample type counted on its own.", |s| {
        number(s.sealed_profiles)
    }),
    ("compactions_total", "Times that blocks were merged.", |s| number(s.compactions)),
    ("compaction_failures_total", "Times that they could not be.", |s| number(s.compaction_failures)),
    ("retired_blocks_total", "Blocks that retention removed.", |s| number(s.retired_blocks)),
    ("retired_bytes_total", "Bytes of blocks that retention removed.", |s| number(s.retired_bytes)),
    ("bad_blocks_total", "Damaged blocks that were set aside.", |s| number(s.bad_blocks)),
];

#[expect(clippy::cast_precision_loss, reason = "metrics are floats")]
fn number(count: u64) -> f64 {
    count as f64
}
