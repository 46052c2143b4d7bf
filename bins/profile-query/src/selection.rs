//! From flags to what is asked: labels, types, windows.

use std::time::SystemTime;

use pql::{Matcher, Selector};
use query::times::Window;
use query::{Ask, Changes, parse_filters};
use re2::Regex;

use crate::args::{Filters, Matching, Time, Which, Words};
use crate::failure::Failure;

/// The window that flags mean.
pub(crate) fn window(time: &Time, default_range: &str, now: SystemTime) -> Result<Window, Failure> {
    let (range, start, end) = (time.range.as_deref(), time.start.as_deref(), time.end.as_deref());
    if range.is_some() && start.is_some() && end.is_some() {
        return Err(Failure::usage("expected two of --range, --start and --end, found three"));
    }
    Ok(Window::of(range, start, end, default_range, now)?)
}

/// Labels that were typed one by one, or as selectors.
pub(crate) fn filters(labels: &[String]) -> Result<Vec<Matcher>, Failure> {
    parse_filters(labels.iter().map(String::as_str)).map_err(Failure::usage)
}

/// The type, if it was typed, and the matchers.
pub(crate) fn matching(matching: &Matching) -> Result<(Option<String>, Vec<Matcher>), Failure> {
    let mut matchers = filters(&matching.labels)?;
    let Some(text) = &matching.query else { return Ok((None, matchers)) };
    let selector = text.trim().parse::<Selector>().map_err(|error| Failure::usage(error.report()))?;
    matchers.extend(selector.matchers);
    Ok((selector.metric_name, matchers))
}

/// What is asked of one service in one window.
pub(crate) fn ask(which: &Which, service: Option<String>, window: &Window) -> Result<Ask, Failure> {
    let (from_query, matchers) = matching(&which.matching)?;
    let name = match (&which.profile_type, from_query) {
        (Some(_), Some(_)) => {
            return Err(Failure::usage("expected a type in --type or in --query, found both"));
        }
        (Some(name), None) => Some(name.clone()),
        (None, name) => name,
    };
    let mut ask = Ask::new(window.range).matching(matchers);
    (ask.type_name, ask.service) = (name, service);
    Ok(ask)
}

/// The name of a service; an empty one would be every service that has no such label.
pub(crate) fn service(word: Option<String>) -> Result<Option<String>, Failure> {
    match word {
        Some(word) if word.trim().is_empty() => {
            Err(Failure::usage("expected the name of a service, found an empty one")
                .hint("leave it out for all services"))
        }
        word => Ok(word),
    }
}

/// The name of a service, which has to be there unless a selector says it all and so many words are left.
pub(crate) fn service_or_query(
    words: &mut Words,
    matching: &Matching,
    left: usize,
) -> Result<Option<String>, Failure> {
    if matching.query.is_some() && words.len() == left {
        return Ok(None);
    }
    service(Some(words.expect("SERVICE")?))
}

/// What is done to stacks.
pub(crate) fn changes(filters: &Filters) -> Result<Changes, Failure> {
    let regex = |flag: &str, text: &Option<String>| match text {
        None => Ok(None),
        Some(text) => Regex::new(text).map(Some).map_err(|error| {
            Failure::usage(format!(
                "--{flag}: expected a regular expression, found `{}`: {error}",
                words::safe(text)
            ))
            .hint(format!("for this text as it is: --{flag} '{}'", words::safe(&escaped(text))))
        }),
    };
    let mut changes = Changes::default();
    changes.focus = regex("focus", &filters.focus)?;
    changes.ignore = regex("ignore", &filters.ignore)?;
    changes.hide = regex("hide", &filters.hide)?;
    (changes.invert, changes.relative) = (filters.invert, filters.relative);
    Ok(changes)
}

/// An expression that means the text itself.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for letter in text.chars() {
        if r".*+?^${}()|[]\".contains(letter) {
            escaped.push('\\');
        }
        escaped.push(letter);
    }
    escaped
}

/// No changes to stacks, but for frames of no interest.
pub(crate) fn no_filters(all_frames: bool) -> Filters {
    Filters { all_frames, ..Filters::default() }
}

/// Why there is nothing to show of stacks that there are.
pub(crate) fn nothing_left(filters: &Filters) -> Failure {
    let given = [("--focus", &filters.focus), ("--ignore", &filters.ignore), ("--hide", &filters.hide)];
    let given: Vec<&str> = given.iter().filter(|(_, text)| text.is_some()).map(|(flag, _)| *flag).collect();
    Failure::no_data(format!("no data: no stack is left by {}", given.join(", ")))
}

/// A number of nodes, or anything else that is counted.
pub(crate) fn count(flag: &str, text: &str) -> Result<u64, Failure> {
    text.parse()
        .map_err(|_| Failure::usage(format!("{flag}: expected a number, found `{}`", words::safe(text))))
}
