//! When there is data, for those who looked where there is none.

use std::time::Duration;

use futures_util::stream::{self, StreamExt};
use parca_client::{Client, LabelsRequest, QueryRangeRequest};
use pql::Query;
use profile_model::{TimeRange, Timestamp};

/// Year 2262 is the last that the server's nanoseconds can hold; 2200 will do.
const EVER: TimeRange = TimeRange::new(Timestamp::new(1, 0), Timestamp::new(7_258_118_400, 0));
const DAY: Duration = Duration::from_secs(86_400);
const MINUTE: Duration = Duration::from_secs(60);

/// The most queries of a question that are looked for at other times.
const MAX_QUERIES: usize = 4;
/// How many are looked for at the same time.
const AT_ONCE: usize = 4;
/// The most labels that are named.
const MAX_LABELS: usize = 50;

/// When the queries have data, and if they never have, the labels that their types have.
///
/// Best effort: this is advice in an error, and a failure of it is no other error.
pub(crate) async fn evidence(client: &Client, queries: &[Query]) -> (Option<TimeRange>, Vec<String>) {
    let data = data_of(client, queries.iter().take(MAX_QUERIES)).await;
    let labels = match (data, queries) {
        (None, [query, ..]) if !query.matchers.is_empty() => labels(client, query).await,
        _ => Vec::new(),
    };
    (data, labels)
}

/// When any of the queries has data.
pub(crate) async fn data_of(client: &Client, queries: impl Iterator<Item = &Query>) -> Option<TimeRange> {
    let asked: Vec<_> = queries.map(|query| span(client, query)).collect();
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

fn later(instant: Timestamp, by: Duration) -> Timestamp {
    let seconds = i64::try_from(by.as_secs()).unwrap_or(i64::MAX);
    Timestamp::new(instant.seconds().saturating_add(seconds), instant.subsec_nanos())
}

async fn labels(client: &Client, query: &Query) -> Vec<String> {
    let mut request = LabelsRequest::default();
    request.profile_type = Some(query.profile_type.clone());
    let mut labels = client.labels(&request).await.unwrap_or_default();
    labels.truncate(MAX_LABELS);
    labels
}
