//! The daemon: queries until told to stop, reloads when told to.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use exporter::{Context, Exporter, Receivers, Settings, Stats};
use ops::daemon::build_info;
use ops::metrics::Registry;
use remote_write::Counts;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::args::Run;
use crate::check::{self, Read};
use crate::printer::Printing;
use crate::serve::{self, Reload, Reloaded};
use crate::{Error, Exit};

pub(crate) async fn run(file: PathBuf, run: Run) -> Result<Exit, Error> {
    let Some(settings) = check::settings(&file)? else { return Ok(Exit::Mistakes) };
    let stop = CancellationToken::new();
    ops::stop_on_signals(stop.clone())?;
    let hangup = signal(SignalKind::hangup())?;
    // Before anything is asked or sent: a wrong address is a mistake at the start.
    let listener = serve::listen(&run).await?;
    let context = context();
    let (stats, readiness) = (context.stats.clone(), context.readiness.clone());
    stats.reloaded(true, SystemTime::now());
    let (exporter, printing) = start(settings, context, &run, &stop).await?;

    let registry = Registry::new();
    register(&registry, stats.clone(), exporter.receivers());
    let (reloads, reload_requests) = serve::reloads();
    // A stop of its own: answers are given until the last sample is sent.
    let serving_stop = CancellationToken::new();
    let serving = match listener {
        Some(listener) => Some(serve::start(listener, &registry, readiness, reloads, serving_stop.clone())?),
        None => None,
    };

    let exporter = until_stopped(&file, exporter, stats, hangup, reload_requests, &stop).await;
    let counts = exporter.shutdown(run.shutdown_timeout).await;
    serving_stop.cancel();
    if let Some(serving) = serving {
        serving.finished().await?;
    }
    say(&counts);
    if let Some(printing) = printing {
        printing.finished().await?;
    }
    Ok(Exit::Done)
}

/// The process' environment, for proxies and cloud credentials.
pub(crate) fn context() -> Context {
    let mut context = Context::new();
    context.environment = ops::environment().collect();
    context
}

async fn start(
    settings: Settings,
    context: Context,
    run: &Run,
    stop: &CancellationToken,
) -> Result<(Exporter, Option<Printing>), Error> {
    let (queries, receivers) = (settings.queries.len(), settings.remotes.len());
    if run.dry_run {
        let (shown, printing) = Printing::start(run.output, stop.clone());
        let exporter = Exporter::start_dry(settings, context, shown).await?;
        tracing::info!(queries, "printing what would be sent");
        return Ok((exporter, Some(printing)));
    }
    let exporter = Exporter::start(settings, context).await?;
    tracing::info!(queries, receivers, "exporting");
    Ok((exporter, None))
}

fn register(registry: &Registry, stats: Stats, receivers: Option<Arc<Receivers>>) {
    registry.collect_with(move || exporter::families(&stats, receivers.as_deref()));
    registry.collect_with(|| vec![build_info("profile_exporter", env!("CARGO_PKG_VERSION"))]);
}

async fn until_stopped(
    file: &Path,
    mut exporter: Exporter,
    stats: Stats,
    mut hangup: Signal,
    mut requests: tokio::sync::mpsc::Receiver<Reload>,
    stop: &CancellationToken,
) -> Exporter {
    loop {
        let request = tokio::select! {
            () = stop.cancelled() => return exporter,
            _ = hangup.recv() => None,
            Some(request) = requests.recv() => Some(request),
        };
        let outcome = reload(file, &mut exporter).await;
        stats.reloaded(outcome.is_ok(), SystemTime::now());
        match &outcome {
            Ok(_) => tracing::info!("the config was reloaded"),
            Err(words) => tracing::error!("the config was not reloaded, the old one goes on: {words}"),
        }
        if let Some(request) = request {
            // Whoever asked may have gone.
            let _gone = request.answer.send(outcome);
        }
    }
}

async fn reload(file: &Path, exporter: &mut Exporter) -> Result<Reloaded, String> {
    let (settings, warnings) = match check::read(file).map_err(|error| ops::describe(error.as_ref()))? {
        Read::Bad(mistakes) => return Err(mistakes.join("\n")),
        Read::Good(settings, warnings) => (settings, warnings),
    };
    warnings.iter().for_each(check::Oddity::log);
    exporter.reload(*settings).await.map_err(|error| ops::describe(&error))?;
    Ok(Reloaded { warnings: warnings.into_iter().map(|warning| warning.words).collect() })
}

fn say(counts: &[(String, Counts)]) {
    for (remote, counts) in counts {
        let (sent, failed, pending) = (counts.sent, counts.failed, counts.pending);
        match pending {
            0 => tracing::info!(remote, sent, failed, "no sample waits any more"),
            _ => tracing::warn!(remote, sent, failed, pending, "stopped before all samples were sent"),
        }
    }
}
