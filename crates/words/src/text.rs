use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// The character that stands for one that cannot be shown.
pub const REPLACEMENT: char = '\u{fffd}';

/// Whether a character would do something to the screen or to the order of the text around it, rather than
/// be seen: control characters and those that set the direction of writing.
pub fn is_unprintable(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200e}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A text with [`REPLACEMENT`] for each character that [is unprintable](is_unprintable): on one line, and
/// harmless to a terminal.
pub fn safe(text: &str) -> String {
    text.chars().map(visible).collect()
}

fn visible(c: char) -> char {
    if is_unprintable(c) { REPLACEMENT } else { c }
}

/// The first `most` characters of a text, made [`safe`], with `...` where some are missing: whoever sends a
/// megabyte does not get it back.
pub fn short(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => safe(&text[..end]) + "...",
        None => safe(text),
    }
}

/// How many columns of a terminal a text takes.
pub fn columns(text: &str) -> usize {
    text.width()
}

/// A text in at most so many columns, with `…` for a piece of its middle where some is missing: the ends of
/// qualified names say most. Fewer than three columns are taken as three.
pub fn fitting(text: &str, columns: usize) -> String {
    let text = safe(text);
    if text.width() <= columns {
        return text;
    }
    let room = columns.max(3) - 1;
    let tail_room = room * 2 / 3;
    let tail_at = tail(&text, tail_room);
    let mut fitted = String::new();
    let mut taken = 0;
    for c in text.chars() {
        taken += c.width().unwrap_or(0);
        if taken > room - tail_room {
            break;
        }
        fitted.push(c);
    }
    fitted.push('…');
    fitted.push_str(&text[tail_at..]);
    fitted
}

/// Where the longest tail of at most so many columns begins.
fn tail(text: &str, columns: usize) -> usize {
    let (mut taken, mut start) = (0, text.len());
    for (at, c) in text.char_indices().rev() {
        taken += c.width().unwrap_or(0);
        if taken > columns {
            break;
        }
        start = at;
    }
    start
}

/// Appends as much of `text` as fits in so many columns, with `…` where some of its end is missing, and
/// nothing unprintable; gives the columns taken.
pub fn push_fitting(to: &mut String, text: &str, columns: usize) -> usize {
    let (mut taken, mut room_for_dots) = (0, (to.len(), 0));
    for c in text.chars().map(visible) {
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

    #[test]
    fn text_fits_its_columns() {
        let check = |text: &str, columns: usize, expect: &str| {
            let mut fitted = String::from("> ");
            let taken = push_fitting(&mut fitted, text, columns);
            assert_eq!(&fitted[2..], expect);
            assert_eq!(taken, self::columns(expect));
            assert!(taken <= columns);
        };
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

    #[test]
    fn the_middle_of_long_names_is_left_out() {
        let check = |text: &str, columns: usize, expect: &str| assert_eq!(fitting(text, columns), expect);
        check("main", 4, "main");
        check("github.com/a/b.Func", 10, "git…b.Func");
        check("github.com/a/b.Func", 1, "g…c");
        check("深い呼び出し", 8, "深…出し");
        check("a\nb", 9, "a\u{fffd}b");
    }

    #[test]
    fn long_texts_are_cut_between_characters() {
        assert_eq!(short("ééé", 2), "éé...");
        assert_eq!(short("éé", 2), "éé");
        assert_eq!(short("a\nb", 9), "a\u{fffd}b");
    }

    proptest::proptest! {
        #[test]
        fn nothing_is_wider_than_its_room(text in ".{0,60}", room in 3_usize..40) {
            proptest::prop_assert!(columns(&fitting(&text, room)) <= room);
            let mut pushed = String::new();
            proptest::prop_assert!(push_fitting(&mut pushed, &text, room) <= room);
        }
    }
}
