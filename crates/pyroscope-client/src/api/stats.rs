use parca_proto::pyroscope::{querier as wire, types};
use profile_model::{TimeRange, Timestamp};

use crate::method::Method;
use crate::window::{Window, instant};
use crate::{Client, Error};

/// The last millisecond of the year 9999; servers send extreme numbers for what they do not know.
const LAST_MILLIS: i64 = 253_402_300_799_999;

/// What a server has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProfileStats {
    /// Whether it ever got a profile, even one that is gone.
    pub data_ingested: bool,
    /// The time of the oldest profile, if it is known.
    pub oldest: Option<Timestamp>,
    /// The time of the newest profile, if it is known.
    pub newest: Option<Timestamp>,
}

/// What a query would read. Storage of version 2 says nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct QueryAnalysis {
    /// By part of the server.
    pub scopes: Vec<QueryScope>,
    /// Over all.
    pub impact: Option<QueryImpact>,
}

/// What a part of the server would read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
#[allow(missing_docs)] // The names say it.
pub struct QueryScope {
    pub component_type: String,
    pub component_count: u64,
    pub block_count: u64,
    pub series_count: u64,
    pub profile_count: u64,
    pub sample_count: u64,
    pub index_bytes: u64,
    pub profile_bytes: u64,
    pub symbol_bytes: u64,
}

/// What a query would read over all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct QueryImpact {
    /// Bytes that the server has for the range.
    pub total_bytes_in_time_range: u64,
    /// Series that would be read.
    pub total_queried_series: u64,
    /// Whether the same data are in several places.
    pub deduplication_needed: bool,
}

impl Client {
    /// Whether and from when to when the server has profiles.
    pub async fn profile_stats(&self) -> Result<ProfileStats, Error> {
        let request = types::GetProfileStatsRequest {};
        let answer: types::GetProfileStatsResponse = self.call(Method::STATS, &request).await?;
        let bound = |millis: i64| (1..=LAST_MILLIS).contains(&millis).then(|| instant(millis));
        Ok(ProfileStats {
            data_ingested: answer.data_ingested,
            oldest: bound(answer.oldest_profile_time),
            newest: bound(answer.newest_profile_time),
        })
    }

    /// What a query (`TYPE{selector}`) would read.
    pub async fn analyze_query(&self, query: &str, range: TimeRange) -> Result<QueryAnalysis, Error> {
        let Window { start, end } = Window::of(range)?;
        let request = wire::AnalyzeQueryRequest { start, end, query: query.to_owned() };
        let answer: wire::AnalyzeQueryResponse = self.call(Method::ANALYZE, &request).await?;
        Ok(QueryAnalysis {
            scopes: answer.query_scopes.into_iter().map(scope).collect(),
            impact: answer.query_impact.map(impact),
        })
    }
}

fn scope(scope: wire::QueryScope) -> QueryScope {
    QueryScope {
        component_type: scope.component_type,
        component_count: scope.component_count,
        block_count: scope.block_count,
        series_count: scope.series_count,
        profile_count: scope.profile_count,
        sample_count: scope.sample_count,
        index_bytes: scope.index_bytes,
        profile_bytes: scope.profile_bytes,
        symbol_bytes: scope.symbol_bytes,
    }
}

fn impact(impact: wire::QueryImpact) -> QueryImpact {
    QueryImpact {
        total_bytes_in_time_range: impact.total_bytes_in_time_range,
        total_queried_series: impact.total_queried_series,
        deduplication_needed: impact.deduplication_needed,
    }
}
