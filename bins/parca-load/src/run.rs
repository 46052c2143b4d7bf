//! One run: a target, a client, the lanes, what is served meanwhile, and the summary.

use std::time::Duration;

use axum::Router;
use load_engine::{Hub, Plan, Run, Summary};
use ops::daemon::{Listen, Serving};
use ops::metrics::Registry;
use ops::{Hint, Readiness, console, health_routes, profile_route};
use parca_client::{Client, Settings as ClientSettings, Token};
use parca_workload::{Knowledge, Lane, ParcaWorkload};
use self_profile::Profiler;
use tokio_util::sync::CancellationToken;

use crate::args::{Config, Target};
use crate::output::Json;
use crate::reach::{Contact, reach};
use crate::summary::{About, json, json_of_failure, text};
use crate::ui::{self, Ui};
use crate::{families, limits, progress, vault};

type Error = Box<dyn std::error::Error + Send + Sync>;

/// How a run ended that could be made.
pub(crate) enum Ended {
    Well,
    /// The run does not pass, for these reasons.
    Badly(Vec<String>),
}

/// The longest that a question to `/parcaquery` may take, however many calls it takes.
const LONGEST_QUESTION: Duration = Duration::from_secs(60);
/// How long a fresh embedded server may take to have a profile of itself.
const FIRST_PROFILE: Duration = Duration::from_secs(30);
/// How long the lanes of a `-once` run look for something to ask.
const ONCE_PATIENCE: Duration = Duration::from_secs(60);

pub(crate) async fn run(mut config: Config) -> Result<Ended, Error> {
    let stop = CancellationToken::new();
    ops::stop_on_signals(stop.clone())?;
    let output = Json::open(config.summary_json.as_deref())?;
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
    let planned = Run::new(plan(&config))?;
    let hub = planned.hub();
    // Before the target answers: whoever scrapes then, sees zeros instead of nothing.
    families::register(&registry, &hub);
    let readiness = Readiness::new();
    let reached = readiness.latch_for("the Parca has not answered yet");
    let client = Client::new(&config.client)?;
    let knowledge = Knowledge::new();
    // As long as one call may take, if that is longer.
    let longest = LONGEST_QUESTION.max(config.client.timeout);
    let page = Ui::start(
        client.clone(),
        hub.clone(),
        readiness.clone(),
        knowledge.clone(),
        config.protocol,
        stop.clone(),
    );
    let own = registry.routes().merge(health_routes(readiness)).merge(ui::routes(page, longest));
    let serving = serve(&config, own, &profiler, &stop).await?;

    let ended = match first_contact(&client, &config, &stop).await {
        Ok(Some(types)) => {
            drop(reached);
            knowledge.learn_types(types, Duration::from_secs(60));
            if embedded.is_some() {
                await_first_profile(&client, &knowledge, &stop).await?;
            }
            measured(planned, &config, knowledge, &output, &stop).await
        }
        Ok(None) => Ok(stopped_early(client.url())),
        Err(error) => {
            let reasons = [ops::describe(error.as_ref())];
            let about = about(&config, &reasons);
            if !matches!(output, Json::None) {
                output.write("", &json_of_failure(&about))?;
            }
            Err(error)
        }
    }?;
    stop.cancel();
    if let Some(serving) = serving {
        serving.finished().await?;
    }
    if let Some(embedded) = embedded {
        config.embedded_stop.cancel();
        embedded.finished().await;
    }
    Ok(ended)
}

