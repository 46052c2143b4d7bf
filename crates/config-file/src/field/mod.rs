pub(crate) mod reader;

use std::fmt;
use std::ops::RangeInclusive;

use reader::Reader;

use crate::build::below;
use crate::messages::found;
use crate::report::shown;
use crate::scalar;
use crate::{Deserializer, Key, Kind, Mistake, Node, Position, Report};

/// A value with its path. What makes no sense is put into the report and gives `None`.
#[derive(Clone, Debug)]
pub struct Field<'a> {
    node: &'a Node,
    path: String,
    at: Position,
    report: &'a Report,
}

impl<'a> Field<'a> {
    pub(crate) fn new(node: &'a Node, path: String, at: Position, report: &'a Report) -> Self {
        Self { node, path, at, report }
    }

    /// A block that [`Reader::inline`] took out of a mapping.
    pub fn inline(block: &'a Node, reader: &Reader<'a>) -> Self {
        Self::new(block, reader.path().to_owned(), block.at, reader.report())
    }

    /// What it is.
    pub fn node(&self) -> &'a Node {
        self.node
    }

    /// The field's path, such as `servers[1].port`.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Any text, number or word, as it was written.
    pub fn text(&self) -> Option<&'a str> {
        match &self.node.kind {
            Kind::Scalar { text, .. } => Some(text),
            _ => self.refuse("a text"),
        }
    }

    /// A text that `read` makes something of. Its error is a whole message: what was expected, and what
    /// was found, which is not shown if the key is a secret.
    pub fn parse<T, E: fmt::Display>(&self, read: impl FnOnce(&str) -> Result<T, E>) -> Option<T> {
        match read(self.text()?) {
            Ok(value) => Some(value),
            Err(_) if self.is_secret() => self.refuse("something else"),
            Err(error) => {
                self.mistake(error.to_string());
                None
            }
        }
    }

    /// `true`, `yes` or `on`, and their opposites.
    pub fn boolean(&self) -> Option<bool> {
        self.scalar(scalar::boolean).or_else(|| self.refuse("`true` or `false`"))
    }

    /// A whole number in this range.
    pub fn integer(&self, range: RangeInclusive<u64>) -> Option<u64> {
        let read = |text: &str| scalar::integer(text).and_then(|number| u64::try_from(number).ok());
        let number = self.scalar(read).filter(|number| range.contains(number));
        number.or_else(|| self.refuse(&format!("a number from {} to {}", range.start(), range.end())))
    }

    /// A number in this range.
    pub fn float(&self, range: RangeInclusive<f64>) -> Option<f64> {
        let number = self.scalar(scalar::float).filter(|number| range.contains(number));
        let expected = match range.end() {
            end if *end == f64::MAX => format!("a number not below {}", range.start()),
            end => format!("a number from {} to {end}", range.start()),
        };
        number.or_else(|| self.refuse(&expected))
    }

    /// A number of bytes in this range, such as `64MiB`.
    pub fn bytes(&self, range: RangeInclusive<u64>) -> Option<u64> {
        let (start, end) = (scalar::print_bytes(*range.start()), scalar::print_bytes(*range.end()));
        let number = self.scalar(scalar::bytes).filter(|number| range.contains(number));
        number.or_else(|| self.refuse(&format!("a size from {start} to {end}")))
    }

    /// One of these words.
    pub fn choice<T: Clone>(&self, words: &[(&str, T)]) -> Option<T> {
        let found =
            self.scalar(|text| words.iter().find(|(word, _)| *word == text).map(|(_, value)| value.clone()));
        found.or_else(|| {
            let words: Vec<String> = words.iter().map(|(word, _)| format!("`{word}`")).collect();
            self.refuse(&words.join(" or "))
        })
    }

    /// The items of a list.
    pub fn list(&self) -> Option<Vec<Field<'a>>> {
        match &self.node.kind {
            Kind::Sequence(items) => Some(self.items(items)),
            other => self.refuse_kind("a list", other),
        }
    }

    /// The items of a list, or the mapping that stands in its place.
    pub fn one_or_many(&self) -> Option<Vec<Field<'a>>> {
        match &self.node.kind {
            Kind::Sequence(items) => Some(self.items(items)),
            Kind::Mapping(_) => Some(vec![self.clone()]),
            other => self.refuse_kind("a mapping or a list of them", other),
        }
    }

    /// A mapping whose keys are known.
    pub fn reader(&self) -> Option<Reader<'a>> {
        let Kind::Mapping(entries) = &self.node.kind else {
            return self.refuse_kind("a mapping", &self.node.kind);
        };
        Some(Reader::of(entries, self.path.clone(), self.at, self.report))
    }

    /// A mapping whose keys are the user's.
    pub fn entries(&self) -> Option<Vec<(&'a Key, Field<'a>)>> {
        let Kind::Mapping(entries) = &self.node.kind else {
            return self.refuse_kind("a mapping", &self.node.kind);
        };
        let entry = |(key, node): &'a (Key, Node)| {
            let at = if node.is_null() { key.at } else { node.at };
            (key, Field::new(node, below(&self.path, &shown(&key.text, 64)), at, self.report))
        };
        Some(entries.iter().map(entry).collect())
    }

    /// The value for serde. Keys that a struct does not have are put into the report, not refused.
    pub fn deserializer(&self) -> Deserializer<'a> {
        Deserializer::new(self.node, self.path.clone(), self.report)
    }

    /// Whether the value must not be shown.
    pub fn is_secret(&self) -> bool {
        self.report.is_secret(&self.path)
    }

    /// Adds a mistake.
    pub fn mistake(&self, message: impl Into<String>) {
        self.report.add(self.new_mistake(message));
    }

    /// Adds a mistake with advice.
    pub fn mistake_with_hint(&self, message: impl Into<String>, hint: impl Into<String>) {
        self.report.add(self.new_mistake(message).with_hint(hint));
    }

    /// Adds a warning.
    pub fn warning(&self, message: impl Into<String>) {
        self.report.add(self.new_mistake(message).as_warning());
    }

    /// A mistake at this place that is not added yet.
    pub fn new_mistake(&self, message: impl Into<String>) -> Mistake {
        Mistake::new(self.at, self.path.as_str(), message)
    }

    /// A mistake at a key below this one, named by a path that starts here.
    pub fn new_mistake_below(&self, path: &str, message: impl Into<String>) -> Mistake {
        let full = match path.chars().next() {
            None => self.path.clone(),
            Some('[') => format!("{}{path}", self.path),
            Some(_) => below(&self.path, path),
        };
        Mistake::new(self.node.locate(path), full, message)
    }

    /// Where mistakes go.
    pub fn report(&self) -> &'a Report {
        self.report
    }

    /// What is there, as a message may say it.
    pub fn found(&self) -> String {
        found(self.node, self.is_secret())
    }

    fn scalar<T>(&self, read: impl FnOnce(&str) -> Option<T>) -> Option<T> {
        match &self.node.kind {
            Kind::Scalar { text, .. } => read(text),
            _ => None,
        }
    }

    fn items(&self, items: &'a [Node]) -> Vec<Field<'a>> {
        let item = |(index, node): (usize, &'a Node)| {
            Field::new(node, format!("{}[{index}]", self.path), node.at, self.report)
        };
        items.iter().enumerate().map(item).collect()
    }

    /// Shows no text: what stands in the place of a block may be a secret of the block's.
    fn refuse_kind<T>(&self, expected: &str, found: &Kind) -> Option<T> {
        self.mistake(format!("expected {expected}, found {}", found.noun()));
        None
    }

    fn refuse<T>(&self, expected: &str) -> Option<T> {
        self.mistake(format!("expected {expected}, found {}", self.found()));
        None
    }
}
