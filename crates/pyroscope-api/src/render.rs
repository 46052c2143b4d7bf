//! `/pyroscope/render` and `/pyroscope/render-diff`, as clients older than the RPCs, and Drilldown's diff, call them.

use std::collections::BTreeMap;
use std::time::SystemTime;

use axum::Router;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::StatusCode;
use http::header::CONTENT_TYPE;
use parca_proto::pyroscope::querier as wire;
use pql::{ProfileType, Selector};
use pyroscope_tree::DiffTree;
use serde_json::{Map, Value, json};

use crate::connect::{failed, json_body};
use crate::methods::{Merge, Steps, dot, nodes, select};
use crate::selection::{near, type_id};
use crate::trees::{flame_graph, flame_graph_diff};
use crate::{Api, ApiError, Source, attime};

pub(crate) fn routes<S: Source>(api: Api<S>) -> Router {
    Router::new()
        .route("/pyroscope/render", get(render::<S>))
        .route("/pyroscope/render-diff", get(render_diff::<S>))
        .with_state(api)
}

type Parameters = Query<Vec<(String, String)>>;

async fn render<S: Source>(State(api): State<Api<S>>, Query(pairs): Parameters) -> Response {
    let parameters = Given::new(pairs);
    let answered = async {
        let side = parameters.side("query", "from", "until")?;
        if parameters.first("format") == Some("dot") {
            let text = dot(&api, &side.merge, parameters.max_nodes()).await?;
            let text = api.fitting(text.into_bytes())?;
            return Ok(([(CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response());
        }
        document(&api, single(&api, &side, &parameters).await?)
    };
    answered.await.unwrap_or_else(|error: ApiError| failed(&error))
}

async fn render_diff<S: Source>(State(api): State<Api<S>>, Query(pairs): Parameters) -> Response {
    let parameters = Given::new(pairs);
    let answered = async {
        let left = parameters.side("leftQuery", "leftFrom", "leftUntil")?;
        let right = parameters.side("rightQuery", "rightFrom", "rightUntil")?;
        if left.merge.id != right.merge.id {
            let words = format!(
                "expected one profile type on both sides, found {} and {}",
                left.merge.id, right.merge.id
            );
            return Err(ApiError::invalid(words));
        }
        let most = nodes(parameters.max_nodes())?;
        let (left_tree, right_tree) = tokio::try_join!(left.merge.tree(&api), right.merge.tree(&api))?;
        let graph = flame_graph_diff(&DiffTree::between(&left_tree.cut(most), &right_tree.cut(most)));
        let ticks = (graph.left_ticks, graph.right_ticks);
        let mut value = envelope(&left.merge.id, "double");
        value.insert("flamebearer".into(), bearer(graph.names, &graph.levels, graph.total, graph.max_self));
        value.insert("timeline".into(), Value::Null);
        value.insert("leftTicks".into(), ticks.0.into());
        value.insert("rightTicks".into(), ticks.1.into());
        document(&api, Value::Object(value))
    };
    answered.await.unwrap_or_else(|error| failed(&error))
}

fn document<S: Source>(api: &Api<S>, value: Value) -> Result<Response, ApiError> {
    Ok(json_body(StatusCode::OK, api.fitting(value.to_string().into_bytes())?))
}

/// One selection with its times in milliseconds.
struct Side {
    merge: Merge,
    from: i64,
    until: i64,
}

/// What stands in the URL.
struct Given {
    pairs: Vec<(String, String)>,
    now: SystemTime,
}

impl Given {
    fn new(pairs: Vec<(String, String)>) -> Self {
        Self { pairs, now: SystemTime::now() }
    }

    /// The first value of this name that is not empty.
    fn first(&self, name: &str) -> Option<&str> {
        let is_it = |(known, value): &&(String, String)| known == name && !value.is_empty();
        self.pairs.iter().find(is_it).map(|(_, value)| value.as_str())
    }

    /// What is no number is not there, as there: scripts of pages write `undefined`.
    fn max_nodes(&self) -> Option<i64> {
        let number =
            |name: &str| -> Option<i64> { self.first(name)?.parse().ok().filter(|nodes| *nodes != 0) };
        number("maxNodes").or_else(|| number("max-nodes"))
    }

    fn side(&self, query: &str, from: &str, until: &str) -> Result<Side, ApiError> {
        let text = self.first(query).ok_or_else(|| {
            ApiError::invalid(format!("{query}: expected a profile type with a selector, found none"))
        })?;
        let [from, until] =
            [from, until].map(|name| near(attime::millis(self.first(name).unwrap_or(""), self.now)));
        let selector: Selector = text.parse().map_err(|error: pql::ParseError| {
            ApiError::invalid(format!("{query}: expected a profile type with a selector: {error}"))
        })?;
        let by_name = selector.matchers.iter().find(|matcher| matcher.name() == pql::NAME_LABEL);
        let named = selector.metric_name.as_deref().or(by_name.map(pql::Matcher::value));
        let id = type_id(named.unwrap_or_default())?;
        let matchers =
            selector.matchers.into_iter().filter(|matcher| matcher.name() != pql::NAME_LABEL).collect();
        let rest = Selector { metric_name: None, matchers }.to_string();
        let rest = if rest.is_empty() { "{}".to_owned() } else { rest };
        let merge = Merge::new(&id.to_string(), &rest, from, until)?;
        Ok(Side { merge, from, until })
    }
}

async fn single<S: Source>(api: &Api<S>, side: &Side, parameters: &Given) -> Result<Value, ApiError> {
    let most = nodes(parameters.max_nodes())?;
    let step = step_seconds(side.until - side.from);
    let (tree, sums) = tokio::try_join!(side.merge.tree(api), points(api, side, step, &[]))?;
    let graph = flame_graph(&tree.cut(most));
    let group_by: Vec<String> = parameters.first("groupBy").map(str::to_owned).into_iter().collect();
    let mut value = envelope(&side.merge.id, "single");
    value.insert("flamebearer".into(), bearer(graph.names, &graph.levels, graph.total, graph.max_self));
    value.insert("timeline".into(), timeline(&sums, side, step));
    let groups = match group_by.first() {
        None => Value::Null,
        Some(label) => {
            let mut groups = Map::new();
            let steps = steps(side, step)?;
            for (labels, points) in select(api, &side.merge, steps, &group_by).await? {
                groups.insert(labels.get(label).unwrap_or("*").to_owned(), timeline(&points, side, step));
            }
            Value::Object(groups)
        }
    };
    value.insert("groups".into(), groups);
    value.insert("heatmap".into(), Value::Null);
    Ok(Value::Object(value))
}

fn steps(side: &Side, step: i64) -> Result<Steps, ApiError> {
    // Whole steps, as graphs are drawn by their start.
    let start = side.from.div_euclid(step * 1000) * step * 1000;
    #[expect(clippy::cast_precision_loss, reason = "a step is no longer than a range")]
    Steps::new(start, side.until, step as f64)
}

async fn points<S: Source>(
    api: &Api<S>,
    side: &Side,
    step: i64,
    group_by: &[String],
) -> Result<BTreeMap<i64, f64>, ApiError> {
    let series = select(api, &side.merge, steps(side, step)?, group_by).await?;
    Ok(series.into_iter().next().map(|(_, points)| points).unwrap_or_default())
}

/// The least round number of seconds that gives at most 1500 points, and at least 15.
fn step_seconds(range_millis: i64) -> i64 {
    const ROUND: [i64; 12] = [15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21_600, 86_400];
    let least = range_millis / 1500 / 1000;
    ROUND.into_iter().find(|step| *step >= least).unwrap_or_else(|| (least / 86_400 + 1) * 86_400)
}

/// What is summed in each step, zero where there is nothing. Never null: a client reads it unasked.
fn timeline(points: &BTreeMap<i64, f64>, side: &Side, step: i64) -> Value {
    let millis = step * 1000;
    let start = side.from.div_euclid(millis) * millis;
    let count = (side.until - start) / millis + i64::from((side.until - start) % millis != 0);
    // A point stands at the end of its step here and at the start of it there.
    let sample = |at: i64| points.get(&(start + (at + 1) * millis)).copied().unwrap_or(0.0);
    let samples: Vec<Value> = (0..count.clamp(0, 10_000)).map(|at| number(sample(at))).collect();
    json!({"startTime": start / 1000, "samples": samples, "durationDelta": step, "watermarks": Value::Null})
}

/// Whole numbers without a point.
#[expect(clippy::cast_possible_truncation, reason = "checked to be a whole number of 53 bits")]
fn number(value: f64) -> Value {
    if value.fract() == 0.0 && value.abs() < 9e15 { (value as i64).into() } else { value.into() }
}

fn envelope(id: &ProfileType, format: &str) -> Map<String, Value> {
    let (units, sample_rate) = match id.sample_type.as_str() {
        "inuse_objects" | "alloc_objects" | "goroutine" | "samples" => ("objects", 100),
        // Clients divide by the rate, and have seconds.
        "cpu" => ("samples", 1_000_000_000),
        _ => (id.sample_unit.as_str(), 100),
    };
    let metadata = json!({"format": format, "spyName": "", "sampleRate": sample_rate, "units": units, "name": id.sample_type});
    [("version".to_owned(), json!(1)), ("metadata".to_owned(), metadata)].into_iter().collect()
}

fn bearer(names: Vec<String>, levels: &[wire::Level], ticks: i64, max_self: i64) -> Value {
    let levels: Vec<&Vec<i64>> = levels.iter().map(|level| &level.values).collect();
    json!({"names": names, "levels": levels, "numTicks": ticks, "maxSelf": max_self})
}

#[cfg(test)]
mod tests {
    use super::step_seconds;

    #[test]
    fn steps_are_round_and_few() {
        let check = |seconds: i64, expect: i64| assert_eq!(step_seconds(seconds * 1000), expect, "{seconds}");
        check(60, 15);
        check(3600, 15);
        check(86_400, 60);
        check(7 * 86_400, 600);
        check(365 * 86_400, 21_600);
    }
}
