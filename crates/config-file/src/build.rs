//! The parser's events, made into a tree.

use std::collections::{HashMap, HashSet};

use granit_parser::{Event, Parser, ScalarStyle, ScanError, Span};

use crate::budget::{Budget, Cost, MAX_BYTES, MAX_DEPTH};
use crate::excerpt::excerpt;
use crate::report::{Grade, shown};
use crate::{Key, Kind, Mistake, Node, Position, Report};

/// Reads a text. Mistakes go into the report; where there is no tree at all, such as after a syntax
/// error, the result is `None`. An empty text is a `Null`.
pub fn parse(text: &str, report: &Report) -> Option<Node> {
    if text.len() > MAX_BYTES {
        let message = format!("expected at most {MAX_BYTES} bytes, found {}", text.len());
        report.add(Mistake::new(START, "", message));
        return None;
    }
    let options = granit_parser::options! { flow_nesting_limit: MAX_DEPTH, block_nesting_limit: MAX_DEPTH };
    let mut builder = Builder::new(report);
    for event in Parser::new_from_str_with_options(text, options) {
        let done = match event {
            Ok((event, span)) => builder.take(event, span),
            Err(error) => Err(syntax_mistake(text, &error, report)),
        };
        if let Err(mistake) = done {
            report.add(mistake);
            return None;
        }
    }
    Some(builder.root.unwrap_or(Node { kind: Kind::Null, at: START }))
}

const START: Position = Position { line: 1, column: 1 };

fn syntax_mistake(text: &str, error: &ScanError, report: &Report) -> Mistake {
    let marker = error.marker();
    let at = Position { line: marker.line().max(1), column: marker.col() + 1 };
    let message = format!("expected YAML, found a syntax error: {}", shown(&error.info(), 200));
    Mistake { excerpt: excerpt(text, at, report), ..Mistake::new(at, "", message) }
}

struct Builder<'r> {
    report: &'r Report,
    open: Vec<Open>,
    anchors: HashMap<usize, (Node, Cost)>,
    budget: Budget,
    root: Option<Node>,
}

/// A list or mapping whose end has not come yet.
struct Open {
    inside: Inside,
    at: Position,
    anchor: usize,
}

enum Inside {
    Sequence(Vec<Node>),
    Mapping { entries: Vec<Entry>, seen: HashSet<String>, key: Option<NextKey> },
}

/// A key with its value; a merge key's is still to be merged.
struct Entry {
    key: Key,
    node: Node,
    merge: bool,
}

/// The key that a value is awaited for.
enum NextKey {
    Good {
        key: Key,
        merge: bool,
    },
    /// A mistake that is reported already: the value is passed over.
    Bad,
}

impl<'r> Builder<'r> {
    fn new(report: &'r Report) -> Self {
        Self { report, open: Vec::new(), anchors: HashMap::new(), budget: Budget::full(), root: None }
    }

