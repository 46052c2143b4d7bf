//! `/healthz` (the process lives) and `/readyz` (it can do its work).

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::extract::State;
use axum::routing::get;
use http::StatusCode;

/// Ready once every latch taken from it has been dropped. Cheap to clone; clones share.
#[derive(Clone, Debug, Default)]
pub struct Readiness {
    held: Arc<Mutex<Held>>,
}

/// The reasons of the latches that live.
#[derive(Debug, Default)]
struct Held {
    next: u64,
    reasons: BTreeMap<u64, Cow<'static, str>>,
}

impl Readiness {
    /// Nothing is held: ready.
    pub fn new() -> Self {
        Self::default()
    }

    /// Not ready while the latch lives. Drop it when what it waits for has become true.
    pub fn latch(&self) -> Latch {
        self.latch_for("starting")
    }

    /// Not ready while the latch lives, for a reason that whoever asks is told, such as
    /// "query `cpu` was not tried yet".
    pub fn latch_for(&self, reason: impl Into<Cow<'static, str>>) -> Latch {
        let mut held = lock(&self.held);
        let number = held.next;
        held.next += 1;
        held.reasons.insert(number, reason.into());
        drop(held);
        Latch { held: Arc::clone(&self.held), number }
    }

    /// Whether every latch is gone.
    pub fn is_ready(&self) -> bool {
        lock(&self.held).reasons.is_empty()
    }

    /// What is waited for, oldest first, each reason once.
    pub fn reasons(&self) -> Vec<String> {
        let mut reasons: Vec<String> = Vec::new();
        for reason in lock(&self.held).reasons.values() {
            if !reasons.iter().any(|known| known == reason) {
                reasons.push(reason.clone().into_owned());
            }
        }
        reasons
    }

    /// The answer to whoever asks: 200, or 503 with the reasons.
    pub fn answer(&self) -> (StatusCode, String) {
        match self.reasons() {
            reasons if reasons.is_empty() => (StatusCode::OK, "ready\n".to_owned()),
            reasons => (StatusCode::SERVICE_UNAVAILABLE, format!("not ready: {}\n", reasons.join("; "))),
        }
    }
}

/// Holds back readiness; see [`Readiness::latch`].
#[derive(Debug)]
pub struct Latch {
    held: Arc<Mutex<Held>>,
    number: u64,
}

impl Drop for Latch {
    fn drop(&mut self) {
        lock(&self.held).reasons.remove(&self.number);
    }
}

/// The map is whole after each change, so a panic elsewhere does not spoil it.
fn lock(held: &Mutex<Held>) -> MutexGuard<'_, Held> {
    held.lock().unwrap_or_else(PoisonError::into_inner)
}

/// `GET /healthz`: always 200. `GET /readyz`: 200, or 503 with the reasons.
pub fn health_routes(readiness: Readiness) -> Router {
    health_routes_at("/healthz", "/readyz", readiness)
}

/// Liveness and readiness at paths of one's own; the answers are those of [`health_routes`].
pub fn health_routes_at(healthy: &str, ready: &str, readiness: Readiness) -> Router {
    Router::new()
        .route(healthy, get(|| async { "ok\n" }))
        .route(ready, get(|State(readiness): State<Readiness>| async move { readiness.answer() }))
        .with_state(readiness)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ready_only_when_the_last_latch_is_dropped() {
        let readiness = Readiness::new();
        assert!(readiness.is_ready());
        let (first, second) = (readiness.latch(), readiness.latch_for("query `a` was not tried yet"));
        assert_eq!(readiness.answer().1, "not ready: starting; query `a` was not tried yet\n");
        drop(first);
        assert!(!readiness.is_ready());
        drop(second);
        assert!(readiness.is_ready());
    }
}
