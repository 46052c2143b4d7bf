use std::fmt;

use crate::print::{Quoted, is_metric_name};
use crate::{Matcher, NAME_LABEL};

/// A PromQL vector selector without `offset`, `@` or range: a metric name, matchers, or both.
///
/// ```text
/// selector = [name] [ "{" [ entry { "," entry } [ "," ] ] "}" ]     at least one of the two
/// entry    = label op string | string op string | string            the last is a quoted name
/// op       = "=" | "!=" | "=~" | "!~"
/// name     = [a-zA-Z_:][a-zA-Z0-9_:]*      label = [a-zA-Z_][a-zA-Z0-9_]*
/// ```
/// Strings stand in `"` or `'` (with Go's escapes, no raw newline) or in back-ticks (all literal).
/// `#` starts a comment up to the end of the line.
///
/// `metric_name` is the name before the braces, or the quoted one inside them. Where several
/// names are given, the one that the server lets win (the one before the braces, else the last)
/// is the one that counts in [`Query`](crate::Query); the others stay `__name__` matchers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Selector {
    /// The metric name: for Parca a profile type id.
    pub metric_name: Option<String>,
    /// The matchers in the order written.
    pub matchers: Vec<Matcher>,
}

impl Selector {
    /// The selector with every regular expression anchored, see [`Matcher::anchored`].
    pub fn anchored(&self) -> Self {
        Self {
            metric_name: self.metric_name.clone(),
            matchers: self.matchers.iter().map(Matcher::anchored).collect(),
        }
    }

    /// The name that selects the profile type, as the server picks it.
    pub(crate) fn winning_name(&self) -> Option<&str> {
        let from_matcher = || self.name_matchers().next_back().map(Matcher::value);
        self.metric_name.as_deref().or_else(from_matcher)
    }

    /// Matchers on `__name__`. The server takes each as an equality, whatever its operator.
    fn name_matchers(&self) -> impl DoubleEndedIterator<Item = &Matcher> {
        self.matchers.iter().filter(|matcher| matcher.name() == NAME_LABEL)
    }
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.metric_name {
            None => write_braces(f, &self.matchers, []),
            Some(name) if !is_metric_name(name) => {
                // A quoted name wins over the `__name__` matchers before it only.
                let quoted: [&dyn fmt::Display; 1] = [&Quoted(name)];
                if self.name_matchers().next().is_some() {
                    write_braces_last(f, &self.matchers, quoted)
                } else {
                    write_braces(f, &self.matchers, quoted)
                }
            }
            Some(name) if self.matchers.is_empty() => f.write_str(name),
            Some(name) => {
                f.write_str(name)?;
                write_braces(f, &self.matchers, [])
            }
        }
    }
}

fn write_braces<const N: usize>(
    f: &mut fmt::Formatter<'_>,
    matchers: &[Matcher],
    first: [&dyn fmt::Display; N],
) -> fmt::Result {
    write_list(f, first.into_iter().chain(matchers.iter().map(as_display)))
}

fn write_braces_last<const N: usize>(
    f: &mut fmt::Formatter<'_>,
    matchers: &[Matcher],
    last: [&dyn fmt::Display; N],
) -> fmt::Result {
    write_list(f, matchers.iter().map(as_display).chain(last))
}

fn as_display(matcher: &Matcher) -> &dyn fmt::Display {
    matcher
}

fn write_list<'a>(
    f: &mut fmt::Formatter<'_>,
    entries: impl Iterator<Item = &'a dyn fmt::Display>,
) -> fmt::Result {
    f.write_str("{")?;
    for (index, entry) in entries.enumerate() {
        let separator = if index == 0 { "" } else { ", " };
        write!(f, "{separator}{entry}")?;
    }
    f.write_str("}")
}
