//! Plain HTTP: bodies within a size, before and after they are decompressed.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Request, StatusCode};
use ops::Room;
use tower::ServiceExt;

use crate::limits::MAX_MESSAGE_BYTES;

/// Answers a request whose body is no longer than a message may be, also once it is decompressed. What says that it is
/// too long is not read.
pub(super) async fn answer(routes: Router, request: Request<Body>) -> Response {
    let size = Size::of(request.uri().path());
    if length(request.headers()).is_some_and(|length| length > MAX_MESSAGE_BYTES as u64) {
        return size.refusal();
    }
    let request = match is_gzip(request.headers()) {
        false => request,
        true => match decompressed(request, size).await {
            Ok(request) => request,
            Err(refused) => return refused,
        },
    };
    let answer = routes.oneshot(request).await.into_response();
    // Of a body that ran into the limit, and has no word for it.
    let has_words = answer.status() != StatusCode::PAYLOAD_TOO_LARGE || has_form(&answer);
    if has_words { answer } else { size.refusal() }
}

fn length(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

fn is_gzip(headers: &HeaderMap) -> bool {
    headers.get(CONTENT_ENCODING).is_some_and(|encoding| encoding == "gzip")
}

fn has_form(answer: &Response) -> bool {
    answer.headers().get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"application/"))
}

/// The request as it would have come without compression. What it expands to takes from the server's room.
async fn decompressed(request: Request<Body>, size: Size) -> Result<Request<Body>, Response> {
    let (mut head, body) = request.into_parts();
    // One that breaks off is told why by the server.
    let packed = to_bytes(body, MAX_MESSAGE_BYTES).await.map_err(|_| size.refusal())?;
    let plain = tokio::task::spawn_blocking(move || gunzip::at_most(MAX_MESSAGE_BYTES, &packed)).await;
    let plain = plain.unwrap_or_else(|error| Err(gunzip::Error::Broken(std::io::Error::other(error))));
    let plain = plain.map_err(|error| match error {
        gunzip::Error::TooLarge { .. } => size.refusal(),
        error => refused(StatusCode::BAD_REQUEST, "invalid_argument", &words::with_causes(&error)),
    })?;
    if let Some(room) = head.extensions.get::<Room>() {
        // Whoever is refused so is told by the server.
        room.take(plain.len()).map_err(|error| too_much(&error))?;
    }
    head.headers.remove(CONTENT_ENCODING);
    // Who sends it reads it: Connect answers so.
    head.headers.append(ACCEPT_ENCODING, HeaderValue::from_static("gzip"));
    head.headers.insert(CONTENT_LENGTH, plain.len().into());
    Ok(Request::from_parts(head, Body::from(Bytes::from(plain))))
}

fn too_much(error: &ops::BodyRefused) -> Response {
    refused(StatusCode::SERVICE_UNAVAILABLE, "resource_exhausted", &error.to_string())
}

/// How it is said that a body is too long.
#[derive(Clone, Copy)]
struct Size(StatusCode);

impl Size {
    /// By the table of Connect for its methods, of which clients try nothing again; others would after that.
    fn of(path: &str) -> Self {
        let is_connect = ["/querier.v1.", "/push.v1."].iter().any(|start| path.starts_with(start));
        Self(if is_connect { StatusCode::TOO_MANY_REQUESTS } else { StatusCode::PAYLOAD_TOO_LARGE })
    }

    fn refusal(self) -> Response {
        let words = format!(
            "request_size: expected at most {MAX_MESSAGE_BYTES} bytes, found more: send less at a time"
        );
        refused(self.0, "resource_exhausted", &words)
    }
}

/// In the form of Connect, whose clients read it whatever the status.
fn refused(status: StatusCode, code: &str, words: &str) -> Response {
    let body = serde_json::json!({"code": code, "message": words}).to_string();
    (status, [(CONTENT_TYPE, "application/json")], body).into_response()
}
