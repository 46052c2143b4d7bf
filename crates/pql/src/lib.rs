//! Parca's query text: profile types, matchers and selectors, parsed with carets and printed back.
//!
//! A query is a PromQL *metric selector* (no functions, ranges, `offset` or `@`) whose name is a
//! profile type. Parsed here is exactly what the server's own parser takes; see [`Selector`] for
//! the grammar and [`Matcher`] for how matchers select (not quite as in Prometheus).
//!
//! ```
//! use pql::{Matcher, MatchOp, Query, Resolution, resolve};
//!
//! let query: Query = r#"process_cpu:cpu:nanoseconds:cpu:nanoseconds:delta{job="api"}"#.parse()?;
//! assert_eq!(query.profile_type.sample_type, "cpu");
//! assert_eq!(query.matchers, [Matcher::new("job", MatchOp::Equal, "api")?]);
//!
//! // What is printed parses back, whatever names and values hold.
//! let odd = Matcher::new("k8s.pod/name", MatchOp::NotEqual, "a\"b\n")?;
//! assert_eq!(odd.to_string(), r#""k8s.pod/name"!="a\"b\n""#);
//!
//! // People type short names; the server has the full ones.
//! let types = [query.profile_type.clone()];
//! assert_eq!(resolve("process_cpu", &types), Resolution::One(query.profile_type));
//!
//! let error = "memory{job=}".parse::<Query>().unwrap_err();
//! assert_eq!(error.report(), "\
//! 1:12: expected a quoted value, found `}`
//!   memory{job=}
//!              ^");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Functions over values: nothing here knows a network, a clock, or which types a server has.
//!
//! # Regular expressions
//! The server compiles them with Go's RE2 syntax, unanchored. They are checked here with the
//! `regex` crate, whose syntax is nearly the same. It refuses what RE2 takes in a few places: a
//! brace that is no repetition (`a{`; write `a\{`), `\Q...\E`, and `\C`. It accepts what RE2 does
//! not: repetitions above 1000, class set operations (`[a-z&&[^b]]`), the flags `x`, `u`, `R`.

mod error;
mod lexer;
mod matcher;
mod parser;
mod print;
mod profile_type;
mod query;
mod resolve;
mod selector;
mod strings;
mod width;

pub use error::ParseError;
pub use matcher::{MatchOp, Matcher, Predicate, RegexError};
pub use profile_type::{ProfileType, ProfileTypeError};
pub use query::{Query, QueryError};
pub use resolve::{Resolution, resolve};
pub use selector::{Selector, parse_matchers};

/// The longest text that is parsed, in bytes; a longer one is an error.
pub const MAX_INPUT_BYTES: usize = 64 * 1024;

/// The label that PromQL keeps the metric name in; matchers on it select the profile type.
pub const NAME_LABEL: &str = "__name__";
