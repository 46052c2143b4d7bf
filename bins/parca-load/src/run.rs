//! One run: a target, a client, the lanes, what is served meanwhile, and the summary.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use load_engine::{Hub, Plan, Summary};
use ops::metrics::Registry;
use ops::{Hint, Readiness, health_routes, profile_route};
use parca_client::{Client, Settings as ClientSettings, Token};
use parca_workload::{Knowledge, Lane, ParcaWorkload};
use self_profile::Profiler;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::args::{Config, Target};
use crate::parcaquery::Questions;
use crate::summary::{About, failed, json, text};
use crate::ui::{self, Ui};
use crate::{families, progress, reach, vault};

type Error = Box<dyn std::error::Error + Send + Sync>;

/// How a run ended that could be made.
pub(crate) enum Ended {
    Well,
    /// With `-once` only.
    CallsFailed,
}

/// How long our own HTTP answers may take once the run is over.
const HTTP_GRACE: Duration = Duration::from_secs(2);
/// How long a fresh embedded server may take to have a profile of itself.
const FIRST_PROFILE: Duration = Duration::from_secs(30);
/// A lane of a `-once` run that has nothing to ask yet looks again so often, and so long.
const ONCE_INTERVAL: Duration = Duration::from_millis(500);
const ONCE_PATIENCE: Duration = Duration::from_secs(60);

pub(crate) async fn run(mut config: Config) -> Result<Ended, Error> {
    let stop = CancellationToken::new();
    ops::stop_on_signals(stop.clone())?;
    let profiler = Profiler::start(99);
    let embedded = embed(&mut config, &profiler).await?;
    if let Some(vault) = config.vault.take() {
        let token = tokio::select! {
            () = stop.cancelled() => return Ok(Ended::Well),
            token = vault::start(vault, stop.clone()) => token?,
        };
        config.client.token = Token::Shared(token);
    }

    let registry = Registry::new();
    let hub = Hub::new(plan(&config))?;
    // Before the target answers: whoever scrapes then, sees zeros instead of nothing.
    families::register(&registry, &hub);
    let readiness = Readiness::new();
    let reached = readiness.latch();
    let client = Client::new(&config.client)?;
    let knowledge = Knowledge::new();
    let questions = Questions::new(client.clone(), knowledge.clone(), config.client.timeout);
    let page = Ui::new(client.clone(), Arc::clone(&hub), readiness.clone(), config.protocol);
    let own =
        registry.routes().merge(health_routes(readiness)).merge(questions.routes()).merge(ui::routes(page));
    let serving = serve(&config, own, &profiler, &stop).await?;

    let types = if config.once {
        Some(reach::types(&client).await.map_err(advised)?)
    } else {
        first_contact(&client, &config, &stop).await
    };
    let ended = match types {
        None => not_reached(&client, &config, &stop)?,
        Some(types) => {
            drop(reached);
            knowledge.learn_types(types, Duration::from_secs(60));
            if embedded.is_some() {
                await_first_profile(&client, &knowledge, &stop).await?;
            }
            tracing::info!(url = client.url(), types = knowledge.type_count(), "querying");
            let summary = measure(hub, &config, knowledge, &stop).await?;
            report(&config, &summary)?
        }
    };
    stop.cancel();
    if let Some(serving) = serving {
        serving.await?;
    }
    if let Some(embedded) = embedded {
        config.embedded_stop.cancel();
        embedded.finished().await;
    }
    Ok(ended)
}

/// The client's advice, where it has some, as a line of its own.
fn advised(error: parca_client::Error) -> Error {
    match error.hint() {
        Some(hint) => Hint::new(error, hint).into(),
        None => error.into(),
    }
}

/// A run with a duration does not wait longer than that for its target.
async fn first_contact(
    client: &Client,
    config: &Config,
    stop: &CancellationToken,
) -> Option<Vec<pql::ProfileType>> {
    let reached = reach::reach(client, stop);
    match config.duration {
        Some(duration) => tokio::time::timeout(duration, reached).await.ok().flatten(),
        None => reached.await,
    }
}

/// There is no summary then, for nothing was measured: only who asked to stop gets away with it.
fn not_reached(client: &Client, config: &Config, stop: &CancellationToken) -> Result<Ended, Error> {
    if stop.is_cancelled() {
        tracing::warn!(url = client.url(), "stopped before the Parca answered: nothing was measured");
        return Ok(Ended::Well);
    }
    let within = config.duration.unwrap_or_default();
    Err(format!("no answer from `{}` within {within:?}: nothing was measured", client.url()).into())
}

