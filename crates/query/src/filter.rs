use pql::{MatchOp, Matcher};

/// Why a text is no filter of labels.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected `k=v`, `k!=v`, `k=~regex` or `k!~regex`, found `{text}`{}", because(.reason))]
pub struct FilterError {
    /// The text.
    pub text: String,
    /// What is wrong with its expression, if it has one.
    pub reason: String,
}

fn because(reason: &str) -> String {
    if reason.is_empty() { String::new() } else { format!(": {reason}") }
}

/// Reads a filter of labels as it is typed: `pod=a`, `pod!=a`, `pod=~a.*`, `pod!~a.*`. The value is taken
/// as it is, without quotes or escapes; regular expressions have to match all of a value.
///
/// ```
/// let matcher = query::parse_filter("path=C:\\a \"b\"")?;
/// assert_eq!(matcher.to_string(), r#"path="C:\\a \"b\"""#);
/// # Ok::<(), query::FilterError>(())
/// ```
///
/// # Errors
/// If it has no operator, no name, or an expression that is none.
pub fn parse_filter(text: &str) -> Result<Matcher, FilterError> {
    let wrong =
        |reason: &str| FilterError { text: text.chars().take(128).collect(), reason: reason.to_owned() };
    let at = text.find(['=', '!']).ok_or_else(|| wrong(""))?;
    let (name, rest) = (text[..at].trim(), &text[at..]);
    let ops = [
        ("=~", MatchOp::Matches),
        ("!~", MatchOp::NotMatches),
        ("!=", MatchOp::NotEqual),
        ("=", MatchOp::Equal),
    ];
    let found = ops.iter().find_map(|(sign, op)| Some((*op, rest.strip_prefix(sign)?)));
    let (op, value) = found.filter(|_| !name.is_empty()).ok_or_else(|| wrong(""))?;
    Matcher::new(name, op, value).map_err(|error| wrong(&error.reason))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn filters_are_matchers_without_quotes() {
        let check = |text: &str, expect: &str| assert_eq!(parse_filter(text).unwrap().to_string(), expect);
        check("profile_id=debug-conor", r#"profile_id="debug-conor""#);
        check("a=b=c", r#"a="b=c""#);
        check("a!=b", r#"a!="b""#);
        check("a=~b.*", r#"a=~"b.*""#);
        check("a!~b|c", r#"a!~"b|c""#);
        check("a=", r#"a="""#);
        check("a=x\"y\\z", r#"a="x\"y\\z""#);
        check("service.name=x", r#""service.name"="x""#);
        for wrong in ["", "a", "=b", "!=b", "a!b", "a=~("] {
            assert!(parse_filter(wrong).is_err(), "{wrong}");
        }
    }
}
