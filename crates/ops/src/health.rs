//! `/healthz` (the process lives) and `/readyz` (it can do its work).

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::extract::State;
use axum::routing::get;
use http::StatusCode;

/// Ready once every latch taken from it has been dropped.
#[derive(Clone, Debug, Default)]
pub struct Readiness {
    held: Arc<AtomicUsize>,
}

impl Readiness {
    /// Nothing is held: ready.
    pub fn new() -> Self {
        Self::default()
    }

    /// Not ready while the latch lives. Drop it when what it waits for has become true.
    pub fn latch(&self) -> Latch {
        self.held.fetch_add(1, Ordering::SeqCst);
        Latch { held: Arc::clone(&self.held) }
    }

    /// Whether every latch is gone.
    pub fn is_ready(&self) -> bool {
        self.held.load(Ordering::SeqCst) == 0
    }
}

/// Holds back readiness; see [`Readiness::latch`].
#[derive(Debug)]
pub struct Latch {
    held: Arc<AtomicUsize>,
}

impl Drop for Latch {
    fn drop(&mut self) {
        self.held.fetch_sub(1, Ordering::SeqCst);
    }
}

/// `GET /healthz`: always 200. `GET /readyz`: 200 or 503.
pub fn health_routes(readiness: Readiness) -> Router {
    Router::new()
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(readyz))
        .with_state(readiness)
}

async fn readyz(State(readiness): State<Readiness>) -> (StatusCode, &'static str) {
    if readiness.is_ready() {
        (StatusCode::OK, "ready\n")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "not ready\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ready_only_when_the_last_latch_is_dropped() {
        let readiness = Readiness::new();
        assert!(readiness.is_ready());
        let (first, second) = (readiness.latch(), readiness.latch());
        drop(first);
        assert!(!readiness.is_ready());
        drop(second);
        assert!(readiness.is_ready());
    }
}
