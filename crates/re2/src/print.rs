//! The tree as a pattern of the engine.

use std::fmt::Write;

use crate::ast::{Anchor, Node};
use crate::class::{Class, Item};

/// Matches nothing.
const NOTHING: &str = r"[a&&b]";

/// The pattern that means the same to the engine. Groups that count are in the same order.
pub(crate) fn pattern(node: &Node) -> String {
    let mut out = String::new();
    print(node, &mut out);
    out
}

fn print(node: &Node, out: &mut String) {
    match node {
        Node::Empty => out.push_str("(?:)"),
        Node::Literal { c, fold } => folded(*fold, out, |out| character(u32::from(*c), out)),
        Node::Any { newline: true } => out.push_str("(?s:.)"),
        Node::Any { newline: false } => out.push_str(r"[^\n]"),
        Node::Class { class, fold } => folded(*fold, out, |out| set(class, out)),
        Node::Anchor(anchor) => out.push_str(self::anchor(*anchor)),
        Node::Capture { inner, .. } => grouped("(", inner, out),
        Node::Repeat { inner, min, max, greedy, .. } => {
            grouped("(?:", inner, out);
            times(*min, *max, out);
            if !greedy {
                out.push('?');
            }
        }
        Node::Concat(nodes) => {
            for node in nodes {
                match node {
                    Node::Alternate(_) => grouped("(?:", node, out),
                    node => print(node, out),
                }
            }
        }
        Node::Alternate(nodes) => {
            for (at, node) in nodes.iter().enumerate() {
                if at > 0 {
                    out.push('|');
                }
                print(node, out);
            }
        }
    }
}

fn grouped(open: &str, inner: &Node, out: &mut String) {
    out.push_str(open);
    print(inner, out);
    out.push(')');
}

fn folded(fold: bool, out: &mut String, print: impl FnOnce(&mut String)) {
    if !fold {
        return print(out);
    }
    out.push_str("(?i:");
    print(out);
    out.push(')');
}

fn times(min: u32, max: Option<u32>, out: &mut String) {
    match (min, max) {
        (0, None) => out.push('*'),
        (1, None) => out.push('+'),
        (0, Some(1)) => out.push('?'),
        (min, None) => append(out, format_args!("{{{min},}}")),
        (min, Some(max)) => append(out, format_args!("{{{min},{max}}}")),
    }
}

fn anchor(anchor: Anchor) -> &'static str {
    match anchor {
        Anchor::TextStart => r"\A",
        Anchor::TextEnd => r"\z",
        Anchor::LineStart => "(?m:^)",
        Anchor::LineEnd => "(?m:$)",
        Anchor::WordBoundary => r"(?-u:\b)",
        Anchor::NotWordBoundary => r"(?-u:\B)",
    }
}

fn set(class: &Class, out: &mut String) {
    out.push_str(if class.negated { "[^" } else { "[" });
    // The engine refuses a set without members.
    if class.items.is_empty() {
        out.push_str(NOTHING);
    }
    for item in &class.items {
        match item {
            Item::Range(first, last) => range(*first, *last, out),
            Item::Ascii { ranges, negated } => {
                out.push_str(if *negated { "[^" } else { "[" });
                for (first, last) in *ranges {
                    range(u32::from(*first), u32::from(*last), out);
                }
                out.push(']');
            }
            Item::Unicode { name, negated: false } if name.is_empty() => out.push_str(NOTHING),
            Item::Unicode { name, .. } if name.is_empty() => out.push_str(r"\p{any}"),
            Item::Unicode { name, negated } => {
                append(out, format_args!(r"\{}{{{name}}}", if *negated { 'P' } else { 'p' }));
            }
        }
    }
    out.push(']');
}

/// Text holds no surrogates, so a range is what is left without them.
fn range(first: u32, last: u32, out: &mut String) {
    const SURROGATES: (u32, u32) = (0xd800, 0xdfff);
    let parts = [(first, last.min(SURROGATES.0 - 1)), (first.max(SURROGATES.1 + 1), last)];
    let mut parts = parts.iter().filter(|(first, last)| first <= last).peekable();
    if parts.peek().is_none() {
        out.push_str(NOTHING);
    }
    for (first, last) in parts {
        character(*first, out);
        out.push('-');
        character(*last, out);
    }
}

/// Only letters and digits of ASCII stand for themselves in all places.
fn character(c: u32, out: &mut String) {
    match char::from_u32(c) {
        Some(c) if c.is_ascii_alphanumeric() => out.push(c),
        _ => append(out, format_args!(r"\x{{{c:X}}}")),
    }
}

fn append(out: &mut String, text: std::fmt::Arguments<'_>) {
    out.write_fmt(text).expect("a string takes all text");
}
