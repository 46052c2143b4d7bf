//! The sums of each function, step by step: when a function got expensive.
//!
//! No server tells that, so each step is a merge of its own; all functions are told at once, so that the page asks once
//! for a question and not for each function that somebody clicks.

use std::collections::HashMap;
use std::time::Duration;

use axum::extract::{RawQuery, State};
use axum::response::Response;
use futures_util::{StreamExt, TryStreamExt, stream};
use profile_model::{FunctionTable, TimeRange, Timestamp};
use query::backend::{Backend, BackendError, Detail};
use query::{Ask, Fetched};
use report_render::names;
use serde_json::json as value;

use super::series::seconds;
use super::{Api, Asked, json};
use crate::Source;
use crate::refusal::Refusal;

/// How many steps the range has at most.
const STEPS: u64 = 30;
/// How many merges are under way at a time.
const AT_ONCE: usize = 2;
/// The most functions that are told, those with the largest sums.
const MAX_FUNCTIONS: usize = 4000;

pub(super) async fn history(
    State(api): State<Api>,
    RawQuery(parameters): RawQuery,
) -> Result<Response, Refusal> {
    let asked = Asked::parse(&parameters.unwrap_or_default());
    let Source::Server { backend, .. } = api.source(asked.get("source"))? else {
        return Ok(json(value!({ "times": [], "functions": [] })));
    };
    let ask = asked.ask()?;
    let _turn = api.profile_turn().await?;
    let step = Duration::from_secs(seconds(ask.range).div_ceil(STEPS).max(1));
    let steps = async { steps(backend, &ask, step).await.map_err(Refusal::server) };
    let steps = api.in_time(steps).await?;
    Ok(json(told(&steps, step)))
}

/// One step: when it starts, the sum of all values, and the cumulative sum of each function.
struct Step {
    start: Timestamp,
    total: f64,
    functions: HashMap<String, f64>,
}

/// The steps that have data.
async fn steps(backend: &Backend, ask: &Ask, step: Duration) -> Result<Vec<Step>, BackendError> {
    let points = backend.over_time(ask, step).await?.points;
    let asks: Vec<(Timestamp, Ask)> =
        points.iter().map(|(start, _)| (*start, within(ask, *start, step))).collect();
    let one = async |(start, ask): (Timestamp, Ask)| match backend.fetch(&ask, Detail::Whole).await {
        Ok(fetched) => Ok(summed(start, fetched).await),
        Err(BackendError::Nothing(_)) => Ok(None),
        Err(error) => Err(error),
    };
    let found: Vec<_> = stream::iter(asks.into_iter().map(one)).buffered(AT_ONCE).try_collect().await?;
    Ok(found.into_iter().flatten().collect())
}

/// The part of the range that is in a step.
fn within(ask: &Ask, start: Timestamp, step: Duration) -> Ask {
    let nanos = i64::try_from(step.as_nanos()).unwrap_or(i64::MAX);
    let end = Timestamp::from_nanos(start.saturating_nanos().saturating_add(nanos));
    let range = TimeRange::new(start.max(ask.range.start), end.min(ask.range.end));
    let mut part = ask.clone();
    part.range = range;
    part
}

/// The sums of a step, made where nobody waits for the thread.
async fn summed(start: Timestamp, fetched: Fetched) -> Option<Step> {
    tokio::task::spawn_blocking(move || {
        let profile = fetched.stacks.into_profile();
        let table = FunctionTable::of(&profile.symbols, profile.samples.column(0));
        let mut functions: HashMap<String, f64> = HashMap::new();
        for row in &table.rows {
            let name = row.name(&profile.symbols).to_string();
            *functions.entry(names::readable(&name).into_owned()).or_default() += row.cumulative as f64;
        }
        Step { start, total: table.total as f64, functions }
    })
    .await
    .ok()
}

fn told(steps: &[Step], step: Duration) -> serde_json::Value {
    let mut sums: HashMap<&str, f64> = HashMap::new();
    for (name, value) in steps.iter().flat_map(|step| &step.functions) {
        *sums.entry(name).or_default() += value.abs();
    }
    let mut names: Vec<(&str, f64)> = sums.into_iter().collect();
    names.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(b.0)));
    names.truncate(MAX_FUNCTIONS);
    let functions: Vec<(&str, Vec<f64>)> = names
        .into_iter()
        .map(|(name, _)| {
            (name, steps.iter().map(|step| step.functions.get(name).copied().unwrap_or(0.0)).collect())
        })
        .collect();
    let times: Vec<i64> = steps.iter().map(|step| step.start.saturating_millis()).collect();
    let totals: Vec<f64> = steps.iter().map(|step| step.total).collect();
    value!({ "step": step.as_millis() as u64, "times": times, "totals": totals, "functions": functions })
}
