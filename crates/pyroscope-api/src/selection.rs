//! What a request selects: types and matchers, with the labels that only Pyroscope has taken out.

use pql::{Matcher, ProfileType, Selector};
use profile_model::{TimeRange, Timestamp};

use crate::ApiError;
use crate::catalog::without_delta;
use crate::names;

/// Selectors, taken apart by what their labels are about. Regular expressions are anchored.
#[derive(Clone, Debug, Default)]
pub(crate) struct Selectors {
    of_type: Vec<Matcher>,
    pub(crate) services: Vec<Matcher>,
    pub(crate) plain: Vec<Matcher>,
}

impl Selectors {
    /// Several selectors, all of which must hold.
    pub(crate) fn parse<'a>(texts: impl IntoIterator<Item = &'a str>) -> Result<Self, ApiError> {
        let mut selectors = Self::default();
        for text in texts.into_iter().filter(|text| !text.trim().is_empty()) {
            let selector: Selector = text.parse().map_err(|error: pql::ParseError| {
                ApiError::invalid(format!(
                    "expected a label selector such as {{service_name=\"api\"}}: {error}"
                ))
            })?;
            selectors.add(selector);
        }
        Ok(selectors)
    }

    fn add(&mut self, selector: Selector) {
        if let Some(name) = selector.metric_name {
            // Template variables of Grafana put a whole type before the braces.
            let label = if name.contains(':') { names::PROFILE_TYPE } else { pql::NAME_LABEL };
            self.of_type.push(Matcher::equal(label, five_parts(&name)));
        }
        for matcher in selector.matchers {
            let matcher = matcher.anchored();
            if names::is_service(matcher.name()) {
                self.services.push(matcher);
            } else if names::is_of_type(matcher.name()) {
                self.of_type.push(without_suffix(matcher));
            } else {
                self.plain.push(matcher);
            }
        }
    }

    /// Whether the labels that follow from a type match.
    pub(crate) fn takes_type(&self, id: &ProfileType) -> bool {
        let labels = names::of_type(id);
        self.of_type.iter().all(|matcher| {
            let value =
                labels.iter().find(|(name, _)| *name == matcher.name()).map_or("", |(_, value)| value);
            matcher.predicate().matches(value)
        })
    }
}

/// A type's five parts, of a text that may have a sixth.
fn five_parts(text: &str) -> String {
    text.parse::<ProfileType>().map_or_else(|_| text.to_owned(), |of| without_delta(&of).to_string())
}

fn without_suffix(matcher: Matcher) -> Matcher {
    let is_type = matcher.name() == names::PROFILE_TYPE && !matcher.op().is_regex();
    if !is_type {
        return matcher;
    }
    Matcher::new(matcher.name(), matcher.op(), five_parts(matcher.value())).unwrap_or(matcher)
}

/// A type id of a request, without a sixth part.
pub(crate) fn type_id(text: &str) -> Result<ProfileType, ApiError> {
    let parsed: Result<ProfileType, _> = text.parse();
    parsed
        .map(|of| without_delta(&of))
        .map_err(|error: pql::ProfileTypeError| ApiError::invalid(error.to_string()))
}

/// A range of milliseconds, the end not in it. Both have to be given.
pub(crate) fn range(start: i64, end: i64) -> Result<TimeRange, ApiError> {
    if start == 0 || end == 0 {
        return Err(ApiError::invalid(
            "missing time range in the query: expected start and end in milliseconds",
        ));
    }
    if start > end {
        return Err(ApiError::invalid(format!("expected a start before the end, found {start} and {end}")));
    }
    Ok(TimeRange::new(millis(near(start)), millis(near(end))))
}

/// A time that can be reckoned with: clients write the largest number for ever, which is no later than the year 37,000.
pub(crate) fn near(millis: i64) -> i64 {
    const FAR: i64 = 1 << 50;
    millis.clamp(-FAR, FAR)
}

pub(crate) fn millis(at: i64) -> Timestamp {
    let nanos = u32::try_from(at.rem_euclid(1000) * 1_000_000).expect("below a thousand million");
    Timestamp::new(at.div_euclid(1000), nanos)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const ID: &str = "process_cpu:cpu:nanoseconds:cpu:nanoseconds";

    #[test]
    fn labels_of_types_are_told_from_others() {
        let id: ProfileType = ID.parse().unwrap();
        let check = |text: &str, takes: bool, services: usize, plain: usize| {
            let selectors = Selectors::parse([text]).unwrap();
            let found = (selectors.takes_type(&id), selectors.services.len(), selectors.plain.len());
            assert_eq!(found, (takes, services, plain), "{text}");
        };
        check("{}", true, 0, 0);
        check("", true, 0, 0);
        check(&format!("{ID}{{}}"), true, 0, 0);
        check(&format!("{ID}:delta{{job=\"a\"}}"), true, 0, 1);
        check("memory:a:b:c:d{}", false, 0, 0);
        check("process_cpu{}", true, 0, 0);
        check(&format!(r#"{{__profile_type__="{ID}", service_name="x",}}"#), true, 1, 0);
        check(&format!(r#"{{__profile_type__="{ID}:delta"}}"#), true, 0, 0);
        check(r#"{__profile_type__=~"process.*"}"#, true, 0, 0);
        check(r#"{__profile_type__=~"process"}"#, false, 0, 0);
        check(r#"{__type__!="cpu"}"#, false, 0, 0);
        check(r#"{__unit__="nanoseconds",__service_name__=~"a|b",pod!="c"}"#, true, 1, 1);
    }

    #[test]
    fn what_is_no_selector_is_refused() {
        for text in ["a=\"b\"", "{a=b}", "{a=~\"(\"}", "x[5m]"] {
            assert!(Selectors::parse([text]).is_err(), "{text}");
        }
    }

    #[test]
    fn ranges_have_both_ends() {
        assert!(range(0, 5).is_err() && range(5, 0).is_err() && range(6, 5).is_err());
        assert!(range(5, 5).unwrap().is_empty() || range(5, 5).is_ok());
        assert_eq!(range(1500, 2000).unwrap().start, Timestamp::new(1, 500_000_000));
    }
}
