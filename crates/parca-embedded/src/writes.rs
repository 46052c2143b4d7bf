//! The one way in: whatever form profiles come in, they are checked on a thread for blocking work, stored all or
//! none, and counted by reason where they are not.

use profile_codec::arrow::AgentError;
use profile_codec::pprof::DecodeError;
use profile_store::{Invalid, NewWrite, Refused, Store, Written};
use tonic::Status;
use twox_hash::XxHash3_128;

use crate::metrics::Metrics;

/// Why a write was not stored: what was sent, or how the store does.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotStored {
    #[error(transparent)]
    Invalid(#[from] Invalid),
    #[error(transparent)]
    Refused(#[from] Refused),
    /// What the real server says before its reason, and the reason.
    #[error("{0}{1}")]
    Agent(&'static str, AgentError),
    #[cfg(feature = "apis")]
    #[error(transparent)]
    Otlp(#[from] crate::otlp::OtlpError),
    #[cfg(feature = "apis")]
    /// A push, refused before it was a profile.
    #[error(transparent)]
    Pushed(#[from] pyroscope_api::ApiError),
    /// The write did not come to its end.
    #[error("the request was given up")]
    GivenUp,
}

impl NotStored {
    /// One word for a metric.
    pub(crate) fn reason(&self) -> &'static str {
        match self {
            Self::Invalid(error) => error.reason(),
            Self::Refused(error) => error.reason(),
            Self::Agent(..) => "arrow",
            #[cfg(feature = "apis")]
            Self::Otlp(_) => "otlp",
            #[cfg(feature = "apis")]
            Self::Pushed(_) => "pyroscope",
            Self::GivenUp => "given_up",
        }
    }

    /// The code that tells a sender whether to try again, and how; for what the real server refuses, too, its code.
    pub(crate) fn status(&self) -> Status {
        let words = self.to_string();
        match self {
            Self::Invalid(Invalid::Pprof(DecodeError::Gzip(_)) | Invalid::Type { .. }) => {
                Status::unknown(words)
            }
            Self::Invalid(_) | Self::Agent(..) => Status::invalid_argument(words),
            #[cfg(feature = "apis")]
            Self::Otlp(_) | Self::Pushed(_) => Status::invalid_argument(words),
            Self::Refused(error) => refused(error, words),
            Self::GivenUp => Status::internal(words),
        }
    }
}

fn refused(error: &Refused, words: String) -> Status {
    match error {
        Refused::Key(_) => Status::invalid_argument(words),
        Refused::TooLarge { .. } => Status::out_of_range(words),
        Refused::QueueFull { .. } | Refused::DiskFull(_) | Refused::SealFailed(_) => {
            Status::resource_exhausted(words)
        }
        _ => Status::unavailable(words),
    }
}

/// The store as those see it who write to it.
#[derive(Clone)]
pub(crate) struct Writes {
    pub(crate) store: Store,
    pub(crate) metrics: Metrics,
}

impl Writes {
    /// Stores what `check` makes of a request, and waits for the disk without a thread.
    pub(crate) async fn take(
        &self,
        method: &'static str,
        check: impl FnOnce() -> Result<NewWrite, NotStored> + Send + 'static,
    ) -> Result<Written, NotStored> {
        let (done, outcome) = tokio::sync::oneshot::channel();
        let store = self.store.clone();
        tokio::task::spawn_blocking(move || match check() {
            // A caller that is gone needs no answer.
            Ok(write) => {
                store.submit(write, move |written| drop(done.send(written.map_err(NotStored::from))))
            }
            Err(error) => drop(done.send(Err(error))),
        });
        let outcome = outcome.await.unwrap_or(Err(NotStored::GivenUp));
        outcome.inspect_err(|error| self.refused(method, error))
    }

    /// Counts and logs what was refused before it came here.
    pub(crate) fn refused(&self, method: &'static str, error: &NotStored) {
        self.metrics.refused(method, error.reason(), error);
    }
}

/// A write that is recognised when it comes again: by the sender's key, else by its bytes.
pub(crate) fn once(write: NewWrite, key: &[u8], bytes: &[&[u8]]) -> Result<NewWrite, NotStored> {
    if !key.is_empty() {
        return Ok(write.with_key(&String::from_utf8_lossy(key))?);
    }
    let mut hasher = XxHash3_128::with_seed(3);
    bytes.iter().for_each(|bytes| hasher.write(bytes));
    Ok(write.with_key(&format!("bytes:{:032x}", hasher.finish_128()))?)
}
