//! OTLP by HTTP: `POST /v1development/profiles`, protobuf or JSON, compressed with gzip or not.

use axum::Router;
use axum::extract::{DefaultBodyLimit, State};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, StatusCode};
use parca_proto::json::{PARCA, read};
use prost::Message;
use tonic::{Code, Status};

use super::{OtlpError, export};
use crate::writes::{NotStored, Writes};

pub(crate) fn routes(writes: Writes, limit: usize) -> Router {
    Router::new()
        .route("/v1development/profiles", post(receive))
        .layer(DefaultBodyLimit::max(limit))
        .with_state((writes, limit))
}

async fn receive(
    State((writes, limit)): State<(Writes, usize)>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or("");
    let is_json = match kind.split(';').next().unwrap_or("").trim() {
        "application/json" => true,
        "application/x-protobuf" | "application/protobuf" => false,
        other => {
            let words = format!("expected application/x-protobuf or application/json, found `{other}`\n");
            return (StatusCode::UNSUPPORTED_MEDIA_TYPE, words).into_response();
        }
    };
    let received = async {
        let body = pyroscope_api::decoded(&headers, body, limit)?;
        let bytes = if is_json { from_json(&body)? } else { body };
        let answer = export(&writes, bytes);
        Ok(writes.metrics.timed("Export", answer).await?)
    };
    match received.await {
        Ok(answer) if is_json => json(StatusCode::OK, partial_json(&answer).to_string()),
        Ok(answer) => proto(StatusCode::OK, answer.encode_to_vec()),
        Err(Failed { status, http }) => failed(&status, http, is_json),
    }
}

/// Why an export was not taken, with the status by which senders of OTLP know whether to send it again.
struct Failed {
    status: Status,
    http: StatusCode,
}

impl Failed {
    fn new(status: Status, is_too_large: bool) -> Self {
        let http = match status.code() {
            // It would be again.
            _ if is_too_large => StatusCode::PAYLOAD_TOO_LARGE,
            Code::ResourceExhausted => StatusCode::TOO_MANY_REQUESTS,
            Code::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Code::Internal => StatusCode::INTERNAL_SERVER_ERROR,
            _ => StatusCode::BAD_REQUEST,
        };
        Self { status, http }
    }
}

impl From<pyroscope_api::ApiError> for Failed {
    fn from(error: pyroscope_api::ApiError) -> Self {
        let code = Code::from(error.code.number());
        Self::new(Status::new(code, error.message), code == Code::ResourceExhausted)
    }
}

impl From<NotStored> for Failed {
    fn from(error: NotStored) -> Self {
        Self::new(error.status(), error.is_too_large())
    }
}

impl From<OtlpError> for Failed {
    fn from(error: OtlpError) -> Self {
        NotStored::Otlp(error).into()
    }
}

const REQUEST: &str = "opentelemetry.proto.collector.profiles.v1development.ExportProfilesServiceRequest";

/// Fields that are not known are passed over. Ids, which this form has in hexadecimal, are not looked at.
pub(crate) fn from_json(body: &[u8]) -> Result<Bytes, OtlpError> {
    let request = PARCA.get_message_by_name(REQUEST).expect("the message is in the descriptors");
    let message = read(request, body).map_err(|error| OtlpError::Message(error.to_string()))?;
    Ok(message.encode_to_vec().into())
}

fn partial_json(answer: &parca_proto::otlp::collector::ExportProfilesServiceResponse) -> serde_json::Value {
    match &answer.partial_success {
        None => serde_json::json!({}),
        Some(partial) => serde_json::json!({"partialSuccess": {
            "rejectedProfiles": partial.rejected_profiles.to_string(),
            "errorMessage": partial.error_message,
        }}),
    }
}

/// `google.rpc.Status`, as senders of OTLP expect failures.
#[derive(Clone, PartialEq, prost::Message)]
struct RpcStatus {
    #[prost(int32, tag = "1")]
    code: i32,
    #[prost(string, tag = "2")]
    message: String,
}

fn failed(status: &Status, http: StatusCode, is_json: bool) -> Response {
    let (code, message) = (i32::from(status.code()), status.message().to_owned());
    if is_json {
        return json(http, serde_json::json!({"code": code, "message": message}).to_string());
    }
    proto(http, RpcStatus { code, message }.encode_to_vec())
}

fn json(status: StatusCode, body: String) -> Response {
    (status, [(CONTENT_TYPE, "application/json")], body).into_response()
}

fn proto(status: StatusCode, body: Vec<u8>) -> Response {
    (status, [(CONTENT_TYPE, "application/x-protobuf")], body).into_response()
}
