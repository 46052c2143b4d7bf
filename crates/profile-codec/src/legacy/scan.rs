//! Pieces of lines: numbers with words between them.

/// What is left of a line.
#[derive(Clone, Copy)]
pub(super) struct Scan<'a>(pub(super) &'a str);

impl<'a> Scan<'a> {
    pub(super) fn spaces(self) -> Self {
        Self(self.0.trim_start_matches(' '))
    }

    /// What follows `word`, or nothing if the line goes on otherwise.
    pub(super) fn word(self, word: &str) -> Option<Self> {
        self.0.strip_prefix(word).map(Self)
    }

    /// A whole number, with a minus sign where `signed`.
    pub(super) fn number(self, signed: bool) -> Option<(i64, Self)> {
        let sign = usize::from(signed && self.0.starts_with('-'));
        let digits = self.0[sign..].bytes().take_while(u8::is_ascii_digit).count();
        let (text, rest) = self.0.split_at(sign + digits);
        Some((text.parse().ok()?, Self(rest)))
    }

    /// Where a number starts that has no digit before it, from here on.
    pub(super) fn starts_of_numbers(self) -> impl Iterator<Item = Self> {
        let bytes = self.0.as_bytes();
        let is_start = move |at: &usize| {
            let before = at.checked_sub(1).map(|before| bytes[before]);
            match bytes[*at] {
                b'-' => bytes.get(at + 1).is_some_and(u8::is_ascii_digit),
                digit => digit.is_ascii_digit() && !before.is_some_and(|b| b.is_ascii_digit() || b == b'-'),
            }
        };
        (0..bytes.len()).filter(is_start).map(move |at| Self(&self.0[at..]))
    }
}

/// The numbers written as `0x…` among blanks and other numbers, up to the first other byte.
/// `None` if one of them has more than 64 bits.
pub(super) fn addresses(text: &str) -> Option<Vec<u64>> {
    let end = text.bytes().take_while(|byte| matches!(byte, b' ' | b'x' | b'0'..=b'9' | b'a'..=b'f')).count();
    all_addresses(&text[..end])
}

/// All numbers written as `0x…` in a line, whatever is between them.
pub(super) fn all_addresses(text: &str) -> Option<Vec<u64>> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find("0x") {
        rest = &rest[at + 2..];
        let digits = rest.bytes().take_while(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')).count();
        if digits > 0 {
            found.push(u64::from_str_radix(&rest[..digits], 16).ok()?);
        }
        rest = &rest[digits..];
    }
    Some(found)
}

/// Whether a line says nothing.
pub(super) fn is_blank_or_comment(line: &str) -> bool {
    let line = line.trim();
    line.is_empty() || line.starts_with('#')
}
