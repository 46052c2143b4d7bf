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
//! Regular expressions are Go's ([`re2`]): what a server takes is taken, and means the same.

mod error;
mod label_name;
mod lexer;
mod match_op;
mod matcher;
mod parser;
mod print;
mod profile_type;
mod query;
mod resolve;
mod selector;
mod strings;

pub use error::ParseError;
pub use label_name::{LabelNameError, listed_label_name, typed_label_name};
pub use match_op::MatchOp;
pub use matcher::{Matcher, Predicate, RegexError};
pub use parser::parse_matchers;
pub use profile_type::{ProfileType, ProfileTypeError};
pub use query::{Query, QueryError};
pub use resolve::{Resolution, resolve};
pub use selector::Selector;

/// The longest text that is parsed, in bytes; a longer one is an error.
pub const MAX_INPUT_BYTES: usize = 64 * 1024;

/// The label that PromQL keeps the metric name in; matchers on it select the profile type.
pub const NAME_LABEL: &str = "__name__";
