//! Pyroscope's query API in front of any Parca, so that Grafana's Pyroscope data source, profilecli and scripts read
//! what is stored there.
//!
//! ```no_run
//! # fn example() -> Result<axum::Router, Box<dyn std::error::Error>> {
//! let parca = parca_client::Client::new(&parca_client::Settings::new("http://localhost:7070"))?;
//! let routes = parca_gateway::routes(parca, parca_gateway::Settings::default());
//! # Ok(routes)
//! # }
//! ```
//!
//! A Parca has no counts of samples: it multiplies them by their period, and so a type of counts is listed as the time
//! that they stand for. It sums deltas by steps that begin at multiples of the step since 1970; where the steps that
//! are asked for begin otherwise, it is asked for fifteenths of them.
//!
//! What it does not know: sockets, credentials, how to write.

mod error;
mod source;

pub use pyroscope_api::Settings;
pub use source::ParcaSource;

use axum::Router;
use axum::body::Body;
use axum::response::IntoResponse;
use axum::routing::get;
use http::Request;
use pyroscope_api::{Api, with_one_slash};
use tower::ServiceExt;

/// What a person finds who opens the address.
fn front() -> Router {
    let words = "Pyroscope's query API in front of a Parca, for Grafana's Pyroscope data source, profilecli and scripts.\n\
                 querier.v1.QuerierService  /pyroscope/render  /pyroscope/render-diff  /ready\n";
    Router::new().route("/", get(async move || words)).fallback(pyroscope_api::not_found)
}

/// Everything that is served: Connect, gRPC, gRPC-Web and the older HTTP endpoints, all on one port.
pub fn routes(parca: parca_client::Client, settings: Settings) -> Router {
    let api = Api::new(ParcaSource::new(parca), settings);
    let (http, grpc) = (api.routes().merge(front()), api.grpc_routes());
    let dispatch = move |request: Request<Body>| {
        let router = if unary_grpc::is_grpc(request.headers()) { grpc.clone() } else { http.clone() };
        async move { router.oneshot(with_one_slash(request)).await.into_response() }
    };
    Router::new().fallback(dispatch)
}
