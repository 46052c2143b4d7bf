use std::time::Duration;

use pql::{ProfileType, Query};
use profile_model::{Labels, Profile, TimeRange, Timestamp};

use crate::ApiError;

/// Where profiles come from: a store, or a Parca.
///
/// Queries are Parca's: a type with `delta`, and matchers whose regular expressions are anchored already. Ranges
/// have their start and not their end.
pub trait Source: Send + Sync + 'static {
    /// The profile types that there are in a range, or ever.
    fn types(
        &self,
        range: Option<TimeRange>,
    ) -> impl Future<Output = Result<Vec<ProfileType>, ApiError>> + Send;

    /// The label sets of what a query selects, each once.
    fn label_sets(
        &self,
        query: Query,
        range: TimeRange,
    ) -> impl Future<Output = Result<Vec<Labels>, ApiError>> + Send;

    /// Everything that is selected, summed; of one sample type. Nothing found is a profile without samples.
    fn profile(&self, ask: Ask) -> impl Future<Output = Result<Profile, ApiError>> + Send;

    /// What is selected, over time, apart by labels. A source that only knows sums of some time may sum over
    /// `precision` and give each the middle of it.
    fn series(
        &self,
        ask: Ask,
        by: &[String],
        precision: Duration,
    ) -> impl Future<Output = Result<Vec<SourceSeries>, ApiError>> + Send;

    /// The value of each profile, several of one time apart; series apart by labels.
    fn profiles(
        &self,
        _ask: Ask,
        _by: &[String],
    ) -> impl Future<Output = Result<Vec<SourceSeries>, ApiError>> + Send {
        async {
            Err(ApiError::unimplemented("a Parca tells no profiles apart: it knows sums over time only"))
        }
    }

    /// What is selected of what was measured in spans, each of which has the label `span_id`, summed. Nothing where
    /// spans are not kept.
    fn spans(&self, _ask: Ask) -> impl Future<Output = Result<Profile, ApiError>> + Send {
        async { Ok(Profile::default()) }
    }

    /// The values of spans over time, apart by these labels and by `span_id`.
    fn span_values(
        &self,
        _ask: Ask,
        _by: &[String],
    ) -> impl Future<Output = Result<Vec<SourceSeries>, ApiError>> + Send {
        async { Err(ApiError::unimplemented("heat maps of spans are not served here: no spans are kept")) }
    }

    /// Whether there is any profile.
    fn has_data(&self) -> impl Future<Output = Result<bool, ApiError>> + Send;

    /// The time of the first and the last profile, where that is known.
    fn bounds(&self) -> impl Future<Output = Result<Option<TimeRange>, ApiError>> + Send {
        async { Ok(None) }
    }

    /// Label names of which others are not asked for; nothing where that is not known.
    fn label_names(&self) -> impl Future<Output = Result<Option<Vec<String>>, ApiError>> + Send {
        async { Ok(None) }
    }

    /// Whether counts of samples can be had. A Parca multiplies them by the period.
    fn has_counts(&self) -> bool {
        true
    }
}

/// What is asked of a [`Source`].
#[derive(Clone, Debug)]
pub struct Ask {
    /// Which profiles.
    pub query: Query,
    /// Of which time.
    pub range: TimeRange,
    /// What becomes of counts of samples.
    pub counts: Counts,
}

/// What becomes of counts of samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counts {
    /// Counts stay counts.
    AsStored,
    /// Each is multiplied by its period.
    InPeriods,
}

/// Values over time of what has these labels in common.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SourceSeries {
    /// The labels.
    pub labels: Labels,
    /// Values and their times, in any order.
    pub points: Vec<(Timestamp, i64)>,
}
