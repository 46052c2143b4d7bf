use crate::width;

/// Where a text stopped being a selector, and why.
///
/// `Display` is one line (`1:12: expected ..., found ...`); [`report`](ParseError::report) adds
/// the source line and a caret. The server itself only ever says `failed to parse query`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseError {
    offset: usize,
    line: usize,
    column: usize,
    message: String,
    excerpt: String,
    caret_at: usize,
}

/// Characters of the source line shown before and after the caret.
const CONTEXT: usize = 60;

impl ParseError {
    /// `offset` is a byte position in `source`, at a character boundary.
    pub(crate) fn new(source: &str, offset: usize, message: impl Into<String>) -> Self {
        let offset = floor_char_boundary(source, offset);
        let before = &source[..offset];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let in_line = &source[line_start..offset];
        let rest = source[offset..].split('\n').next().unwrap_or_default().trim_end_matches('\r');
        let (excerpt, caret_at) = excerpt(in_line, rest);
        Self {
            offset,
            line: before.matches('\n').count() + 1,
            column: in_line.chars().count() + 1,
            message: message.into(),
            excerpt,
            caret_at,
        }
    }

    /// The byte position of the fault.
    pub fn offset(&self) -> usize {
        self.offset
    }

    /// The line of the fault, from 1.
    pub fn line(&self) -> usize {
        self.line
    }

    /// The column of the fault in characters, from 1.
    pub fn column(&self) -> usize {
        self.column
    }

    /// What was expected and what was found, without the position.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Two lines: the source line (clipped when long) and a `^` under the fault. Tabs are
    /// repeated below themselves and wide characters take two columns.
    pub fn caret(&self) -> String {
        let padding = width::padding(&self.excerpt[..self.caret_at]);
        format!("  {}\n  {padding}^", self.excerpt)
    }

    /// `Display` and [`caret`](ParseError::caret): three lines, no newline at the end.
    pub fn report(&self) -> String {
        format!("{self}\n{}", self.caret())
    }
}

impl std::fmt::Display for ParseError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}: {}", self.line, self.column, self.message)
    }
}

impl std::error::Error for ParseError {}

/// The piece of the line round the fault, and the byte position of the fault in it.
fn excerpt(before: &str, after: &str) -> (String, usize) {
    let cut = before.char_indices().rev().nth(CONTEXT - 1).map_or(0, |(at, _)| at);
    let mut text = if cut > 0 { "...".to_owned() } else { String::new() };
    text.extend(before[cut..].chars().map(visible));
    let caret_at = text.len();
    text.extend(after.chars().take(CONTEXT).map(visible));
    if after.chars().nth(CONTEXT).is_some() {
        text.push_str("...");
    }
    (text, caret_at)
}

/// Control characters would move the cursor of a terminal, so they are shown as a stand-in.
fn visible(c: char) -> char {
    if c.is_control() && c != '\t' { '\u{fffd}' } else { c }
}

fn floor_char_boundary(text: &str, offset: usize) -> usize {
    let mut at = offset.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_lines_and_characters() {
        let error = ParseError::new("a\nbé{", 5, "no");
        assert_eq!((error.offset(), error.line(), error.column()), (5, 2, 3));
        assert_eq!(error.to_string(), "2:3: no");
        assert_eq!(error.caret(), "  bé{\n    ^");
    }

    #[test]
    fn the_caret_stands_under_the_place() {
        let check = |source: &str, offset, expect: &str| {
            assert_eq!(ParseError::new(source, offset, "").caret(), expect);
        };
        check("", 0, "  \n  ^");
        check("\ta{", 2, "  \ta{\n  \t ^");
        check("日本{", 6, "  日本{\n      ^");
        check("e\u{301}{", 3, "  e\u{301}{\n   ^");
        check("ab\r\ncd", 1, "  ab\n   ^");
    }

    #[test]
    fn long_lines_are_clipped_round_the_place() {
        let source = "x".repeat(50_000) + "!" + &"y".repeat(10_000);
        let caret = ParseError::new(&source, 50_000, "").caret();
        let lines: Vec<_> = caret.lines().collect();
        assert!(lines[0].len() < 140, "{}", lines[0].len());
        assert_eq!(lines[0].as_bytes()[lines[1].len() - 1], b'!');
    }
}
