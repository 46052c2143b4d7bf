use bytes::Bytes;
use serde::Deserialize;

use super::Incoming;
use crate::error::capped;
use crate::settings::Encoding;
use crate::{Code, Error, ErrorKind};

/// How much of a strange body is shown.
const SHOWN_BYTES: usize = 200;

/// Connect's error; those of others have no `code`, or a number.
#[derive(Deserialize)]
struct ConnectError {
    code: String,
    #[serde(default)]
    message: String,
}

/// The body of an answer that says yes.
pub(crate) fn read_answer(incoming: Incoming, encoding: Encoding) -> Result<Bytes, Error> {
    match incoming.status {
        None => without_status(incoming),
        Some(200) if is(&incoming, encoding.content_type()) => Ok(incoming.body),
        Some(status) => Err(refusal(&incoming, status)),
    }
}

/// An access command keeps the status to itself, so the body has to tell.
fn without_status(incoming: Incoming) -> Result<Bytes, Error> {
    if let Some(error) = connect_error(&incoming.body) {
        return Err(error);
    }
    if incoming.body.trim_ascii_start().starts_with(b"{") {
        return Ok(incoming.body);
    }
    let message = format!("expected an answer in JSON, found {}", first_line(&incoming.body));
    Err(Error::new(ErrorKind::NotPyroscope, Code::Unknown, message)
        .with_hint(Some("the URL may be wrong, or the access command is not logged in")))
}

fn refusal(incoming: &Incoming, status: u16) -> Error {
    if status != 200
        && let Some(error) = connect_error(&incoming.body)
    {
        return error.with_status(Some(status));
    }
    let code = Code::of_http_status(status);
    let found = incoming.content_type.as_deref().unwrap_or("no content type");
    let message = format!(
        "expected an answer of Pyroscope, found status {status}, `{}`, {}",
        capped(found.to_owned(), SHOWN_BYTES).escape_debug(),
        first_line(&incoming.body)
    );
    let (kind, hint) = strange(status);
    Error::new(kind, code, message).with_hint(hint).with_status(Some(status))
}

/// What it means when something else than Pyroscope answers.
fn strange(status: u16) -> (ErrorKind, Option<&'static str>) {
    match status {
        200..=299 => (
            ErrorKind::NotPyroscope,
            Some("something in front of the server answers, perhaps a login page: check URL and credentials"),
        ),
        300..=399 => (ErrorKind::NotPyroscope, Some("set the URL to where the redirect leads")),
        401 | 403 => {
            (ErrorKind::Auth, Some("check the credentials: something in front of the server refuses them"))
        }
        404 | 405 | 415 => (
            ErrorKind::NotPyroscope,
            Some(
                "the base URL looks wrong: Grafana needs the path of the data source's proxy, and a Pyroscope none",
            ),
        ),
        429 => (ErrorKind::Limit, Some("wait before asking again")),
        502..=504 => (ErrorKind::Unreachable, Some("the proxy does not reach the server")),
        _ => (ErrorKind::Server, None),
    }
}

fn connect_error(body: &[u8]) -> Option<Error> {
    let ConnectError { code, message } = serde_json::from_slice(body).ok()?;
    let code = Code::of_name(&code)?;
    Some(Error::new(kind(code), code, &*message).with_hint(hint(code, &message)))
}

fn kind(code: Code) -> ErrorKind {
    match code {
        Code::Unauthenticated | Code::PermissionDenied => ErrorKind::Auth,
        Code::Unimplemented => ErrorKind::Unsupported,
        Code::ResourceExhausted => ErrorKind::Limit,
        Code::DeadlineExceeded | Code::Canceled => ErrorKind::Deadline,
        Code::Unavailable => ErrorKind::Unreachable,
        Code::InvalidArgument
        | Code::NotFound
        | Code::AlreadyExists
        | Code::FailedPrecondition
        | Code::Aborted
        | Code::OutOfRange => ErrorKind::Rejected,
        // Success is no name of a failure, and never comes here.
        Code::Ok | Code::Unknown | Code::Internal | Code::DataLoss => ErrorKind::Server,
    }
}

fn hint(code: Code, message: &str) -> Option<&'static str> {
    let says = |words: &[&str]| words.iter().any(|word| message.contains(word));
    match code {
        Code::InvalidArgument if says(&["max_query_length"]) => Some("ask for a shorter range"),
        Code::InvalidArgument if says(&["flamegraph nodes", "flamegraph_nodes"]) => {
            Some("ask for fewer nodes; the usual limit is 1048576")
        }
        Code::InvalidArgument if says(&["ingestion window", "ingestion_window"]) => {
            Some("the server takes recent profiles only: override their time")
        }
        Code::Unauthenticated if says(&["org id"]) => Some("the server wants a tenant"),
        Code::Unauthenticated | Code::PermissionDenied => Some("check the credentials"),
        Code::DeadlineExceeded => Some("ask for a shorter range or with more label matchers"),
        Code::Unimplemented => Some("the server may be too old, or this needs its storage of version 2"),
        Code::ResourceExhausted => Some("wait before asking again, or ask for less"),
        _ => None,
    }
}

fn is(incoming: &Incoming, content_type: &str) -> bool {
    let found = incoming.content_type.as_deref().unwrap_or_default();
    found.split(';').next().is_some_and(|found| found.trim().eq_ignore_ascii_case(content_type))
}

/// The first line with something in it, made fit for a terminal.
fn first_line(body: &[u8]) -> String {
    let head = String::from_utf8_lossy(&body[..body.len().min(4 * SHOWN_BYTES)]);
    match head.lines().map(str::trim).find(|line| !line.is_empty()) {
        None => "an empty body".to_owned(),
        Some(line) => format!("`{}`", capped(line.to_owned(), SHOWN_BYTES).escape_debug()),
    }
}
