//! Names from outside, made safe to show.

/// The text without what would act on a terminal or turn the direction of writing.
pub fn plain(text: &str) -> String {
    text.chars().map(|c| if is_unprintable(c) { '\u{fffd}' } else { c }).collect()
}

fn is_unprintable(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200e}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// The text in so many columns at most, with `…` where some of its middle is missing: the ends of
/// qualified names say most.
pub(crate) fn fitting(text: &str, columns: usize) -> String {
    let count = text.chars().count();
    if count <= columns || columns < 3 {
        return text.to_owned();
    }
    let tail = (columns - 1) * 2 / 3;
    let head = columns - 1 - tail;
    let start: String = text.chars().take(head).collect();
    let end: String = text.chars().skip(count - tail).collect();
    format!("{start}…{end}")
}
