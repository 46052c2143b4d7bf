//! The daemon: queries until told to stop, reloads when told to.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use exporter::{Around, Exporter, Receivers, Settings, Stats};
use ops::Readiness;
use ops::metrics::Registry;
use remote_write::Counts;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::args::Run;
use crate::check::{self, Read};
use crate::serve::{self, Reload};
use crate::{Error, Exit, printer};

pub(crate) async fn run(file: PathBuf, run: Run) -> Result<Exit, Error> {
    let Some(settings) = check::settings(&file)? else { return Ok(Exit::Mistakes) };
    let stop = CancellationToken::new();
    ops::stop_on_signals(stop.clone())?;
    let hangup = signal(SignalKind::hangup())?;
    let (stats, readiness) = (Stats::default(), Readiness::new());
    stats.reloaded(true, SystemTime::now());
    let around = around(stats.clone(), readiness.clone());
    let (exporter, printing) = start(settings, around, &run).await?;

    let registry = Registry::new();
    register(&registry, stats.clone(), exporter.receivers());
    let (reloads, reload_requests) = serve::reloads();
    // A stop of its own: answers are given until the last sample is sent.
    let serving_stop = CancellationToken::new();
    let serving = serve::start(&run, &registry, readiness, reloads, serving_stop.clone()).await?;

    let exporter = until_stopped(&file, exporter, stats, hangup, reload_requests, &stop).await;
    let counts = exporter.shutdown(run.shutdown_timeout).await;
    serving_stop.cancel();
    if let Some(serving) = serving {
        serving.await?;
    }
    if let Some(printing) = printing {
        printing.await?;
    }
    say(&counts);
    Ok(Exit::Done)
}

pub(crate) fn around(stats: Stats, readiness: Readiness) -> Around {
    let mut around = Around::new(stats, readiness);
    // Variables that are no text are none of those that are looked for.
    around.environment = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect();
    around
}

async fn start(
    settings: Settings,
    around: Around,
    run: &Run,
) -> Result<(Exporter, Option<tokio::task::JoinHandle<()>>), Error> {
    let (queries, remotes) = (settings.queries.len(), settings.remotes.len());
    if run.dry_run {
        let (shown, printing) = printer::start(run.output);
        let exporter = Exporter::start_dry(settings, around, shown).await?;
        tracing::info!(queries, "printing what would be sent");
        return Ok((exporter, Some(printing)));
    }
    let exporter = Exporter::start(settings, around).await?;
    tracing::info!(queries, receivers = remotes, "exporting");
    Ok((exporter, None))
}

fn register(registry: &Registry, stats: Stats, receivers: Option<Arc<Receivers>>) {
    registry.collect_with(move || exporter::families(&stats, receivers.as_deref()));
    registry.collect_with(|| vec![serve::build_info()]);
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
            Ok(()) => tracing::info!("the config was reloaded"),
            Err(words) => tracing::error!("the config was not reloaded, the old one goes on: {words}"),
        }
        if let Some(request) = request {
            // Whoever asked may have gone.
            let _gone = request.answer.send(outcome);
        }
    }
}

async fn reload(file: &Path, exporter: &mut Exporter) -> Result<(), String> {
    let settings = match check::read(file).map_err(|error| ops::describe(error.as_ref()))? {
        Read::Bad(mistakes) => return Err(mistakes.join("\n")),
        Read::Good(settings, warnings) => {
            warnings.iter().for_each(check::Oddity::log);
            settings
        }
    };
    exporter.reload(*settings).await.map_err(|error| ops::describe(&error))
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

/// How long our own HTTP answers may take once the run is over.
pub(crate) const HTTP_GRACE: Duration = Duration::from_secs(2);
