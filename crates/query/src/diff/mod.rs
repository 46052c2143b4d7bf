//! How two profiles differ, function by function.
//!
//! ```
//! use query::diff::{Condition, Diff, DiffOptions, Side};
//! use report_render::{Selection, folded};
//!
//! let read = |text: &'static [u8]| folded::parse(text, &folded::ParseOptions::default());
//! let before = read(b"main;parse 40\nmain;render 60\n")?;
//! let after = read(b"main;parse 100\nmain;render 100\n")?;
//! let side = |profile| Side::of(&Selection::new(profile, 0).expect("folded has one type"));
//!
//! let diff = Diff::between(&side(&before), &side(&after), &DiffOptions::default())?;
//! assert_eq!(diff.rows[0].name, "parse");
//! assert_eq!(diff.rows[0].flat.points(), 10.0); // 40 % before, 50 % after
//!
//! let condition: Condition = "flat>5pp".parse()?;
//! assert_eq!(condition.check(&diff).functions, ["parse"]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Changes are by share unless told otherwise: of two windows of different length the longer one
//! has more of everything, and that is no change.

mod condition;
mod json;
mod junit;
mod markdown;
mod row;
mod table;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
mod text;
mod words;

pub use condition::{Condition, ConditionError, Metric, Threshold, Verdict};
pub use json::json;
pub use junit::junit;
pub use markdown::markdown;
pub use row::{Change, Normalise, Pair, Presence, Row};
pub use table::{Diff, DiffError, DiffOptions, Side, Sort};
pub use text::{TextOptions, text};
