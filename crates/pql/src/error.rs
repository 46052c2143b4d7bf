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
    padding: String,
}

impl ParseError {
    /// `offset` is a byte position in `source`, at a character boundary.
    pub(crate) fn new(source: &str, offset: usize, message: impl Into<String>) -> Self {
        let offset = floor_char_boundary(source, offset);
        let before = &source[..offset];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let in_line = &source[line_start..offset];
        let rest = source[offset..].split('\n').next().unwrap_or_default().trim_end_matches('\r');
        let (excerpt, padding) = words::excerpt(in_line, rest);
        Self {
            offset,
            line: before.matches('\n').count() + 1,
            column: in_line.chars().count() + 1,
            message: message.into(),
            excerpt,
            padding,
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
        format!("  {}\n  {}^", self.excerpt, self.padding)
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
}