/// Starts the embedded server, if it is the target. It has a stop of its own: calls under way when
/// the run is stopped still get their answers.
async fn embed(config: &mut Config, profiler: &Profiler) -> Result<Option<parca_embedded::Server>, Error> {
    if config.target != Target::Embedded {
        return Ok(None);
    }
    let mut settings = parca_embedded::Settings::default();
    settings.self_profile_every = Some(Duration::from_secs(2));
    settings.self_profile_job = "parca-load".to_owned();
    settings.profiler = Some(profiler.clone());
    let server = parca_embedded::start("127.0.0.1:0", settings, config.embedded_stop.clone()).await?;
    config.client.url = format!("http://{}", server.address());
    Ok(Some(server))
}

async fn await_first_profile(
    client: &Client,
    knowledge: &Knowledge,
    stop: &CancellationToken,
) -> Result<(), Error> {
    let deadline = tokio::time::Instant::now() + FIRST_PROFILE;
    loop {
        let types = reach::types(client).await?;
        // CPU profiles come a moment after the memory profile, and are what people look for.
        if types.iter().any(|profile_type| profile_type.delta) {
            knowledge.learn_types(types, Duration::from_secs(60));
            return Ok(());
        }
        if stop.is_cancelled() || tokio::time::Instant::now() >= deadline {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn serve(
    config: &Config,
    routes: Router,
    profiler: &Profiler,
    stop: &CancellationToken,
) -> Result<Option<JoinHandle<()>>, Error> {
    let Some(address) = &config.address else { return Ok(None) };
    let listener = ops::bind(address).await.map_err(|error| {
        Hint::new(error, "is another parca-load running? -addr sets another address, `none` serves nothing")
    })?;
    let local = listener.local_addr()?;
    tracing::info!(address = %local, "serving /metrics");
    let profiler = profiler.clone();
    let profile = profile_route(move |duration| {
        let profiler = profiler.clone();
        async move {
            let profile = profiler.take(duration).await.map_err(|error| error.to_string())?;
            Ok(profile_codec::pprof::encode_gzip(&profile))
        }
    });
    let routes = ops::only_own_names(routes.merge(profile), local);
    Ok(Some(tokio::spawn(ops::serve(listener, routes, stop.clone(), HTTP_GRACE))))
}

fn plan(config: &Config) -> Plan {
    let mut plan = config.workload.plan();
    plan.duration = config.duration;
    plan.grace = config.grace;
    if config.once {
        once(&mut plan, config);
    }
    plan
}

async fn measure(
    hub: Arc<Hub>,
    config: &Config,
    knowledge: Knowledge,
    stop: &CancellationToken,
) -> Result<Summary, Error> {
    let shown = stop.child_token();
    let progress = tokio::spawn(progress::show(Arc::clone(&hub), shown.clone()));
    let make = {
        let (client, workload) = (config.client.clone(), config.workload.clone());
        move |_worker| workload_of(&client, &workload, &knowledge)
    };
    let summary = load_engine::run(hub, make, stop.clone()).await;
    shown.cancel();
    progress.await?;
    Ok(summary?)
}

/// Connections belong to the worker's runtime, so each worker has a client of its own.
fn workload_of(
    client: &ClientSettings,
    workload: &parca_workload::Settings,
    knowledge: &Knowledge,
) -> ParcaWorkload {
    let timeout = client.timeout;
    let client = Client::new(client).expect("a client with these settings was made before");
    ParcaWorkload::new(client, timeout, workload.clone(), knowledge.clone())
}

/// One round of each lane. A lane that cannot know yet what to ask, ticks on until it does.
fn once(plan: &mut Plan, config: &Config) {
    for (planned, lane) in plan.lanes.iter_mut().zip(&config.workload.lanes) {
        planned.max_rounds = Some(1);
        if !matches!(lane, Lane::Labels | Lane::ProfileTypes) {
            planned.pace = load_engine::Pace::every(ONCE_INTERVAL);
        }
    }
    plan.duration = Some(ONCE_PATIENCE);
}

fn report(config: &Config, summary: &Summary) -> Result<Ended, Error> {
    let about = About { target: &config.client.url, protocol: config.protocol, seed: config.workload.seed };
    let text = text(summary, &about);
    match &config.summary_json {
        // Data and words do not mix: a script that reads the JSON gets nothing else.
        Some(file) if file == Path::new("-") => {
            crate::print(&json(summary, &about));
            crate::complain(text.trim_end());
        }
        Some(file) => {
            // First what cannot fail: a run of hours is not lost to a full disk.
            crate::print(&text);
            std::fs::write(file, json(summary, &about))
                .map_err(|error| format!("cannot write the summary to `{}`: {error}", file.display()))?;
        }
        None => crate::print(&text),
    }
    let went_wrong = config.once
        && (failed(summary) > 0 || summary.totals.lanes().iter().any(|lane| lane.counts.calls == 0));
    Ok(if went_wrong { Ended::CallsFailed } else { Ended::Well })
}
