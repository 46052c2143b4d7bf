//! What both readers of the file make of it: sections with values that are not checked yet.

use super::Kind;

/// `[pyroscope.deployments.NAME]` or `[parca.deployments.NAME]`.
pub(super) struct Section {
    pub(super) kind: Kind,
    pub(super) name: String,
    /// From 1.
    pub(super) line: usize,
    pub(super) entries: Vec<Entry>,
}

pub(super) struct Entry {
    pub(super) key: String,
    pub(super) line: usize,
    pub(super) value: Value,
}

pub(super) enum Value {
    Text(String),
    Boolean(bool),
    Integer(i64),
    /// A table of texts.
    Texts(Vec<(String, String)>),
    /// Something that no key takes: what it is.
    Other(&'static str),
}

impl Value {
    /// What it is, for messages; never the value itself, which may be a secret.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Text(_) => "a text",
            Self::Boolean(_) => "a boolean",
            Self::Integer(_) => "a number",
            Self::Texts(_) => "a table",
            Self::Other(kind) => kind,
        }
    }
}

/// The line that a position lies in, from 1.
pub(super) fn line_at(text: &str, position: usize) -> usize {
    let before = &text.as_bytes()[..position.min(text.len())];
    before.iter().filter(|byte| **byte == b'\n').count() + 1
}
