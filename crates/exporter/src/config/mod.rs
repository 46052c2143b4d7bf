//! The config file: its keys, their defaults, and all that can be wrong with them.
//!
//! The original's keys mean what they meant there; what it silently got wrong is a mistake here. A key
//! that nobody knows is told of with [`Grade::UnknownKey`], as the original passed over it.

mod global;
mod labels;
mod matchers;
mod metrics;
mod parca;
mod query;
mod queue;
mod remote;
mod schedule;
mod values;

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use config_file::{Field, Reader, Report};
pub use config_file::{Grade, Mistake, Mistakes, Position};

use crate::settings::{QuerySettings, Settings};

/// Who asks and sends.
const USER_AGENT: &str = concat!("profile-exporter/", env!("CARGO_PKG_VERSION"));

/// Reads a config. Relative paths in it are relative to `base_dir`; no file is read and no name resolved.
///
/// The settings come with warnings and unknown keys, in the order of the file.
///
/// # Errors
/// All mistakes, warnings and unknown keys, in the order of the file; `file_name` is what they call it.
pub fn parse(text: &str, file_name: &str, base_dir: &Path) -> Result<(Settings, Vec<Mistake>), Mistakes> {
    let report = Report::new(http_config::is_secret);
    let settings = read(text, base_dir, &report);
    let mistakes = report.finish(file_name);
    match settings {
        Some(settings) if !mistakes.is_fatal() => Ok((settings, mistakes.into())),
        _ => Err(mistakes),
    }
}

fn read(text: &str, directory: &Path, report: &Report) -> Option<Settings> {
    let root = config_file::parse(text, report)?;
    let mut top = Reader::new(&root, report)?;
    let global = global::read(top.optional("global"), directory);
    let remotes = top.required("remote_write").map(|field| remote::read(&field, &global, directory));
    let queries = top.required("queries").and_then(|field| queries(&field, &global.queries));
    let parca = top.required("parca").and_then(|field| {
        let timeouts = queries.iter().flatten().map(|query| query.timeout);
        parca::read(&field, directory, timeouts.max())
    });
    // As in Compose files: a place for anchors.
    top.pass_over("x-");
    top.finish();
    let mut settings = Settings::new(parca?, remotes?, queries?);
    settings.spool_dir = global.spool.map(|spool| spool.directory);
    settings.max_series = global.max_series;
    settings.max_concurrent_queries = global.max_concurrent_queries;
    settings.stale_markers = global.stale_markers;
    settings.stale_on_shutdown = global.stale_on_shutdown;
    Some(settings)
}

fn queries(field: &Field<'_>, defaults: &query::Defaults) -> Option<Vec<Arc<QuerySettings>>> {
    let list = field.list()?;
    if list.is_empty() {
        field.mistake("expected at least one query, found none");
    }
    let mut names = HashMap::new();
    let one = |item: &Field<'_>| {
        let mut reader = item.reader()?;
        let query = query::read(&mut reader, defaults);
        let name = reader.optional("name").and_then(|field| Some((field.text()?.to_owned(), field)));
        reader.finish();
        if let Some((text, field)) = name
            && let Some(first) = names.insert(text, item.path().to_owned())
        {
            field.mistake(format!("expected a name of its own, found that of {first}"));
        }
        query.map(Arc::new)
    };
    Some(list.iter().filter_map(one).collect())
}