async fn measured(
    planned: Run<Lane>,
    config: &Config,
    knowledge: Knowledge,
    output: &Json,
    stop: &CancellationToken,
) -> Result<Ended, Error> {
    if stop.is_cancelled() {
        return Ok(stopped_early(&config.client.url));
    }
    tracing::info!(url = config.client.url, types = knowledge.type_count(), "querying");
    if config.once && knowledge.type_count() == 0 {
        let for_at_most = words::span(ONCE_PATIENCE);
        tracing::warn!(for_at_most, "the server has no profiles yet: waiting for some to ask for");
    }
    let hub = planned.hub();
    let summary = measure(planned, hub, config, knowledge, stop).await?;
    // Whoever asks to stop before the first answer knows why there is none.
    if summary.interrupted && summary.totals.lanes().iter().all(|lane| lane.ops.is_empty()) {
        return Ok(stopped_early(&config.client.url));
    }
    let reasons = limits::broken(&config.limits, config.once, &summary.totals);
    let about = about(config, &reasons);
    output.write(&text(&summary, &about, console::stdout_width()), &json(&summary, &about))?;
    Ok(if reasons.is_empty() { Ended::Well } else { Ended::Badly(reasons) })
}

fn stopped_early(url: &str) -> Ended {
    tracing::warn!(url, "stopped before the first answer: nothing was measured");
    Ended::Well
}

fn about<'a>(config: &'a Config, failures: &'a [String]) -> About<'a> {
    About { target: &config.client.url, protocol: config.protocol, seed: config.workload.seed, failures }
}

/// The client's advice, where it has some, as a line of its own.
fn advised(error: parca_client::Error) -> Error {
    match error.hint() {
        Some(hint) => Hint::new(error, hint).into(),
        None => error.into(),
    }
}

/// The server's profile types; none if somebody asked to stop. A run with a duration does not wait longer
/// than that for its target, one round does not wait at all.
async fn first_contact(
    client: &Client,
    config: &Config,
    stop: &CancellationToken,
) -> Result<Option<Vec<pql::ProfileType>>, Error> {
    if config.once {
        return tokio::select! {
            () = stop.cancelled() => Ok(None),
            types = crate::reach::types(client) => types.map(Some).map_err(advised),
        };
    }
    match reach(client, config.duration, stop).await {
        Contact::Made(types) => Ok(Some(types)),
        Contact::Stopped => Ok(None),
        Contact::TooLate(last) => {
            let within = words::span(config.duration.unwrap_or_default());
            let words = format!("no answer from `{}` within {within}: nothing was measured", client.url());
            Err(match last {
                Some(error) => format!("{words}; the last attempt: {error}").into(),
                None => words.into(),
            })
        }
    }
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
        let types = crate::reach::types(client).await?;
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
) -> Result<Option<Serving>, Error> {
    let Some(address) = &config.address else { return Ok(None) };
    let listener = Listen { address, flag: "-addr", program: "parca-load", is_optional: true }.bind().await?;
    let profiler = profiler.clone();
    let profile = profile_route(move |duration| {
        let profiler = profiler.clone();
        async move {
            let profile = profiler.take(duration).await.map_err(|error| error.to_string())?;
            Ok(profile_codec::pprof::encode_gzip(&profile))
        }
    });
    let serving = Serving::start(listener, routes.merge(profile), stop.clone())?;
    tracing::info!(address = %serving.address, "serving /metrics");
    Ok(Some(serving))
}

fn plan(config: &Config) -> Plan<Lane> {
    let mut plan = config.workload.plan();
    plan.duration = config.duration;
    plan.grace = config.grace;
    if config.once {
        // A lane that cannot know yet what to ask, looks again until it does.
        plan.lanes.iter_mut().for_each(|lane| lane.max_rounds = Some(1));
        plan.duration = Some(ONCE_PATIENCE);
    }
    plan
}

async fn measure(
    planned: Run<Lane>,
    hub: std::sync::Arc<Hub>,
    config: &Config,
    knowledge: Knowledge,
    stop: &CancellationToken,
) -> Result<Summary, Error> {
    let shown = stop.child_token();
    let progress = tokio::spawn(progress::show(hub, shown.clone()));
    let make = {
        let (client, workload) = (config.client.clone(), config.workload.clone());
        move |_worker| workload_of(&client, &workload, &knowledge)
    };
    let summary = planned.start(make, stop.clone()).await;
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
