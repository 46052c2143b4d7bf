//! Any text is a query, a selector, a list of matchers, or an error that can be shown; what is
//! printed means the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pql::{Query, Selector, parse_matchers};

fuzz_target!(|text: &str| {
    match text.parse::<Query>() {
        Ok(query) => assert_eq!(query.to_string().parse::<Query>().ok(), Some(query)),
        Err(error) => drop((error.report(), error.server_text())),
    }
    match text.parse::<Selector>() {
        Ok(selector) => assert_eq!(selector.to_string().parse::<Selector>().ok(), Some(selector)),
        Err(error) => drop(error.report()),
    }
    if let Ok(matchers) = parse_matchers(text) {
        for matcher in matchers {
            let _ = matcher.predicate().matches(text);
            assert_eq!(matcher.to_string().parse().ok(), Some(matcher));
        }
    }
});
