//! A store by all APIs: Parca's and, with the feature `apis`, the others, by gRPC, gRPC-Web and HTTP.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::middleware::map_request;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, Request, StatusCode, Version, header};
use parca_proto::debuginfo::debuginfo_service_server::DebuginfoServiceServer;
use parca_proto::profilestore::agents_service_server::AgentsServiceServer;
use parca_proto::profilestore::profile_store_service_server::ProfileStoreServiceServer;
use parca_proto::query::query_service_server::QueryServiceServer;
use parca_proto::scrape::scrape_service_server::ScrapeServiceServer;
use tonic::Status;
use tonic::codec::CompressionEncoding;
use tonic::service::Routes;
use tonic_web::GrpcWebLayer;
use tower::ServiceExt;

#[cfg(feature = "apis")]
mod others;
mod plain;

use crate::agents::Agents;
use crate::grpc::{AgentsApi, DebuginfoApi, ProfileStoreApi, QueryApi, ScrapeApi};
use crate::limits::{Gate, MAX_MESSAGE_BYTES};
use crate::writes::Writes;

#[cfg(feature = "apis")]
use others::{Others, is_pyroscope, otlp_grpc};

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
    #[cfg(feature = "apis")]
    pub(crate) service_labels: Vec<String>,
    #[cfg(feature = "apis")]
    pub(crate) spans: crate::pyroscope::Spans,
}

impl Faces {
    /// All APIs, with more routes of plain HTTP, and another answer to `ScrapeService` if there is one.
    pub(crate) fn routes(&self, more: Router, scrape_service: Option<Router>) -> Router {
        let grpc = self.grpc();
        #[cfg(feature = "apis")]
        let Others { http: more, pyroscope } = self.others(more);
        let spoken = move |request: &Request<Body>| {
            let path = request.uri().path();
            let other = match () {
                #[cfg(feature = "apis")]
                () if is_pyroscope(path) => Some(&pyroscope),
                () if path.starts_with("/parca.scrape.v1alpha1.") => scrape_service.as_ref(),
                () => None,
            };
            other.unwrap_or(&grpc).clone()
        };
        // As in the real server, the content type says which half of it a request is for.
        Router::new().fallback(async move |request: Request<Body>| {
            // The path must be right before a router sees it: a layer of the router would be too late.
            #[cfg(feature = "apis")]
            let request = pyroscope_api::with_one_slash(request);
            if !unary_grpc::is_grpc(request.headers()) {
                return plain::answer(more, request).await;
            }
            if request.version() < Version::HTTP_2 && !is_grpc_web(&request) {
                return (StatusCode::HTTP_VERSION_NOT_SUPPORTED, "gRPC requires HTTP/2\n").into_response();
            }
            let request = as_the_real_server_reads(request);
            let answer = spoken(&request).oneshot(request).await.into_response();
            // Of a router that has no such path, which to gRPC is a method.
            match answer.status() {
                StatusCode::NOT_FOUND => Status::unimplemented("unknown service or method").into_http(),
                _ => brief(answer),
            }
        })
    }

    fn query(&self) -> QueryApi {
        let Writes { store, metrics, .. } = self.writes.clone();
        QueryApi { store, metrics, gate: self.gate.clone() }
    }

    /// Parca's services, health and reflection, and OpenTelemetry's with the feature `apis`.
    pub(crate) fn grpc(&self) -> Router {
        let agents = Arc::new(Agents::default());
        let writes = self.writes.clone();
        #[cfg(feature = "apis")]
        let otlp = otlp_grpc(writes.clone());
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
        let routes = routes.routes().prepare().into_axum_router();
        let bounded = async |request: Request<Body>| unary_grpc::bounded(request, MAX_MESSAGE_BYTES);
        let routes = routes.layer(map_request(bounded));
        #[cfg(feature = "apis")]
        let routes = routes.merge(otlp);
        routes.layer(GrpcWebLayer::new())
    }
}

fn is_grpc_web(request: &Request<Body>) -> bool {
    kind_starts_with(request, b"application/grpc-web")
}

fn is_text(request: &Request<Body>) -> bool {
    kind_starts_with(request, b"application/grpc-web-text")
}

fn kind_starts_with(request: &Request<Body>, start: &[u8]) -> bool {
    request.headers().get(header::CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(start))
}

fn reflection() -> tonic_reflection::server::Builder<'static> {
    tonic_reflection::server::Builder::configure()
        .register_encoded_file_descriptor_set(parca_proto::DESCRIPTORS)
        .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
}

/// The longest text of a refusal: clients bear some KiB of headers.
const MAX_STATUS_TEXT: usize = 4 << 10;

/// A refusal that quotes what somebody sent may be as long as that.
fn brief(mut answer: Response) -> Response {
    let text = answer.headers().get("grpc-message").filter(|text| text.len() > MAX_STATUS_TEXT);
    if let Some(text) = text {
        let mut kept = &text.as_bytes()[..MAX_STATUS_TEXT];
        // `%` and two digits are a byte, several of them a letter, which is not cut apart.
        while let Some(at) = kept.len().checked_sub(3).filter(|at| kept[*at..].contains(&b'%')) {
            kept = &kept[..at + kept[at..].iter().position(|byte| *byte == b'%').unwrap_or(0)];
        }
        let text = HeaderValue::from_bytes(&[kept, b"..."].concat());
        answer.headers_mut().insert("grpc-message", text.expect("a piece of a good value is one"));
    }
    answer
}

/// Under gRPC-Web only the last two segments of a path count (the UI asks under `/api/`), only the beginning of the
/// content type, and that for the answer, too. An answer is compressed only where the question was.
fn as_the_real_server_reads(mut request: Request<Body>) -> Request<Body> {
    if is_grpc_web(&request) {
        let kind = match is_text(&request) {
            true => HeaderValue::from_static("application/grpc-web-text+proto"),
            false => HeaderValue::from_static("application/grpc-web+proto"),
        };
        request.headers_mut().insert(header::ACCEPT, kind.clone());
        request.headers_mut().insert(header::CONTENT_TYPE, kind);
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

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn long_refusals_are_cut_between_letters() {
        let check = |text: &str, expect: &str| {
            let answer = Response::builder().header("grpc-message", text).body(Body::empty()).unwrap();
            assert_eq!(brief(answer).headers()["grpc-message"], expect, "{} bytes", text.len());
        };
        let full = "x".repeat(MAX_STATUS_TEXT);
        check(&full, &full);
        check(&format!("{full}y"), &format!("{full}..."));
        for before in 1..4 {
            // Two letters of two bytes each.
            let text = format!("{}%C3%A4%C3%A4{full}", "x".repeat(MAX_STATUS_TEXT - 3 - before));
            check(&text, &format!("{}...", "x".repeat(MAX_STATUS_TEXT - 3 - before)));
        }
    }
}
