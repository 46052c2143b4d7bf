//! The tree that a file is.

use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};

/// A place in the file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
}

/// A value and where it stands. `Debug` shows no text: it may be a secret.
#[derive(Clone)]
pub struct Node {
    /// What it is.
    pub kind: Kind,
    /// Where it begins; what an alias stands for keeps its own place.
    pub at: Position,
}

/// What a [`Node`] is.
#[derive(Clone)]
pub enum Kind {
    /// Nothing, `~` or `null`.
    Null,
    /// A text; whether it is a number is for the reader to say.
    Scalar {
        /// Without quotes and escapes.
        text: String,
        /// Whether it was quoted, a block, or tagged `!!str`.
        quoted: bool,
    },
    /// A list.
    Sequence(Vec<Node>),
    /// Keys in the order of the file, each once; merge keys are resolved.
    Mapping(Vec<(Key, Node)>),
}

/// A key of a mapping.
#[derive(Clone, Debug)]
pub struct Key {
    /// Without quotes.
    pub text: String,
    /// Where it begins.
    pub at: Position,
}

impl Node {
    /// Whether there is no value.
    pub fn is_null(&self) -> bool {
        matches!(self.kind, Kind::Null)
    }

    /// A number that is the same for nodes that say the same, wherever they stand. Not stable between
    /// builds of the program.
    pub fn fingerprint(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.hash_into(&mut hasher);
        hasher.finish()
    }

    /// The place of what a path such as `servers[1].tls.ca` names: that of the key, or of the item of a
    /// list. As far as the path leads; keys may have dots in them.
    pub fn locate(&self, path: &str) -> Position {
        let (mut node, mut at, mut rest) = (self, self.at, path);
        while !rest.is_empty() {
            let Some((next, position, remaining)) = node.step(rest) else { break };
            (node, at, rest) = (next, position, remaining);
        }
        at
    }

    fn step<'a, 'p>(&'a self, path: &'p str) -> Option<(&'a Node, Position, &'p str)> {
        match &self.kind {
            Kind::Mapping(entries) => {
                let path = path.strip_prefix('.').unwrap_or(path);
                let fitting = entries.iter().filter_map(|(key, node)| {
                    let rest = path.strip_prefix(key.text.as_str())?;
                    (rest.is_empty() || rest.starts_with(['.', '['])).then_some((node, key.at, rest))
                });
                fitting.min_by_key(|(_, _, rest)| rest.len())
            }
            Kind::Sequence(items) => {
                let (index, rest) = path.strip_prefix('[')?.split_once(']')?;
                let node = items.get(index.parse::<usize>().ok()?)?;
                Some((node, node.at, rest))
            }
            Kind::Null | Kind::Scalar { .. } => None,
        }
    }

    fn hash_into(&self, hasher: &mut impl Hasher) {
        std::mem::discriminant(&self.kind).hash(hasher);
        match &self.kind {
            Kind::Null => {}
            Kind::Scalar { text, .. } => text.hash(hasher),
            Kind::Sequence(items) => {
                items.len().hash(hasher);
                items.iter().for_each(|item| item.hash_into(hasher));
            }
            Kind::Mapping(entries) => {
                entries.len().hash(hasher);
                for (key, node) in entries {
                    key.text.hash(hasher);
                    node.hash_into(hasher);
                }
            }
        }
    }
}

impl Kind {
    /// What it is, with an article.
    pub(crate) fn noun(&self) -> &'static str {
        match self {
            Self::Null => "nothing",
            Self::Scalar { .. } => "a text",
            Self::Sequence(_) => "a list",
            Self::Mapping(_) => "a mapping",
        }
    }
}

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            Kind::Null => f.write_str("null"),
            Kind::Scalar { .. } => f.write_str("(text)"),
            Kind::Sequence(items) => f.debug_list().entries(items).finish(),
            Kind::Mapping(entries) => {
                f.debug_map().entries(entries.iter().map(|(key, node)| (&key.text, node))).finish()
            }
        }
    }
}

impl fmt::Debug for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.noun())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use crate::{Node, Report, parse};

    fn node(text: &str) -> Node {
        parse(text, &Report::new(|_| false)).unwrap()
    }

    #[test]
    fn paths_lead_to_places() {
        let root = node("a:\n  b.c:\n    - x\n    - d: 1\n  b: 2\n");
        let check = |path: &str, line, column| {
            let at = root.locate(path);
            assert_eq!((at.line, at.column), (line, column), "{path}");
        };
        check("", 1, 1);
        check("a", 1, 1);
        check("a.b", 5, 3);
        check("a.b.c", 2, 3);
        check("a.b.c[0]", 3, 7);
        check("a.b.c[1].d", 4, 7);
        check("a.b.c[7].d", 2, 3);
        check("a.missing", 1, 1);
        check("a.b.c[", 2, 3);
    }

    #[test]
    fn fingerprints_are_of_what_is_said() {
        let same = |a: &str, b: &str| node(a).fingerprint() == node(b).fingerprint();
        assert!(same("a: 1\nb: [x, y]", "# comment\n\na:   '1'\nb:\n- x\n- y\n"));
        assert!(!same("a: 1", "a: 2"));
        assert!(!same("a: [[b], c]", "a: [[b, c]]"));
    }

    #[test]
    fn no_text_is_printed() {
        let shown = format!("{:?}", node("password: hunter2\nlist: [hunter2, ~]"));
        assert_eq!(shown, r#"{"password": (text), "list": [(text), null]}"#);
    }
}