    fn take(&mut self, event: Event<'_>, span: Span) -> Result<(), Mistake> {
        let at = Position { line: span.start.line().max(1), column: span.start.col() + 1 };
        match event {
            Event::DocumentStart(..) if self.root.is_some() => {
                Err(self.mistake(at, "expected one document, found a second one".to_owned()))
            }
            Event::Scalar(text, style, anchor, tag) => {
                let is_text = tag.is_some_and(|tag| tag.core_suffix() == Some("str"));
                let quoted = is_text || style != ScalarStyle::Plain;
                self.spend(Cost::of_one(text.len()), at)?;
                let kind = match text.as_ref() {
                    "" | "~" | "null" | "Null" | "NULL" if !quoted => Kind::Null,
                    text => Kind::Scalar { text: text.to_owned(), quoted },
                };
                self.add(Node { kind, at }, anchor)
            }
            Event::Alias(anchor) => self.alias(anchor, at),
            Event::SequenceStart(_, anchor, _) => self.open(Inside::Sequence(Vec::new()), at, anchor),
            Event::MappingStart(_, anchor, _) => {
                let inside = Inside::Mapping { entries: Vec::new(), seen: HashSet::new(), key: None };
                self.open(inside, at, anchor)
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(),
            _ => Ok(()),
        }
    }

    fn open(&mut self, inside: Inside, at: Position, anchor: usize) -> Result<(), Mistake> {
        if self.open.len() >= MAX_DEPTH {
            return Err(self.too_deep(at));
        }
        self.spend(Cost::of_one(0), at)?;
        self.open.push(Open { inside, at, anchor });
        Ok(())
    }

    fn close(&mut self) -> Result<(), Mistake> {
        let Some(Open { inside, at, anchor }) = self.open.pop() else { return Ok(()) };
        let kind = match inside {
            Inside::Sequence(items) => Kind::Sequence(items),
            Inside::Mapping { entries, .. } => Kind::Mapping(self.merged(entries)),
        };
        self.add(Node { kind, at }, anchor)
    }

    /// A copy of what the anchor is at. Inside its own anchor an alias would have no end.
    fn alias(&mut self, anchor: usize, at: Position) -> Result<(), Mistake> {
        let Some((node, cost)) = self.anchors.get(&anchor).cloned() else {
            return Err(self.mistake(
                at,
                "expected an alias of something before it, found one of what it is in".to_owned(),
            ));
        };
        if self.open.len() + cost.depth > MAX_DEPTH {
            return Err(self.too_deep(at));
        }
        self.spend(cost, at)?;
        self.add(node, 0)
    }

    fn add(&mut self, node: Node, anchor: usize) -> Result<(), Mistake> {
        if anchor != 0 {
            let cost = Cost::of(&node);
            self.spend(cost, node.at)?;
            self.anchors.insert(anchor, (node.clone(), cost));
        }
        let path = self.path();
        match self.open.last_mut().map(|open| &mut open.inside) {
            None => self.root = Some(node),
            Some(Inside::Sequence(items)) => items.push(node),
            Some(Inside::Mapping { entries, seen, key }) => match key.take() {
                None => *key = Some(next_key(node, seen, &path, self.report)),
                Some(NextKey::Good { key, merge }) => entries.push(Entry { key, node, merge }),
                Some(NextKey::Bad) => {}
            },
        }
        Ok(())
    }

    /// The entries with those of `<<` behind them; what is written in the mapping itself wins, then
    /// what is merged first.
    fn merged(&self, entries: Vec<Entry>) -> Vec<(Key, Node)> {
        let (merges, own): (Vec<Entry>, Vec<Entry>) = entries.into_iter().partition(|entry| entry.merge);
        let mut all: Vec<(Key, Node)> = own.into_iter().map(|entry| (entry.key, entry.node)).collect();
        if merges.is_empty() {
            return all;
        }
        let mut seen: HashSet<String> = all.iter().map(|(key, _)| key.text.clone()).collect();
        for entry in merges {
            let sources = match entry.node.kind {
                Kind::Sequence(items) => items,
                _ => vec![entry.node],
            };
            for source in sources {
                match source.kind {
                    Kind::Mapping(entries) => {
                        all.extend(entries.into_iter().filter(|(key, _)| seen.insert(key.text.clone())));
                    }
                    Kind::Null => {}
                    other => {
                        let path = below(&self.path(), "<<");
                        let message =
                            format!("expected a mapping or a list of mappings, found {}", other.noun());
                        self.report.add(Mistake::new(source.at, path, message));
                    }
                }
            }
        }
        all
    }

    fn spend(&mut self, cost: Cost, at: Position) -> Result<(), Mistake> {
        self.budget.spend(cost).map_err(|message| self.mistake(at, message))
    }

    fn too_deep(&self, at: Position) -> Mistake {
        self.mistake(
            at,
            format!("expected at most {MAX_DEPTH} lists and mappings inside each other, found more"),
        )
    }

    fn mistake(&self, at: Position, message: String) -> Mistake {
        Mistake::new(at, self.path(), message)
    }

    /// Where the builder is.
    fn path(&self) -> String {
        let mut path = String::new();
        for open in &self.open {
            match &open.inside {
                Inside::Sequence(items) => path.push_str(&format!("[{}]", items.len())),
                Inside::Mapping { key: Some(NextKey::Good { key, .. }), .. } => {
                    path = below(&path, &shown(&key.text, 64))
                }
                Inside::Mapping { .. } => {}
            }
        }
        path
    }
}

fn next_key(node: Node, seen: &mut HashSet<String>, path: &str, report: &Report) -> NextKey {
    let at = node.at;
    let (text, quoted) = match node.kind {
        Kind::Scalar { text, quoted } => (text, quoted),
        Kind::Null => ("null".to_owned(), false),
        other => {
            let message = format!("expected a text as the key, found {}", other.noun());
            report.add(Mistake::new(at, path, message));
            return NextKey::Bad;
        }
    };
    let merge = text == "<<" && !quoted;
    if !merge && !seen.insert(text.clone()) {
        let mistake = Mistake::new(
            at,
            below(path, &shown(&text, 64)),
            "expected each key once, found it again".to_owned(),
        );
        report.add(Mistake { grade: Grade::Mistake, ..mistake });
        return NextKey::Bad;
    }
    NextKey::Good { key: Key { text, at }, merge }
}

/// The path of a key.
pub(crate) fn below(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}
