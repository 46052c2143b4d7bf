//! The parser, rule by rule as Go 1.26's `regexp/syntax` with the flags of `regexp.Compile` (Perl).

use crate::ast::{Anchor, Node};
use crate::class::{self, Class, Item};
use crate::{Error, ErrorKind, names};

/// A pattern that Go takes.
pub(crate) struct Parsed {
    pub(crate) node: Node,
    /// The names of groups by number; that of the whole match is first.
    pub(crate) names: Vec<Option<String>>,
    /// How many groups are open at most.
    pub(crate) depth: usize,
}

/// The longest pattern, in bytes.
const MAX_BYTES: usize = 64 << 10;
/// Go's limits.
const MAX_DEPTH: usize = 1000;
const MAX_REPEAT: u32 = 1000;

#[derive(Clone, Copy, Default)]
struct Flags {
    fold: bool,
    multi_line: bool,
    dot_newline: bool,
    ungreedy: bool,
}

/// A group that is open.
struct Open {
    flags: Flags,
    /// The number of the group, if it counts.
    capture: Option<usize>,
    branches: Vec<Node>,
    branch: Vec<Node>,
}

struct Parser<'a> {
    pattern: &'a str,
    at: usize,
    flags: Flags,
    names: Vec<Option<String>>,
    open: Vec<Open>,
    depth: usize,
}

pub(crate) fn parse(pattern: &str) -> Result<Parsed, Error> {
    if pattern.len() > MAX_BYTES {
        return Err(Error::new(ErrorKind::Large, pattern));
    }
    let outermost = Open { flags: Flags::default(), capture: None, branches: Vec::new(), branch: Vec::new() };
    let mut parser = Parser {
        pattern,
        at: 0,
        flags: Flags::default(),
        names: vec![None],
        open: vec![outermost],
        depth: 0,
    };
    parser.all()?;
    if parser.open.len() > 1 {
        return Err(Error::new(ErrorKind::MissingParen, pattern));
    }
    let Open { branches, branch, .. } = parser.open.remove(0);
    Ok(Parsed { node: closed(branches, branch), names: parser.names, depth: parser.depth })
}

fn closed(mut branches: Vec<Node>, branch: Vec<Node>) -> Node {
    branches.push(Node::concat(branch));
    Node::alternate(branches)
}

impl<'a> Parser<'a> {
    fn all(&mut self) -> Result<(), Error> {
        // Where the last token began, if it was a repetition: two in a row are a mistake.
        let mut last_repeat: Option<usize> = None;
        while let Some(c) = self.peek() {
            let start = self.at;
            let mut repeat = None;
            match c {
                '(' => self.open_group()?,
                ')' => self.close_group()?,
                '|' => self.next_branch(),
                '^' if self.flags.multi_line => self.token(Node::Anchor(Anchor::LineStart)),
                '^' => self.token(Node::Anchor(Anchor::TextStart)),
                '$' if self.flags.multi_line => self.token(Node::Anchor(Anchor::LineEnd)),
                '$' => self.token(Node::Anchor(Anchor::TextEnd)),
                '.' => self.token(Node::Any { newline: self.flags.dot_newline }),
                '[' => self.bracket()?,
                '*' | '+' | '?' => {
                    let (min, max) = match c {
                        '*' => (0, None),
                        '+' => (1, None),
                        _ => (0, Some(1)),
                    };
                    self.at += 1;
                    self.repeat(min, max, false, start, last_repeat)?;
                    repeat = Some(start);
                }
                '{' => match self.braces() {
                    None => self.token(Node::Literal { c, fold: self.flags.fold }),
                    Some((min, max, end)) => {
                        self.at = end;
                        if min > MAX_REPEAT || max.is_some_and(|max| max > MAX_REPEAT || max < min) {
                            return Err(Error::new(ErrorKind::InvalidRepeatSize, &self.pattern[start..end]));
                        }
                        self.repeat(min, max, true, start, last_repeat)?;
                        repeat = Some(start);
                    }
                },
                '\\' => self.escape()?,
                c => self.token(Node::Literal { c, fold: self.flags.fold }),
            }
            last_repeat = repeat;
        }
        Ok(())
    }

