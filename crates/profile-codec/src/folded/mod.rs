//! Brendan Gregg's folded stacks: a line per stack, frames root first and joined by `;`, then a
//! space and the value.

mod lines;
mod options;
mod parse;

pub use options::{ParseError, ParseErrorKind, ParseOptions};
pub use parse::{for_each_stack, parse};
