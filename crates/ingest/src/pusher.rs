use std::time::{Duration, SystemTime};

use bytes::Bytes;
use profile_model::Profile;
use relabel::{LabelError, Labels, METRIC_NAME};

use crate::mend::{self, Origin, Ready};
use crate::outgoing::{Outgoing, Refused, Sink};
use crate::send::{StoreCounts, StoreError, StoreSettings, Stores};

/// Sends profiles of a program, or of files, to one or more stores.
///
/// ```no_run
/// # async fn example(profile: profile_model::Profile) -> Result<(), Box<dyn std::error::Error>> {
/// use std::time::Duration;
///
/// use ingest::Pusher;
/// use ingest::send::StoreSettings;
///
/// let store = StoreSettings::new(parca_client::Settings::new("http://localhost:7070"));
/// let pusher = Pusher::start(vec![store], &[("job", "api")])?;
/// pusher.push("process_cpu", profile).await?; // queued; the sender retries, and doubles nothing
/// pusher.finish(Duration::from_secs(5)).await;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Pusher {
    stores: Stores,
    labels: Labels,
}

/// Why a profile was not taken.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PushError {
    /// The profile's labels.
    #[error("the labels of the profile")]
    Labels(#[from] LabelError),
    /// Bytes that are no profile, or one that cannot be sent.
    #[error(transparent)]
    Mend(#[from] mend::MendError),
    /// A queue is full.
    #[error(transparent)]
    Refused(#[from] Refused),
}

impl Pusher {
    /// Starts to send to these stores; each series has these labels.
    ///
    /// # Errors
    /// If a store cannot be used.
    ///
    /// # Panics
    /// If a label's name is empty or comes twice.
    pub fn start(stores: Vec<StoreSettings>, labels: &[(&str, &str)]) -> Result<Self, StoreError> {
        let labels = Labels::new(labels.iter().copied()).expect("labels have names, each once");
        Ok(Self { stores: Stores::start(stores)?, labels })
    }

    /// Queues a profile. `name` becomes `__name__`. Without a time of its own, the profile is of now less its
    /// duration.
    ///
    /// # Errors
    /// If a queue is full, or the profile exceeds the usual limits.
    pub async fn push(&self, name: &str, profile: Profile) -> Result<(), PushError> {
        let took = Duration::from_nanos(u64::try_from(profile.duration_nanos).unwrap_or_default());
        let ready = mend::mended(profile, &Origin::at(SystemTime::now() - took))?;
        self.take(name, &[], ready).await
    }

    /// Queues the profiles of a pprof, or of an older form, with more labels.
    ///
    /// # Errors
    /// If there is no profile in the bytes, or a queue is full.
    pub async fn push_bytes(
        &self,
        name: &str,
        labels: &[(&str, &str)],
        bytes: Bytes,
    ) -> Result<(), PushError> {
        for ready in mend::ready(bytes, &Origin::at(SystemTime::now()))? {
            self.take(name, labels, ready).await?;
        }
        Ok(())
    }

    async fn take(&self, name: &str, more: &[(&str, &str)], ready: Ready) -> Result<(), PushError> {
        let own = self.labels.iter().filter(|(name, _)| !more.iter().any(|(other, _)| other == name));
        let all = own.chain(more.iter().copied()).filter(|(name, _)| *name != METRIC_NAME);
        let labels = Labels::new(all.chain([(METRIC_NAME, name)]))?;
        Ok(self.stores.take(Outgoing::new(labels, ready)).await?)
    }

    /// The stores.
    pub fn stores(&self) -> &Stores {
        &self.stores
    }

    /// Sends what waits, for at most `grace`, and ends.
    pub async fn finish(&self, grace: Duration) -> Vec<StoreCounts> {
        self.stores.stop(grace).await
    }
}