    fn rest(&self) -> &'a str {
        &self.pattern[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn innermost(&mut self) -> &mut Open {
        self.open.last_mut().expect("the outermost group is never closed")
    }

    fn push(&mut self, node: Node) {
        self.innermost().branch.push(node);
    }

    /// A node of one character.
    fn token(&mut self, node: Node) {
        self.at += self.peek().map_or(0, char::len_utf8);
        self.push(node);
    }

    fn next_branch(&mut self) {
        self.at += 1;
        let open = self.innermost();
        let branch = std::mem::take(&mut open.branch);
        open.branches.push(Node::concat(branch));
    }

    fn close_group(&mut self) -> Result<(), Error> {
        if self.open.len() == 1 {
            return Err(Error::new(ErrorKind::UnexpectedParen, self.pattern));
        }
        self.at += 1;
        let Open { flags, capture, branches, branch } = self.open.pop().expect("more than one is open");
        self.flags = flags;
        let inner = closed(branches, branch);
        self.push(match capture {
            Some(number) => Node::Capture { name: self.names[number].clone(), inner: Box::new(inner) },
            // One node, however many there are inside: what repeats it repeats all of them.
            None => Node::Concat(vec![inner]),
        });
        Ok(())
    }

    fn open_group(&mut self) -> Result<(), Error> {
        if self.open.len() > MAX_DEPTH {
            return Err(Error::new(ErrorKind::NestingDepth, self.pattern));
        }
        if self.rest().starts_with("(?") {
            return self.perl_group();
        }
        self.at += 1;
        self.begin(Some(None), self.flags);
        Ok(())
    }

    /// Opens a group; `capture` is its name if it counts.
    fn begin(&mut self, capture: Option<Option<String>>, outer: Flags) {
        let capture = capture.map(|name| {
            self.names.push(name);
            self.names.len() - 1
        });
        self.open.push(Open { flags: outer, capture, branches: Vec::new(), branch: Vec::new() });
        self.depth = self.depth.max(self.open.len());
    }

    /// `(?P<name>`, `(?<name>`, `(?flags)`, `(?flags:`.
    fn perl_group(&mut self) -> Result<(), Error> {
        let rest = self.rest();
        let named = ["(?P<", "(?<"].into_iter().find(|start| rest.starts_with(start));
        if let Some(start) = named {
            return self.named_group(start.len());
        }
        let outer = self.flags;
        let (mut flags, mut negative, mut seen) = (outer, false, false);
        for (at, c) in rest.char_indices().skip(2) {
            match c {
                'i' => (flags.fold, seen) = (!negative, true),
                'm' => (flags.multi_line, seen) = (!negative, true),
                's' => (flags.dot_newline, seen) = (!negative, true),
                'U' => (flags.ungreedy, seen) = (!negative, true),
                '-' if !negative => (negative, seen) = (true, false),
                ':' | ')' if !negative || seen => {
                    self.at += at + 1;
                    self.flags = flags;
                    if c == ':' {
                        self.begin(None, outer);
                    }
                    return Ok(());
                }
                c => return Err(Error::new(ErrorKind::InvalidPerlOp, &rest[..at + c.len_utf8()])),
            }
        }
        Err(Error::new(ErrorKind::MissingParen, self.pattern))
    }

    fn named_group(&mut self, start: usize) -> Result<(), Error> {
        let rest = self.rest();
        let Some(end) = rest.find('>') else {
            return Err(Error::new(ErrorKind::InvalidNamedCapture, rest));
        };
        let (capture, name) = (&rest[..=end], &rest[start..end]);
        let is_name =
            !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        if !is_name {
            return Err(Error::new(ErrorKind::InvalidNamedCapture, capture));
        }
        self.at += end + 1;
        self.begin(Some(Some(name.to_owned())), self.flags);
        Ok(())
    }

    fn repeat(
        &mut self,
        min: u32,
        max: Option<u32>,
        braces: bool,
        start: usize,
        last_repeat: Option<usize>,
    ) -> Result<(), Error> {
        let operator = self.at;
        let lazy = self.peek() == Some('?');
        if lazy {
            self.at += 1;
        }
        if let Some(last) = last_repeat {
            return Err(Error::new(ErrorKind::InvalidRepeatOp, &self.pattern[last..self.at]));
        }
        let greedy = lazy == self.flags.ungreedy;
        let Some(inner) = self.innermost().branch.pop() else {
            return Err(Error::new(ErrorKind::MissingRepeatArgument, &self.pattern[start..operator]));
        };
        let node = Node::Repeat { inner: Box::new(inner), min, max, greedy, braces };
        if braces && (min >= 2 || max.is_some_and(|max| max >= 2)) && !node.repeats_at_most(MAX_REPEAT) {
            return Err(Error::new(ErrorKind::InvalidRepeatSize, &self.pattern[start..operator]));
        }
        self.push(node);
        Ok(())
    }

    /// `{2}`, `{2,}`, `{2,3}` and where it ends; anything else is no repetition. Numbers above the limit come
    /// as one above it.
    fn braces(&self) -> Option<(u32, Option<u32>, usize)> {
        let end = self.rest().find('}')?;
        let inner = &self.rest()[1..end];
        let (min, max) = match inner.split_once(',') {
            None => (number(inner)?, Some(number(inner)?)),
            Some((min, "")) => (number(min)?, None),
            Some((min, max)) => (number(min)?, Some(number(max)?)),
        };
        Some((min, max, self.at + end + 1))
    }

    fn escape(&mut self) -> Result<(), Error> {
        let second = self.rest().chars().nth(1);
        let anchor = match second {
            Some('A') => Some(Anchor::TextStart),
            Some('z') => Some(Anchor::TextEnd),
            Some('b') => Some(Anchor::WordBoundary),
            Some('B') => Some(Anchor::NotWordBoundary),
            _ => None,
        };
        if let Some(anchor) = anchor {
            self.at += 2;
            self.push(Node::Anchor(anchor));
            return Ok(());
        }
        if second == Some('Q') {
            self.at += 2;
            self.quoted();
            return Ok(());
        }
        let fold = self.flags.fold;
        if let Some(item) = self.set_escape()? {
            self.push(Node::Class { class: Class::of(item), fold });
            return Ok(());
        }
        let c = self.character_escape()?;
        self.push(match char::from_u32(c) {
            Some(c) => Node::Literal { c, fold },
            None => Node::Class { class: Class::of(Item::Range(c, c)), fold },
        });
        Ok(())
    }

    /// Literal text up to `\E` or the end.
    fn quoted(&mut self) {
        let text = self.rest();
        let (text, skip) = text.split_once(r"\E").map_or((text, 0), |(text, _)| (text, 2));
        for c in text.chars() {
            self.push(Node::Literal { c, fold: self.flags.fold });
        }
        self.at += text.len() + skip;
    }

    /// `\d`, `\pL`, `\p{Greek}`, if there is one of them.
    fn set_escape(&mut self) -> Result<Option<Item>, Error> {
        let mut rest = self.rest().chars().skip(1);
        let Some(letter) = rest.next() else { return Ok(None) };
        if let Some(item) = class::perl(letter) {
            self.at += 2;
            return Ok(Some(item));
        }
        if !matches!(letter, 'p' | 'P') {
            return Ok(None);
        }
        let text = self.rest();
        let wrong = |fragment: &str| Error::new(ErrorKind::InvalidCharRange, fragment);
        let (whole, name) = match rest.next() {
            None => return Err(wrong(text)),
            Some('{') => {
                let end = text.find('}').ok_or_else(|| wrong(text))?;
                (&text[..=end], &text[3..end])
            }
            Some(c) => (&text[..2 + c.len_utf8()], &text[2..2 + c.len_utf8()]),
        };
        let (inverted, bare) = name.strip_prefix('^').map_or((false, name), |bare| (true, bare));
        let name = names::engine_name(bare).ok_or_else(|| wrong(whole))?;
        self.at += whole.len();
        Ok(Some(Item::Unicode { name, negated: (letter == 'P') != inverted }))
    }

    /// The code point of an escape that stands for one character.
    fn character_escape(&mut self) -> Result<u32, Error> {
        let text = self.rest();
        let Some(c) = text.chars().nth(1) else { return Err(Error::new(ErrorKind::TrailingBackslash, "")) };
        let end = 1 + c.len_utf8();
        let wrong = |end: usize| Error::new(ErrorKind::InvalidEscape, &text[..end]);
        let (code, length) = match c {
            '1'..='7' if !text[end..].starts_with(|c| matches!(c, '0'..='7')) => return Err(wrong(end)),
            '0'..='7' => octal(text),
            'x' => hexadecimal(text).ok_or_else(|| {
                // As far as Go reads before it gives up.
                let at = if text.starts_with(r"\x{}") { 4 } else { 3 };
                wrong(text.char_indices().nth(at).map_or(text.len(), |(at, _)| at))
            })?,
            'a' => (7, end),
            'f' => (12, end),
            'n' => (10, end),
            'r' => (13, end),
            't' => (9, end),
            'v' => (11, end),
            c if c.is_ascii() && !c.is_ascii_alphanumeric() => (u32::from(c), end),
            _ => return Err(wrong(end)),
        };
        self.at += length;
        Ok(code)
    }

    fn bracket(&mut self) -> Result<(), Error> {
        let whole = self.rest();
        self.at += 1;
        let mut class = Class { negated: self.rest().starts_with('^'), items: Vec::new() };
        self.at += usize::from(class.negated);
        let mut first = true;
        while first || !self.rest().starts_with(']') {
            first = false;
            if self.rest().is_empty() {
                return Err(Error::new(ErrorKind::MissingBracket, whole));
            }
            if let Some(item) = self.posix_set()? {
                class.items.push(item);
                continue;
            }
            if self.rest().starts_with('\\')
                && let Some(item) = self.set_escape()?
            {
                class.items.push(item);
                continue;
            }
            class.items.push(self.range(whole)?);
        }
        self.at += 1;
        self.push(Node::Class { class, fold: self.flags.fold });
        Ok(())
    }

    /// `[:alpha:]`; without a `:]` it is a bracket like others.
    fn posix_set(&mut self) -> Result<Option<Item>, Error> {
        let Some(inner) = self.rest().strip_prefix("[:") else { return Ok(None) };
        let Some(end) = inner.find(":]") else { return Ok(None) };
        let whole = &self.rest()[..end + 4];
        let item =
            class::posix(&inner[..end]).ok_or_else(|| Error::new(ErrorKind::InvalidCharRange, whole))?;
        self.at += whole.len();
        Ok(Some(item))
    }

    /// One character, or two with a dash between them.
    fn range(&mut self, whole: &str) -> Result<Item, Error> {
        let start = self.at;
        let first = self.member(whole)?;
        let mut last = first;
        let rest = self.rest();
        if rest.len() >= 2 && rest.starts_with('-') && !rest.starts_with("-]") {
            self.at += 1;
            last = self.member(whole)?;
        }
        if last < first {
            return Err(Error::new(ErrorKind::InvalidCharRange, &self.pattern[start..self.at]));
        }
        Ok(Item::Range(first, last))
    }

    fn member(&mut self, whole: &str) -> Result<u32, Error> {
        match self.peek() {
            None => Err(Error::new(ErrorKind::MissingBracket, whole)),
            Some('\\') => self.character_escape(),
            Some(c) => {
                self.at += c.len_utf8();
                Ok(u32::from(c))
            }
        }
    }
}

/// Digits without a leading zero; what is above the limit comes as one above it.
fn number(text: &str) -> Option<u32> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits || (text.len() > 1 && text.starts_with('0')) {
        return None;
    }
    Some(text.parse().unwrap_or(u32::MAX).min(MAX_REPEAT + 1))
}

/// `\0`, `\07`, `\123`: the code and the length of the escape.
fn octal(text: &str) -> (u32, usize) {
    let digits = text.bytes().skip(1).take(3).take_while(|byte| matches!(byte, b'0'..=b'7'));
    digits.fold((0, 1), |(code, length), digit| (code * 8 + u32::from(digit - b'0'), length + 1))
}

/// `\x41`, `\x{1F600}`: the code and the length of the escape.
fn hexadecimal(text: &str) -> Option<(u32, usize)> {
    let digits = |text: &str| {
        let valid = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        valid.then(|| u32::from_str_radix(text, 16).ok()).flatten().filter(|code| *code <= 0x10_ffff)
    };
    match text.get(2..3) {
        Some("{") => {
            let end = text.find('}')?;
            Some((digits(&text[3..end])?, end + 1))
        }
        _ => Some((digits(text.get(2..4)?)?, 4)),
    }
}
