//! Tenants: APIs over a store each, which only their tokens reach.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use tower::ServiceExt;

use crate::access::Tenant;
use crate::faces::Faces;
use crate::limits::Gate;
use crate::stores::{Stores, TenantStores};

/// The APIs of every tenant who was here. There are as many as the file of those who may come in names.
#[derive(Clone)]
pub(crate) struct Tenants {
    faces: Faces,
    new_store: TenantStores,
    stores: Stores,
    routes: Arc<Mutex<HashMap<String, Router>>>,
}

impl Tenants {
    /// Tenants whose APIs are like these, over other stores.
    pub(crate) fn new(faces: Faces, new_store: TenantStores, stores: Stores) -> Self {
        Self { faces, new_store, stores, routes: Arc::default() }
    }

    /// Who has a tenant gets to that tenant's store, everybody else to `own`.
    pub(crate) fn before(self, own: Router) -> Router {
        Router::new().fallback(move |request: Request<Body>| {
            let (tenants, own) = (self.clone(), own.clone());
            async move {
                match request.extensions().get::<Tenant>().cloned() {
                    None => own.oneshot(request).await.into_response(),
                    Some(tenant) => tenants.answer(&tenant.0, request).await,
                }
            }
        })
    }

    async fn answer(&self, tenant: &str, request: Request<Body>) -> Response {
        let tenants = (self.clone(), tenant.to_owned());
        // A store on disk takes its time to open.
        let routes = tokio::task::spawn_blocking(move || tenants.0.routes(&tenants.1)).await;
        match routes.unwrap_or_else(|error| Err(error.to_string())) {
            Ok(routes) => routes.oneshot(request).await.into_response(),
            Err(error) => {
                tracing::error!(tenant, error, "the store of a tenant cannot be used");
                (StatusCode::SERVICE_UNAVAILABLE, "the store of this tenant cannot be used\n").into_response()
            }
        }
    }

    fn routes(&self, tenant: &str) -> Result<Router, String> {
        // Held while a store is opened: it is opened once.
        let mut routes = self.routes.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = routes.get(tenant) {
            return Ok(known.clone());
        }
        let store = self.new_store.make(tenant)?;
        let writes = self.faces.writes.over(store.clone());
        // Questions of one tenant do not wait for those of another.
        let faces = Faces {
            writes,
            gate: Gate::new(*self.faces.gate.limits()),
            #[cfg(feature = "apis")]
            spans: self.faces.spans.of_another(),
            ..self.faces.clone()
        };
        let not_found = || async { (StatusCode::NOT_FOUND, "404 page not found\n") };
        let made = faces.routes(Router::new().fallback(not_found), None);
        self.stores.add(tenant, store);
        routes.insert(tenant.to_owned(), made.clone());
        Ok(made)
    }
}
