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
    let wrong = |reason: &str| FilterError { text: words::short(text, 128), reason: reason.to_owned() };
    let at = text.find(['=', '!']).ok_or_else(|| wrong(""))?;
    let (name, rest) = (text[..at].trim(), &text[at..]);
    if name.contains(['{', '}', '"', ',', '(']) {
        return Err(wrong("the name has a character of a selector"));
    }
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

/// Reads filters of labels one after another: each as [`parse_filter`] takes it, or in the form of a selector, with
/// quotes (`pod!="a"`) or in braces (`{cluster="us", pod=~"a.*"}`). What looks like a selector is never taken as a name.
///
/// # Errors
/// The first that is neither.
pub fn parse_filters<'a>(texts: impl IntoIterator<Item = &'a str>) -> Result<Vec<Matcher>, FilterError> {
    let mut matchers = Vec::new();
    for text in texts {
        match selector(text) {
            Some(selected) => matchers.extend(selected?),
            None => matchers.push(parse_filter(text)?),
        }
    }
    Ok(matchers)
}

/// The matchers of a text that is written as a selector; nothing if it is not.
fn selector(text: &str) -> Option<Result<Vec<Matcher>, FilterError>> {
    let trimmed = text.trim();
    let wrong = |reason: String| FilterError { text: words::short(text, 128), reason };
    if trimmed.starts_with('{') {
        let parsed = trimmed.parse::<pql::Selector>().map_err(|error| wrong(error.to_string()));
        return Some(parsed.map(|selector| selector.matchers));
    }
    // A value in quotes is one of a selector; elsewhere quotes are part of the value.
    let quoted = trimmed.ends_with(['"', '\'', '`']) && trimmed.contains(['=', '!', '~']);
    match pql::parse_matchers(trimmed) {
        Ok(matchers) if quoted && !matchers.is_empty() => Some(Ok(matchers)),
        _ => None,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn selectors_are_filters_too() {
        let check = |text: &str, expect: &[&str]| {
            let found: Vec<String> = parse_filters([text]).unwrap().iter().map(ToString::to_string).collect();
            assert_eq!(found, expect, "{text}");
        };
        check(r#"{cluster="us", service_name="bar"}"#, &[r#"cluster="us""#, r#"service_name="bar""#]);
        check(r#"pod!="a""#, &[r#"pod!="a""#]);
        check("pod=~'a.*'", &[r#"pod=~"a.*""#]);
        check(r#"a="b",c="d""#, &[r#"a="b""#, r#"c="d""#]);
        check("pod!=a", &[r#"pod!="a""#]);
        check(r#"a=x"y\z"#, &[r#"a="x\"y\\z""#]);
        for wrong in ["{", "{a=}", r#"{a="b""#, "{}x"] {
            assert!(parse_filters([wrong]).is_err(), "{wrong}");
        }
        assert!(parse_filters(["{}"]).unwrap().is_empty());
    }

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
