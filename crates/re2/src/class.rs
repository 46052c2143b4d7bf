//! Sets of characters.

/// A set in brackets.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Class {
    pub(crate) negated: bool,
    pub(crate) items: Vec<Item>,
}

/// A part of a set.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Item {
    /// Code points from the first to the last, surrogates possible.
    Range(u32, u32),
    /// `\d`, `[:alpha:]` and their like: ranges of ASCII, or all but those.
    Ascii { ranges: &'static [(u8, u8)], negated: bool },
    /// A Unicode category or script by the engine's name; an empty name is the empty set.
    Unicode { name: String, negated: bool },
}

impl Class {
    pub(crate) fn of(item: Item) -> Self {
        Self { negated: false, items: vec![item] }
    }
}

const DIGIT: &[(u8, u8)] = &[(b'0', b'9')];
const WORD: &[(u8, u8)] = &[(b'0', b'9'), (b'A', b'Z'), (b'_', b'_'), (b'a', b'z')];
/// Go's `\s` has no vertical tab, unlike `[:space:]`.
const SPACE: &[(u8, u8)] = &[(b'\t', b'\n'), (0x0c, b'\r'), (b' ', b' ')];

/// `\d` and its like, by the letter.
pub(crate) fn perl(letter: char) -> Option<Item> {
    let ranges = match letter.to_ascii_lowercase() {
        'd' => DIGIT,
        's' => SPACE,
        'w' => WORD,
        _ => return None,
    };
    Some(Item::Ascii { ranges, negated: letter.is_ascii_uppercase() })
}

/// `[:alpha:]` and its like, by the name between the colons, `^` included.
pub(crate) fn posix(name: &str) -> Option<Item> {
    let (negated, name) = name.strip_prefix('^').map_or((false, name), |rest| (true, rest));
    let ranges: &'static [(u8, u8)] = match name {
        "alnum" => &[(b'0', b'9'), (b'A', b'Z'), (b'a', b'z')],
        "alpha" => &[(b'A', b'Z'), (b'a', b'z')],
        "ascii" => &[(0, 0x7f)],
        "blank" => &[(b'\t', b'\t'), (b' ', b' ')],
        "cntrl" => &[(0, 0x1f), (0x7f, 0x7f)],
        "digit" => DIGIT,
        "graph" => &[(b'!', b'~')],
        "lower" => &[(b'a', b'z')],
        "print" => &[(b' ', b'~')],
        "punct" => &[(b'!', b'/'), (b':', b'@'), (b'[', b'`'), (b'{', b'~')],
        "space" => &[(b'\t', b'\r'), (b' ', b' ')],
        "upper" => &[(b'A', b'Z')],
        "word" => WORD,
        "xdigit" => &[(b'0', b'9'), (b'A', b'F'), (b'a', b'f')],
        _ => return None,
    };
    Some(Item::Ascii { ranges, negated })
}
