//! What stands in front of all routes: names of hosts, prefixes of paths, browsers of other origins, who may come in.

use std::net::SocketAddr;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::IntoResponse;
use http::header::LOCATION;
use http::{HeaderName, HeaderValue, Method, StatusCode, Uri};
use tower::ServiceExt;
use tower_http::cors::{AllowHeaders, AllowOrigin, CorsLayer, ExposeHeaders};

use crate::access::{Access, gated};

/// What of that a server has.
#[derive(Clone, Debug, Default)]
pub(crate) struct Doors {
    pub(crate) access: Option<Access>,
    pub(crate) path_prefix: String,
    pub(crate) cors_origins: Vec<String>,
}

impl Doors {
    pub(crate) fn before(self, routes: Router, address: SocketAddr) -> Router {
        let routes = match self.access {
            Some(access) => gated(routes, access),
            None => routes,
        };
        let routes = under(self.path_prefix, routes);
        // Before the gate: a browser asks without credentials what it may ask with them.
        let routes = match self.cors_origins.is_empty() {
            true => routes,
            false => routes.layer(cors(&self.cors_origins)),
        };
        ops::refuse_foreign_hosts(routes, address)
    }
}

/// Plain HTTP is below the prefix and nowhere else, native gRPC never is, gRPC-Web is served with any, as there.
fn under(prefix: String, routes: Router) -> Router {
    let prefix = prefix.trim_matches('/').to_owned();
    if prefix.is_empty() {
        return routes;
    }
    let prefix = format!("/{prefix}");
    Router::new().fallback(move |request: Request| {
        let (routes, prefix) = (routes.clone(), prefix.clone());
        async move {
            if let Some(folder) = as_folder(request.uri(), &prefix) {
                return (StatusCode::TEMPORARY_REDIRECT, [(LOCATION, folder)]).into_response();
            }
            match stripped(request, &prefix) {
                Some(request) => routes.oneshot(request).await.into_response(),
                None => (StatusCode::NOT_FOUND, "404 page not found\n").into_response(),
            }
        }
    })
}

/// Where the prefix itself leads to: the page names its files relative to a folder. Without what stands before the last
/// part, which a proxy may have changed.
fn as_folder(uri: &Uri, prefix: &str) -> Option<String> {
    let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    let name = prefix.rsplit('/').next()?;
    (uri.path() == prefix).then(|| format!("{name}/{query}"))
}

fn stripped(mut request: Request<Body>, prefix: &str) -> Option<Request<Body>> {
    let is_grpc = unary_grpc::is_grpc(request.headers());
    let rest = request.uri().path_and_query().map_or("/", |whole| whole.as_str()).strip_prefix(prefix);
    match rest {
        Some(rest) if rest.is_empty() || rest.starts_with(['/', '?']) => {
            let rest = if rest.starts_with('/') { rest.to_owned() } else { format!("/{rest}") };
            let mut parts = request.uri().clone().into_parts();
            parts.path_and_query = rest.parse().ok();
            *request.uri_mut() = Uri::from_parts(parts).ok()?;
            Some(request)
        }
        _ => is_grpc.then_some(request),
    }
}

/// As the real server: listed origins or `*`, echoed, with credentials.
fn cors(origins: &[String]) -> CorsLayer {
    let any = origins.iter().any(|origin| origin == "*");
    let origins: Vec<HeaderValue> = origins.iter().filter_map(|origin| origin.parse().ok()).collect();
    let origins = if any { AllowOrigin::mirror_request() } else { AllowOrigin::list(origins) };
    let trailers = ["grpc-status", "grpc-message", "grpc-status-details-bin"].map(HeaderName::from_static);
    CorsLayer::new()
        .allow_origin(origins)
        .allow_credentials(true)
        .allow_methods([Method::HEAD, Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE])
        .allow_headers(AllowHeaders::mirror_request())
        .expose_headers(ExposeHeaders::list(trailers))
}
