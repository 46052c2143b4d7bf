//! `profiling_config`: which profiles are fetched of each target.

use std::time::Duration;

use config_file::{Field, Reader};
use profile_model::ValueType;

use super::values;
use crate::settings::ProfileSettings;

/// A profile that is known by its name.
struct Known {
    name: &'static str,
    path: &'static str,
    /// Whether it covers a window that is asked for.
    delta: bool,
    enabled: bool,
}

/// The five of Parca, and fgprof, which covers a window too.
const KNOWN: [Known; 6] = [
    Known { name: "memory", path: "/debug/pprof/allocs", delta: false, enabled: true },
    Known { name: "block", path: "/debug/pprof/block", delta: false, enabled: true },
    Known { name: "goroutine", path: "/debug/pprof/goroutine", delta: false, enabled: true },
    Known { name: "mutex", path: "/debug/pprof/mutex", delta: false, enabled: true },
    Known { name: "process_cpu", path: "/debug/pprof/profile", delta: true, enabled: true },
    Known { name: "fgprof", path: "/debug/pprof/fgprof", delta: true, enabled: false },
];

/// An entry of `pprof_config`, or the default of one.
struct Entry {
    name: String,
    enabled: Option<bool>,
    path: String,
    delta: bool,
    seconds: Option<u64>,
    keep: Vec<ValueType>,
}

/// The interval and the timeout of the job.
#[derive(Clone, Copy)]
pub(super) struct Timing {
    pub(super) interval: Duration,
    pub(super) timeout: Duration,
}

/// Between the end of a window and the deadline, the target makes the profile and sends it.
const OVERHEAD: Duration = Duration::from_secs(3);

impl Timing {
    /// The longest window that a scrape can wait for.
    pub(super) fn window(self) -> Duration {
        let overhead = OVERHEAD.min(self.timeout / 4);
        self.interval.min(self.timeout.saturating_sub(overhead)).max(Duration::from_secs(1))
    }
}

/// The profiles that are enabled.
pub(super) fn read(field: Option<&Field<'_>>, timing: Timing) -> Vec<ProfileSettings> {
    let mut entries: Vec<Entry> = KNOWN.iter().map(Known::entry).collect();
    let mut prefix = String::new();
    if let Some(mut reader) = field.and_then(Field::reader) {
        reader.set("path_prefix", &mut prefix, values::text);
        let config = reader.optional("pprof_config").and_then(|field| field.entries());
        for (key, field) in config.into_iter().flatten() {
            overlay(&mut entries, &key.text, &field);
        }
        reader.finish();
    }
    let enabled = entries.into_iter().filter(|entry| entry.enabled == Some(true));
    enabled.map(|entry| entry.settings(&prefix, timing)).collect()
}

impl Known {
    fn entry(&self) -> Entry {
        let Self { name, path, delta, enabled } = *self;
        Entry {
            name: name.to_owned(),
            enabled: Some(enabled),
            path: path.to_owned(),
            delta,
            seconds: None,
            keep: Vec::new(),
        }
    }
}

/// Changes what is written of a known profile and nothing else; adds one that is not known.
fn overlay(entries: &mut Vec<Entry>, name: &str, field: &Field<'_>) {
    let place = entries.iter().position(|entry| entry.name == name);
    let is_new = place.is_none();
    let place = place.unwrap_or_else(|| {
        let path = String::new();
        let name = name.to_owned();
        entries.push(Entry { name, enabled: None, path, delta: false, seconds: None, keep: Vec::new() });
        entries.len() - 1
    });
    if field.node().is_null() {
        if is_new {
            field.warning(
                "ignored: expected `enabled: true` and a `path`, as this is no profile that is known by name",
            );
        }
        return;
    }
    let Some(mut reader) = field.reader() else { return };
    let entry = &mut entries[place];
    let written_delta = reader.has("delta");
    read_entry(&mut reader, entry);
    if is_new {
        complete(entry, &reader, written_delta);
    }
    reader.finish();
}

fn read_entry(reader: &mut Reader<'_>, entry: &mut Entry) {
    reader.set("enabled", &mut entry.enabled, |field| field.boolean().map(Some));
    reader.set("path", &mut entry.path, path);
    reader.set("delta", &mut entry.delta, Field::boolean);
    reader
        .set("seconds", &mut entry.seconds, |field| field.integer(0..=86_400).map(|n| (n > 0).then_some(n)));
    reader.set("keep_sample_type", &mut entry.keep, keep);
}

/// What a profile that is not known by name needs.
fn complete(entry: &mut Entry, reader: &Reader<'_>, written_delta: bool) {
    match (entry.enabled, entry.path.is_empty()) {
        (None, _) => {
            let mistake = reader
                .mistake("ignored without `enabled: true`, as this is no profile that is known by name");
            reader.report().add(mistake.as_warning());
        }
        (Some(true), true) if !reader.has("path") => {
            reader.report().add(reader.mistake_at("path", "expected a path, found none"));
            entry.enabled = None;
        }
        _ => {}
    }
    // Without seconds, fgprof takes 30 of its own, whatever the interval is.
    if !written_delta && entry.path.ends_with("/fgprof") {
        entry.delta = true;
    }
}

/// A path without a query, which a Parca would percent-encode.
fn path(field: &Field<'_>) -> Option<String> {
    let path = values::text(field)?;
    if path.contains(['?', '#']) {
        field.mistake_with_hint(
            format!("expected a path, found {}", field.found()),
            "query parameters are given in `params` of the job",
        );
        return None;
    }
    Some(path)
}

fn keep(field: &Field<'_>) -> Option<Vec<ValueType>> {
    let one = |field: &Field<'_>| {
        let mut reader = field.reader()?;
        let (mut name, mut unit) = (String::new(), String::new());
        reader.set("type", &mut name, values::text);
        reader.set("unit", &mut unit, values::text);
        reader.finish();
        Some(ValueType::new(name, unit))
    };
    Some(field.list()?.iter().filter_map(one).collect())
}

impl Entry {
    fn settings(self, prefix: &str, timing: Timing) -> ProfileSettings {
        let path = joined(prefix, &self.path);
        let seconds = self.delta.then(|| self.seconds.unwrap_or(timing.window().as_secs()).max(1));
        let is_exclusive = self.delta && path.ends_with("/profile");
        ProfileSettings { name: self.name, path, seconds, is_exclusive, keep_sample_types: self.keep }
    }
}

/// The path behind the prefix, with one slash between, and `.` and `..` resolved.
fn joined(prefix: &str, path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in prefix.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    format!("/{}", parts.join("/"))
}
