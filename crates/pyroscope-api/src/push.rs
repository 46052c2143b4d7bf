//! `push.v1.PusherService/Push`, and the routes of all ways of pushing.

use axum::Router;
use axum::body::Body;
use axum::extract::rejection::BytesRejection;
use axum::extract::{DefaultBodyLimit, State};
use axum::response::Response;
use axum::routing::post;
use bytes::Bytes;
use http::{HeaderMap, Request};
use parca_proto::pyroscope::push as wire;
use prost::Message;
use tonic_web::GrpcWebLayer;

use crate::error::blocking;
use crate::normal::{Origin, normal};
use crate::sink::{Pushed, Sink};
use crate::{ApiError, connect, grpc, ingest};

const SERVICE: &str = "push.v1.PusherService";

/// Push by Connect, and `/ingest`, which SDKs of some languages speak.
pub fn push_routes<K: Sink>(sink: K) -> Router {
    Router::new()
        .route("/push.v1.PusherService/Push", post(push::<K>))
        .route("/ingest", post(ingest::ingest::<K>))
        .route("/pyroscope/ingest", post(ingest::ingest::<K>))
        .layer(DefaultBodyLimit::max(sink.max_message_bytes()))
        .with_state(sink)
}

/// Push by gRPC and gRPC-Web.
pub fn push_grpc_routes<K: Sink>(sink: K) -> Router {
    let answer = async |State(sink): State<K>, request: Request<Body>| {
        let limit = sink.max_message_bytes();
        unary_grpc::answer(limit, request, move |bytes| {
            let sink = sink.clone();
            async move { answer(&sink, bytes).await.map_err(|error| grpc::status(&error)) }
        })
        .await
    };
    Router::new()
        .route("/push.v1.PusherService/Push", post(answer))
        .with_state(sink)
        .layer(GrpcWebLayer::new())
}

async fn push<K: Sink>(
    State(sink): State<K>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    let limit = sink.max_message_bytes();
    connect::unary(SERVICE, "Push", &headers, body, limit, async |bytes| answer(&sink, bytes).await).await
}

async fn answer<K: Sink>(sink: &K, bytes: Bytes) -> Result<Vec<u8>, ApiError> {
    let (turn, limit) = (sink.turn().await, sink.max_message_bytes());
    let read = blocking(move || (read(bytes, limit), turn)).await.map(|(read, _turn)| read);
    let profiles = read.flatten().inspect_err(|error| sink.refused("Push", error))?;
    sink.push("Push", profiles).await?;
    Ok(wire::PushResponse {}.encode_to_vec())
}

/// The profiles of a request, which expand to at most `limit` bytes together; one that cannot be taken refuses all of them.
pub(crate) fn read(bytes: Bytes, limit: usize) -> Result<Vec<Pushed>, ApiError> {
    let request = wire::PushRequest::decode(bytes)
        .map_err(|error| ApiError::invalid(format!("expected a PushRequest: {error}")))?;
    let (mut profiles, mut expanded) = (Vec::new(), 0);
    for series in &request.series {
        let pairs: Vec<(String, String)> =
            series.labels.iter().map(|label| (label.name.clone(), label.value.clone())).collect();
        if pairs.iter().all(|(name, value)| name != pql::NAME_LABEL || value.is_empty()) {
            return Err(ApiError::invalid("invalid labels: expected a metric name (__name__), found none"));
        }
        for sample in &series.samples {
            let raw = sample.raw_profile.clone();
            normal(&Origin::now(pairs.clone()), raw, limit, &mut expanded, &mut profiles)?;
        }
    }
    Ok(profiles)
}
