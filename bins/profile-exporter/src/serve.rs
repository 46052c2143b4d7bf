//! What is served: metrics, health, readiness, reload.

use axum::Router;
use axum::extract::State;
use axum::routing::{get, post};
use http::StatusCode;
use ops::daemon::{Listen, Serving};
use ops::metrics::Registry;
use ops::{Readiness, health_routes_at};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use crate::Error;
use crate::args::Run;

/// Somebody wants the config to be read again.
#[derive(Debug)]
pub(crate) struct Reload {
    pub(crate) answer: oneshot::Sender<Result<Reloaded, String>>,
}

/// What there is to say of a config that was taken.
#[derive(Debug, Default)]
pub(crate) struct Reloaded {
    pub(crate) warnings: Vec<String>,
}

const DEFAULT_ADDRESS: &str = "127.0.0.1:7172";
const ROUTES: &str = "profile-exporter: /metrics, /-/healthy, /-/ready, POST /-/reload\n";

pub(crate) fn reloads() -> (mpsc::Sender<Reload>, mpsc::Receiver<Reload>) {
    mpsc::channel(1)
}

/// Listens, unless nobody asked for an address and the usual one is taken: the original listens nowhere,
/// and two of them run side by side.
pub(crate) async fn listen(run: &Run) -> Result<Option<TcpListener>, Error> {
    let address = run.http_address.as_deref();
    if address == Some("none") {
        return Ok(None);
    }
    let listen = Listen {
        address: address.unwrap_or(DEFAULT_ADDRESS),
        flag: "--http-address",
        program: "profile-exporter",
        is_optional: true,
    };
    match listen.bind().await {
        Ok(listener) => Ok(Some(listener)),
        Err(error) if address.is_none() => {
            tracing::warn!("no /metrics: {}", ops::describe(&error).replace('\n', "; "));
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}

/// Serves until `stop`.
pub(crate) fn start(
    listener: TcpListener,
    registry: &Registry,
    readiness: Readiness,
    reloads: mpsc::Sender<Reload>,
    stop: CancellationToken,
) -> Result<Serving, Error> {
    let health = health_routes_at("/-/healthy", "/-/ready", readiness);
    let routes = registry.routes().merge(health).merge(routes(reloads));
    let serving = Serving::start(listener, routes, stop)?;
    tracing::info!(address = %serving.address, "serving /metrics");
    Ok(serving)
}

fn routes(reloads: mpsc::Sender<Reload>) -> Router {
    Router::new().route("/", get(|| async { ROUTES })).route("/-/reload", post(reload)).with_state(reloads)
}

async fn reload(State(reloads): State<mpsc::Sender<Reload>>) -> (StatusCode, String) {
    let (answer, answered) = oneshot::channel();
    let stopping = || (StatusCode::SERVICE_UNAVAILABLE, "stopping\n".to_owned());
    if reloads.send(Reload { answer }).await.is_err() {
        return stopping();
    }
    match answered.await {
        Ok(Ok(Reloaded { warnings })) => {
            let warnings: String = warnings.iter().map(|warning| format!("{warning}\n")).collect();
            (StatusCode::OK, format!("reloaded\n{warnings}"))
        }
        Ok(Err(words)) => (StatusCode::UNPROCESSABLE_ENTITY, words + "\n"),
        Err(_) => stopping(),
    }
}
