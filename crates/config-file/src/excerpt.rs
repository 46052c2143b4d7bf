//! The line that a syntax error is on, unless it may hold a secret.

use crate::{Position, Report};

/// Two lines: the source and a caret. None where the line, or what it seems to belong to, has the name
/// of a secret in it: after a syntax error nobody knows what is a key and what a value.
pub(crate) fn excerpt(source: &str, at: Position, report: &Report) -> Option<String> {
    if source.replace("\r\n", "\n").contains('\r') {
        // Lines end differently for the parser then.
        return None;
    }
    let lines: Vec<&str> = source.lines().take(at.line).collect();
    let line = *lines.get(at.line.checked_sub(1)?)?;
    if around(&lines).iter().any(|line| names_secret(line, report)) || line.trim().is_empty() {
        return None;
    }
    Some(words::caret(line, at.column.saturating_sub(1)))
}

/// The last of the lines, those above it as far as the nearest with a key, and those that it is
/// indented below.
fn around<'a>(lines: &[&'a str]) -> Vec<&'a str> {
    let Some((last, above)) = lines.split_last() else { return Vec::new() };
    let mut found = vec![*last];
    let (mut indent, mut key_found) = (indent(last), false);
    for line in above.iter().rev().filter(|line| !line.trim().is_empty()) {
        let parent = self::indent(line) < indent;
        if parent || !key_found {
            found.push(line);
            indent = indent.min(self::indent(line));
        }
        key_found |= line.contains(':');
    }
    found
}

fn indent(line: &str) -> usize {
    line.chars().take_while(|c| matches!(c, ' ' | '\t' | '-')).count()
}

fn names_secret(line: &str, report: &Report) -> bool {
    let words = line.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == '-'));
    words.filter(|word| !word.is_empty()).any(|word| report.is_secret(word.trim_start_matches('-')))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn check(source: &str, line: usize, expect: Option<&str>) {
        let report = Report::new(|path| path.contains("password") || path == "headers");
        let found = excerpt(source, Position { line, column: 3 }, &report);
        assert_eq!(found.as_deref(), expect, "{source}");
    }

    #[test]
    fn the_caret_is_below_the_place() {
        check("a: [", 1, Some("  a: [\n    ^"));
        check("a: 1\n\tb: 2", 2, Some("  \tb: 2\n  \t ^"));
        check("x", 1, Some("  x\n   ^"));
        check("x", 7, None);
        let long = "x".repeat(1000);
        assert!(
            excerpt(&long, Position { line: 1, column: 500 }, &Report::new(|_| false)).unwrap().len() < 300
        );
    }

    #[test]
    fn what_may_be_a_secret_is_not_shown() {
        check("password: \"hunter2", 1, None);
        check("password hunter2", 1, None);
        check("{user: a, \"password\":\"hunter2}", 1, None);
        check("password:\n  hunter2", 2, None);
        check("password: |\n  line\nhunter2", 3, None);
        check("headers:\n  a: 1\n  key: hunter2", 3, None);
        check("password: x\nother: [", 2, None);
        check("password: x\nother: 1\nlast: [", 3, Some("  last: [\n    ^"));
        check("a\rpassword: \"", 1, None);
    }
}
