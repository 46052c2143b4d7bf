//! Writing names and values so that they parse back.

use std::fmt::{self, Write as _};

/// A string literal in double quotes.
pub(crate) struct Quoted<'a>(pub(crate) &'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char('"')?;
        for c in self.0.chars() {
            match c {
                '"' => f.write_str("\\\"")?,
                '\\' => f.write_str("\\\\")?,
                '\n' => f.write_str("\\n")?,
                '\r' => f.write_str("\\r")?,
                '\t' => f.write_str("\\t")?,
                c if c.is_ascii_control() => write!(f, "\\x{:02x}", u32::from(c))?,
                // U+FFFD written out is an error to Go's lexer; other controls would vanish on a screen.
                c if c.is_control() || c == '\u{fffd}' => write!(f, "\\u{:04x}", u32::from(c))?,
                c => f.write_char(c)?,
            }
        }
        f.write_char('"')
    }
}

/// A label name: bare where the grammar allows, else quoted.
pub(crate) struct LabelName<'a>(pub(crate) &'a str);

impl fmt::Display for LabelName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if is_label_name(self.0) { f.write_str(self.0) } else { Quoted(self.0).fmt(f) }
    }
}

fn is_label_name(name: &str) -> bool {
    is_name(name, |c| c.is_ascii_alphanumeric() || c == '_')
}

/// Whether `name` can stand before the braces.
pub(crate) fn is_metric_name(name: &str) -> bool {
    is_name(name, |c| c.is_ascii_alphanumeric() || c == '_' || c == ':') && !is_reserved(name)
}

fn is_name(name: &str, in_name: fn(char) -> bool) -> bool {
    !name.is_empty() && name.chars().all(in_name) && !name.starts_with(|c: char| c.is_ascii_digit())
}

/// Words that PromQL does not take as a metric name, in any case. Most of its keywords (`sum`,
/// `by`, `offset`, ...) are taken. A profile type has colons, so it is never one of these.
pub(crate) fn is_reserved(name: &str) -> bool {
    const RESERVED: [&str; 8] =
        ["inf", "nan", "bool", "on", "ignoring", "group_left", "group_right", "atan2"];
    RESERVED.iter().any(|word| word.eq_ignore_ascii_case(name))
}
