use std::fmt;

use re2::Regex;

use crate::MatchOp;
use crate::print::{LabelName, Quoted};

/// One condition on a label, as `job="api"`.
///
/// An absent label counts as the empty string, so `l=""` selects rows without the label,
/// `l!=""` rows with it, `l!="v"` also rows without it. Regular expressions are searched for
/// *anywhere* in the value (PromQL anchors them, Parca does not): `job=~"arc"` matches `parca`.
/// Two matchers on one label must both hold.
///
/// `Display` escapes the value and quotes a name that is not `[a-zA-Z_][a-zA-Z0-9_]*`; what it
/// prints parses back to an equal matcher, and is also what the `match` field of a Labels
/// request wants (no braces).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Matcher {
    name: String,
    op: MatchOp,
    value: String,
}

/// The most characters of a pattern that an error repeats.
const MAX_SHOWN: usize = 128;

/// A regular expression that Go does not take, in Go's words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a regular expression, found `{pattern}`: {reason}")]
pub struct RegexError {
    /// The text that is no regular expression.
    pub pattern: String,
    /// What is wrong with it, one line.
    pub reason: String,
}

impl Matcher {
    /// A matcher on label `name`. Fails where `op` takes a regular expression and `value` is none.
    pub fn new(name: impl Into<String>, op: MatchOp, value: impl Into<String>) -> Result<Self, RegexError> {
        let matcher = Self { name: name.into(), op, value: value.into() };
        if op.is_regex() {
            // Prometheus' parser compiles the anchored form, so both must hold; and so
            // `anchored` and `predicate` cannot fail later.
            compile(&matcher.value)?;
            compile(&anchor(&matcher.value)).map_err(|error| RegexError {
                pattern: words::short(&matcher.value, MAX_SHOWN),
                reason: format!("not as part of a larger one: {}", error.reason),
            })?;
        }
        Ok(matcher)
    }

    /// `name="value"`, which cannot fail.
    pub fn equal(name: impl Into<String>, value: impl Into<String>) -> Self {
        Self { name: name.into(), op: MatchOp::Equal, value: value.into() }
    }

    /// The label.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The comparison.
    pub fn op(&self) -> MatchOp {
        self.op
    }

    /// The value, unescaped; for regex operators a valid regular expression.
    pub fn value(&self) -> &str {
        &self.value
    }

    /// The matcher with PromQL's meaning on a Parca server: a regular expression wrapped as
    /// `^(?:...)$`. Others, and those already wrapped, are given back as they are.
    pub fn anchored(&self) -> Self {
        let wrapped = self.value.starts_with("^(?:") && self.value.ends_with(")$");
        if !self.op.is_regex() || (wrapped && is_one_group(&self.value)) {
            return self.clone();
        }
        Self { value: anchor(&self.value), ..self.clone() }
    }

    /// The test of a label value that the server makes; compiled once, used often.
    pub fn predicate(&self) -> Predicate {
        let regex = || compile(&self.value).expect("checked when the matcher was made");
        Predicate(match self.op {
            MatchOp::Equal => Test::Equal(self.value.clone()),
            MatchOp::NotEqual => Test::NotEqual(self.value.clone()),
            MatchOp::Matches => Test::Matches(regex()),
            MatchOp::NotMatches => Test::NotMatches(regex()),
        })
    }
}

/// The test a [`Matcher`] makes, ready to run.
#[derive(Clone, Debug)]
pub struct Predicate(Test);

#[derive(Clone, Debug)]
enum Test {
    Equal(String),
    NotEqual(String),
    Matches(Regex),
    NotMatches(Regex),
}

impl Predicate {
    /// Whether a label with this value passes; an absent label is `""`.
    pub fn matches(&self, value: &str) -> bool {
        match &self.0 {
            Test::Equal(expect) => value == expect,
            Test::NotEqual(other) => value != other,
            Test::Matches(regex) => regex.is_match(value),
            Test::NotMatches(regex) => !regex.is_match(value),
        }
    }
}

impl fmt::Display for Matcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}{}", LabelName(&self.name), self.op, Quoted(&self.value))
    }
}

fn anchor(pattern: &str) -> String {
    format!("^(?:{pattern})$")
}

/// Whether the group that opens at `^(?:` is closed by the last `)` only: `^(?:a)|(b)$` is not.
fn is_one_group(value: &str) -> bool {
    Regex::new(&value["^(?:".len()..value.len() - ")$".len()]).is_ok()
}

fn compile(pattern: &str) -> Result<Regex, RegexError> {
    Regex::new(pattern).map_err(|error| {
        let words = error.to_string();
        let reason = words.strip_prefix("error parsing regexp: ").unwrap_or(&words).to_owned();
        RegexError { pattern: words::short(pattern, MAX_SHOWN), reason }
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// Measured on Parca 3b5647cd.
    #[test]
    fn predicates_select_as_the_server_does() {
        let check = |text: &str, value: &str, expect: bool| {
            let matcher: Matcher = text.parse().unwrap();
            assert_eq!(matcher.predicate().matches(value), expect, "{text} on {value:?}");
        };
        check(r#"l="v""#, "v", true);
        check(r#"l="v""#, "w", false);
        check(r#"l="""#, "", true);
        check(r#"l="""#, "v", false);
        check(r#"l!="v""#, "w", true);
        check(r#"l!="v""#, "", true);
        check(r#"l!="""#, "v", true);
        check(r#"l!="""#, "", false);
        check(r#"l=~"arc""#, "parca", true);
        check(r#"l=~"ARC""#, "parca", false);
        check(r#"l=~"(?i)ARC""#, "parca", true);
        check(r#"l=~"^$""#, "", true);
        check(r#"l=~".*""#, "", true);
        check(r#"l!~"arc""#, "parca", false);
        check(r#"l!~"arc""#, "", true);
        check(r#"l!~"""#, "", false);
    }

    #[test]
    fn anchors_regexes_once() {
        let check = |op, value: &str, expect: &str| {
            let anchored = Matcher::new("l", op, value).unwrap().anchored();
            assert_eq!(anchored.value(), expect);
            assert_eq!(anchored.anchored(), anchored);
        };
        check(MatchOp::Matches, "a|b", "^(?:a|b)$");
        check(MatchOp::NotMatches, "", "^(?:)$");
        check(MatchOp::Equal, "a|b", "a|b");
        check(MatchOp::Matches, "^(?:a)$", "^(?:a)$");
        check(MatchOp::Matches, "^(?:a)|(b)$", "^(?:^(?:a)|(b)$)$");
    }

    #[test]
    fn bad_regexes_say_why_on_one_line() {
        let check = |pattern: &str, expect: &str| {
            assert_eq!(Matcher::new("l", MatchOp::Matches, pattern).unwrap_err().to_string(), expect);
        };
        check("a(", "expected a regular expression, found `a(`: missing closing ): `a(`");
        check(
            r"(\w{1000}){1000}",
            r"expected a regular expression, found `(\w{1000}){1000}`: invalid repeat count: `{1000}`",
        );
        check(
            r"\Qa",
            r"expected a regular expression, found `\Qa`: not as part of a larger one: missing closing ): `^(?:\Qa)$`",
        );
    }
}
