//! What was measured in each span: the newest, in memory, beside the store.
//!
//! A span is one request. As a label of series in the store it would make a series of each, which everything that lists or
//! sums series would pay for; here nothing looks but questions about spans.

use profile_model::{Labels, Profile};
use profile_store::{Invalid, Keep, Named, NewProfile, NewWrite, Store};
use pyroscope_api::Pushed;

/// The label of a span.
pub(crate) const SPAN: &str = "span_id";

/// The newest spans, in so many bytes.
#[derive(Clone, Debug)]
pub(crate) struct Spans {
    bytes: usize,
    store: Option<Store>,
}

impl Spans {
    /// Spans in at most so many bytes, the oldest dropped first; none in 0.
    pub(crate) fn new(bytes: usize) -> Self {
        Self { bytes, store: (bytes > 0).then(|| Store::in_memory(bytes)) }
    }

    /// Those of somebody else, in as many bytes.
    pub(crate) fn of_another(&self) -> Self {
        Self::new(self.bytes)
    }

    pub(crate) fn store(&self) -> Option<&Store> {
        self.store.as_ref()
    }

    /// Takes the spans of what is being pushed, to be kept once that is stored.
    pub(crate) fn taken(&self, profiles: &mut [Pushed]) -> Vec<OfSpan> {
        let taken = profiles.iter_mut().flat_map(OfSpan::taken);
        if self.store.is_some() { taken.collect() } else { Vec::new() }
    }

    /// Keeps spans. What cannot be kept is passed over: the profile that they are of is stored.
    pub(crate) async fn keep(&self, spans: Vec<OfSpan>) {
        let Some(store) = self.store.clone().filter(|_| !spans.is_empty()) else { return };
        let kept = tokio::task::spawn_blocking(move || {
            let profiles = spans.into_iter().filter_map(|span| span.checked().ok()).collect();
            store.write(NewWrite::new(profiles))
        });
        match kept.await {
            Ok(Ok(_)) => {}
            Ok(Err(error)) => tracing::debug!(%error, "spans are not kept"),
            Err(error) => tracing::debug!(%error, "spans are not kept"),
        }
    }
}

/// What was measured in one span.
#[derive(Debug)]
pub(crate) struct OfSpan {
    labels: Labels,
    profile: Profile,
    bytes: bytes::Bytes,
}

impl OfSpan {
    fn taken(pushed: &mut Pushed) -> Vec<Self> {
        let spans = std::mem::take(&mut pushed.spans);
        let labels = |id: String| {
            let series = pushed.labels.iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
            series.chain([(SPAN.to_owned(), id)]).collect()
        };
        let of_span = |(id, profile)| Self { labels: labels(id), profile, bytes: pushed.bytes.clone() };
        spans.into_iter().map(of_span).collect()
    }

    fn checked(self) -> Result<NewProfile, Invalid> {
        NewProfile::new(&Named::new(self.labels.iter())?, self.profile, Keep::default(), Some(&self.bytes))
    }
}
