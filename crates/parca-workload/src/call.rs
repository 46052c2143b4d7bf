//! One call: what it asks, under which labels it is recorded, and what is learned from the answer.

use std::cell::Cell;
use std::rc::Rc;
use std::time::{Duration, SystemTime};

use load_engine::SeriesKey;
use parca_client::{
    Client, Error, LabelsRequest, Prepared, ProfileTypesRequest, QueryRangeRequest, QueryRequest, ReportKind,
    ValuesRequest,
};
use pql::{Matcher, ProfileType, Query};
use profile_model::{Labels, TimeRange, Timestamp};

use crate::op;

/// A call that is made when its turn comes: its times are those of that moment.
#[derive(Clone, Debug)]
pub struct Call {
    pub(crate) key: SeriesKey,
    pub(crate) ask: Ask,
}

#[derive(Clone, Debug)]
pub(crate) enum Ask {
    Labels {
        range: Duration,
        profile_type: Option<ProfileType>,
    },
    Values {
        label: String,
        range: Duration,
        profile_type: Option<ProfileType>,
    },
    ProfileTypes {
        range: Duration,
    },
    QueryRange {
        query: QueryText,
        range: Duration,
        points: u32,
        learn: Option<Learn>,
    },
    /// Which profiles there are in a bucket, to the millisecond.
    Lookup {
        query: String,
        bucket: TimeRange,
        choice: u64,
        found: Rc<Cell<Option<Timestamp>>>,
    },
    Single {
        query: String,
        time: When,
        report: ReportKind,
    },
    Merge {
        query: String,
        start: Start,
        trim_percent: f32,
    },
}

/// What the answer to a range query is remembered as.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Learn {
    /// Index of the selector.
    pub(crate) selector: usize,
    /// Index of the span.
    pub(crate) range: usize,
    /// Whether it is the last of its round.
    pub(crate) last: bool,
}

/// A type with a selector behind it.
#[derive(Clone, Debug)]
pub(crate) struct QueryText {
    pub(crate) profile_type: ProfileType,
    pub(crate) selector: String,
}

impl QueryText {
    pub(crate) fn text(&self) -> String {
        format!("{}{}", self.profile_type, self.selector)
    }

    /// The query for one series of an answer.
    pub(crate) fn of_series(&self, labels: &Labels) -> String {
        let Ok(mut query) = self.text().parse::<Query>() else { return self.text() };
        query.matchers.extend(labels.iter().map(|(name, value)| Matcher::equal(name, value)));
        query.to_string()
    }
}

#[derive(Clone, Debug)]
pub(crate) enum When {
    Known(Timestamp),
    /// As the lookup before it found; nothing if that failed.
    Found(Rc<Cell<Option<Timestamp>>>),
}

/// Where a merged span begins.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Start {
    Ago(Duration),
    At(Timestamp),
}

impl Ask {
    /// Whether all that it depends on is known: a single query after a failed lookup has no time.
    pub(crate) fn is_complete(&self) -> bool {
        !matches!(self, Self::Single { time: When::Found(found), .. } if found.get().is_none())
    }

    /// The request's final form at this moment.
    pub(crate) fn prepare(&self, client: &Client, now: SystemTime) -> Result<Prepared, Error> {
        match self {
            Self::Labels { range, profile_type } => {
                let mut request = LabelsRequest::default();
                request.range = Some(ago(now, *range));
                request.profile_type.clone_from(profile_type);
                client.prepare(&request)
            }
            Self::Values { label, range, profile_type } => {
                let mut request = ValuesRequest::new(label.as_str());
                request.range = Some(ago(now, *range));
                request.profile_type.clone_from(profile_type);
                client.prepare(&request)
            }
            Self::ProfileTypes { range } => {
                client.prepare(&ProfileTypesRequest { range: Some(ago(now, *range)) })
            }
            Self::QueryRange { query, range, points, .. } => {
                client.prepare(&QueryRangeRequest::new(query.text(), ago(now, *range), *range / *points))
            }
            Self::Lookup { query, bucket, .. } => {
                client.prepare(&QueryRangeRequest::new(query.as_str(), *bucket, Duration::from_millis(1)))
            }
            Self::Single { query, time, report } => {
                let time = match time {
                    When::Known(time) => *time,
                    When::Found(found) => found.get().unwrap_or_default(),
                };
                client.prepare(&QueryRequest::single(query.as_str(), time, report.clone()))
            }
            Self::Merge { query, start, trim_percent } => {
                let range = match start {
                    Start::Ago(range) => ago(now, *range),
                    Start::At(start) => TimeRange::new(*start, now.into()),
                };
                let mut request = QueryRequest::merge(query.as_str(), range, ReportKind::FlamegraphArrow);
                request.trim_percent = Some(*trim_percent);
                client.prepare(&request)
            }
        }
    }

    /// Whether the answer is looked at.
    pub(crate) fn learns(&self) -> bool {
        match self {
            Self::Labels { .. } | Self::ProfileTypes { .. } | Self::Lookup { .. } => true,
            Self::QueryRange { learn, .. } => learn.is_some(),
            Self::Values { .. } | Self::Single { .. } | Self::Merge { .. } => false,
        }
    }
}

pub(crate) fn ago(now: SystemTime, range: Duration) -> TimeRange {
    TimeRange::new(now.checked_sub(range).unwrap_or(SystemTime::UNIX_EPOCH).into(), now.into())
}

/// How each kind of call is recorded.
impl Call {
    pub(crate) fn labels(range: Duration, profile_type: Option<ProfileType>) -> Self {
        Self { key: key(op::LABELS, []), ask: Ask::Labels { range, profile_type } }
    }

    pub(crate) fn values(label: String, range: Duration, profile_type: Option<ProfileType>) -> Self {
        Self {
            key: key(op::VALUES, [("label", label.clone())]),
            ask: Ask::Values { label, range, profile_type },
        }
    }

    pub(crate) fn profile_types(range: Duration) -> Self {
        Self { key: key(op::PROFILE_TYPES, []), ask: Ask::ProfileTypes { range } }
    }

    pub(crate) fn lookup(
        query: String,
        bucket: TimeRange,
        choice: u64,
        found: Rc<Cell<Option<Timestamp>>>,
    ) -> Self {
        Self { key: key(op::LOOKUP, []), ask: Ask::Lookup { query, bucket, choice, found } }
    }

    pub(crate) fn single(query: String, time: When, report: ReportKind, labels: String) -> Self {
        let name = match report {
            ReportKind::Pprof => "pprof",
            ReportKind::TableArrow => "table_arrow",
            _ => "flamegraph_arrow",
        };
        let pairs = [("mode", "single".to_owned()), ("labels", labels), ("report_type", name.to_owned())];
        Self { key: key(op::QUERY, pairs), ask: Ask::Single { query, time, report } }
    }

    pub(crate) fn merge(
        query: String,
        start: Start,
        trim_percent: f32,
        range: String,
        labels: String,
    ) -> Self {
        let pairs = [("mode", "merge".to_owned()), ("range", range), ("labels", labels)];
        Self { key: key(op::QUERY, pairs), ask: Ask::Merge { query, start, trim_percent } }
    }
}

pub(crate) fn key<const N: usize>(op: &'static str, labels: [(&'static str, String); N]) -> SeriesKey {
    SeriesKey::new(op, labels)
}
