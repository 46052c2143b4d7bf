//! `global`: what holds for all queries and receivers.

use std::path::Path;

use config_file::Field;
use relabel::Labels;
use remote_write::SpoolSettings;

use super::query::Defaults;
use super::{labels, values};
use crate::settings::Settings;

/// The block with its defaults.
pub(super) struct Global {
    /// The settings that each receiver's spool gets, in a folder of its own.
    pub(super) spool: Option<SpoolSettings>,
    pub(super) max_series: usize,
    pub(super) max_concurrent_queries: usize,
    pub(super) stale_markers: bool,
    pub(super) stale_on_shutdown: bool,
    pub(super) external_labels: Labels,
    pub(super) queries: Defaults,
}

impl Default for Global {
    fn default() -> Self {
        Self {
            spool: None,
            max_series: Settings::MAX_SERIES,
            max_concurrent_queries: Settings::MAX_CONCURRENT_QUERIES,
            stale_markers: true,
            stale_on_shutdown: true,
            external_labels: Labels::default(),
            queries: Defaults::default(),
        }
    }
}

/// The block, or the defaults where there is none.
pub(super) fn read(field: Option<Field<'_>>, directory: &Path) -> Global {
    let mut global = Global::default();
    let Some(mut reader) = field.and_then(|field| field.reader()) else { return global };
    let mut spool = SpoolSettings::new("");
    reader.set("spool_max_bytes", &mut spool.max_bytes, |field| field.bytes(1 << 20..=1 << 50));
    reader.set("spool_fsync", &mut spool.fsync, Field::boolean);
    let spool_dir = reader.optional("spool_dir").and_then(|field| {
        let text = field.text()?;
        if text.is_empty() {
            field.mistake("expected a path, found an empty text");
        }
        if text.starts_with('~') {
            let hint = "no shell reads this file: write the home folder out";
            field.mistake_with_hint(format!("expected a path, found {}", field.found()), hint);
        }
        Some(directory.join(text))
    });
    for key in ["spool_max_bytes", "spool_fsync"] {
        if reader.has(key) && !reader.has("spool_dir") {
            let warning = reader.mistake_at(key, "no effect without `spool_dir`").as_warning();
            reader.report().add(warning);
        }
    }
    global.spool = spool_dir.map(|directory| {
        spool.directory = directory;
        spool
    });
    reader.set("max_series", &mut global.max_series, values::count(10_000_000));
    reader.set("max_concurrent_queries", &mut global.max_concurrent_queries, values::count(1000));
    reader.set("stale_markers", &mut global.stale_markers, Field::boolean);
    reader.set("stale_on_shutdown", &mut global.stale_on_shutdown, Field::boolean);
    reader.set("external_labels", &mut global.external_labels, labels::external);
    global.queries.read(&mut reader);
    reader.finish();
    global
}
