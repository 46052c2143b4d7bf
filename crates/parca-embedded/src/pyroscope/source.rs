use std::collections::HashMap;
use std::time::Duration;

use pql::{ProfileType, Query};
use profile_model::{Labels, Profile, Sample, TimeRange, Timestamp, ValueType};
use profile_store::{Filter, Merge, Merged, ProfileSum, ReadError, Span, Store, View};
use pyroscope_api::{ApiError, Ask, Code, Counts, SPAN, Source, SourceSeries};

use super::Spans;
use crate::limits::{Gate, TooMuch};

/// A store that is asked for what Pyroscope's clients ask for.
pub(crate) struct StoreSource {
    pub(crate) store: Store,
    pub(crate) gate: Gate,
    pub(crate) spans: Spans,
}

impl StoreSource {
    async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&View) -> Result<T, ReadError> + Send + 'static,
    ) -> Result<T, ApiError> {
        self.read_of(self.store.clone(), work).await
    }

    async fn read_of<T: Send + 'static>(
        &self,
        store: Store,
        work: impl FnOnce(&View) -> Result<T, ReadError> + Send + 'static,
    ) -> Result<T, ApiError> {
        let read = self.gate.answer(move |stop| work(&store.view().until(stop))).await.map_err(|error| {
            let code = match error {
                TooMuch::Waiting(_) | TooMuch::Answer { .. } => Code::ResourceExhausted,
                TooMuch::Time(_) => Code::DeadlineExceeded,
                TooMuch::GivenUp => Code::Internal,
            };
            ApiError::new(code, error.to_string())
        })?;
        read.map_err(|error| ApiError::new(Code::DataLoss, error.to_string()))
    }
}

impl Source for StoreSource {
    async fn types(&self, range: Option<TimeRange>) -> Result<Vec<ProfileType>, ApiError> {
        let span = range.map_or(Span::ALL, span);
        self.read(move |view| Ok(view.profile_types(span)?.into_iter().collect())).await
    }

    async fn label_sets(&self, query: Query, range: TimeRange) -> Result<Vec<Labels>, ApiError> {
        let sets = self.read(move |view| view.label_sets(&Filter::of_query(&query), span(range))).await?;
        Ok(sets.iter().map(|set| Labels::clone(set)).collect())
    }

    async fn profile(&self, ask: Ask) -> Result<Profile, ApiError> {
        self.read(move |view| merged(view, &ask)).await
    }

    async fn spans(&self, ask: Ask) -> Result<Profile, ApiError> {
        match self.spans.store() {
            Some(spans) => self.read_of(spans.clone(), move |view| merged(view, &ask)).await,
            None => Ok(Profile::default()),
        }
    }

    async fn span_values(&self, ask: Ask, by: &[String]) -> Result<Vec<SourceSeries>, ApiError> {
        let by: Vec<String> = by.iter().cloned().chain([SPAN.to_owned()]).collect();
        match self.spans.store() {
            // A span is one, whatever else its samples have labels of.
            Some(spans) => self.read_of(spans.clone(), move |view| series(view, &ask, &by)).await,
            None => Err(ApiError::new(Code::Unimplemented, "span_memory: no spans are kept here")),
        }
    }

    /// Exact times, whatever precision would do.
    async fn series(&self, ask: Ask, by: &[String], _: Duration) -> Result<Vec<SourceSeries>, ApiError> {
        let by = by.to_vec();
        self.read(move |view| series(view, &ask, &by)).await
    }

    async fn profiles(&self, ask: Ask, by: &[String]) -> Result<Vec<SourceSeries>, ApiError> {
        let by = by.to_vec();
        self.read(move |view| profiles(view, &ask, &by)).await
    }

    async fn has_data(&self) -> Result<bool, ApiError> {
        Ok(self.store.view().has_data())
    }

    async fn bounds(&self) -> Result<Option<TimeRange>, ApiError> {
        let extent = self.store.view().extent();
        Ok(extent
            .map(|(first, last)| TimeRange::new(Timestamp::from_nanos(first), Timestamp::from_nanos(last))))
    }
}

fn span(range: TimeRange) -> Span {
    Span::half_open(range.start, range.end)
}

/// Everything that is selected, summed.
fn merged(view: &View, ask: &Ask) -> Result<Profile, ReadError> {
    let of = &ask.query.profile_type;
    let sample_type = match ask.counts {
        Counts::AsStored => ValueType::new(&of.sample_type, &of.sample_unit),
        Counts::InPeriods => ValueType::new(&of.period_type, &of.period_unit),
    };
    let merge = Merge {
        filter: Filter::of_query(&ask.query),
        span: span(ask.range),
        group_by: Vec::new(),
        in_periods: ask.counts == Counts::InPeriods,
    };
    Ok(profile(sample_type, view.merge(&merge)?))
}

fn profile(sample_type: ValueType, merged: Option<Merged>) -> Profile {
    let mut profile = Profile::new(vec![sample_type]);
    if let Some(Merged { symbols, rows, .. }) = merged {
        for (_, stack, value) in &rows {
            profile.samples.push(Sample { stack: *stack, values: &[*value], labels: &[] });
        }
        profile.symbols = symbols;
    }
    profile
}

/// Values that are about one time, summed.
fn series(view: &View, ask: &Ask, by: &[String]) -> Result<Vec<SourceSeries>, ReadError> {
    let mut series = profiles(view, ask, by)?;
    for SourceSeries { points, .. } in &mut series {
        points.sort_unstable_by_key(|(at, _)| *at);
        points.dedup_by(|(at, value), (kept_at, sum)| {
            let is_same = at == kept_at;
            *sum = if is_same { sum.saturating_add(*value) } else { *sum };
            is_same
        });
    }
    Ok(series)
}

fn profiles(view: &View, ask: &Ask, by: &[String]) -> Result<Vec<SourceSeries>, ReadError> {
    let mut values: HashMap<Labels, Vec<(Timestamp, i64)>> = HashMap::new();
    let value = |sum: &ProfileSum| match ask.counts {
        Counts::AsStored => sum.value,
        Counts::InPeriods => sum.value.wrapping_mul(sum.period),
    };
    view.sums(&Filter::of_query(&ask.query), span(ask.range), |labels, profiles| {
        if profiles.is_empty() {
            return;
        }
        let points = values.entry(labels.filter(|name| by.iter().any(|wanted| wanted == name))).or_default();
        points.extend(profiles.iter().map(|sum| (Timestamp::from_nanos(sum.time_nanos), value(sum))));
    })?;
    Ok(values.into_iter().map(|(labels, points)| SourceSeries { labels, points }).collect())
}
