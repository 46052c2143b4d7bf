//! `parca.yaml`: which targets are scraped, how, and what is wrong with the file.
//!
//! The keys and their defaults are those of Parca at 3b5647cd (`pkg/config`), with three differences: what
//! is written of a known profile changes only that and keeps the rest of its defaults (`delta` above all),
//! `scrape_timeout` may be shorter than the interval, and redirects are followed unless told otherwise.

mod discovery;
mod job;
mod kubernetes;
mod profiles;
mod storage;
mod values;

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;

use std::path::Path;

use config_file::{Field, Grade, Mistake, Mistakes, Reader, Report};

pub use crate::settings::{
    Config, ConsulSd, Discovery, DnsKind, DnsSd, FileSd, HttpSd, Job, KubernetesRole, KubernetesSd,
    KubernetesSelector, ProfileSettings, Scheme,
};

/// Reads a config. Relative paths in it are relative to `base_dir`; no file is read and no name resolved.
///
/// The config comes with warnings, in the order of the file.
///
/// # Errors
/// All mistakes and warnings, in the order of the file; `file_name` is what they call it. Unknown keys are
/// mistakes, as they are to a Parca.
pub fn parse(text: &str, file_name: &str, base_dir: &Path) -> Result<(Config, Vec<Mistake>), Mistakes> {
    let report = Report::new(http_config::is_secret);
    let config = read(text, base_dir, &report);
    let mistakes = refusing_unknown_keys(report.finish(file_name), file_name);
    match config {
        Some(config) if !mistakes.is_fatal() => Ok((config, mistakes.into())),
        _ => Err(mistakes),
    }
}

/// A Parca does not start with a key that it does not know: a typing error would be a default in silence.
fn refusing_unknown_keys(mistakes: Mistakes, file_name: &str) -> Mistakes {
    let report = Report::new(http_config::is_secret);
    for mut mistake in Vec::from(mistakes) {
        if mistake.grade == Grade::UnknownKey {
            mistake.grade = Grade::Mistake;
        }
        report.add(mistake);
    }
    report.finish(file_name)
}

/// Keys of Prometheus that Parca does not have.
const NOT_IN_PARCA: [(&str, &str); 4] = [
    (
        "global",
        "Parca has none: give each job its `scrape_interval`, and external labels with --external-label",
    ),
    ("external_labels", "give them with --external-label"),
    ("rule_files", "a profile store has no rules"),
    ("remote_write", "give stores with --store-address"),
];

fn read(text: &str, directory: &Path, report: &Report) -> Option<Config> {
    let root = config_file::parse(text, report)?;
    let mut top = Reader::new(&root, report)?;
    if let Some(field) = top.optional("object_storage") {
        storage::read(&field);
    }
    let jobs = top.optional("scrape_configs").and_then(|field| jobs(&field, directory));
    refuse_known(&mut top, &NOT_IN_PARCA);
    top.finish();
    Some(Config { jobs: jobs.unwrap_or_default() })
}

/// Refuses keys that somebody may bring from elsewhere, each with what to do instead.
fn refuse_known(reader: &mut Reader<'_>, keys: &[(&'static str, &str)]) {
    for (key, advice) in keys {
        if reader.has(key) {
            let mistake = reader.mistake_at(key, "not a key here");
            reader.optional(key);
            reader.report().add(mistake.with_hint(*advice));
        }
    }
}

fn jobs(field: &Field<'_>, directory: &Path) -> Option<Vec<Job>> {
    let mut jobs: Vec<Job> = Vec::new();
    for field in field.list()? {
        let Some(job) = job::read(&field, directory) else { continue };
        if jobs.iter().any(|other| other.name == job.name) {
            let message = format!("expected each job once, found `{}` twice", job.name);
            field.report().add(field.new_mistake_below("job_name", message));
        }
        jobs.push(job);
    }
    Some(jobs)
}
