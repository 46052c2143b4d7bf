//! What stands in front of all routes: names of hosts, prefixes of paths, browsers of other origins, who may come in.

mod origin;
mod pages;
mod prefix;

use std::net::SocketAddr;

use axum::Router;

use crate::access::{Access, gated};

pub use origin::{CorsOrigin, CorsOriginError};
pub use prefix::{PathPrefix, PathPrefixError};

/// What of that a server has.
#[derive(Clone, Debug, Default)]
pub(crate) struct Doors {
    pub(crate) access: Option<Access>,
    pub(crate) path_prefix: PathPrefix,
    pub(crate) cors_origins: Vec<CorsOrigin>,
}

impl Doors {
    pub(crate) fn before(self, routes: Router, address: SocketAddr) -> Router {
        let routes = match self.access {
            Some(access) => gated(routes, access),
            None => routes,
        };
        let routes = prefix::under(self.path_prefix, routes);
        let routes = pages::refuse_foreign_pages(routes, self.cors_origins.clone());
        // Before the gate: a browser asks without credentials what it may ask with them.
        let routes = match self.cors_origins.is_empty() {
            true => routes,
            false => routes.layer(origin::cors(&self.cors_origins)),
        };
        ops::refuse_foreign_hosts(routes, address)
    }
}
