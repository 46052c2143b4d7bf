//! Unary Connect: one message by HTTP POST, as JSON or protobuf, compressed with gzip or not.

use std::io::Read;

use axum::Router;
use axum::body::Body;
use axum::extract::rejection::BytesRejection;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use bytes::Bytes;
use http::header::{ACCEPT, ALLOW, CONTENT_ENCODING, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, StatusCode};
use prost_reflect::MethodDescriptor;

use crate::methods;
use crate::{Api, ApiError, Code, Source, json};

const QUERIER: &str = "querier.v1.QuerierService";

pub(crate) fn routes<S: Source>(api: Api<S>) -> Router {
    let limit = api.inner.settings.max_message_bytes;
    Router::new()
        .route("/querier.v1.QuerierService/{method}", post(answer::<S>).fallback(only_post))
        // What Drilldown asks for its settings; it falls back on its own.
        .route("/settings.v1.SettingsService/Get", post(no_settings))
        .route("/ready", get(|| async { "ready\n" }))
        .layer(DefaultBodyLimit::max(limit))
        .with_state(api)
}

async fn only_post() -> Response {
    (StatusCode::METHOD_NOT_ALLOWED, [(ALLOW, "POST")]).into_response()
}

async fn no_settings(headers: HeaderMap) -> Response {
    match Codec::of(&headers) {
        Some(Codec::Proto) => Codec::Proto.response(Vec::new(), false),
        _ => Codec::Json.response(b"{}".to_vec(), false),
    }
}

async fn answer<S: Source>(
    State(api): State<Api<S>>,
    Path(method): Path<String>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    let limit = api.inner.settings.max_message_bytes;
    let call = async |request: Bytes| methods::call(&api, &method, request, accepts_any_name(&headers)).await;
    unary(QUERIER, &method, &headers, body, limit, call).await
}

/// Clients that can write names such as `service.name` say so.
fn accepts_any_name(headers: &HeaderMap) -> bool {
    let accept = headers.get(ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or("");
    accept.replace(' ', "").contains("allow-utf8-labelnames=true")
}

/// One call, from its headers and body to its answer.
pub(crate) async fn unary(
    service: &str,
    method: &str,
    headers: &HeaderMap,
    body: Result<Bytes, BytesRejection>,
    limit: usize,
    call: impl AsyncFnOnce(Bytes) -> Result<Vec<u8>, ApiError>,
) -> Response {
    let Some(of) = json::method(service, method) else {
        let words = format!("expected a method of `{service}` that is served here, found `{method}`");
        return failed(&ApiError::unimplemented(words));
    };
    let Some(codec) = Codec::of(headers) else {
        let accepted = [(HeaderName::from_static("accept-post"), "application/json, application/proto")];
        return (StatusCode::UNSUPPORTED_MEDIA_TYPE, accepted).into_response();
    };
    let answered = async {
        check_protocol(headers)?;
        let body = decoded(headers, whole(body, limit)?, limit)?;
        let request = codec.read(&of, body)?;
        codec.write(&of, call(request).await?)
    };
    match answered.await {
        Ok(message) => codec.response(message, wants_gzip(headers)),
        Err(error) => failed(&error),
    }
}

/// How messages are written.
#[derive(Clone, Copy)]
enum Codec {
    Json,
    Proto,
}

impl Codec {
    fn of(headers: &HeaderMap) -> Option<Self> {
        let kind = headers.get(CONTENT_TYPE)?.to_str().ok()?;
        match kind.split(';').next()?.trim() {
            "application/json" => Some(Self::Json),
            "application/proto" => Some(Self::Proto),
            _ => None,
        }
    }

    fn read(self, method: &MethodDescriptor, body: Bytes) -> Result<Bytes, ApiError> {
        match self {
            Self::Proto => Ok(body),
            Self::Json => json::to_proto(method, &body).map(Bytes::from),
        }
    }

    fn write(self, method: &MethodDescriptor, message: Vec<u8>) -> Result<Vec<u8>, ApiError> {
        match self {
            Self::Proto => Ok(message),
            Self::Json => json::from_proto(method, &message),
        }
    }

    /// The content type is there even if the message is empty: clients insist on it.
    fn response(self, message: Vec<u8>, gzip: bool) -> Response {
        let kind = match self {
            Self::Json => "application/json",
            Self::Proto => "application/proto",
        };
        if !gzip || message.is_empty() {
            return ([(CONTENT_TYPE, kind)], message).into_response();
        }
        let mut encoder = flate2::read::GzEncoder::new(message.as_slice(), flate2::Compression::fast());
        let mut packed = Vec::new();
        match encoder.read_to_end(&mut packed) {
            Ok(_) => ([(CONTENT_TYPE, kind), (CONTENT_ENCODING, "gzip")], packed).into_response(),
            Err(_) => ([(CONTENT_TYPE, kind)], message).into_response(),
        }
    }
}

fn check_protocol(headers: &HeaderMap) -> Result<(), ApiError> {
    match headers.get("connect-protocol-version") {
        Some(version) if version != "1" => {
            Err(ApiError::invalid(format!("connect-protocol-version: expected 1, found {version:?}")))
        }
        _ => Ok(()),
    }?;
    match headers.get("connect-timeout-ms") {
        Some(timeout) if timeout.to_str().ok().and_then(|text| text.parse::<u64>().ok()).is_none() => {
            Err(ApiError::invalid(format!("connect-timeout-ms: expected a number, found {timeout:?}")))
        }
        _ => Ok(()),
    }
}

/// A body that came whole and is not too long.
pub(crate) fn whole(body: Result<Bytes, BytesRejection>, limit: usize) -> Result<Bytes, ApiError> {
    body.map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => ApiError::new(
            Code::ResourceExhausted,
            format!("request_size: expected at most {limit} bytes, found more: send less at a time"),
        ),
        _ => ApiError::invalid(format!("the request did not come whole: {}", rejection.body_text())),
    })
}

/// A body without the compression that its headers name, of at most `limit` bytes.
///
/// # Errors
/// Another compression than gzip, bytes that are none, or too many.
pub fn decoded(headers: &HeaderMap, body: Bytes, limit: usize) -> Result<Bytes, ApiError> {
    let encoding = headers.get(CONTENT_ENCODING).map_or(Ok("identity"), |value| value.to_str());
    match encoding.unwrap_or("?") {
        "identity" | "" => Ok(body),
        "gzip" => inflated(&body, limit),
        other => {
            Err(ApiError::unimplemented(format!("content-encoding: expected gzip or none, found `{other}`")))
        }
    }
}

/// The content of a gzip file of at most `limit` bytes.
pub(crate) fn inflated(bytes: &[u8], limit: usize) -> Result<Bytes, ApiError> {
    gunzip::at_most(limit, bytes).map(Bytes::from).map_err(|error| match error {
        gunzip::Error::Broken(reason) => {
            ApiError::invalid(format!("expected bytes compressed with gzip: {reason}"))
        }
        error => ApiError::new(Code::ResourceExhausted, format!("request_size: {error}")),
    })
}

fn wants_gzip(headers: &HeaderMap) -> bool {
    ops::accepts_gzip(headers) || headers.get(CONTENT_ENCODING).is_some_and(|value| value == "gzip")
}

/// Errors are JSON, whatever the request was.
pub(crate) fn failed(error: &ApiError) -> Response {
    json_body(error.status(), error.json())
}

pub(crate) fn json_body(status: StatusCode, body: Vec<u8>) -> Response {
    (status, [(CONTENT_TYPE, "application/json")], Body::from(body)).into_response()
}
