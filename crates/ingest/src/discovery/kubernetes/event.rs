//! Events of a watch.

use serde::Deserialize;

use super::objects::{self, Object};
use crate::settings::KubernetesRole;

/// What a line of a watch says.
#[derive(Debug, PartialEq)]
pub(super) enum Event {
    /// An object is there, or is as it was not before.
    Put(Object),
    /// An object is gone; this is how it was at last.
    Deleted(Object),
    /// Nothing changed up to this version.
    Bookmark(String),
    /// The version that was asked about is no longer known.
    Expired,
    /// The server has a problem.
    Error(String),
}

/// The beginning of a line, which says what its object is.
#[derive(Deserialize)]
struct Kind {
    r#type: String,
}

#[derive(Deserialize)]
struct Of<T> {
    object: T,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Status {
    code: u16,
    reason: String,
    message: String,
}

/// Reads a line; an error if it is none of a watch.
pub(super) fn read(kind: KubernetesRole, line: &[u8]) -> Result<Event, String> {
    let wrong = |error: serde_json::Error| {
        format!("expected an event, found `{}`: {error}", profile_codec::file::excerpt(line))
    };
    let Kind { r#type } = serde_json::from_slice(line).map_err(wrong)?;
    let object = || objects::read(kind, line).map_err(wrong);
    Ok(match r#type.as_str() {
        "ERROR" => status(serde_json::from_slice::<Of<Status>>(line).map_err(wrong)?.object),
        "ADDED" | "MODIFIED" => Event::Put(object()?),
        "DELETED" => Event::Deleted(object()?),
        "BOOKMARK" => Event::Bookmark(object()?.meta().resource_version.clone()),
        other => return Err(format!("expected an event, found one of type `{}`", words::short(other, 40))),
    })
}

fn status(status: Status) -> Event {
    match (status.code, status.reason.as_str()) {
        (410, _) | (_, "Expired" | "Gone") => Event::Expired,
        (code, _) => Event::Error(format!("{code}: `{}`", words::short(&status.message, 300))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_events_or_told() {
        let check = |line: &str, expect: &str| {
            let found = match read(KubernetesRole::Pod, line.as_bytes()) {
                Ok(Event::Put(object)) => format!("put {}", object.meta().name),
                Ok(Event::Deleted(object)) => format!("deleted {}", object.meta().name),
                Ok(Event::Bookmark(version)) => format!("bookmark {version}"),
                Ok(Event::Expired) => "expired".to_owned(),
                Ok(Event::Error(words)) => format!("error {words}"),
                Err(words) => words,
            };
            assert!(found.starts_with(expect), "{line}: {found}");
        };
        check(r#"{"type":"ADDED","object":{"metadata":{"name":"a"}}}"#, "put a");
        check(r#"{"type":"MODIFIED","object":{"metadata":{"name":"a"}}}"#, "put a");
        check(r#"{"type":"DELETED","object":{"metadata":{"name":"a"}}}"#, "deleted a");
        check(
            r#"{"type":"BOOKMARK","object":{"kind":"Pod","metadata":{"resourceVersion":"12"}}}"#,
            "bookmark 12",
        );
        check(
            r#"{"type":"ERROR","object":{"kind":"Status","status":"Failure","reason":"Expired","code":410}}"#,
            "expired",
        );
        check(
            r#"{"type":"ERROR","object":{"status":"Failure","message":"too many\nlines","code":500}}"#,
            "error 500: `too many",
        );
        check(r#"{"kind":"PodList","items":[]}"#, "expected an event, found `{\"kind\":\"PodList\"");
        check(r#"{"type":"NEW","object":{}}"#, "expected an event, found one of type `NEW`");
        check("<html>", "expected an event, found `<html>`");
    }
}
