use std::sync::Arc;
use std::time::Duration;

use super::counters::StoreCounts;
use super::settings::StoreSettings;
use super::store::{Store, StoreError};
use crate::outgoing::{Outgoing, Refused, Sink};

/// Several stores, each with a queue and a sender of its own: one that is away holds up none of the others.
#[derive(Clone, Debug)]
pub struct Stores(Arc<Vec<Store>>);

impl Stores {
    /// Starts them all.
    ///
    /// # Errors
    /// If one cannot be used.
    pub fn start(settings: Vec<StoreSettings>) -> Result<Self, StoreError> {
        let stores = settings.into_iter().map(Store::start).collect::<Result<_, _>>()?;
        Ok(Self(Arc::new(stores)))
    }

    /// The stores, in order.
    pub fn iter(&self) -> impl Iterator<Item = &Store> {
        self.0.iter()
    }

    /// Waits until nothing waits any more, at most this long; whether that is so.
    pub async fn flush(&self, most: Duration) -> bool {
        let all = self.0.iter().map(|store| store.flush(most));
        futures_util::future::join_all(all).await.into_iter().all(|is_empty| is_empty)
    }

    /// Ends them all: see [`Store::stop`].
    pub async fn stop(&self, grace: Duration) -> Vec<StoreCounts> {
        futures_util::future::join_all(self.0.iter().map(|store| store.stop(grace))).await
    }
}

/// Taken if each store took it.
impl Sink for Stores {
    async fn take(&self, profile: Outgoing) -> Result<(), Refused> {
        let all = self.0.iter().map(|store| store.take(profile.clone()));
        let refusals: Vec<String> = futures_util::future::join_all(all)
            .await
            .into_iter()
            .filter_map(|taken| taken.err().map(|error| error.to_string()))
            .collect();
        if refusals.is_empty() { Ok(()) } else { Err(Refused(refusals.join("; "))) }
    }
}
