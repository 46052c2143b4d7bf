use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::{StreamExt, TryStreamExt, stream};
use parca_client::{LabelsRequest, ProfileTypesRequest, QueryRangeRequest, ValuesRequest};
use pql::{Matcher, ProfileType, Query};
use profile_model::{Labels, TimeRange, Timestamp};

use super::window::{EVER, whole_step, with_both_ends, without_ends};
use super::{Answering, Backend, BackendError, Server, spans};
use crate::Ask;

/// The label that Pyroscope keeps the profile type in.
const TYPE_LABEL: &str = "__profile_type__";

/// How many calls are under way at a time.
const AT_ONCE: usize = 4;

/// The most types of a Parca that are looked for.
const MAX_TYPES: usize = 16;

/// Whether a server has data, and from when to when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Whether it ever got a profile.
    pub has_data: bool,
    /// The time of the oldest profile, if that is known.
    pub oldest: Option<Timestamp>,
    /// The time of the newest profile, if that is known; on a Parca the end of the minute that it is in.
    pub newest: Option<Timestamp>,
}

impl Backend {
    /// The services that have data, sorted.
    ///
    /// # Errors
    /// The server's.
    pub fn services<'a>(&'a self, range: TimeRange) -> Answering<'a, Vec<String>> {
        Box::pin(async move {
            let label = self.deployment.service_label().to_owned();
            self.label_values(&label, &[], range).await
        })
    }

    /// The profile types that there are, sorted; of one service if one is given.
    ///
    /// # Errors
    /// The server's.
    pub fn profile_types<'a>(
        &'a self,
        service: Option<&'a str>,
        range: TimeRange,
    ) -> Answering<'a, Vec<ProfileType>> {
        Box::pin(async move {
            match (&self.server, service) {
                (Server::Pyroscope(client), None) => {
                    self.note("ProfileTypes", "all");
                    Ok(client.profile_types(range).await?)
                }
                (Server::Pyroscope(client), Some(service)) => {
                    self.note("LabelValues", TYPE_LABEL);
                    let service = Matcher::equal(self.deployment.service_label(), service);
                    let ids = client.label_values(TYPE_LABEL, &[service], range).await?;
                    Ok(ids.iter().filter_map(|id| id.parse().ok()).collect())
                }
                (Server::Parca(_), None) => self.parca_types(range).await,
                (Server::Parca(_), Some(service)) => {
                    let types = self.parca_types(range).await?;
                    self.types_of_service(&types, service, range).await
                }
            }
        })
    }

    /// The types of a list that a service has, in their order.
    pub(super) async fn types_of_service(
        &self,
        types: &[ProfileType],
        service: &str,
        range: TimeRange,
    ) -> Result<Vec<ProfileType>, BackendError> {
        let Server::Parca(client) = &self.server else { return Ok(types.to_vec()) };
        let has_service = async |profile_type: ProfileType| {
            let mut request = ValuesRequest::new(self.deployment.service_label());
            request.range = Some(without_ends(range));
            request.profile_type = Some(profile_type.clone());
            let values = client.values(&request).await?;
            Ok::<_, BackendError>(values.iter().any(|value| value == service).then_some(profile_type))
        };
        let asked: Vec<_> = types.iter().cloned().map(has_service).collect();
        let found: Vec<_> = stream::iter(asked).buffered(AT_ONCE).try_collect().await?;
        Ok(found.into_iter().flatten().collect())
    }

    async fn parca_types(&self, range: TimeRange) -> Result<Vec<ProfileType>, BackendError> {
        let Server::Parca(client) = &self.server else { return Ok(Vec::new()) };
        self.note("ProfileTypes", "all");
        Ok(client.profile_types(&ProfileTypesRequest { range: Some(without_ends(range)) }).await?)
    }

    /// The names of labels, sorted.
    ///
    /// # Errors
    /// The server's.
    pub fn label_names<'a>(
        &'a self,
        matchers: &'a [Matcher],
        range: TimeRange,
    ) -> Answering<'a, Vec<String>> {
        Box::pin(async move {
            match &self.server {
                Server::Pyroscope(client) => {
                    self.note("LabelNames", &list(matchers));
                    Ok(client.label_names(matchers, range).await?)
                }
                Server::Parca(_) if matchers.is_empty() => {
                    self.note("Labels", "all");
                    self.label_names_of_all(range).await
                }
                // Parca looks at matchers only beside a type; what the series have is exact.
                Server::Parca(_) => {
                    let series = self.series(matchers, &[], range).await?;
                    let names: BTreeSet<&str> = series
                        .iter()
                        .flat_map(Labels::iter)
                        .map(|(name, _)| name)
                        .filter(|name| *name != TYPE_LABEL)
                        .collect();
                    Ok(names.into_iter().map(str::to_owned).collect())
                }
            }
        })
    }

    /// The names of labels of what a query selects, sorted; by one call.
    ///
    /// # Errors
    /// The server's.
    pub fn label_names_of<'a>(&'a self, query: &'a Query, range: TimeRange) -> Answering<'a, Vec<String>> {
        Box::pin(async move {
            let Server::Parca(client) = &self.server else {
                return self.label_names(&query.matchers, range).await;
            };
            self.note("Labels", &query.to_string());
            let mut request = LabelsRequest::default();
            request.range = Some(without_ends(range));
            request.profile_type = Some(query.profile_type.clone());
            request.matchers = query.matchers.iter().map(ToString::to_string).collect();
            Ok(client.labels(&request).await?)
        })
    }

    /// The values of a label, sorted. A matcher on the label itself does not count: it would leave
    /// its own value only.
    ///
    /// # Errors
    /// The server's.
    pub fn label_values<'a>(
        &'a self,
        name: &'a str,
        matchers: &'a [Matcher],
        range: TimeRange,
    ) -> Answering<'a, Vec<String>> {
        Box::pin(async move {
            let others: Vec<Matcher> =
                matchers.iter().filter(|matcher| matcher.name() != name).cloned().collect();
            match &self.server {
                Server::Pyroscope(client) => {
                    self.note("LabelValues", name);
                    Ok(client.label_values(name, &others, range).await?)
                }
                Server::Parca(client) if others.is_empty() => {
                    self.note("Values", name);
                    let mut request = ValuesRequest::new(name);
                    request.range = Some(without_ends(range));
                    Ok(client.values(&request).await?)
                }
                Server::Parca(_) => {
                    let series = self.series(&others, &[name.to_owned()], range).await?;
                    let values: BTreeSet<&str> =
                        series.iter().filter_map(|labels| labels.get(name)).collect();
                    Ok(values.into_iter().map(str::to_owned).collect())
                }
            }
        })
    }

    /// The label sets of series, sorted, each once, with only these names or with all.
    ///
    /// A Parca has no such call: what each type has is found out from its values over time.
    ///
    /// # Errors
    /// The server's.
    pub fn series<'a>(
        &'a self,
        matchers: &'a [Matcher],
        names: &'a [String],
        range: TimeRange,
    ) -> Answering<'a, Vec<Labels>> {
        Box::pin(async move {
            let sets = match &self.server {
                Server::Pyroscope(client) => {
                    self.note("Series", &list(matchers));
                    client.series(matchers, names, range).await?
                }
                Server::Parca(client) => self.parca_series(client, matchers, names, range).await?,
            };
            let sets: BTreeSet<Labels> = sets.into_iter().filter(|set| !set.is_empty()).collect();
            Ok(sets.into_iter().collect())
        })
    }

    async fn parca_series(
        &self,
        client: &parca_client::Client,
        matchers: &[Matcher],
        names: &[String],
        range: TimeRange,
    ) -> Result<Vec<Labels>, BackendError> {
        let sum_by = match names {
            [] => self.label_names_of_all(range).await?,
            names => names.to_vec(),
        };
        let anchored: Vec<Matcher> = matchers.iter().map(Matcher::anchored).collect();
        let step = whole_step(range);
        let of_type = async |profile_type: ProfileType| {
            let query = Query { profile_type, matchers: anchored.clone() };
            self.note("QueryRange", &query.to_string());
            let mut request = QueryRangeRequest::new(query.to_string(), with_both_ends(range), step);
            request.sum_by = sum_by.clone();
            match client.query_range(&request).await {
                Ok(series) => Ok((query.profile_type, series)),
                Err(error) if error.is_no_data() => Ok((query.profile_type, Vec::new())),
                Err(error) => Err(BackendError::from(error)),
            }
        };
        let types = self.parca_types(range).await?;
        let wants_type = names.is_empty() || names.iter().any(|name| name == TYPE_LABEL);
        let found: Vec<_> =
            stream::iter(types.into_iter().map(of_type)).buffered(AT_ONCE).try_collect().await?;
        let mut sets = Vec::new();
        for (profile_type, series) in found {
            for one in series {
                let wanted = one.labels.filter(|name| names.is_empty() || names.iter().any(|n| n == name));
                let own = wanted.iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
                let of_type = wants_type.then(|| (TYPE_LABEL.to_owned(), profile_type.to_string()));
                sets.push(own.chain(of_type).collect());
            }
        }
        Ok(sets)
    }

    async fn label_names_of_all(&self, range: TimeRange) -> Result<Vec<String>, BackendError> {
        let Server::Parca(client) = &self.server else { return Ok(Vec::new()) };
        let mut request = LabelsRequest::default();
        request.range = Some(without_ends(range));
        Ok(client.labels(&request).await?)
    }

    /// Whether there is data, and from when to when. A Parca does not say the latter: it is found out
    /// from its values over time.
    ///
    /// # Errors
    /// The server's.
    pub fn stats<'a>(&'a self) -> Answering<'a, Stats> {
        Box::pin(async move { self.stats_of(MAX_TYPES).await })
    }

    /// When a selection has data, whatever the window; nothing if never, or if that cannot be found out.
    pub(super) async fn own_span(&self, ask: &Ask, profile_type: Option<&ProfileType>) -> Option<TimeRange> {
        match &self.server {
            Server::Parca(client) => {
                let types = match profile_type {
                    Some(one) => vec![one.clone()],
                    None => self.parca_types(EVER).await.ok()?.into_iter().take(MAX_TYPES).collect(),
                };
                let queries: Vec<Query> = types.into_iter().map(|of| self.query_of(ask, of)).collect();
                spans::of_any(client, &queries).await
            }
            Server::Pyroscope(client) => {
                let stats = client.profile_stats().await.ok()?;
                let range = TimeRange::new(stats.oldest?, stats.newest?);
                let query = self.query_of(ask, profile_type?.clone());
                let (of, step) = (query.profile_type, Duration::from_secs(60));
                let request = pyroscope_client::SeriesRequest::new(of, query.matchers, range, step);
                let series = client.select_series(&request).await.ok()?;
                let times = || series.iter().flat_map(|one| &one.points).map(|point| point.timestamp);
                Some(TimeRange::new(times().min()?, times().max()?))
            }
        }
    }

    /// The server's statistics, on a Parca from only so many types: it takes some calls for each.
    pub(super) async fn stats_of(&self, most_types: usize) -> Result<Stats, BackendError> {
        match &self.server {
            Server::Pyroscope(client) => {
                self.note("GetProfileStats", "");
                let stats = client.profile_stats().await?;
                Ok(Stats { has_data: stats.data_ingested, oldest: stats.oldest, newest: stats.newest })
            }
            Server::Parca(client) => {
                self.note("HasProfileData", "");
                let has_data = client.has_profile_data().await?;
                let types = client.profile_types(&ProfileTypesRequest::default()).await?;
                let queries: Vec<Query> = types.into_iter().map(Query::all).collect();
                let data = spans::of_any(client, queries.iter().take(most_types)).await;
                let (oldest, newest) = (data.map(|data| data.start), data.map(|data| data.end));
                Ok(Stats { has_data, oldest, newest })
            }
        }
    }
}

fn list(matchers: &[Matcher]) -> String {
    pql::Selector { metric_name: None, matchers: matchers.to_vec() }.to_string()
}
