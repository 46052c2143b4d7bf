//! The routes of an API.

use axum::Router;

use crate::{Api, Source, connect, grpc, render};

impl<S: Source> Api<S> {
    /// Connect by HTTP, the older `/pyroscope/render` and `/pyroscope/render-diff`, `/ready`.
    pub fn routes(&self) -> Router {
        connect::routes(self.clone()).merge(render::routes(self.clone()))
    }

    /// gRPC and gRPC-Web: for requests whose content type begins with `application/grpc`.
    pub fn grpc_routes(&self) -> Router {
        grpc::routes(self.clone())
    }
}
