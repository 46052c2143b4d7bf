//! A pattern as a tree in which flags are resolved: each node means the same wherever it stands.

use crate::class::Class;

/// One piece of a pattern.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Node {
    Empty,
    Literal {
        c: char,
        fold: bool,
    },
    /// `.`; with `newline` it matches that, too.
    Any {
        newline: bool,
    },
    Class {
        class: Class,
        fold: bool,
    },
    Anchor(Anchor),
    /// A group that counts, with its name if it has one.
    Capture {
        name: Option<String>,
        inner: Box<Node>,
    },
    Repeat {
        inner: Box<Node>,
        min: u32,
        max: Option<u32>,
        greedy: bool,
        braces: bool,
    },
    Concat(Vec<Node>),
    Alternate(Vec<Node>),
}

/// A place that takes no characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Anchor {
    TextStart,
    TextEnd,
    LineStart,
    LineEnd,
    WordBoundary,
    NotWordBoundary,
}

impl Node {
    pub(crate) fn concat(mut nodes: Vec<Node>) -> Self {
        match nodes.len() {
            0 => Self::Empty,
            1 => nodes.remove(0),
            _ => Self::Concat(nodes),
        }
    }

    pub(crate) fn alternate(mut nodes: Vec<Node>) -> Self {
        if nodes.len() == 1 { nodes.remove(0) } else { Self::Alternate(nodes) }
    }

    /// Whether repetitions in braces inside each other multiply to at most `most`, as Go asks.
    pub(crate) fn repeats_at_most(&self, most: u32) -> bool {
        match self {
            Self::Repeat { inner, min, max, braces, .. } => {
                let times = if *braces { max.unwrap_or(*min) } else { 0 };
                if *braces && *max == Some(0) {
                    return true;
                }
                times <= most && inner.repeats_at_most(most.checked_div(times).unwrap_or(most))
            }
            Self::Capture { inner, .. } => inner.repeats_at_most(most),
            Self::Concat(nodes) | Self::Alternate(nodes) => {
                nodes.iter().all(|node| node.repeats_at_most(most))
            }
            _ => true,
        }
    }
}
