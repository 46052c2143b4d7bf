use std::collections::HashMap;

use parca_client::QueryRangeRequest;
use pql::Query;
use pyroscope_client::{Aggregation, SeriesRequest};

use super::window::{whole_step, with_both_ends};
use super::{Backend, BackendError, Server};
use crate::{Ask, Snapshots};

impl Backend {
    /// How many profiles a merge of instants added up.
    ///
    /// A Parca counts them by series. A Pyroscope gives the sum and the average of the same values, so their quotient
    /// is the number; how many of them are of one moment it does not tell but for the number of its series.
    pub(super) async fn snapshots(&self, ask: &Ask, query: &Query) -> Result<Snapshots, BackendError> {
        match &self.server {
            Server::Parca(client) => {
                self.note("QueryRange", &query.to_string());
                let range = with_both_ends(ask.range);
                let request = QueryRangeRequest::new(query.to_string(), range, whole_step(ask.range));
                let series = client.query_range(&request).await?;
                let mut counts: HashMap<String, u64> = HashMap::new();
                for one in &series {
                    let count: u64 =
                        one.samples.iter().map(|sample| u64::try_from(sample.count).unwrap_or(0)).sum();
                    *counts.entry(one.labels.to_string()).or_default() += count;
                }
                let profiles = counts.values().sum();
                let most = counts.values().copied().max().unwrap_or(1);
                Ok(Snapshots {
                    profiles: Some(profiles),
                    series: Some(counts.len() as u64),
                    moments: most.max(1) as f64,
                })
            }
            Server::Pyroscope(client) => {
                let sums = pyroscope_sum(client, ask, query, Aggregation::Sum).await;
                let means = pyroscope_sum(client, ask, query, Aggregation::Average).await;
                let series = self.series(&query.matchers, &[], ask.range).await.map(|all| {
                    let id = query.profile_type.to_string();
                    all.iter()
                        .filter(|labels| labels.get("__profile_type__").is_none_or(|of| of == id))
                        .count()
                });
                match (sums, means, series) {
                    (Some(sum), Some(mean), Ok(series @ 1..)) if mean > 0.0 => {
                        let profiles = (sum / mean).round().max(1.0);
                        let moments = (profiles / series as f64).max(1.0);
                        Ok(Snapshots {
                            profiles: Some(profiles as u64),
                            series: Some(series as u64),
                            moments,
                        })
                    }
                    _ => Ok(Snapshots { profiles: None, series: None, moments: 1.0 }),
                }
            }
        }
    }
}

async fn pyroscope_sum(
    client: &pyroscope_client::Client,
    ask: &Ask,
    query: &Query,
    aggregation: Aggregation,
) -> Option<f64> {
    let of = (query.profile_type.clone(), query.matchers.clone());
    let mut request = SeriesRequest::new(of.0, of.1, ask.range, whole_step(ask.range));
    request.aggregation = Some(aggregation);
    let series = client.select_series(&request).await.ok()?;
    let values: Vec<f64> = series.iter().flat_map(|one| &one.points).map(|point| point.value).collect();
    (values.len() == 1).then(|| values[0])
}
