use unicode_width::UnicodeWidthChar;

use crate::text::{REPLACEMENT, is_unprintable};

/// How many characters of a line are shown on either side of a place in it.
pub const CONTEXT: usize = 60;

/// Two lines: a line of text, clipped where it is long, and a `^` below the character at `place` (counted from
/// 0; the end of the line where there is none). Both are indented by two blanks. Tabs are repeated below
/// themselves and wide characters take two columns.
pub fn caret(line: &str, place: usize) -> String {
    let at = line.char_indices().nth(place).map_or(line.len(), |(at, _)| at);
    let (text, padding) = excerpt(&line[..at], &line[at..]);
    format!("  {text}\n  {padding}^")
}

/// The piece of a line around a place, and blank text as wide as what is before it.
pub fn excerpt(before: &str, after: &str) -> (String, String) {
    let cut = before.char_indices().rev().nth(CONTEXT - 1).map_or(0, |(at, _)| at);
    let mut text = if cut > 0 { "...".to_owned() } else { String::new() };
    text.extend(before[cut..].chars().map(visible));
    let padding = padding(&text);
    text.extend(after.chars().take(CONTEXT).map(visible));
    if after.chars().nth(CONTEXT).is_some() {
        text.push_str("...");
    }
    (text, padding)
}

/// As [`safe`](crate::safe), but tabs stay.
fn visible(c: char) -> char {
    if is_unprintable(c) && c != '\t' { REPLACEMENT } else { c }
}

fn padding(text: &str) -> String {
    let blank = |c: char| match c {
        '\t' => "\t".to_owned(),
        c => " ".repeat(c.width().unwrap_or(0)),
    };
    text.chars().map(blank).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_caret_stands_under_the_place() {
        let check = |line: &str, place, expect: &str| assert_eq!(caret(line, place), expect);
        check("", 0, "  \n  ^");
        check("a: [", 2, "  a: [\n    ^");
        check("x", 7, "  x\n   ^");
        check("\ta{", 2, "  \ta{\n  \t ^");
        check("日本{", 2, "  日本{\n      ^");
        check("e\u{301}{", 2, "  e\u{301}{\n   ^");
    }

    #[test]
    fn long_lines_are_clipped_round_the_place() {
        let line = "x".repeat(50_000) + "!" + &"y".repeat(10_000);
        let caret = caret(&line, 50_000);
        let lines: Vec<_> = caret.lines().collect();
        assert!(lines[0].len() < 140, "{}", lines[0].len());
        assert_eq!(lines[0].as_bytes()[lines[1].len() - 1], b'!');
    }
}
