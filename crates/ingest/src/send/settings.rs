use std::path::PathBuf;
use std::time::Duration;

/// What a store speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum StoreKind {
    /// Parca's `WriteRaw`.
    #[default]
    Parca,
    /// Pyroscope's `Push`. Series without `service_name` get their `job` as one.
    Pyroscope,
}

/// A store, and how profiles get there.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct StoreSettings {
    /// What it is called in metrics.
    pub name: String,
    /// What it speaks.
    pub kind: StoreKind,
    /// How it is reached. For a Pyroscope, its URL, token, headers and TLS count.
    pub client: parca_client::Settings,
    /// Labels of every series; they take the place of those that are there.
    pub external_labels: Vec<(String, String)>,
    /// What becomes of the labels of samples, which a Parca does not keep.
    pub sample_labels: SampleLabels,
    /// The most series that a profile becomes by labels of its samples. Default 100.
    pub max_series_per_profile: usize,
    /// The most bytes that wait in memory. Default 64 MiB.
    pub queue_bytes: usize,
    /// Where profiles wait on disk instead; they outlive the process there.
    pub spool: Option<SpoolSettings>,
    /// The most profiles in a request. Default 64.
    pub batch_profiles: usize,
    /// The most bytes in a request, if it has more than one profile. Default 4 MiB.
    pub batch_bytes: usize,
    /// How long a profile waits for others that go with it in one request: a request costs a sender more than a profile
    /// in it. Nothing waits any more once the store is told to flush or stop. Default 100 ms.
    pub linger: Duration,
    /// How long a request may take. Default 30 s.
    pub timeout: Duration,
    /// What is done with a request of which nobody knows whether it was stored.
    pub on_unknown: OnUnknown,
    /// How long a store is given to end with a request before it is asked whether it did. Default 3 s.
    pub settle: Duration,
    /// The longest wait between attempts. Default 30 s.
    pub max_wait: Duration,
}

/// A queue on disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpoolSettings {
    /// The spool's folder, for one store of one process.
    pub folder: PathBuf,
    /// The most bytes in it; beyond, new profiles are refused.
    pub max_bytes: u64,
}

/// What becomes of the labels of samples.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub enum SampleLabels {
    /// Labels stay in the pprof, and a Parca drops them.
    #[default]
    Drop,
    /// Each with a text makes series.
    Keep,
    /// Labels of these names make series.
    Only(Vec<String>),
}

/// What is done with a request of which nobody knows whether it was stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum OnUnknown {
    /// The store is asked whether it has the profiles; what it lacks is sent again. Where it does not answer
    /// queries, snapshots are sent again and profiles of a window are not.
    #[default]
    Verify,
    /// The batch is sent again: nothing is lost, and some may count twice.
    Retry,
    /// The batch is not sent again: nothing counts twice, and some may be lost.
    Drop,
}

impl StoreSettings {
    /// The defaults for the store that the client's settings name.
    pub fn new(client: parca_client::Settings) -> Self {
        Self {
            name: client.url.clone(),
            kind: StoreKind::Parca,
            client,
            external_labels: Vec::new(),
            sample_labels: SampleLabels::Drop,
            max_series_per_profile: 100,
            queue_bytes: 64 << 20,
            spool: None,
            batch_profiles: 64,
            batch_bytes: 4 << 20,
            linger: Duration::from_millis(100),
            timeout: Duration::from_secs(30),
            on_unknown: OnUnknown::Verify,
            settle: Duration::from_secs(3),
            max_wait: Duration::from_secs(30),
        }
    }
}
