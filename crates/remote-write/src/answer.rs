//! What an answer means for the batch that was sent.

use std::time::{Duration, SystemTime};

use http::HeaderMap;
use http::header::RETRY_AFTER;

use crate::transport::Answer;
use crate::wire::Message;

/// How much of a receiver's text is kept.
const TEXT_LIMIT: usize = 1024;
/// The longest `Retry-After` that is obeyed.
const RETRY_AFTER_LIMIT: Duration = Duration::from_secs(600);

const SAMPLES_WRITTEN: &str = "x-prometheus-remote-write-samples-written";
const WRITTEN: [&str; 3] = [
    SAMPLES_WRITTEN,
    "x-prometheus-remote-write-histograms-written",
    "x-prometheus-remote-write-exemplars-written",
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// Stored, but for the samples that a 2.0 receiver did not count as written.
    Stored { samples: u64 },
    /// A request that may be sent again, not before the time the receiver asked for.
    Again { after: Option<Duration> },
    /// The receiver does not know this protocol.
    Unsupported,
    /// The request is too large.
    TooLarge,
    /// The credentials were not accepted.
    Unauthorized,
    /// Never to be sent again; a 2.0 receiver may have stored some.
    Refused { samples: u64 },
}

pub(crate) fn meaning(
    answer: &Answer,
    message: Message,
    sent: u64,
    retry_429: bool,
    now: SystemTime,
) -> Meaning {
    let again = || Meaning::Again { after: retry_after(&answer.headers, now) };
    match answer.status.as_u16() {
        200..=299 => stored(answer, message, sent),
        401 | 403 => Meaning::Unauthorized,
        408 => again(),
        413 => Meaning::TooLarge,
        415 => Meaning::Unsupported,
        429 if retry_429 => again(),
        500..=599 => again(),
        _ => Meaning::Refused { samples: samples_written(answer, message).min(sent) },
    }
}

/// A receiver that answers 2xx to a 2.0 request without saying what it wrote has read it as 1.0 and
/// stored nothing.
fn stored(answer: &Answer, message: Message, sent: u64) -> Meaning {
    match message {
        Message::V1 => Meaning::Stored { samples: sent },
        Message::V2 if speaks_v2(answer) => {
            Meaning::Stored { samples: samples_written(answer, message).min(sent) }
        }
        Message::V2 => Meaning::Unsupported,
    }
}

/// Whether the answer has any of the headers that only 2.0 receivers send.
pub(crate) fn speaks_v2(answer: &Answer) -> bool {
    WRITTEN.iter().any(|name| answer.headers.contains_key(*name))
}

fn samples_written(answer: &Answer, message: Message) -> u64 {
    let header = answer.headers.get(SAMPLES_WRITTEN).filter(|_| message == Message::V2);
    header.and_then(|value| value.to_str().ok()?.trim().parse().ok()).unwrap_or(0)
}

/// Seconds or an HTTP date; anything else, and a date that has passed, is no wish.
pub(crate) fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let wait = match text.parse() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => httpdate::parse_http_date(text).ok()?.duration_since(now).ok()?,
    };
    Some(wait.min(RETRY_AFTER_LIMIT)).filter(|wait| !wait.is_zero())
}

/// Status and the receiver's words, for logs.
pub(crate) fn words(answer: &Answer) -> String {
    let status = answer.status.as_u16();
    if answer.status.is_success() && !speaks_v2(answer) {
        return format!("{status}: expected a receiver of 2.0 that says what it wrote");
    }
    let body = &answer.body[..answer.body.len().min(TEXT_LIMIT)];
    format!("{status}: {}", String::from_utf8_lossy(body).trim())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use http::{HeaderName, HeaderValue, StatusCode};
    use std::str::FromStr;

    fn answer(status: u16, headers: &[(&str, &str)]) -> Answer {
        let header = |(name, value): &(&str, &str)| {
            (HeaderName::from_str(name).unwrap(), HeaderValue::from_str(value).unwrap())
        };
        let headers = headers.iter().map(header).collect();
        Answer { status: StatusCode::from_u16(status).unwrap(), headers, body: Bytes::new() }
    }

    #[test]
    fn each_status_has_one_meaning() {
        let check = |status, message, expect| {
            let found = meaning(&answer(status, &[]), message, 9, true, SystemTime::UNIX_EPOCH);
            assert_eq!(found, expect, "{status} {message:?}");
        };
        for message in [Message::V1, Message::V2] {
            let refused = Meaning::Refused { samples: 0 };
            for status in [100, 301, 302, 307, 400, 404, 405, 409, 410, 422, 999] {
                check(status, message, refused);
            }
            for status in [408, 429, 500, 502, 503, 504, 599] {
                check(status, message, Meaning::Again { after: None });
            }
            check(401, message, Meaning::Unauthorized);
            check(403, message, Meaning::Unauthorized);
            check(413, message, Meaning::TooLarge);
            check(415, message, Meaning::Unsupported);
        }
        for status in [200, 202, 204] {
            check(status, Message::V1, Meaning::Stored { samples: 9 });
            check(status, Message::V2, Meaning::Unsupported);
        }
        let found = meaning(&answer(429, &[]), Message::V1, 9, false, SystemTime::UNIX_EPOCH);
        assert_eq!(found, Meaning::Refused { samples: 0 });
    }

    #[test]
    fn written_headers_say_what_was_stored() {
        let check = |status, headers: &[(&str, &str)], expect| {
            let found = meaning(&answer(status, headers), Message::V2, 9, true, SystemTime::UNIX_EPOCH);
            assert_eq!(found, expect, "{status} {headers:?}");
        };
        let samples = |n| [("X-Prometheus-Remote-Write-Samples-Written", n)];
        check(204, &samples("9"), Meaning::Stored { samples: 9 });
        check(204, &samples("7"), Meaning::Stored { samples: 7 });
        check(204, &samples("99"), Meaning::Stored { samples: 9 });
        check(204, &samples("many"), Meaning::Stored { samples: 0 });
        check(204, &[(WRITTEN[1], "0")], Meaning::Stored { samples: 0 });
        check(400, &samples("8"), Meaning::Refused { samples: 8 });
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let check = |text, expect: Option<u64>| {
            let now = httpdate::parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT").unwrap();
            let found = retry_after(&answer(503, &[("Retry-After", text)]).headers, now);
            assert_eq!(found, expect.map(Duration::from_secs), "{text}");
        };
        check("7", Some(7));
        check(" 7 ", Some(7));
        check("0", None);
        check("-1", None);
        check("1.5", None);
        check("soon", None);
        check("86400", Some(600));
        check("99999999999999999999999", None);
        check("Sun, 06 Nov 1994 08:49:47 GMT", Some(10));
        check("Sunday, 06-Nov-94 08:49:39 GMT", Some(2));
        check("Sun, 06 Nov 1994 08:49:30 GMT", None);
    }
}
