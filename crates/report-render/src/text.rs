//! Names from outside, made safe and fitting.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// What stands for a character that cannot be shown.
pub(crate) const REPLACEMENT: char = '\u{fffd}';

/// Whether a character would do something to the screen or to the order of the text around it,
/// rather than be seen: control characters and those that set the direction of writing.
pub(crate) fn is_unprintable(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200e}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// How many columns of a terminal a text takes.
pub(crate) fn columns(text: &str) -> usize {
    text.width()
}

/// Appends as much of `text` as fits in so many columns, with `…` where some is missing, and nothing
/// unprintable; gives the columns taken.
pub(crate) fn push_fitting(to: &mut String, text: &str, columns: usize) -> usize {
    let (mut taken, mut room_for_dots) = (0, (to.len(), 0));
    for c in text.chars() {
        let c = if is_unprintable(c) { REPLACEMENT } else { c };
        let width = c.width().unwrap_or(0);
        if taken + width > columns {
            let (end, taken) = room_for_dots;
            if columns == 0 {
                return 0;
            }
            to.truncate(end);
            to.push('…');
            return taken + 1;
        }
        to.push(c);
        taken += width;
        if taken < columns {
            room_for_dots = (to.len(), taken);
        }
    }
    taken
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, columns: usize, expect: &str) {
        let mut fitted = String::from("> ");
        let taken = push_fitting(&mut fitted, text, columns);
        assert_eq!(&fitted[2..], expect);
        assert_eq!(taken, self::columns(expect));
        assert!(taken <= columns);
    }

    #[test]
    fn text_fits_its_columns() {
        check("", 3, "");
        check("main", 0, "");
        check("main", 4, "main");
        check("main", 3, "ma…");
        check("main", 1, "…");
        check("深い呼び出し", 12, "深い呼び出し");
        check("深い呼び出し", 7, "深い呼…");
        check("深い呼び出し", 6, "深い…");
        check("a\x1b[31m\n\u{202e}", 9, "a\u{fffd}[31m\u{fffd}\u{fffd}");
    }
}
