//! How many columns a terminal gives to a character; coarse on purpose, it only places a caret.

/// Blank text as wide as `text`: tabs stay tabs, so they end at the same stop.
pub(crate) fn padding(text: &str) -> String {
    let mut padding = String::new();
    for c in text.chars() {
        match c {
            '\t' => padding.push('\t'),
            _ => padding.extend(std::iter::repeat_n(' ', columns(c))),
        }
    }
    padding
}

fn columns(c: char) -> usize {
    let within =
        |ranges: &[(u32, u32)]| ranges.iter().any(|&(first, last)| (first..=last).contains(&u32::from(c)));
    match () {
        () if within(ZERO) => 0,
        () if within(WIDE) => 2,
        () => 1,
    }
}

/// Combining marks, joiners and variation selectors.
const ZERO: &[(u32, u32)] = &[
    (0x0300, 0x036f),
    (0x0483, 0x0489),
    (0x0591, 0x05bd),
    (0x0610, 0x061a),
    (0x064b, 0x065f),
    (0x1ab0, 0x1aff),
    (0x1dc0, 0x1dff),
    (0x200b, 0x200f),
    (0x20d0, 0x20ff),
    (0xfe00, 0xfe0f),
    (0xfe20, 0xfe2f),
    (0xfeff, 0xfeff),
    (0xe0100, 0xe01ef),
];

/// East Asian wide and full-width blocks, and emoji.
const WIDE: &[(u32, u32)] = &[
    (0x1100, 0x115f),
    (0x2e80, 0x303e),
    (0x3041, 0x33ff),
    (0x3400, 0x4dbf),
    (0x4e00, 0x9fff),
    (0xa000, 0xa4cf),
    (0xa960, 0xa97f),
    (0xac00, 0xd7a3),
    (0xf900, 0xfaff),
    (0xfe30, 0xfe6f),
    (0xff00, 0xff60),
    (0xffe0, 0xffe6),
    (0x1f300, 0x1f64f),
    (0x1f680, 0x1f6ff),
    (0x1f900, 0x1f9ff),
    (0x20000, 0x3fffd),
];
