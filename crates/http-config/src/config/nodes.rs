//! Settings read from the nodes of a config file, where their keys stand inline in other blocks.

use std::path::Path;

use config_file::{Field, Key, Kind, Node, Reader};

use super::HttpClientConfig;

/// Reads these keys of [`HttpClientConfig::KEYS`], each on its own first, so that one mistake does not
/// hide the next. Paths of files are joined to `directory`. What is wrong is in the report.
pub fn from_config(reader: &mut Reader<'_>, keys: &[&'static str], directory: &Path) -> HttpClientConfig {
    let block = reader.inline(keys);
    let Kind::Mapping(entries) = &block.kind else { return HttpClientConfig::default() };
    let (good, bad): (Vec<_>, Vec<_>) = entries
        .iter()
        .cloned()
        .partition(|entry| parse(&block_of(&block, vec![entry.clone()]), reader).is_some());
    let mut config = parse(&block_of(&block, good), reader).unwrap_or_default();
    let field = Field::inline(&block, reader);
    for mistake in config.validate() {
        // A rule between two keys says nothing where one of them could not be read.
        let hidden = bad.iter().any(|(key, _)| mistake.message.contains(&format!("`{}`", key.text)));
        if !hidden {
            field.report().add(field.new_mistake_below(&mistake.path, mistake.message));
        }
    }
    for warning in config.warnings() {
        field.report().add(field.new_mistake_below(&warning.path, warning.message).as_warning());
    }
    config.join_paths(directory);
    config
}

fn block_of(block: &Node, entries: Vec<(Key, Node)>) -> Node {
    Node { kind: Kind::Mapping(entries), at: block.at }
}

fn parse(block: &Node, reader: &Reader<'_>) -> Option<HttpClientConfig> {
    let field = Field::inline(block, reader);
    match HttpClientConfig::parse(field.deserializer()) {
        Ok(config) => Some(config),
        Err(error) => {
            let path = error.path.trim_matches('.');
            field.report().add(field.new_mistake_below(path, error.message));
            None
        }
    }
}
