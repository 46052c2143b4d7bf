//! When there is data, for those who looked where there is none.

use std::time::Duration;

use futures_util::stream::{self, StreamExt};
use parca_client::{Client, QueryRangeRequest};
use pql::Query;
use profile_model::{TimeRange, Timestamp};

use super::window::{EVER, later};

const DAY: Duration = Duration::from_secs(86_400);
const MINUTE: Duration = Duration::from_secs(60);

/// How many queries are looked for at the same time.
const AT_ONCE: usize = 4;

/// When any of the queries has data on a Parca, to the minute. Best effort: it is advice in an error, and a failure
/// of it is no other error.
pub(super) async fn of_any(client: &Client, queries: impl IntoIterator<Item = &Query>) -> Option<TimeRange> {
    let asked: Vec<_> = queries.into_iter().map(|query| span(client, query)).collect();
    let spans: Vec<Option<TimeRange>> = stream::iter(asked).buffer_unordered(AT_ONCE).collect().await;
    spans.into_iter().flatten().reduce(join)
}

fn join(a: TimeRange, b: TimeRange) -> TimeRange {
    TimeRange::new(a.start.min(b.start), a.end.max(b.end))
}

/// First roughly, over all time; then each end exactly.
async fn span(client: &Client, query: &Query) -> Option<TimeRange> {
    let days = buckets(client, query, EVER, DAY).await?;
    let day_of = |start: Timestamp| TimeRange::new(start, later(start, DAY));
    let first = buckets(client, query, day_of(days.start), MINUTE).await;
    let last = buckets(client, query, day_of(days.end), MINUTE).await;
    let start = first.map_or(days.start, |first| first.start);
    let end = last.map_or(later(days.end, DAY), |last| later(last.end, MINUTE));
    Some(TimeRange::new(start, end))
}

/// The first and the last bucket that has data.
async fn buckets(client: &Client, query: &Query, range: TimeRange, step: Duration) -> Option<TimeRange> {
    let series = client.query_range(&QueryRangeRequest::new(query.to_string(), range, step)).await.ok()?;
    let times = || series.iter().flat_map(|series| &series.samples).map(|sample| sample.timestamp);
    Some(TimeRange::new(times().min()?, times().max()?))
}
