//! Any query string of a URL is a question, or mistakes that can be shown; what is understood can be
//! asked again.
#![no_main]

use std::time::{Duration, SystemTime};

use libfuzzer_sys::fuzz_target;
use query::Question;
use url::form_urlencoded;

fuzz_target!(|text: &[u8]| {
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
    match Question::parse(form_urlencoded::parse(text), now) {
        Err(mistakes) => {
            assert!(!mistakes.is_empty());
            for mistake in mistakes {
                assert!(mistake.to_string().len() <= 2 * text.len() + 1024);
            }
        }
        Ok(question) => {
            let ask = question.ask;
            let matchers: Vec<String> = ask.matchers.iter().map(ToString::to_string).collect();
            let again = [
                ("query", format!("{}{{{}}}", ask.type_name.as_deref().unwrap_or_default(), matchers.join(", "))),
                ("start", query::rfc3339(ask.range.start)),
                ("end", query::rfc3339(ask.range.end)),
            ];
            let again = Question::parse(again, now).expect("what was understood is understood again").ask;
            assert_eq!(again.matchers, ask.matchers);
            assert_eq!((again.type_name, again.range), (ask.type_name, ask.range));
        }
    }
});
