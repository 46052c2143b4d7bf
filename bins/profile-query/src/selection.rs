//! From flags to what is asked: labels, types, windows.

use std::time::SystemTime;

use pql::{Matcher, Selector};
use profile_model::Profile;
use query::backend::Ask;
use query::parse_filter;
use query::times::Window;
use regex::Regex;
use report_render::transform::Filter;

use crate::args::{Filters, Matching, Time, Which};
use crate::failure::Failure;

/// The type that is meant where none is named.
const DEFAULT_TYPE: &str = "cpu";

/// The window that flags mean.
pub(crate) fn window(time: &Time, default_range: &str, now: SystemTime) -> Result<Window, Failure> {
    let (range, start, end) = (time.range.as_deref(), time.start.as_deref(), time.end.as_deref());
    if range.is_some() && start.is_some() && end.is_some() {
        return Err(Failure::usage("expected two of --range, --start and --end, found three"));
    }
    Ok(Window::of(range, start, end, default_range, now)?)
}

/// Labels that were typed one by one.
pub(crate) fn filters(labels: &[String]) -> Result<Vec<Matcher>, Failure> {
    labels.iter().map(|text| parse_filter(text)).collect::<Result<_, _>>().map_err(Failure::usage)
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
        (Some(name), None) => name.clone(),
        (None, Some(name)) => name,
        (None, None) => DEFAULT_TYPE.to_owned(),
    };
    let ask = Ask::new(name, window.range).matching(matchers);
    Ok(match service {
        Some(service) => ask.of_service(service),
        None => ask,
    })
}

/// What is done to stacks; nothing if nothing is.
pub(crate) fn stacks(filters: &Filters) -> Result<Option<Filter>, Failure> {
    let regex = |flag: &str, text: &Option<String>| match text {
        None => Ok(None),
        Some(text) => Regex::new(text).map(Some).map_err(|_| {
            Failure::usage(format!("--{flag}: expected a regular expression, found `{}`", query::plain(text)))
        }),
    };
    let mut filter = Filter::default();
    filter.focus = regex("focus", &filters.focus)?;
    filter.ignore = regex("ignore", &filters.ignore)?;
    filter.hide = regex("hide", &filters.hide)?;
    let is_something = filter.focus.is_some() || filter.ignore.is_some() || filter.hide.is_some();
    Ok(is_something.then_some(filter))
}

/// The stacks that a filter leaves.
pub(crate) fn left_by(filter: Option<&Filter>, profile: Profile) -> Result<Profile, Failure> {
    let Some(filter) = filter else { return Ok(profile) };
    let left = filter.apply(profile);
    if left.samples.is_empty() {
        return Err(Failure::no_data("no data: no stack is left by --focus, --ignore and --hide"));
    }
    Ok(left)
}

/// A number of nodes, or anything else that is counted.
pub(crate) fn count(flag: &str, text: &str) -> Result<u64, Failure> {
    text.parse()
        .map_err(|_| Failure::usage(format!("{flag}: expected a number, found `{}`", query::plain(text))))
}
