//! What is spoken beside Parca's gRPC: its JSON gateway, OTLP, and Pyroscope's API.

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::routing::post;
use bytes::Bytes;
use http::Request;
use prost::Message;
use pyroscope_api::{Api, push_grpc_routes, push_routes};
use tonic::{Response, Status};

use super::Faces;
use crate::limits::MAX_MESSAGE_BYTES;
use crate::pyroscope::{StoreSink, StoreSource};
use crate::writes::Writes;
use crate::{otlp, rest};

/// The other APIs by plain HTTP, and Pyroscope's by gRPC.
pub(super) struct Others {
    pub(super) http: Router,
    pub(super) pyroscope: Router,
}

impl Faces {
    /// The other APIs beside these routes of plain HTTP.
    pub(super) fn others(&self, more: Router) -> Others {
        let Self { writes, gate, service_labels, spans } = self.clone();
        let mut of_api = pyroscope_api::Settings::default();
        of_api.service_labels = service_labels;
        of_api.max_answer_bytes = gate.limits().answer_bytes;
        let api = Api::new(StoreSource { store: writes.store.clone(), gate, spans: spans.clone() }, of_api);
        let sink = StoreSink { writes: writes.clone(), spans };
        let pyroscope = api.grpc_routes().merge(push_grpc_routes(sink.clone()));
        let http = more
            .merge(api.routes())
            .merge(push_routes(sink))
            .merge(rest::routes(self.query()))
            .merge(otlp::routes(writes, MAX_MESSAGE_BYTES))
            .fallback(pyroscope_api::not_found);
        Others { http, pyroscope }
    }
}

/// Whether a path of gRPC is one of Pyroscope's services.
pub(super) fn is_pyroscope(path: &str) -> bool {
    path.starts_with("/querier.v1.") || path.starts_with("/push.v1.")
}

const EXPORT: &str = "/opentelemetry.proto.collector.profiles.v1development.ProfilesService/Export";

/// OpenTelemetry's service for profiles.
pub(super) fn otlp_grpc(writes: Writes) -> Router {
    let export = async |State(writes): State<Writes>, request: Request<Body>| {
        unary_grpc::answer(MAX_MESSAGE_BYTES, request, move |bytes| exported(writes.clone(), bytes)).await
    };
    Router::new().route(EXPORT, post(export)).with_state(writes)
}

async fn exported(writes: Writes, bytes: Bytes) -> Result<Vec<u8>, Status> {
    let answer =
        async { otlp::export(&writes, bytes).await.map(Response::new).map_err(|error| error.status()) };
    let answer = writes.metrics.timed("Export", answer).await?;
    Ok(answer.into_inner().encode_to_vec())
}
