use axum::Router;
use ops::daemon::{Listen, Serving};
use tokio_util::sync::CancellationToken;

use crate::failure::Failure;

/// Serves these routes until somebody asks to stop.
pub(super) async fn start(listen: Listen<'_>, routes: Router) -> Result<Serving, Failure> {
    let stop = CancellationToken::new();
    ops::stop_on_signals(stop.clone()).map_err(Failure::run)?;
    let listener = listen.bind().await.map_err(|error| {
        let hint = error.hint.clone();
        Failure::run(error).hint(hint)
    })?;
    Serving::start(listener, routes, stop).map_err(Failure::run)
}
