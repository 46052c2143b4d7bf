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
            let again = [
                ("query", question.target.to_string()),
                ("start", query::rfc3339(question.range.start)),
                ("end", query::rfc3339(question.range.end)),
                ("reportType", question.view.to_string()),
            ];
            let again = Question::parse(again, now).expect("what was understood is understood again");
            assert_eq!(again.target, question.target);
            assert_eq!((again.range, again.view), (question.range, question.view));
        }
    }
});
