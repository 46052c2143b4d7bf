use super::Field;
use crate::build::below;
use crate::messages::unknown_key;
use crate::{Key, Kind, Mistake, Node, Position, Report};

/// A mapping that is read key by key; [`finish`](Reader::finish) tells which keys nobody asked for.
#[derive(Debug)]
#[must_use = "unknown keys are found by `finish`"]
pub struct Reader<'a> {
    entries: &'a [(Key, Node)],
    used: Vec<bool>,
    known: Vec<&'static str>,
    path: String,
    at: Position,
    report: &'a Report,
}

impl<'a> Reader<'a> {
    /// A reader of the whole file. What is no mapping is a mistake, and so is an empty file.
    pub fn new(root: &'a Node, report: &'a Report) -> Option<Self> {
        Field::new(root, String::new(), root.at, report).reader()
    }

    pub(crate) fn of(entries: &'a [(Key, Node)], path: String, at: Position, report: &'a Report) -> Self {
        Self { entries, used: vec![false; entries.len()], known: Vec::new(), path, at, report }
    }

    /// The path of the mapping; empty for the file as a whole.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// What stands at the key. A key without a value counts as absent.
    pub fn optional(&mut self, key: &'static str) -> Option<Field<'a>> {
        let (key, node) = self.take(key)?;
        let at = if node.is_null() { key.at } else { node.at };
        let field = Field::new(node, below(&self.path, &key.text), at, self.report);
        (!node.is_null()).then_some(field)
    }

    /// What stands at the key; a mistake if there is nothing.
    pub fn required(&mut self, key: &'static str) -> Option<Field<'a>> {
        let found = self.optional(key);
        if found.is_none() {
            let at =
                self.entries.iter().find(|(other, _)| other.text == key).map_or(self.at, |(key, _)| key.at);
            self.report.add(Mistake::new(at, below(&self.path, key), "expected a value, found none"));
        }
        found
    }

    /// Whether the key has a value; it does not count as read.
    pub fn has(&self, key: &str) -> bool {
        self.entries.iter().any(|(other, node)| other.text == key && !node.is_null())
    }

    /// Sets `slot` if the key is there and `read` makes sense of it. False if it makes none.
    pub fn set<T>(
        &mut self,
        key: &'static str,
        slot: &mut T,
        read: impl FnOnce(&Field<'a>) -> Option<T>,
    ) -> bool {
        let Some(field) = self.optional(key) else { return true };
        let value = read(&field);
        let understood = value.is_some();
        if let Some(value) = value {
            *slot = value;
        }
        understood
    }

    /// The keys of `keys` that are there, as a mapping of their own: a block that is written inline.
    /// [`Field::inline`] reads it under this reader's path.
    pub fn inline(&mut self, keys: &[&'static str]) -> Node {
        let entries =
            keys.iter().filter_map(|key| self.take(key)).map(|(key, node)| (key.clone(), node.clone()));
        Node { kind: Kind::Mapping(entries.collect()), at: self.at }
    }

    /// A mistake of the mapping as a whole.
    pub fn mistake(&self, message: impl Into<String>) -> Mistake {
        Mistake::new(self.at, self.path.as_str(), message)
    }

    /// A mistake at a key, whether it is there or not.
    pub fn mistake_at(&self, key: &str, message: impl Into<String>) -> Mistake {
        let at = self.entries.iter().find(|(other, _)| other.text == key).map_or(self.at, |(key, _)| key.at);
        Mistake::new(at, below(&self.path, key), message)
    }

    /// Where mistakes go.
    pub fn report(&self) -> &'a Report {
        self.report
    }

    /// Takes keys that begin with this for granted, such as `x-` for anchors that only YAML itself uses.
    pub fn pass_over(&mut self, prefix: &str) {
        for ((key, _), used) in self.entries.iter().zip(&mut self.used) {
            *used |= key.text.starts_with(prefix);
        }
    }

    /// Adds each key that was not asked for as [`Grade::UnknownKey`](crate::Grade::UnknownKey), with the one that was meant.
    pub fn finish(self) {
        let unused = self.entries.iter().zip(&self.used).filter(|(_, used)| !**used);
        for ((key, _), _) in unused {
            self.report.add(unknown_key(key, &self.path, self.known.iter().copied()));
        }
    }

    fn take(&mut self, key: &'static str) -> Option<(&'a Key, &'a Node)> {
        self.known.push(key);
        let index = self.entries.iter().position(|(other, _)| other.text == key)?;
        self.used[index] = true;
        let (key, node) = &self.entries[index];
        Some((key, node))
    }
}
