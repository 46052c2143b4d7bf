//! `file_sd_configs`: files that somebody else writes. They are looked at every few seconds, by content, so
//! that a rename over the file and the swapped folders of a Kubernetes ConfigMap are seen as well.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use config_file::{Field, Reader, Report};
use tokio::sync::watch;

use super::{DiscoveryError, Finding, Group, LabelMap, poll};
use crate::settings::FileSd;

const LOOK: Duration = Duration::from_secs(5);
/// The longest file that is read.
const MAX_BYTES: u64 = 64 << 20;
const META: &str = "__meta_filepath";

pub(super) async fn run(sd: FileSd, found: &watch::Sender<Finding>) {
    let mut good: BTreeMap<PathBuf, (String, Vec<Group>)> = BTreeMap::new();
    loop {
        let files = sd.files.clone();
        let known = std::mem::take(&mut good);
        let look = tokio::task::spawn_blocking(move || look(&files, known)).await;
        let Ok((now, mistakes)) = look else { return };
        good = now;
        let groups = good.values().flat_map(|(_, groups)| groups.clone()).collect();
        poll::note(found, Ok(groups));
        if !mistakes.is_empty() {
            poll::note(found, Err(DiscoveryError(mistakes.join("; "))));
        }
        tokio::time::sleep(LOOK.min(sd.refresh)).await;
    }
}

type Files = BTreeMap<PathBuf, (String, Vec<Group>)>;

/// Reads all files. A file that is broken keeps what it said before; one that is gone takes its targets along.
fn look(patterns: &[PathBuf], mut known: Files) -> (Files, Vec<String>) {
    let (mut now, mut mistakes) = (Files::new(), Vec::new());
    for path in patterns.iter().flat_map(|pattern| matching(pattern)) {
        let before = known.remove(&path);
        let text = match read(&path) {
            Ok(text) => text,
            Err(error) => {
                mistakes.push(format!("{}: {error}", path.display()));
                // Who takes a file away means its targets.
                let is_gone = error.kind() == std::io::ErrorKind::NotFound;
                now.extend(before.filter(|_| !is_gone).map(|before| (path, before)));
                continue;
            }
        };
        match before {
            Some(before) if before.0 == text => drop(now.insert(path, before)),
            before => match parse(&text, &path) {
                Ok(groups) => drop(now.insert(path, (text, groups))),
                Err(error) => {
                    mistakes.push(error);
                    now.extend(before.map(|before| (path, before)));
                }
            },
        }
    }
    (now, mistakes)
}

fn read(path: &Path) -> std::io::Result<String> {
    use std::io::{Error, ErrorKind, Read};

    let mut text = String::new();
    std::fs::File::open(path)?.take(MAX_BYTES + 1).read_to_string(&mut text)?;
    match text.len() as u64 > MAX_BYTES {
        true => {
            Err(Error::new(ErrorKind::InvalidData, format!("expected at most {}", words::bytes(MAX_BYTES))))
        }
        false => Ok(text),
    }
}

/// The files that a path with `*` in its last part stands for, or the path itself.
fn matching(pattern: &Path) -> Vec<PathBuf> {
    let name = pattern.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let (Some((start, end)), Some(folder)) = (name.split_once('*'), pattern.parent()) else {
        return vec![pattern.to_owned()];
    };
    let fits = |path: &PathBuf| {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        name.len() >= start.len() + end.len() && name.starts_with(start) && name.ends_with(end)
    };
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).filter(fits).collect();
    paths.sort();
    paths
}

/// A list of `targets` with `labels`, as JSON or YAML.
fn parse(text: &str, path: &Path) -> Result<Vec<Group>, String> {
    let file = path.display().to_string();
    let report = Report::new(|_| false);
    let root = config_file::parse(text, &report);
    let mut groups = Vec::new();
    if let Some(root) = &root {
        // A list has no reader of its own, so it is read as the value of a key.
        let list = config_file::Node {
            kind: config_file::Kind::Mapping(vec![(
                config_file::Key { text: "file".into(), at: root.at },
                root.clone(),
            )]),
            at: root.at,
        };
        if let Some(mut top) = Reader::new(&list, &report) {
            let fields = top.optional("file").and_then(|field| field.list()).unwrap_or_default();
            groups.extend(fields.iter().enumerate().filter_map(|(at, field)| group(field, &file, at)));
        }
    }
    let mistakes = report.finish(file);
    match mistakes.is_fatal() {
        true => Err(mistakes.to_string()),
        false => Ok(groups),
    }
}

fn group(field: &Field<'_>, file: &str, at: usize) -> Option<Group> {
    let mut reader = field.reader()?;
    let text = |field: &Field<'_>| field.text().map(str::to_owned);
    let targets = reader.optional("targets").and_then(|field| field.list()).unwrap_or_default();
    let targets = targets.iter().filter_map(text).collect();
    let entries = reader.optional("labels").and_then(|field| field.entries()).unwrap_or_default();
    let mut labels: LabelMap =
        entries.iter().filter_map(|(key, value)| Some((key.text.clone(), text(value)?))).collect();
    labels.insert(META.to_owned(), file.to_owned());
    reader.finish();
    Some(Group::of_addresses(format!("{file}:{at}"), targets, labels))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn files_are_read_in_both_forms_and_a_broken_one_keeps_its_targets() {
        let folder = tempfile::tempdir().unwrap();
        let (a, b) = (folder.path().join("a.json"), folder.path().join("b.yml"));
        std::fs::write(&a, r#"[{"targets": ["h:1", "h:2"], "labels": {"zone": "x"}}]"#).unwrap();
        std::fs::write(&b, "- targets: [k:1]\n").unwrap();
        let patterns = [folder.path().join("*.json"), b.clone()];
        let (known, mistakes) = look(&patterns, Files::new());
        assert!(mistakes.is_empty(), "{mistakes:?}");
        let addresses = |files: &Files| -> Vec<String> {
            let targets =
                files.values().flat_map(|(_, groups)| groups.iter().flat_map(|group| &group.targets));
            targets.map(|target| target[super::super::ADDRESS].clone()).collect()
        };
        assert_eq!(addresses(&known), ["h:1", "h:2", "k:1"]);
        assert_eq!(known[&a].1[0].labels["zone"], "x");
        assert_eq!(known[&a].1[0].labels[META], a.display().to_string());

        std::fs::write(&a, "[{\"targets\": 7}]").unwrap();
        std::fs::remove_file(&b).unwrap();
        let (known, mistakes) = look(&patterns, known);
        assert_eq!(addresses(&known), ["h:1", "h:2"], "the broken file keeps its targets");
        assert_eq!(mistakes.len(), 2, "{mistakes:?}");
        assert!(mistakes[0].contains("expected a list"), "{mistakes:?}");
    }
}
