//! What was measured in each span: the newest, in memory, beside the store.
//!
//! A span is one request. As a label of series in the store it would make a series of each, which everything that lists or
//! sums series would pay for; here nothing looks but questions about spans.

use bytes::Bytes;
use profile_model::{Labels, ProfileBatch};
use profile_store::{Keep, NewBatch, NewWrite, Store};
use pyroscope_api::Pushed;

use crate::writes::{NotStored, once};

/// How much of the process's memory a byte takes that the store reckons with: spans are a great many small pieces, which
/// the store takes for larger ones.
const TAKEN: usize = 3;

/// The newest spans, in so many bytes.
#[derive(Clone, Debug)]
pub(crate) struct Spans {
    bytes: usize,
    store: Option<Store>,
}

impl Spans {
    /// Spans in at most so many bytes, the oldest dropped first; none in 0.
    pub(crate) fn new(bytes: usize) -> Self {
        Self { bytes, store: (bytes > 0).then(|| Store::in_memory(bytes / TAKEN)) }
    }

    /// Spans of somebody else, in as many bytes.
    pub(crate) fn of_another(&self) -> Self {
        Self::new(self.bytes)
    }

    pub(crate) fn store(&self) -> Option<&Store> {
        self.store.as_ref()
    }

    /// Takes the spans of what is being pushed, to be kept once that is stored.
    pub(crate) fn taken(&self, profiles: &mut [Pushed]) -> Vec<OfSpans> {
        let taken = profiles.iter_mut().map(OfSpans::taken).filter(|taken| !taken.batch.heads.is_empty());
        if self.store.is_some() { taken.collect() } else { Vec::new() }
    }

    /// Keeps spans. What cannot be kept is passed over: the profile that they are of is stored.
    pub(crate) async fn keep(&self, spans: Vec<OfSpans>) {
        let Some(store) = self.store.clone().filter(|_| !spans.is_empty()) else { return };
        let kept = tokio::task::spawn_blocking(move || {
            for write in spans.into_iter().map(OfSpans::checked) {
                match write.map(|write| store.write(write)) {
                    Ok(Ok(_)) => {}
                    Ok(Err(error)) => tracing::debug!(%error, "spans are not kept"),
                    Err(error) => tracing::debug!(%error, "spans are not kept"),
                }
            }
        });
        if let Err(error) = kept.await {
            tracing::debug!(%error, "spans are not kept");
        }
    }
}

/// What was measured in the spans of one profile.
#[derive(Debug)]
pub(crate) struct OfSpans {
    batch: ProfileBatch,
    labels: Labels,
    bytes: Bytes,
}

impl OfSpans {
    fn taken(pushed: &mut Pushed) -> Self {
        let batch = std::mem::take(&mut pushed.spans);
        Self { batch, labels: pushed.labels.clone(), bytes: pushed.bytes.clone() }
    }

    fn checked(mut self) -> Result<NewWrite, NotStored> {
        let name = self.labels.get(pql::NAME_LABEL).unwrap_or_default();
        for of_type in &mut self.batch.types {
            name.clone_into(&mut of_type.name);
        }
        // The same bytes may have become several series of several types.
        let types =
            self.batch.types.iter().map(|of| of.sample_type.to_string()).collect::<Vec<_>>().join(" ");
        let of = format!("{} {types}", self.labels);
        let write = NewWrite::of_batch(NewBatch::new(self.batch, Keep::default())?);
        once(write, &[], &[of.as_bytes(), &self.bytes])
    }
}
