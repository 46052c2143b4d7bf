//! Brendan Gregg's folded stacks: a line per stack, frames root first and joined by `;`, then a
//! space and the value.
//!
//! The form has no escapes and nothing but names: where a name has a `;`, `:` is written, and a
//! space for a line break.

mod graph;
mod lines;
mod parse;
mod trie;
mod write;

pub use graph::{FoldedGraph, parse_graph};
pub use parse::{ParseError, ParseErrorKind, ParseOptions, parse};
pub use write::write;
