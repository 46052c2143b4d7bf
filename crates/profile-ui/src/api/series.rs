//! The values over the range.

use std::time::Duration;

use axum::extract::{RawQuery, State};
use axum::response::Response;
use profile_model::TimeRange;
use query::rfc3339;
use serde_json::json as value;

use super::{Api, Asked, json};
use crate::refusal::Refusal;
use crate::{Source, friendly};

/// How many points the chart has at most.
const POINTS: u64 = 120;
/// What profiles are most often apart: finer steps would have gaps.
const INTERVAL: u64 = 10;

pub(super) async fn series(
    State(api): State<Api>,
    RawQuery(parameters): RawQuery,
) -> Result<Response, Refusal> {
    let asked = Asked::parse(&parameters.unwrap_or_default());
    let Source::Server { backend, .. } = api.source(asked.get("source"))? else {
        return Ok(json(value!({ "points": [] })));
    };
    let ask = asked.ask()?;
    let _turn = api.list_turn().await?;
    let (range, step) = (ask.range, step_of(ask.range));
    let found = async { backend.over_time(&ask, step).await.map_err(Refusal::server) };
    let found = api.in_time(found).await?;
    let points: Vec<(i64, f64)> =
        found.points.iter().map(|(start, value)| (start.saturating_millis(), *value)).collect();
    Ok(json(value!({
        "name": friendly::name(&found.query.profile_type),
        "unit": found.unit,
        "perSecond": found.per_second,
        "step": step.as_millis() as u64,
        "start": rfc3339(range.start),
        "end": rfc3339(range.end),
        "points": points,
    })))
}

/// In whole seconds, as a Parca takes it.
fn step_of(range: TimeRange) -> Duration {
    let seconds = seconds(range);
    Duration::from_secs(seconds.div_ceil(POINTS).max(INTERVAL.min(seconds / 20)).max(1))
}

pub(super) fn seconds(range: TimeRange) -> u64 {
    u64::try_from(range.end.saturating_millis().saturating_sub(range.start.saturating_millis()) / 1000)
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use profile_model::Timestamp;

    use super::*;

    #[test]
    fn charts_have_enough_points_and_not_too_many() {
        let check = |seconds: i64, expect: u64| {
            let range = TimeRange::new(Timestamp::new(0, 0), Timestamp::new(seconds, 0));
            assert_eq!(step_of(range).as_secs(), expect, "{seconds}");
        };
        check(0, 1);
        check(60, 3);
        check(900, 10);
        check(3600, 30);
        check(86_400, 720);
    }
}
