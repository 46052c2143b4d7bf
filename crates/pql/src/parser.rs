//! Recursive descent over the grammar shown at [`Selector`]. There is no nesting, so no depth limit.

use std::str::FromStr;

use crate::lexer::{Lexer, Spanned, Token};
use crate::print::is_reserved;
use crate::{MAX_INPUT_BYTES, MatchOp, Matcher, NAME_LABEL, ParseError, Query, QueryError, Selector};

impl FromStr for Selector {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        Parser::new(text)?.selector()
    }
}

/// Reads matchers without braces, comma-separated: `job="api", pod!=""`. None at all is fine.
///
/// # Errors
/// Where the text is something else, with the place.
pub fn parse_matchers(text: &str) -> Result<Vec<Matcher>, ParseError> {
    let entries = Parser::new(text)?.entries(&Token::End)?;
    Ok(entries.into_iter().map(|entry| entry.matcher).collect())
}

impl FromStr for Matcher {
    type Err = ParseError;

    /// Reads one matcher without braces: `job="api"`.
    fn from_str(text: &str) -> Result<Self, ParseError> {
        let mut parser = Parser::new(text)?;
        let first = parser.lexer.next_inside()?;
        let entry = parser.entry(first)?;
        parser.expect_end()?;
        Ok(entry.matcher)
    }
}

impl FromStr for Query {
    type Err = QueryError;

    fn from_str(text: &str) -> Result<Self, QueryError> {
        text.parse::<Selector>()?.try_into()
    }
}

struct Parser<'a> {
    lexer: Lexer<'a>,
    /// A token that was looked at and is still to be read.
    ahead: Option<Spanned<'a>>,
}

/// One part of the list in braces. A quoted name is kept as the equality that it means.
struct Entry {
    matcher: Matcher,
    quoted_name: bool,
}

impl<'a> Parser<'a> {
    fn new(text: &'a str) -> Result<Self, ParseError> {
        if text.len() > MAX_INPUT_BYTES {
            let message = format!("expected at most {MAX_INPUT_BYTES} bytes, found {}", text.len());
            return Err(ParseError::new(text, MAX_INPUT_BYTES, message));
        }
        Ok(Self { lexer: Lexer::new(text), ahead: None })
    }

    fn selector(mut self) -> Result<Selector, ParseError> {
        let first = self.lexer.next_outside()?;
        let (name, open) = match first.token {
            Token::Name(name) if is_reserved(name) => {
                return Err(self.lexer.error(first.at, format!("expected a name, found the word `{name}`")));
            }
            Token::Name(name) => (Some(name.to_owned()), self.lexer.next_outside()?),
            _ => (None, first),
        };
        let entries = match (&open.token, &name) {
            (Token::OpenBrace, _) => {
                let entries = self.entries(&Token::CloseBrace)?;
                self.expect_end()?;
                entries
            }
            (Token::End, Some(_)) => Vec::new(),
            (_, Some(_)) => return Err(self.unexpected("`{` or the end", &open)),
            (_, None) => return Err(self.unexpected("a profile type or `{`", &open)),
        };
        Ok(lift_name(name, entries))
    }

    /// Entries up to `close`, which is read as well.
    fn entries(&mut self, close: &Token<'_>) -> Result<Vec<Entry>, ParseError> {
        let mut entries = Vec::new();
        loop {
            let next = self.next()?;
            if next.token == *close {
                return Ok(entries);
            }
            entries.push(self.entry(next)?);
            let next = self.next()?;
            if next.token == *close {
                return Ok(entries);
            }
            if next.token != Token::Comma {
                return Err(self.unexpected(&format!("`,` or {}", close.describe()), &next));
            }
        }
    }

    fn entry(&mut self, first: Spanned<'a>) -> Result<Entry, ParseError> {
        let (name, quoted) = match first.token {
            Token::Name(name) => (name.to_owned(), false),
            Token::Text(text) => (text, true),
            _ => return Err(self.unexpected("a label name", &first)),
        };
        let op = self.next()?;
        match op.token {
            Token::Op(op) => self.comparison(name, op),
            _ if quoted => {
                self.ahead = Some(op);
                Ok(Entry { matcher: Matcher::equal(NAME_LABEL, name), quoted_name: true })
            }
            _ => Err(self.unexpected("one of `=`, `!=`, `=~`, `!~`", &op)),
        }
    }

    fn comparison(&mut self, name: String, op: MatchOp) -> Result<Entry, ParseError> {
        let value = self.next()?;
        let Token::Text(text) = value.token else {
            return Err(self.unexpected("a quoted value", &value));
        };
        let matcher =
            Matcher::new(name, op, text).map_err(|error| self.lexer.error(value.at, error.to_string()))?;
        Ok(Entry { matcher, quoted_name: false })
    }

    fn next(&mut self) -> Result<Spanned<'a>, ParseError> {
        match self.ahead.take() {
            Some(token) => Ok(token),
            None => self.lexer.next_inside(),
        }
    }

    fn expect_end(&mut self) -> Result<(), ParseError> {
        let next = self.next()?;
        if next.token == Token::End { Ok(()) } else { Err(self.unexpected("the end", &next)) }
    }

    fn unexpected(&self, expected: &str, found: &Spanned<'_>) -> ParseError {
        self.lexer.error(found.at, format!("expected {expected}, found {}", found.token.describe()))
    }
}

/// A quoted name is the metric name if the server would let it win.
fn lift_name(outside: Option<String>, mut entries: Vec<Entry>) -> Selector {
    let last = entries.iter().rposition(|entry| entry.matcher.name() == NAME_LABEL);
    let inside = match last {
        Some(last) if outside.is_none() && entries[last].quoted_name => Some(entries.remove(last)),
        _ => None,
    };
    Selector {
        metric_name: outside.or_else(|| inside.map(|entry| entry.matcher.value().to_owned())),
        matchers: entries.into_iter().map(|entry| entry.matcher).collect(),
    }
}
