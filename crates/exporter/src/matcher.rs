//! Which functions are meant.

use std::fmt;

use re2::Regex;

/// A condition on a function, and maybe on the stacks that count for it. All of its parts must hold.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Matcher {
    /// What is looked at.
    pub on: Field,
    /// What must hold for it; none: anything does.
    pub text: Option<TextMatch>,
    /// None of these may match the function. Their `stack` is not looked at and must not be set.
    pub not: Vec<Matcher>,
    /// Only stacks that this matches somewhere count: function names root first, joined by `;`. A query
    /// can have 63 different ones; for those after them no stack counts.
    pub stack: Option<Pattern>,
}

/// How many stack patterns a query can have: one bit each, beside that for all stacks.
pub(crate) const MAX_STACK_PATTERNS: usize = 63;

/// What a matcher looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Field {
    /// The function's name.
    #[default]
    Function,
    /// The name the linker knows the function by.
    SystemName,
    /// The source file's path.
    File,
    /// The binary's path.
    Binary,
}

/// A condition on a text; upper and lower case differ.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum TextMatch {
    /// The name holds this text.
    Contains(String),
    /// The name is this text.
    Equals(String),
    /// The name starts with this text.
    Prefix(String),
    /// The name ends with this text.
    Suffix(String),
    /// A pattern that matches somewhere in the text.
    Regex(Pattern),
    /// All of it matches a pattern of `*` (anything), `?` (one character) and other characters.
    Glob(Pattern),
}

/// A compiled regular expression, equal to another one of the same text.
#[derive(Clone)]
pub struct Pattern {
    text: String,
    regex: Regex,
}

/// A text that is no regular expression.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a regular expression, found `{text}`: {reason}")]
pub struct PatternError {
    text: String,
    reason: String,
}

impl Pattern {
    /// A regular expression as Go reads it (RE2), which matches somewhere.
    pub fn regex(text: &str) -> Result<Self, PatternError> {
        Self::compile(text, text)
    }

    /// A glob: `*` is anything, `?` one character, everything else itself.
    pub fn glob(text: &str) -> Result<Self, PatternError> {
        let mut regex = String::from("(?s)^");
        for character in text.chars() {
            match character {
                '*' => regex.push_str(".*"),
                '?' => regex.push('.'),
                other => {
                    if r"\.+()|[]{}^$".contains(other) {
                        regex.push('\\');
                    }
                    regex.push(other);
                }
            }
        }
        regex.push('$');
        Self::compile(text, &regex)
    }

    fn compile(text: &str, regex: &str) -> Result<Self, PatternError> {
        match Regex::new(regex) {
            Ok(regex) => Ok(Self { text: text.to_owned(), regex }),
            Err(error) => {
                let reason = error.to_string();
                let reason = reason.trim_start_matches("error parsing regexp: ").to_owned();
                Err(PatternError { text: text.to_owned(), reason })
            }
        }
    }

    /// Whether it matches; a regular expression somewhere, a glob as a whole.
    pub fn is_match(&self, text: &str) -> bool {
        self.regex.is_match(text)
    }

    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.regex.as_str() == other.regex.as_str()
    }
}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "/{}/", self.text)
    }
}

/// A function as matchers see it; what is not known is empty.
#[derive(Clone, Copy, Debug, Default)]
pub struct Subject<'a> {
    /// The name that its series have.
    pub function: &'a str,
    /// The linker's name.
    pub system_name: &'a str,
    /// The source file.
    pub file: &'a str,
    /// The binary.
    pub binary: &'a str,
}

impl Matcher {
    /// A matcher for functions whose name holds `text`, as the original has it.
    pub fn contains(text: impl Into<String>) -> Self {
        Self::new(Field::Function, TextMatch::Contains(text.into()))
    }

    /// A matcher with one condition.
    pub fn new(on: Field, text: TextMatch) -> Self {
        Self { on, text: Some(text), not: Vec::new(), stack: None }
    }

    /// A matcher that only looks at stacks.
    pub fn stack(pattern: Pattern) -> Self {
        Self { on: Field::Function, text: None, not: Vec::new(), stack: Some(pattern) }
    }

    /// Whether the function is meant, whatever the stack.
    pub fn matches(&self, subject: &Subject<'_>) -> bool {
        let text = match self.on {
            Field::Function => subject.function,
            Field::SystemName => subject.system_name,
            Field::File => subject.file,
            Field::Binary => subject.binary,
        };
        self.text.as_ref().is_none_or(|condition| condition.holds(text))
            && !self.not.iter().any(|not| not.matches(subject))
    }

    /// Whether it or one of its exceptions looks at this.
    pub fn looks_at(&self, field: Field) -> bool {
        (self.text.is_some() && self.on == field) || self.not.iter().any(|not| not.looks_at(field))
    }
}

impl TextMatch {
    fn holds(&self, text: &str) -> bool {
        match self {
            Self::Contains(part) => text.contains(part.as_str()),
            Self::Equals(whole) => text == whole,
            Self::Prefix(start) => text.starts_with(start.as_str()),
            Self::Suffix(end) => text.ends_with(end.as_str()),
            Self::Regex(pattern) | Self::Glob(pattern) => pattern.is_match(text),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn each_condition_holds_for_what_it_says() {
        let check = |condition: TextMatch, yes: &[&str], no: &[&str]| {
            for (texts, expect) in [(yes, true), (no, false)] {
                for text in texts {
                    assert_eq!(condition.holds(text), expect, "{condition:?} on `{text}`");
                }
            }
        };
        check(TextMatch::Contains("a.b".into()), &["a.b", "xa.bx"], &["", "aXb", "A.B"]);
        check(TextMatch::Equals("main".into()), &["main"], &["main.", "Main", ""]);
        check(TextMatch::Prefix("runtime.".into()), &["runtime.", "runtime.gc"], &["xruntime.", "runtime"]);
        check(TextMatch::Suffix("Raw".into()), &["Raw", "WriteRaw"], &["Rawx"]);
        check(TextMatch::Regex(Pattern::regex("^a|b$").unwrap()), &["ax", "xb"], &["xa", "bx"]);
        check(
            TextMatch::Glob(Pattern::glob("a*(?)").unwrap()),
            &["a(1)", "axx(é)"],
            &["a()", "ba(1)", "a(1)x"],
        );
    }

    #[test]
    fn exceptions_and_other_fields_count() {
        let mut matcher = Matcher::new(Field::File, TextMatch::Suffix(".go".into()));
        matcher.not = vec![Matcher::contains("test")];
        let check = |function, file, expect| {
            let subject = Subject { function, file, ..Subject::default() };
            assert_eq!(matcher.matches(&subject), expect, "{subject:?}");
        };
        check("main.run", "main.go", true);
        check("main.test", "main.go", false);
        check("main.run", "main.c", false);
        assert!(matcher.looks_at(Field::File) && matcher.looks_at(Field::Function));
        assert!(!matcher.looks_at(Field::Binary));
    }

    #[test]
    fn a_bad_pattern_is_shown_with_its_reason() {
        let error = Pattern::regex("a(").unwrap_err().to_string();
        assert_eq!(error, "expected a regular expression, found `a(`: missing closing ): `a(`");
        assert!(Pattern::regex("(a{1000}){1000}").is_err());
        assert!(Pattern::regex(r"it\'s \Qa.b\E").unwrap().is_match("it's a.b"), "as Go reads it");
    }
}
