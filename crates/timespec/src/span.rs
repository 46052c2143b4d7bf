use std::time::Duration;

use crate::{TimeError, shown};

/// A span as Go writes and reads it (`15m`, `1h30m`, `168h0m0s`, `1.5h`, `250ms`) or as people do
/// (`7d`, `1week`, `1h 30m`). A unit is needed, a sign is not taken.
///
/// # Errors
/// [`TimeError::Span`].
pub fn parse_span(text: &str) -> Result<Duration, TimeError> {
    humantime::parse_duration(text.trim()).map_err(|_| TimeError::Span(shown(text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, seconds: f64) {
        assert_eq!(parse_span(text).map(|span| span.as_secs_f64()), Ok(seconds), "{text}");
    }

    #[test]
    fn both_spellings() {
        check("15m", 900.0);
        check(" 15m ", 900.0);
        check("168h0m0s", 604_800.0);
        check("1h30m", 5400.0);
        check("1h 30m", 5400.0);
        check("1.5h", 5400.0);
        check("250ms", 0.25);
        check("7d", 604_800.0);
        check("1week", 604_800.0);
    }

    #[test]
    fn what_is_no_span() {
        for text in ["", "5", "-5s", "h", "15 bananas", "1e99h", "999999999999999999999999h"] {
            assert_eq!(parse_span(text), Err(TimeError::Span(text.to_owned())));
        }
    }
}
