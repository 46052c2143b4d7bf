//! What is served: metrics, health, readiness, reload.

use axum::Router;
use axum::extract::State;
use axum::routing::{get, post};
use http::StatusCode;
use ops::metrics::{Family, Kind, Registry, Value};
use ops::{Hint, Readiness};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::Error;
use crate::args::Run;
use crate::run::HTTP_GRACE;

/// Somebody wants the config to be read again.
#[derive(Debug)]
pub(crate) struct Reload {
    pub(crate) answer: oneshot::Sender<Result<(), String>>,
}

const DEFAULT_ADDRESS: &str = "127.0.0.1:7172";

pub(crate) fn reloads() -> (mpsc::Sender<Reload>, mpsc::Receiver<Reload>) {
    mpsc::channel(1)
}

/// Listens, unless nobody asked for an address and the usual one is taken: the original listens nowhere,
/// and two of them run side by side.
pub(crate) async fn start(
    run: &Run,
    registry: &Registry,
    readiness: Readiness,
    reloads: mpsc::Sender<Reload>,
    stop: CancellationToken,
) -> Result<Option<JoinHandle<()>>, Error> {
    let listener = match run.http_address.as_deref() {
        Some("none") => return Ok(None),
        Some(address) => ops::bind(address).await.map_err(|error| {
            Hint::new(error, "is another profile-exporter running? --http-address=none listens nowhere")
        })?,
        None => match ops::bind(DEFAULT_ADDRESS).await {
            Ok(listener) => listener,
            Err(error) => {
                tracing::warn!("no /metrics: {}", ops::describe(&error));
                return Ok(None);
            }
        },
    };
    let local = listener.local_addr()?;
    tracing::info!(address = %local, "serving /metrics");
    let routes = registry.routes().merge(routes(readiness, reloads));
    let routes = ops::only_own_names(routes, local);
    Ok(Some(tokio::spawn(ops::serve(listener, routes, stop, HTTP_GRACE))))
}

fn routes(readiness: Readiness, reloads: mpsc::Sender<Reload>) -> Router {
    let ready = move || {
        let ready = readiness.is_ready();
        async move {
            match ready {
                true => (StatusCode::OK, "ready\n"),
                false => (StatusCode::SERVICE_UNAVAILABLE, "not ready: not every query was tried yet\n"),
            }
        }
    };
    Router::new()
        .route("/-/healthy", get(|| async { "healthy\n" }))
        .route("/-/ready", get(ready))
        .route("/-/reload", post(reload))
        .with_state(reloads)
}

async fn reload(State(reloads): State<mpsc::Sender<Reload>>) -> (StatusCode, String) {
    let (answer, answered) = oneshot::channel();
    let stopping = || (StatusCode::SERVICE_UNAVAILABLE, "stopping\n".to_owned());
    if reloads.send(Reload { answer }).await.is_err() {
        return stopping();
    }
    match answered.await {
        Ok(Ok(())) => (StatusCode::OK, "reloaded\n".to_owned()),
        Ok(Err(words)) => (StatusCode::UNPROCESSABLE_ENTITY, words + "\n"),
        Err(_) => stopping(),
    }
}

pub(crate) fn build_info() -> Family {
    let help = "Which profile-exporter this is; the value is 1.";
    Family::new("profile_exporter_build_info", help, Kind::Gauge)
        .with([("version", env!("CARGO_PKG_VERSION"))], Value::Gauge(1.0))
}
