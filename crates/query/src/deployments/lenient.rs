//! The file as the scripts read it: line by line, headers and `key = value`.
//!
//! It is only for files that are no TOML but worked: values without quotes, text behind a header,
//! keys that come twice (the first counts).

use super::section::{Entry, Section, Value};
use super::{ConfigMistake, Kind, strict};

/// The sections that are ours, or the lines in them that mean nothing.
pub(super) fn sections(text: &str) -> Result<Vec<Section>, Vec<ConfigMistake>> {
    let mut sections: Vec<Section> = Vec::new();
    let mut current: Option<usize> = None;
    let mut mistakes = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let (number, line) = (index + 1, line.trim());
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some(rest) = line.strip_prefix('[') {
            let ours = rest.split_once(']').and_then(|(path, _)| named(path));
            current = ours.map(|(kind, name)| open(&mut sections, kind, name, number));
            continue;
        }
        let Some(section) = current else { continue };
        match entry(line, number) {
            Ok(Some(entry)) => add(&mut sections[section].entries, entry),
            Ok(None) => {}
            Err(mistake) => mistakes.push(mistake),
        }
    }
    if mistakes.is_empty() { Ok(sections) } else { Err(mistakes) }
}

/// Kind and name of a header's path, if it is one of ours.
fn named(path: &str) -> Option<(Kind, &str)> {
    let path = path.trim();
    [Kind::Pyroscope, Kind::Parca].into_iter().find_map(|kind| {
        let name = path.strip_prefix(kind.as_str())?.strip_prefix(".deployments.")?.trim();
        let unquoted = name.strip_prefix('"').and_then(|name| name.strip_suffix('"'));
        let name = unquoted.unwrap_or(name);
        (!name.is_empty()).then_some((kind, name))
    })
}

/// The position of the section, which is a new one unless it was there before.
fn open(sections: &mut Vec<Section>, kind: Kind, name: &str, line: usize) -> usize {
    let known = sections.iter().position(|section| section.kind == kind && section.name == name);
    known.unwrap_or_else(|| {
        sections.push(Section { kind, name: name.to_owned(), line, entries: Vec::new() });
        sections.len() - 1
    })
}

fn add(entries: &mut Vec<Entry>, entry: Entry) {
    if entries.iter().all(|known| known.key != entry.key) {
        entries.push(entry);
    }
}

/// What a line says; nothing if the value is empty.
fn entry(line: &str, number: usize) -> Result<Option<Entry>, ConfigMistake> {
    let Some((key, value)) = line.split_once('=') else {
        return Err(ConfigMistake::new(number, "expected `key = \"value\"`, found a line without `=`"));
    };
    let key = key.trim().trim_matches('"').to_owned();
    let value = match strict::single(value.trim()) {
        Some(value) => value,
        None => match raw(value.trim()) {
            Some("") => return Ok(None),
            Some(text) => Value::Text(text.to_owned()),
            None => {
                let message =
                    format!("expected a closing quote after the value of `{key}`, found the end of the line");
                return Err(ConfigMistake::new(number, message));
            }
        },
    };
    Ok(Some(Entry { key, line: number, value }))
}

/// A value that is no TOML: what is between quotes, with nothing escaped, or else what comes before
/// a comment.
fn raw(value: &str) -> Option<&str> {
    for quote in ['"', '\''] {
        if let Some(rest) = value.strip_prefix(quote) {
            return rest.split_once(quote).map(|(text, _)| text);
        }
    }
    Some(value.split('#').next().unwrap_or_default().trim())
}
