//! Brendan Gregg's folded stacks: a line per stack, frames root first and joined by `;`, then a
//! space and the value.
//!
//! The form has no escapes and nothing but names: where a name has a `;`, `:` is written, and a
//! space for a line break.

mod graph;
mod trie;
mod write;

pub use graph::{FoldedGraph, parse_graph};
pub use profile_codec::folded::{ParseError, ParseErrorKind, ParseOptions, parse};
pub use write::write;

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::{Selection, folded};

    fn check(input: &str, expect: &str) {
        let profile = parse(input.as_bytes(), &ParseOptions::default()).unwrap();
        let selection = Selection::preferred(&profile).unwrap();
        let mut lines = Vec::new();
        let graph = selection.flame_graph(Default::default());
        folded::write(&selection.flame(&graph), &mut lines).unwrap();
        assert_eq!(String::from_utf8(lines).unwrap(), expect);
    }

    #[test]
    fn equal_stacks_are_one_line() {
        check("", "");
        check("a 1", "a 1\n");
        check("a;b 1\r\n\na;b 2\na 3\n", "a 3\na;b 3\n");
        check("a;b;c 1\na;bc;c 1\na;b;cd 1\na;b 1\n", "a;b 1\na;b;c 1\na;b;cd 1\na;bc;c 1\n");
        check("main thread;run 1 of 2 -5\n", "main thread;run 1 of 2 -5\n");
        check("a;;b 1\na; 1\n", "a;unknown 1\na;unknown;b 1\n");
        check("a 9223372036854775807\na 1\n", "a 9223372036854775807\n");
        check(" 5\n", "unknown 5\n");
    }
}
