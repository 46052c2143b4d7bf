//! A store by all APIs: Parca's and Pyroscope's, by gRPC, gRPC-Web and HTTP.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::response::IntoResponse;
use axum::routing::post;
use bytes::Bytes;
use http::{HeaderValue, Request, header};
use parca_proto::debuginfo::debuginfo_service_server::DebuginfoServiceServer;
use parca_proto::profilestore::agents_service_server::AgentsServiceServer;
use parca_proto::profilestore::profile_store_service_server::ProfileStoreServiceServer;
use parca_proto::query::query_service_server::QueryServiceServer;
use parca_proto::scrape::scrape_service_server::ScrapeServiceServer;
use prost::Message;
use pyroscope_api::{Api, push_grpc_routes, push_routes};
use tonic::codec::CompressionEncoding;
use tonic::service::Routes;
use tonic::{Response, Status};
use tonic_web::GrpcWebLayer;
use tower::ServiceExt;

use crate::agents::Agents;
use crate::grpc::{AgentsApi, DebuginfoApi, ProfileStoreApi, QueryApi, ScrapeApi};
use crate::limits::Gate;
use crate::pyroscope::{StoreSink, StoreSource};
use crate::writes::Writes;
use crate::{otlp, rest};

/// What the real server takes: 64 MiB a message. How much is sent is a limit of the questions.
const MAX_MESSAGE_BYTES: usize = 64 << 20;

/// Sets what every service shares; a macro because tonic has no trait for it.
macro_rules! service {
    ($server:ident, $api:expr) => {
        $server::new($api)
            .max_decoding_message_size(MAX_MESSAGE_BYTES)
            .accept_compressed(CompressionEncoding::Gzip)
            .send_compressed(CompressionEncoding::Gzip)
    };
}

/// What all APIs over a store need.
#[derive(Clone)]
pub(crate) struct Faces {
    pub(crate) writes: Writes,
    pub(crate) gate: Gate,
    pub(crate) service_labels: Vec<String>,
}

impl Faces {
    /// All APIs, with more routes of plain HTTP, and another answer to `ScrapeService` if there is one.
    pub(crate) fn routes(&self, more: Router, scrape_service: Option<Router>) -> Router {
        let Self { writes, gate, service_labels } = self.clone();
        let mut of_api = pyroscope_api::Settings::default();
        of_api.service_labels = service_labels;
        of_api.max_answer_bytes = gate.answer_bytes();
        let api = Api::new(StoreSource { store: writes.store.clone(), gate: gate.clone() }, of_api);
        let sink = StoreSink { writes: writes.clone() };
        let pyroscope = api.grpc_routes().merge(push_grpc_routes(sink.clone()));
        let grpc = self.grpc();
        let http = more
            .merge(api.routes())
            .merge(push_routes(sink))
            .merge(rest::routes(self.query()))
            .merge(otlp::routes(writes, MAX_MESSAGE_BYTES));
        // As in the real server, the content type says which half of it a request is for.
        let dispatch = move |request: Request<Body>| {
            // The path must be right before a router sees it: a layer of the router would be too late.
            let (router, request) = if unary_grpc::is_grpc(request.headers()) {
                let request = as_the_real_server_reads(request);
                let path = request.uri().path();
                let is_pyroscope = path.starts_with("/querier.v1.") || path.starts_with("/push.v1.");
                let other = match () {
                    () if is_pyroscope => Some(&pyroscope),
                    () if path.starts_with("/parca.scrape.v1alpha1.") => scrape_service.as_ref(),
                    () => None,
                };
                (other.unwrap_or(&grpc).clone(), request)
            } else {
                (http.clone(), request)
            };
            async move { router.oneshot(request).await.into_response() }
        };
        Router::new().fallback(dispatch)
    }

    fn query(&self) -> QueryApi {
        let Writes { store, metrics } = self.writes.clone();
        QueryApi { store, metrics, gate: self.gate.clone() }
    }

    /// Parca's services and those of OpenTelemetry, health and reflection.
    pub(crate) fn grpc(&self) -> Router {
        let agents = Arc::new(Agents::default());
        let writes = self.writes.clone();
        let export = async |State(writes): State<Writes>, request: Request<Body>| {
            unary_grpc::answer(MAX_MESSAGE_BYTES, request, move |bytes| exported(writes.clone(), bytes)).await
        };
        let otlp = Router::new().route(EXPORT, post(export)).with_state(writes.clone());
        let profile_store = ProfileStoreApi { writes, agents: Arc::clone(&agents) };
        let (_, health) = tonic_health::server::health_reporter();
        let mut routes = Routes::builder();
        routes
            .add_service(service!(QueryServiceServer, self.query()))
            .add_service(service!(ProfileStoreServiceServer, profile_store))
            .add_service(service!(AgentsServiceServer, AgentsApi { agents }))
            .add_service(service!(ScrapeServiceServer, ScrapeApi))
            .add_service(service!(DebuginfoServiceServer, DebuginfoApi))
            .add_service(health)
            .add_service(reflection().build_v1().expect("our own descriptors are whole"))
            .add_service(reflection().build_v1alpha().expect("our own descriptors are whole"));
        routes.routes().prepare().into_axum_router().merge(otlp).layer(GrpcWebLayer::new())
    }
}

fn is_grpc_web(request: &Request<Body>) -> bool {
    let web = b"application/grpc-web";
    request.headers().get(header::CONTENT_TYPE).is_some_and(|value| value.as_bytes().starts_with(web))
}

const EXPORT: &str = "/opentelemetry.proto.collector.profiles.v1development.ProfilesService/Export";

async fn exported(writes: Writes, bytes: Bytes) -> Result<Vec<u8>, Status> {
    let answer =
        async { otlp::export(&writes, bytes).await.map(Response::new).map_err(|error| error.status()) };
    let answer = writes.metrics.timed("Export", answer).await?;
    Ok(answer.into_inner().encode_to_vec())
}

fn reflection() -> tonic_reflection::server::Builder<'static> {
    tonic_reflection::server::Builder::configure()
        .register_encoded_file_descriptor_set(parca_proto::DESCRIPTORS)
        .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
}

/// Under gRPC-Web only the last two segments of a path count (the UI asks under `/api/`), and an
/// answer is compressed only where the question was.
fn as_the_real_server_reads(mut request: Request<Body>) -> Request<Body> {
    if is_grpc_web(&request) {
        let path = request.uri().path();
        let method = path.rmatch_indices('/').nth(1).map(|(at, _)| path[at..].to_owned());
        if let Some(Ok(uri)) = method.map(|method| method.parse()) {
            *request.uri_mut() = uri;
        }
    }
    let asked_compressed = request.headers().get("grpc-encoding") == Some(&HeaderValue::from_static("gzip"));
    if !asked_compressed {
        request.headers_mut().remove("grpc-accept-encoding");
    }
    request
}
