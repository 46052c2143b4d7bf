use std::sync::Arc;

use pql::{Matcher, ProfileType, Query};
use profile_model::TimeRange;

use crate::catalog::{self, Listed, Stored};
use crate::names;
use crate::selection::Selectors;
use crate::source::{Ask, Source};
use crate::{ApiError, Code};

/// How an API is to be.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Settings {
    /// The labels that a `service_name` is taken from: the first one that a series has.
    pub service_labels: Vec<String>,
    /// The longest message that is taken, once it is decompressed.
    pub max_message_bytes: usize,
    /// The longest answer that is given, before it is compressed.
    pub max_answer_bytes: usize,
    /// The longest range that is answered; nothing for any.
    pub max_range: Option<std::time::Duration>,
}

impl Default for Settings {
    fn default() -> Self {
        let service_labels = ["service_name", "service.name", "job", "comm"].map(str::to_owned).to_vec();
        Self { service_labels, max_message_bytes: 64 << 20, max_answer_bytes: 64 << 20, max_range: None }
    }
}

/// Pyroscope's query API over a source.
#[derive(Debug)]
pub struct Api<S> {
    pub(crate) inner: Arc<Inner<S>>,
}

#[derive(Debug)]
pub(crate) struct Inner<S> {
    pub(crate) source: S,
    pub(crate) settings: Settings,
}

impl<S> Clone for Api<S> {
    fn clone(&self) -> Self {
        Self { inner: Arc::clone(&self.inner) }
    }
}

impl<S: Source> Api<S> {
    /// An API over this source.
    pub fn new(source: S, settings: Settings) -> Self {
        Self { inner: Arc::new(Inner { source, settings }) }
    }

    pub(crate) fn service_labels(&self) -> &[String] {
        &self.inner.settings.service_labels
    }

    /// The types of a range, or of all time, as clients know them.
    pub(crate) async fn types(&self, range: Option<TimeRange>) -> Result<Vec<Listed>, ApiError> {
        let types = self.inner.source.types(range).await?;
        Ok(catalog::listed(types, self.inner.source.has_counts()))
    }

    /// A type and the labels that it is selected by, as questions to the source that together are the answer.
    pub(crate) async fn asks(
        &self,
        id: &ProfileType,
        selectors: &Selectors,
        range: TimeRange,
    ) -> Result<Vec<Ask>, ApiError> {
        self.check_range(range)?;
        if !selectors.takes_type(id) {
            return Ok(Vec::new());
        }
        let types = self.types(None).await?;
        let stored = match types.iter().find(|listed| listed.id == *id) {
            Some(listed) => listed.of.clone(),
            None => self.unlisted(id).await?,
        };
        let branches = self.branches(selectors).await?;
        let ask = |stored: &Stored, matchers: &Vec<Matcher>| Ask {
            query: Query { profile_type: stored.profile_type.clone(), matchers: matchers.clone() },
            range,
            counts: stored.counts,
        };
        Ok(stored.iter().flat_map(|stored| branches.iter().map(|matchers| ask(stored, matchers))).collect())
    }

    /// What is stored under an id that is listed under another one.
    async fn unlisted(&self, id: &ProfileType) -> Result<Vec<Stored>, ApiError> {
        let types = self.inner.source.types(None).await?;
        let mut found: Vec<ProfileType> =
            types.into_iter().filter(|of| catalog::without_delta(of) == *id).collect();
        found.sort_unstable_by_key(|of| !of.delta);
        let counts = crate::Counts::AsStored;
        Ok(found.into_iter().take(1).map(|profile_type| Stored { profile_type, counts }).collect())
    }

    /// The selections of a request's services, but for those of labels that nothing has.
    pub(crate) async fn branches(&self, selectors: &Selectors) -> Result<Vec<Vec<Matcher>>, ApiError> {
        let known = match selectors.services.is_empty() {
            true => None,
            false => self.inner.source.label_names().await?,
        };
        let is_known = |label: &&String| known.as_ref().is_none_or(|known| known.contains(label));
        let labels: Vec<String> = self.service_labels().iter().filter(is_known).cloned().collect();
        names::branches(&selectors.plain, &selectors.services, &labels)
    }

    /// An answer, if it is no longer than allowed.
    pub(crate) fn fitting(&self, answer: Vec<u8>) -> Result<Vec<u8>, ApiError> {
        let (bytes, most) = (answer.len(), self.inner.settings.max_answer_bytes);
        if bytes <= most {
            return Ok(answer);
        }
        let words = format!(
            "query_answer_size: the answer has {bytes} bytes, more than {most}; ask for less time, for fewer series or nodes"
        );
        Err(ApiError::new(Code::ResourceExhausted, words))
    }

    pub(crate) fn check_range(&self, range: TimeRange) -> Result<(), ApiError> {
        let length = range.end.saturating_nanos().saturating_sub(range.start.saturating_nanos());
        match self.inner.settings.max_range {
            Some(most) if i128::from(length) > i128::try_from(most.as_nanos()).unwrap_or(i128::MAX) => {
                Err(ApiError::invalid(format!(
                    "expected a range of at most {} s (max_query_length), found {} s",
                    most.as_secs(),
                    length / 1_000_000_000
                )))
            }
            _ => Ok(()),
        }
    }
}
