use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use parca_client::{
    Client, LabelsRequest, ProfileTypesRequest, QueryRangeRequest, QueryRequest, Report, ReportKind, Series,
    with_both_ends, without_ends,
};
use pql::{ProfileType, Query};
use profile_codec::pprof::{self, Limits};
use profile_model::{Labels, Profile, TimeRange, Timestamp};
use pyroscope_api::{ApiError, Ask, Code, Source, SourceSeries};

use crate::error::api_error;

/// A Parca that is asked for what Pyroscope's clients ask for.
#[derive(Debug)]
pub struct ParcaSource {
    client: Client,
    types: Recent<Vec<ProfileType>>,
    names: Recent<Vec<String>>,
}

/// How long lists that each question needs are taken for right: a page asks many at once.
const RECENT: Duration = Duration::from_secs(5);

impl ParcaSource {
    /// A source over this client.
    pub fn new(client: Client) -> Self {
        Self { client, types: Recent::default(), names: Recent::default() }
    }

    async fn query_range(
        &self,
        query: &Query,
        range: TimeRange,
        step: Duration,
        sum_by: Vec<String>,
    ) -> Result<Vec<Series>, ApiError> {
        let mut request = QueryRangeRequest::new(query.to_string(), included(range), step);
        request.sum_by = sum_by;
        match self.client.query_range(&request).await {
            Err(error) if error.is_no_data() => Ok(Vec::new()),
            answer => answer.map_err(|error| api_error(&error)),
        }
    }

    /// The label names of a type's profiles.
    async fn names_of(&self, query: &Query, range: TimeRange) -> Result<Vec<String>, ApiError> {
        let mut request = LabelsRequest::default();
        request.range = Some(without_ends(range));
        request.profile_type = Some(query.profile_type.clone());
        self.client.labels(&request).await.map_err(|error| api_error(&error))
    }
}

impl Source for ParcaSource {
    async fn types(&self, range: Option<TimeRange>) -> Result<Vec<ProfileType>, ApiError> {
        if let (None, Some(known)) = (range, self.types.get()) {
            return Ok(known);
        }
        let request = ProfileTypesRequest { range: range.map(without_ends) };
        let types = self.client.profile_types(&request).await.map_err(|error| api_error(&error))?;
        if range.is_none() {
            self.types.set(&types);
        }
        Ok(types)
    }

    /// A Parca does not list series: their labels are those of their values, in as few steps as there can be.
    async fn label_sets(&self, query: Query, range: TimeRange) -> Result<Vec<Labels>, ApiError> {
        let names = match query.profile_type.delta {
            true => self.names_of(&query, range).await?,
            false => Vec::new(),
        };
        let length = range.end.saturating_nanos().saturating_sub(range.start.saturating_nanos());
        let step = Duration::from_nanos(length.max(1_000_000_000).unsigned_abs());
        let series = self.query_range(&query, range, step, names).await?;
        let sets: BTreeSet<Labels> = series.into_iter().map(|series| series.labels).collect();
        Ok(sets.into_iter().collect())
    }

    async fn profile(&self, ask: Ask) -> Result<Profile, ApiError> {
        let request = QueryRequest::merge(ask.query.to_string(), included(ask.range), ReportKind::Pprof);
        let answer = self.client.query(&request).await.map_err(|error| api_error(&error))?;
        let Some(Report::Pprof(bytes)) = answer.report else { return Ok(Profile::default()) };
        let decoded = tokio::task::spawn_blocking(move || pprof::decode(&bytes, &Limits::default())).await;
        let internal = |words: String| ApiError::new(Code::Internal, words);
        let decoded = decoded.map_err(|error| internal(format!("the request was given up: {error}")))?;
        decoded.map_err(|error| internal(format!("expected a pprof from the Parca: {error}")))
    }

    async fn series(
        &self,
        ask: Ask,
        by: &[String],
        precision: Duration,
    ) -> Result<Vec<SourceSeries>, ApiError> {
        let is_delta = ask.query.profile_type.delta;
        // Of snapshots, any one of a step would be answered, and all labels.
        let step = if is_delta { precision } else { Duration::ZERO };
        let series = self.query_range(&ask.query, ask.range, step, by.to_vec()).await?;
        let half = i64::try_from(step.as_nanos() / 2).unwrap_or(0);
        Ok(series.into_iter().map(|series| one(series, by, half, ask.range)).collect())
    }

    async fn has_data(&self) -> Result<bool, ApiError> {
        Ok(!self.types(None).await?.is_empty())
    }

    async fn label_names(&self) -> Result<Option<Vec<String>>, ApiError> {
        if let Some(known) = self.names.get() {
            return Ok(Some(known));
        }
        let names = self.client.labels(&LabelsRequest::default()).await.map_err(|error| api_error(&error))?;
        self.names.set(&names);
        Ok(Some(names))
    }

    fn has_counts(&self) -> bool {
        false
    }
}

fn one(series: Series, by: &[String], half_a_step: i64, range: TimeRange) -> SourceSeries {
    let (first, last) = (range.start.saturating_nanos(), range.end.saturating_nanos().saturating_sub(1));
    let point = |sample: parca_client::SeriesSample| {
        let middle = sample.timestamp.saturating_nanos().saturating_add(half_a_step);
        // The first step may begin before the range, and the last end behind it; what is summed does not.
        (Timestamp::from_nanos(middle.clamp(first, last.max(first))), sample.value)
    };
    SourceSeries {
        labels: series.labels.filter(|name| by.iter().any(|wanted| wanted == name)),
        points: series.samples.into_iter().map(point).collect(),
    }
}

/// A range without its end as merges take it; one of no length is its start alone.
fn included(range: TimeRange) -> TimeRange {
    let TimeRange { start, end } = with_both_ends(range);
    TimeRange::new(start, end.max(start))
}

/// What was last answered, if that is not long ago.
#[derive(Debug)]
struct Recent<T>(Mutex<Option<(Instant, T)>>);

impl<T> Default for Recent<T> {
    fn default() -> Self {
        Self(Mutex::new(None))
    }
}

impl<T: Clone> Recent<T> {
    fn get(&self) -> Option<T> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.as_ref().filter(|(at, _)| at.elapsed() < RECENT).map(|(_, value)| value.clone())
    }

    fn set(&self, value: &T) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((Instant::now(), value.clone()));
    }
}
