//! Text and numbers in front of people.
//!
//! - text from outside made safe and short: [`safe`], [`short`], [`fitting`], [`push_fitting`], [`columns`];
//! - what was meant: [`nearest`], [`all_near`]; lists that end: [`listed`];
//! - a place in a text: [`caret`]; an error and what is behind it in one line: [`with_causes`];
//! - sizes and spans read and shown: [`parse_bytes`], [`exact_bytes`], [`bytes`], [`span`]; counts: [`counted`].
//!
//! ```
//! assert_eq!(words::safe("a\x1b[31mb"), "a\u{fffd}[31mb");
//! assert_eq!(words::short("a long text", 6), "a long...");
//! assert_eq!(words::nearest("memroy", ["memory", "mutex"]), Some("memory"));
//! assert_eq!(words::listed(["a", "b", "c"], 2), "a, b and 1 more");
//! assert_eq!(words::caret("a: [", 3), "  a: [\n     ^");
//! assert_eq!(words::parse_bytes("64MiB"), Some(64 << 20));
//! assert_eq!(words::bytes(3 << 20), "3MiB");
//! assert_eq!(words::counted(1_u32, "segment", "segments"), "1 segment");
//! ```
//!
//! What it does not know: terminals, colours, languages, and the units of profiles (those are in
//! `profile-model`).

mod caret;
mod causes;
mod near;
mod numbers;
mod sizes;
mod text;

pub use caret::{CONTEXT, caret, excerpt};
pub use causes::with_causes;
pub use near::{all_near, distance, listed, nearest};
pub use numbers::{counted, span, three_digits};
pub use sizes::{bytes, exact_bytes, parse_bytes};
pub use text::{REPLACEMENT, columns, fitting, is_unprintable, push_fitting, safe, short};
