//! What is wrong with a file, all of it.

use std::cell::RefCell;
use std::fmt;

use crate::Position;

/// One thing that is wrong, or odd.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Mistake {
    /// Where it is.
    pub at: Position,
    /// The key, such as `servers[1].tls.ca`; empty for the file as a whole.
    pub path: String,
    /// What was expected, then what was found; one line, without secrets.
    pub message: String,
    /// Lines that show the place inside a value or the file, with a caret.
    pub excerpt: Option<String>,
    /// What to do about it.
    pub hint: Option<String>,
    /// How bad it is.
    pub grade: Grade,
}

/// How bad a [`Mistake`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Grade {
    /// The file cannot be used.
    Mistake,
    /// A key that nothing reads: nearly always a typing error.
    UnknownKey,
    /// What works, but maybe not as it was meant.
    Warning,
}

/// All mistakes of a file, in the order of their places. `Display` has no newline at its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistakes {
    file: String,
    list: Vec<Mistake>,
    left_out: usize,
}

/// Where mistakes go while a file is read.
pub struct Report {
    secret: fn(&str) -> bool,
    found: RefCell<Vec<Mistake>>,
}

/// A file of nothing but mistakes does not fill the memory.
const MOST: usize = 1000;

impl Mistake {
    /// A mistake proper, without excerpt and hint.
    pub fn new(at: Position, path: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            at,
            path: path.into(),
            message: message.into(),
            excerpt: None,
            hint: None,
            grade: Grade::Mistake,
        }
    }

    /// With advice.
    pub fn with_hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    /// With lines that show the place.
    pub fn with_excerpt(self, excerpt: impl Into<String>) -> Self {
        Self { excerpt: Some(excerpt.into()), ..self }
    }

    /// As a warning.
    pub fn as_warning(self) -> Self {
        Self { grade: Grade::Warning, ..self }
    }

    /// As it is printed: `file.yaml:12:5: servers[1].port: expected ...`, and lines below it that are
    /// indented by two.
    pub fn display<'a>(&'a self, file: &'a str) -> impl fmt::Display + 'a {
        fmt::from_fn(move |f| self.write(f, file))
    }

    fn write(&self, f: &mut fmt::Formatter<'_>, file: &str) -> fmt::Result {
        let Position { line, column } = self.at;
        write!(f, "{file}:{line}:{column}: ")?;
        if self.grade != Grade::Mistake {
            f.write_str("warning: ")?;
        }
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        f.write_str(&self.message)?;
        for line in self.excerpt.iter().flat_map(|excerpt| excerpt.lines()) {
            write!(f, "\n{line}")?;
        }
        match &self.hint {
            Some(hint) => write!(f, "\n  hint: {hint}"),
            None => Ok(()),
        }
    }
}

impl Mistakes {
    /// The name of the file.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// One after the other.
    pub fn iter(&self) -> impl Iterator<Item = &Mistake> {
        self.list.iter()
    }

    /// Whether the file cannot be used.
    pub fn is_fatal(&self) -> bool {
        self.list.iter().any(|mistake| mistake.grade == Grade::Mistake)
    }

    /// Whether nothing is wrong or odd.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }
}

impl From<Mistakes> for Vec<Mistake> {
    fn from(mistakes: Mistakes) -> Self {
        mistakes.list
    }
}

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, mistake) in self.list.iter().enumerate() {
            let separator = if index == 0 { "" } else { "\n" };
            write!(f, "{separator}{}", mistake.display(&self.file))?;
        }
        if self.left_out > 0 {
            write!(f, "\n{}: and {} more", self.file, self.left_out)?;
        }
        Ok(())
    }
}

impl std::error::Error for Mistakes {}

impl Report {
    /// An empty report. `secret` is told the path of a key and says whether its value must not be
    /// shown. After a syntax error, when there are no paths, it is told single words.
    pub fn new(secret: fn(&str) -> bool) -> Self {
        Self { secret, found: RefCell::default() }
    }

    /// Adds one. A long path or message is cut, and control characters in it are shown as escapes: both
    /// may have parts of the file in them.
    pub fn add(&self, mistake: Mistake) {
        let (path, message) = (shown(&mistake.path, 300), shown(&mistake.message, 500));
        self.found.borrow_mut().push(Mistake { path, message, ..mistake });
    }

    /// Whether a mistake proper is among those so far.
    pub fn is_fatal(&self) -> bool {
        self.found.borrow().iter().any(|mistake| mistake.grade == Grade::Mistake)
    }

    /// All of them, sorted; those that were found twice once. At most 1000 are kept, of those that
    /// are no warnings as many as there are.
    pub fn finish(self, file: impl Into<String>) -> Mistakes {
        let mut list = self.found.into_inner();
        let place = |mistake: &Mistake| (mistake.at, mistake.grade, mistake.path.clone());
        list.sort_by_cached_key(place);
        list.dedup();
        let left_out = list.len().saturating_sub(MOST);
        if left_out > 0 {
            list.sort_by_key(|mistake| mistake.grade);
            list.truncate(MOST);
            list.sort_by_cached_key(place);
        }
        Mistakes { file: file.into(), list, left_out }
    }

    pub(crate) fn is_secret(&self, path: &str) -> bool {
        (self.secret)(path)
    }
}

/// Shows no mistake: a report is borrowed while it grows.
impl fmt::Debug for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Report(..)")
    }
}

/// A text as a message has it: on one line, harmless, and not longer than `most` characters.
pub(crate) fn shown(text: &str, most: usize) -> String {
    words::short(text, most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mistakes_are_sorted_and_told_once() {
        let report = Report::new(|_| false);
        let at = |line, column| Position { line, column };
        report.add(Mistake::new(at(3, 1), "b", "later").with_hint("do this"));
        report.add(Mistake::new(at(1, 9), "", "first").with_excerpt("  ab\n   ^"));
        report.add(Mistake::new(at(3, 1), "b", "later").with_hint("do this"));
        report.add(Mistake::new(at(2, 1), "a", "odd").as_warning());
        assert!(report.is_fatal());
        let expect = "f:1:9: first\n  ab\n   ^\nf:2:1: warning: a: odd\nf:3:1: b: later\n  hint: do this";
        assert_eq!(report.finish("f").to_string(), expect);
    }

    #[test]
    fn there_is_an_end_to_mistakes() {
        let report = Report::new(|_| false);
        for line in 1..=1500 {
            let mistake = Mistake::new(Position { line, column: 1 }, "", "x");
            report.add(if line <= 600 { mistake.as_warning() } else { mistake });
        }
        let all = report.finish("f");
        assert_eq!(all.iter().count(), 1000);
        assert_eq!(all.iter().filter(|mistake| mistake.grade == Grade::Mistake).count(), 900);
        assert!(all.to_string().ends_with("f: and 500 more"));
    }

    #[test]
    fn a_mistake_is_one_short_line() {
        let report = Report::new(|_| false);
        report.add(Mistake::new(Position { line: 1, column: 1 }, "p".repeat(1000), "a\nb".repeat(1000)));
        let text = report.finish("f").to_string();
        assert!(text.len() < 1500 && text.lines().count() == 1, "{text}");
    }

    #[test]
    fn long_and_odd_texts_are_shown_short() {
        assert_eq!(shown("a\nb\u{1b}é", 64), "a\u{fffd}b\u{fffd}é");
        assert_eq!(shown("abcdef", 3), "abc...");
    }
}
