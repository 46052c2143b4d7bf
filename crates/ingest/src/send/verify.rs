//! Asking a store whether it has a profile.

use std::time::Duration;

use parca_client::{Client, Code, QueryRangeRequest};
use pql::{Matcher, ProfileType, Query};
use profile_codec::pprof::{self, Limits};
use profile_model::{TimeRange, Timestamp};
use pyroscope_client::{ErrorKind, SeriesRequest};

use super::record::Record;

/// What a store says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Stored,
    Missing,
    /// The store does not answer queries.
    NoAnswer,
    /// The store cannot be asked now.
    Later,
}

/// The question whether a store has a profile: its series at its millisecond. `None` if the profile has nothing
/// that could be asked for, so that nothing of it is ever stored.
pub(super) struct Question {
    query: Query,
    /// The millisecond.
    start: i64,
    /// Whether the profile covers a window.
    pub(super) is_delta: bool,
    names: Vec<String>,
    labels: Vec<(String, String)>,
}

const MILLISECOND: i64 = 1_000_000;

impl Question {
    pub(super) fn of(record: &Record) -> Option<Self> {
        let head = pprof::inspect(record.pprof.as_ref(), &Limits::default()).ok()?;
        let at = head.has_values.iter().position(|has| *has)?;
        let sample_type = head.sample_types.get(at)?.clone();
        let is_delta = head.duration_nanos > 0;
        let labels: Vec<(String, String)> =
            record.head.labels.iter().filter(|(name, _)| name != pql::NAME_LABEL).cloned().collect();
        let name = record.head.labels.iter().find(|(name, _)| name == pql::NAME_LABEL)?.1.clone();
        let profile_type = ProfileType {
            name,
            sample_type: sample_type.name,
            sample_unit: sample_type.unit,
            period_type: head.period_type.name,
            period_unit: head.period_type.unit,
            delta: is_delta,
        };
        let matchers =
            labels.iter().map(|(name, value)| Matcher::equal(name.clone(), value.clone())).collect();
        let query = Query { profile_type, matchers };
        let start = head.time_nanos.div_euclid(MILLISECOND) * MILLISECOND;
        let names = labels.iter().map(|(name, _)| name.clone()).collect();
        Some(Self { query, start, is_delta, names, labels })
    }

    /// From so many milliseconds before the profile's to its end.
    fn range(&self, before: i64) -> TimeRange {
        let start = self.start.saturating_sub(before * MILLISECOND);
        let end = self.start.saturating_add(MILLISECOND - 1);
        TimeRange::new(Timestamp::from_nanos(start), Timestamp::from_nanos(end))
    }

    /// Asks a Pyroscope: a point covers its step up to its time, so the one of the profile begins a millisecond before.
    pub(super) async fn ask_pyroscope(&self, client: &pyroscope_client::Client) -> Verdict {
        let Query { profile_type, matchers } = self.query.clone();
        let profile_type = ProfileType { delta: false, ..profile_type };
        let step = Duration::from_millis(1);
        let mut request = SeriesRequest::new(profile_type, matchers, self.range(1), step);
        request.group_by.clone_from(&self.names);
        match client.select_series(&request).await {
            Ok(series) if series.iter().any(|one| !one.points.is_empty()) => Verdict::Stored,
            Ok(_) => Verdict::Missing,
            Err(error) => match error.kind() {
                ErrorKind::Unreachable | ErrorKind::Deadline | ErrorKind::Server => Verdict::Later,
                _ => Verdict::NoAnswer,
            },
        }
    }

    pub(super) async fn ask(&self, client: &Client) -> Verdict {
        let query = self.query.to_string();
        let mut request = QueryRangeRequest::new(query, self.range(0), Duration::ZERO);
        request.sum_by.clone_from(&self.names);
        match client.query_range(&request).await {
            Ok(series) if series.iter().any(|one| self.is_it(one)) => Verdict::Stored,
            Ok(_) => Verdict::Missing,
            Err(error) if error.is_no_data() => Verdict::Missing,
            Err(error) => match error.code() {
                Code::Unimplemented | Code::NotFound | Code::PermissionDenied | Code::Unauthenticated => {
                    Verdict::NoAnswer
                }
                Code::InvalidArgument | Code::Unknown => Verdict::NoAnswer,
                _ => Verdict::Later,
            },
        }
    }

    /// Whether a series has our labels and no others: matchers let series with more labels through.
    fn is_it(&self, series: &parca_client::Series) -> bool {
        let own = self.labels.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        !series.samples.is_empty()
            && series.labels.iter().filter(|(name, _)| *name != pql::NAME_LABEL).eq(own)
    }
}
