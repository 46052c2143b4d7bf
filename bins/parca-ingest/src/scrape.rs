//! `scrape`: until told to stop; the config is read again when it changes and when told to.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use axum::Router;
use axum::response::Redirect;
use axum::routing::{get, post};
use ingest::scrape::ScrapeOptions;
use ingest::send::{Store, StoreCounts, Stores};
use ops::Readiness;
use ops::daemon::{Listen, Serving, build_info};
use ops::eprint_line;
use ops::metrics::Registry;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use crate::args::Scrape;
use crate::check::{self, Read};
use crate::families::{self, Running};
use crate::{Error, Exit, push, stores};

/// How often the config is looked at.
const LOOK: Duration = Duration::from_secs(5);

type Asked = oneshot::Sender<Result<(), String>>;

pub(crate) async fn run(args: Scrape) -> Result<Exit, Error> {
    // Before the config is read: a change from here on is seen by the first look.
    let known = content(&args.config_path);
    let config = match check::read_or_hint(&args.config_path)? {
        Read::Bad(mistakes) => {
            eprint_line(&mistakes);
            return Ok(Exit::Mistakes);
        }
        Read::Good(config, warnings) => {
            warnings.iter().for_each(|warning| eprint_line(warning));
            config
        }
    };
    let stop = CancellationToken::new();
    ops::stop_on_signals(stop.clone())?;
    let listener = match args.http_address.as_str() {
        "none" => None,
        address => Some(
            Listen { address, flag: "--http-address", program: "parca-ingest", is_optional: true }
                .bind()
                .await?,
        ),
    };
    let sinks = Stores::start(stores::settings(&args.stores))?;
    let scraper = Arc::new(Running::new(sinks.clone(), options(&args)));
    let jobs = config.jobs.len();
    scraper.apply(*config).map_err(|(job, error)| format!("job `{job}`: {}", ops::describe(&error)))?;
    let (asks, requests) = mpsc::channel(1);
    let serving_stop = CancellationToken::new();
    let serving = listener.map(|one| serve(one, &scraper, asks, serving_stop.clone())).transpose()?;
    match &serving {
        Some(serving) => {
            tracing::info!(jobs, url = %format_args!("http://{}", serving.address), "scraping");
        }
        None => tracing::info!(jobs, "scraping"),
    }
    follow(&args.config_path, known, &scraper, requests, &stop).await?;
    let given_up = scraper.stop().await;
    let waiting: u64 = sinks.iter().map(|store| store.counts().waiting).sum();
    let within = words::span(args.shutdown_timeout);
    tracing::info!(given_up, waiting, %within, "scrapes under way are given up; what waits is sent");
    let counts = sinks.stop(args.shutdown_timeout).await;
    serving_stop.cancel();
    if let Some(serving) = serving {
        serving.finished().await?;
    }
    for (store, counts) in sinks.iter().zip(counts) {
        say_end(store, &counts);
    }
    Ok(Exit::Done)
}

fn options(args: &Scrape) -> ScrapeOptions {
    let mut options = ScrapeOptions::default();
    options.max_answer_bytes = usize::try_from(args.max_profile_bytes).unwrap_or(usize::MAX);
    options.environment = std::env::vars().collect();
    options
}

/// Says what became of the profiles of a store.
fn say_end(store: &Store, counts: &StoreCounts) {
    let (sent, waiting, has_spool) = (counts.sent + counts.found, counts.waiting, store.has_spool());
    let store = store.name();
    if let Some(hint) = counts.error.as_deref().and_then(push::hint) {
        tracing::warn!(store, "{hint}");
    }
    match (waiting, has_spool) {
        (0, _) => tracing::info!(store, sent, "no profile waits any more"),
        (_, true) => tracing::info!(store, sent, waiting, "profiles wait in the spool for the next start"),
        (_, false) => {
            tracing::warn!(store, sent, waiting, "stopped before all profiles were sent: they are lost");
        }
    }
}

fn serve(
    listener: tokio::net::TcpListener,
    scraper: &Arc<Running>,
    asks: mpsc::Sender<Asked>,
    stop: CancellationToken,
) -> Result<Serving, Error> {
    let registry = Registry::new();
    let counted = Arc::clone(scraper);
    registry.collect_with(move || families::of(&counted));
    registry.collect_with(|| vec![build_info("parca_ingest", env!("CARGO_PKG_VERSION"))]);
    // The jobs run by now.
    let readiness = Readiness::new();
    let reload = post(move || async move {
        let (asked, answer) = oneshot::channel();
        let told = asks.send(asked).await;
        match (told, answer.await) {
            (Ok(()), Ok(Ok(()))) => (axum::http::StatusCode::OK, "reloaded\n".to_owned()),
            (Ok(()), Ok(Err(words))) => (axum::http::StatusCode::BAD_REQUEST, words),
            _ => (axum::http::StatusCode::SERVICE_UNAVAILABLE, "stopping\n".to_owned()),
        }
    });
    let style = report_render::html::BASE_STYLE.text;
    let routes = Router::new()
        .merge(registry.routes())
        .merge(ops::health_routes_at("/-/healthy", "/-/ready", readiness))
        .route("/-/reload", reload)
        .route("/", get(|| async { Redirect::temporary("/targets") }))
        .merge(ingest::web::pages(Arc::clone(scraper), Some(scraper.sink().clone()), style))
        .merge(ingest::web::scrape_service(Arc::clone(scraper)));
    Ok(Serving::start(listener, routes, stop)?)
}

/// Reads the config again when it changes, at SIGHUP and when asked.
async fn follow(
    path: &Path,
    mut known: Option<String>,
    scraper: &Running,
    mut requests: mpsc::Receiver<Asked>,
    stop: &CancellationToken,
) -> Result<(), Error> {
    let mut hangup = signal(SignalKind::hangup())?;
    loop {
        let asked = tokio::select! {
            () = stop.cancelled() => return Ok(()),
            _ = hangup.recv() => None,
            Some(asked) = requests.recv() => Some(asked),
            () = tokio::time::sleep(LOOK) => {
                let now = content(path);
                if now == known || now.is_none() {
                    continue;
                }
                None
            }
        };
        known = content(path);
        let outcome = reload(path, scraper);
        match &outcome {
            Ok(()) => tracing::info!("the config was reloaded"),
            Err(words) => tracing::error!("the config was not reloaded, the old one goes on: {words}"),
        }
        families::reloaded(outcome.is_ok(), SystemTime::now());
        if let Some(asked) = asked {
            // Whoever asked may have gone.
            let _ = asked.send(outcome);
        }
    }
}

/// By content: a rename over the file and a swapped ConfigMap are changes too.
fn content(path: &Path) -> Option<String> {
    std::fs::read_to_string(path).ok()
}

fn reload(path: &Path, scraper: &Running) -> Result<(), String> {
    match check::read(path).map_err(|error| ops::describe(&error))? {
        Read::Bad(mistakes) => Err(mistakes),
        Read::Good(config, warnings) => {
            warnings.iter().for_each(|warning| tracing::warn!("{warning}"));
            scraper.apply(*config).map_err(|(job, error)| format!("job `{job}`: {}", ops::describe(&error)))
        }
    }
}
