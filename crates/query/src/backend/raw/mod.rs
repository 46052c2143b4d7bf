//! Calls by name, with JSON as it is written: for looking at a server's own answers.

mod parca;

pub(super) use parca::report_json;

use serde::Deserialize;

use super::{Answering, Backend, BackendError, Server};

/// An answer as it came, or for a Parca as JSON would have it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RawAnswer {
    /// The body.
    pub body: Vec<u8>,
    /// What the server says went wrong, if it does.
    pub failure: Option<Failure>,
}

/// What a server says went wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Failure {
    /// The status of HTTP, where there is one.
    pub status: Option<u16>,
    /// The server's code.
    pub code: String,
    /// The server's words.
    pub message: String,
}

impl RawAnswer {
    /// The body, or the failure as an error.
    ///
    /// # Errors
    /// [`BackendError::Refused`].
    pub fn into_body(self, url: &str) -> Result<Vec<u8>, BackendError> {
        match self.failure {
            None => Ok(self.body),
            Some(Failure { status, code, message }) => {
                Err(BackendError::Refused { url: url.to_owned(), status, code, message })
            }
        }
    }
}

impl Backend {
    /// Calls a method with a body of JSON. On a Pyroscope it is one of the querier's, or
    /// `package.Service/Method` in full, and the answer is as it came, whatever the status. A Parca has
    /// no JSON on its wire: fields are named as its messages have them, and the answer is written as
    /// protobuf's JSON.
    ///
    /// # Errors
    /// There is no such method or answer; a Parca's failures.
    pub fn raw<'a>(&'a self, method: &'a str, body: Vec<u8>) -> Answering<'a, RawAnswer> {
        Box::pin(async move {
            self.note(method, "raw");
            match &self.server {
                Server::Pyroscope(client) => {
                    let answer = client.raw(method, body).await?;
                    let failure = failure(answer.status, &answer.body);
                    Ok(RawAnswer { body: answer.body.to_vec(), failure })
                }
                Server::Parca(client) => {
                    let answer = parca::call(client, method, &body).await?;
                    let mut body = answer.to_string().into_bytes();
                    body.push(b'\n');
                    Ok(RawAnswer { body, failure: None })
                }
            }
        })
    }
}

/// The most of a body that is no JSON that is shown, in characters.
const MAX_SHOWN: usize = 200;

/// What a body says that is an error: by its status, or where an access command hides that, by its form.
fn failure(status: Option<u16>, body: &[u8]) -> Option<Failure> {
    #[derive(Deserialize)]
    struct Words {
        code: String,
        #[serde(default)]
        message: String,
    }
    let words: Option<Words> = serde_json::from_slice(body).ok();
    match (status, words) {
        (Some(200..=299) | None, None) if !is_json(body) => {
            let found = profile_codec::detect::detect(body);
            let message = format!("expected JSON, found {found}: `{}`", profile_codec::file::excerpt(body));
            Some(Failure { status, code: "unknown".to_owned(), message })
        }
        (Some(200..=299), _) | (None, None) => None,
        (status, Some(Words { code, message })) => Some(Failure { status, code, message }),
        (Some(status), None) => {
            let text = String::from_utf8_lossy(body);
            let message = words::short(text.trim(), MAX_SHOWN);
            Some(Failure { status: Some(status), code: format!("http {status}"), message })
        }
    }
}

fn is_json(body: &[u8]) -> bool {
    serde_json::from_slice::<serde::de::IgnoredAny>(body).is_ok()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn failures_are_told_by_status_or_form() {
        let check = |status: Option<u16>, body: &str, expect: Option<(&str, &str)>| {
            let found = failure(status, body.as_bytes()).map(|failure| (failure.code, failure.message));
            let found = found.as_ref().map(|(code, message)| (code.as_str(), message.as_str()));
            assert_eq!(found, expect, "{status:?} {body}");
        };
        check(Some(200), r#"{"names":["a"]}"#, None);
        check(Some(200), r#"{"code":"x"}"#, None);
        check(Some(400), r#"{"code":"invalid_argument","message":"no"}"#, Some(("invalid_argument", "no")));
        check(Some(404), "<html>\n", Some(("http 404", "<html>")));
        check(None, r#"{"code":"unauthenticated"}"#, Some(("unauthenticated", "")));
        check(None, r#"{"names":[]}"#, None);
        check(None, "text", Some(("unknown", "expected JSON, found text: `text`")));
        check(
            Some(200),
            "<html>Please log in</html>",
            Some((
                "unknown",
                "expected JSON, found an HTML page, such as that of a login or a proxy: `<html>Please log in</html>`",
            )),
        );
    }
}
