use std::fmt;

/// Why a text is no regular expression, in the words of Go's `regexp/syntax`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Error {
    /// What kind of mistake it is.
    pub kind: ErrorKind,
    /// The piece of the pattern that is wrong; empty where it is all of it.
    pub fragment: String,
}

/// The kinds of mistakes in a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// `[b-a]`, `\p{Nothing}`.
    InvalidCharRange,
    /// `\8`, `\Z`, `\é`.
    InvalidEscape,
    /// `(?P<a`, `(?P<a-b>x)`.
    InvalidNamedCapture,
    /// `(?x)`.
    InvalidPerlOp,
    /// `a**`.
    InvalidRepeatOp,
    /// `a{1001}`.
    InvalidRepeatSize,
    /// `*a`.
    MissingRepeatArgument,
    /// `[a`.
    MissingBracket,
    /// `(a`.
    MissingParen,
    /// `a)`.
    UnexpectedParen,
    /// `a\`.
    TrailingBackslash,
    /// More than a thousand groups inside each other.
    NestingDepth,
    /// A pattern of more than 64 KiB, or one that needs more memory than the engine is given.
    Large,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, fragment: &str) -> Self {
        Self { kind, fragment: fragment.chars().take(MAX_FRAGMENT).collect() }
    }
}

/// The longest piece of a pattern that an error repeats, in characters.
const MAX_FRAGMENT: usize = 128;

impl ErrorKind {
    fn words(self) -> &'static str {
        match self {
            Self::InvalidCharRange => "invalid character class range",
            Self::InvalidEscape => "invalid escape sequence",
            Self::InvalidNamedCapture => "invalid named capture",
            Self::InvalidPerlOp => "invalid or unsupported Perl syntax",
            Self::InvalidRepeatOp => "invalid nested repetition operator",
            Self::InvalidRepeatSize => "invalid repeat count",
            Self::MissingRepeatArgument => "missing argument to repetition operator",
            Self::MissingBracket => "missing closing ]",
            Self::MissingParen => "missing closing )",
            Self::UnexpectedParen => "unexpected )",
            Self::TrailingBackslash => "trailing backslash at end of expression",
            Self::NestingDepth => "expression nests too deeply",
            Self::Large => "expression too large",
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error parsing regexp: {}: `{}`", self.kind.words(), self.fragment)
    }
}
