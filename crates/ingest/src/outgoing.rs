use parca_client::ExecutableInfo;
use profile_codec::pprof::{Harmless, Head};
use relabel::Labels;

use crate::mend::Ready;

/// A profile with its labels, ready to be stored.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Outgoing {
    /// The labels of the series, `__name__` among them.
    pub labels: Labels,
    /// The pprof.
    pub pprof: Harmless,
    /// What it says of itself.
    pub head: Head,
    /// What is known of its binaries.
    pub executable_info: Vec<ExecutableInfo>,
    /// Whether its addresses are already those of the binaries.
    pub normalized: bool,
}

impl Outgoing {
    /// A profile of the series with these labels.
    pub fn new(labels: Labels, ready: Ready) -> Self {
        let Ready { pprof, head, executable_info, .. } = ready;
        Self { labels, pprof, head, executable_info, normalized: false }
    }
}

/// Why a profile was not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Refused(pub String);

/// Where profiles go: the queues of stores, or a store in the same process.
pub trait Sink: Send + Sync + 'static {
    /// Takes a profile. When this returns, the profile is the sink's to keep.
    fn take(&self, profile: Outgoing) -> impl Future<Output = Result<(), Refused>> + Send;
}
