use std::error::Error as _;
use std::io;

use super::SendError;
use crate::{Code, Error, Method};

/// For a plain HTTP/2 connection that broke before any answer.
pub(crate) const NOT_PLAIN_HTTP2: &str =
    "a TLS port, or a proxy in between, does not speak plain HTTP/2: use https://, or gRPC-Web over HTTP/1.1";

/// Whether a request that failed on a used connection may be sent again on a new one.
///
/// If hyper gives it back, not a byte was sent. Otherwise the server may have seen it: when it
/// hung up without a byte in answer, the likely reason is that it closed the idle connection in
/// the same instant, and a repetition is harmless for everything but a write.
pub(crate) fn may_repeat(error: &SendError, method: Method) -> bool {
    error.message().is_some() || (method.is_idempotent() && hung_up(error.error()))
}

fn hung_up(error: &hyper::Error) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, NotConnected};
    let kinds = [BrokenPipe, ConnectionAborted, ConnectionReset, NotConnected];
    error.is_incomplete_message()
        || error.is_closed()
        || error.is_canceled()
        || cause::<io::Error>(error).is_some_and(|cause| kinds.contains(&cause.kind()))
        || cause::<h2::Error>(error).is_some_and(said_goodbye)
}

/// Parca says so after five seconds without a call, which is the pace of many a caller: the request
/// and the goodbye pass each other on the way.
fn said_goodbye(error: &h2::Error) -> bool {
    error.is_go_away() && error.is_remote() && error.reason() == Some(h2::Reason::NO_ERROR)
}

fn cause<E: std::error::Error + 'static>(error: &hyper::Error) -> Option<&E> {
    let mut cause = error.source();
    while let Some(current) = cause {
        if let Some(found) = current.downcast_ref::<E>() {
            return Some(found);
        }
        cause = current.source();
    }
    None
}

/// A connection that failed under a call. connect-go calls all of these `unavailable`.
pub(crate) fn of_hyper(error: hyper::Error, is_plain: bool) -> Error {
    let text = if error.is_incomplete_message() {
        "the server closed the connection before its answer was complete".to_owned()
    } else {
        format!("the connection failed: {}", words::with_causes(&error))
    };
    let hint = hint(&error, is_plain);
    let failed = Error::new(Code::Unavailable, text).with_source(error);
    match hint {
        Some(hint) => failed.with_hint(hint),
        None => failed,
    }
}

fn hint(error: &hyper::Error, is_plain: bool) -> Option<&'static str> {
    if error.is_parse_version_h2() {
        return Some("the server speaks only HTTP/2: use native gRPC, or gRPC-Web over HTTP/2");
    }
    if error.is_parse() {
        return Some(match is_plain {
            true => "what answers is no HTTP: is it a TLS port? then use https://",
            false => "what answers is no HTTP: is this the address of a Parca?",
        });
    }
    None
}
