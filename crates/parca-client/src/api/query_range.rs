use std::time::Duration;

use bytes::Bytes;
use parca_proto::query as wire;
use profile_model::TimeRange;
use prost::Message as _;

use super::{duration, timestamp};
use crate::answer::{Series, series};
use crate::call::{message, wire::Wire};
use crate::{Call, Error, Method};

/// Asks for values over time.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct QueryRangeRequest {
    /// A profile type and matchers, as `pql` parses and prints them.
    pub query: String,
    /// The profiles to look at, both ends included.
    pub range: TimeRange,
    /// The width of the buckets, which start at multiples of it since 1970; a first one may begin before the range.
    /// Zero gives a delta type's total as one sample in 1970, and every profile of another type.
    pub step: Duration,
    /// The labels to tell series apart by; none sums everything. Types that are not delta ignore it.
    pub sum_by: Vec<String>,
    /// The most series wanted, zero for all. Parca ignores it.
    pub limit: u32,
}

impl QueryRangeRequest {
    /// Everything that matches, in buckets of `step`, summed to one series where the type is delta.
    pub fn new(query: impl Into<String>, range: TimeRange, step: Duration) -> Self {
        Self { query: query.into(), range, step, sum_by: Vec::new(), limit: 0 }
    }
}

impl Wire for QueryRangeRequest {
    fn encode(&self) -> Result<Vec<u8>, Error> {
        let request = wire::QueryRangeRequest {
            query: self.query.clone(),
            start: Some(timestamp(self.range.start)),
            end: Some(timestamp(self.range.end)),
            limit: self.limit,
            step: Some(duration(self.step)),
            sum_by: self.sum_by.clone(),
        };
        Ok(request.encode_to_vec())
    }
}

impl Call for QueryRangeRequest {
    type Answer = Vec<Series>;
    const METHOD: Method = Method::QueryRange;

    fn decode(bytes: Bytes) -> Result<Self::Answer, Error> {
        Ok(series(message::<wire::QueryRangeResponse>(bytes)?))
    }
}
