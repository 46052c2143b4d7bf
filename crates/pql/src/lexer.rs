//! Tokens of a selector. Names take colons outside braces only, so the parser says where it is.

use crate::match_op::MatchOp;
use crate::{ParseError, strings};

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Token<'a> {
    Name(&'a str),
    Text(String),
    Op(MatchOp),
    OpenBrace,
    CloseBrace,
    Comma,
    Other(char),
    End,
}

impl Token<'_> {
    /// For "found ..." in a message.
    pub(crate) fn describe(&self) -> String {
        match self {
            Token::Name(name) => format!("`{}`", clipped(name)),
            Token::Text(_) => "a string".to_owned(),
            Token::Op(op) => format!("`{op}`"),
            Token::OpenBrace => "`{`".to_owned(),
            Token::CloseBrace => "`}`".to_owned(),
            Token::Comma => "`,`".to_owned(),
            Token::Other(c) if c.is_control() => format!("`{}`", c.escape_default()),
            Token::Other(c) => format!("`{c}`"),
            Token::End => "the end".to_owned(),
        }
    }
}

fn clipped(name: &str) -> String {
    match name.char_indices().nth(40) {
        Some((cut, _)) => format!("{}...", &name[..cut]),
        None => name.to_owned(),
    }
}

/// A token and the byte position of its first character.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Spanned<'a> {
    pub(crate) token: Token<'a>,
    pub(crate) at: usize,
}

pub(crate) struct Lexer<'a> {
    source: &'a str,
    at: usize,
}

impl<'a> Lexer<'a> {
    pub(crate) fn new(source: &'a str) -> Self {
        Self { source, at: 0 }
    }

    /// The next token outside braces: names are metric names (`[a-zA-Z_:][a-zA-Z0-9_:]*`).
    pub(crate) fn next_outside(&mut self) -> Result<Spanned<'a>, ParseError> {
        self.next(|c| is_label_char(c) || c == ':')
    }

    /// The next token inside braces: names are label names (`[a-zA-Z_][a-zA-Z0-9_]*`).
    pub(crate) fn next_inside(&mut self) -> Result<Spanned<'a>, ParseError> {
        self.next(is_label_char)
    }

    pub(crate) fn error(&self, at: usize, message: impl Into<String>) -> ParseError {
        ParseError::new(self.source, at, message)
    }

    fn next(&mut self, in_name: fn(char) -> bool) -> Result<Spanned<'a>, ParseError> {
        self.skip_blank();
        let at = self.at;
        let rest = &self.source[at..];
        let Some(first) = rest.chars().next() else {
            return Ok(Spanned { token: Token::End, at });
        };
        let (token, length) = match first {
            '{' => (Token::OpenBrace, 1),
            '}' => (Token::CloseBrace, 1),
            ',' => (Token::Comma, 1),
            '=' if rest.starts_with("=~") => (Token::Op(MatchOp::Matches), 2),
            '=' => (Token::Op(MatchOp::Equal), 1),
            '!' if rest.starts_with("!=") => (Token::Op(MatchOp::NotEqual), 2),
            '!' if rest.starts_with("!~") => (Token::Op(MatchOp::NotMatches), 2),
            '"' | '\'' | '`' => {
                let (text, length) =
                    strings::read(rest).map_err(|fault| self.error(at + fault.at, fault.message))?;
                (Token::Text(text), length)
            }
            c if in_name(c) && !c.is_ascii_digit() => {
                let length = rest.find(|c| !in_name(c)).unwrap_or(rest.len());
                (Token::Name(&rest[..length]), length)
            }
            c => (Token::Other(c), c.len_utf8()),
        };
        self.at += length;
        Ok(Spanned { token, at })
    }

    /// Skips white space and comments, which end at a line end of either kind.
    fn skip_blank(&mut self) {
        loop {
            let rest = self.source[self.at..].trim_start_matches([' ', '\t', '\n', '\r']);
            self.at = self.source.len() - rest.len();
            if !rest.starts_with('#') {
                return;
            }
            self.at += rest.find(['\n', '\r']).unwrap_or(rest.len());
        }
    }
}

fn is_label_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}
