//! Brendan Gregg's folded stacks: a line per stack, frames root first and joined by `;`, then a
//! space and the value.

mod lines;
mod parse;

pub use parse::{ParseError, ParseErrorKind, ParseOptions, for_each_stack, parse};
