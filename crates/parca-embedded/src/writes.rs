//! The one way in: whatever form profiles come in, they are checked on a thread for blocking work, stored all or
//! none, and counted by reason where they are not.

use std::sync::Arc;

use profile_codec::arrow::{AgentError, ArrowError};
use profile_codec::pprof::DecodeError;
use profile_store::{Invalid, NewWrite, Refused, Store, Written};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tonic::{Code, Status};
use twox_hash::XxHash3_128;

use crate::metrics::{Coded, Metrics};

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
            error if error.is_too_large() => "too_large",
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

    /// Whether what came expands to more than is taken.
    pub(crate) fn is_too_large(&self) -> bool {
        match self {
            Self::Invalid(Invalid::Pprof(error)) => matches!(error, DecodeError::TooLarge { .. }),
            Self::Agent(_, AgentError::Stream(error) | AgentError::Column(error)) => {
                matches!(error, ArrowError::TooLarge { .. })
            }
            #[cfg(feature = "apis")]
            Self::Otlp(error) => matches!(error, crate::otlp::OtlpError::TooLarge { .. }),
            _ => false,
        }
    }

    /// The reason in words; a limit is called by its name.
    pub(crate) fn words(&self) -> String {
        match self.is_too_large() {
            true => format!("expanded_size: {self}: send less at a time"),
            false => self.to_string(),
        }
    }

    pub(crate) fn status(&self) -> Status {
        Status::new(self.code(), self.words())
    }
}

impl Coded for NotStored {
    /// The code that tells a sender whether to try again, and how; for what the real server refuses, too, its code.
    fn code(&self) -> Code {
        match self {
            error if error.is_too_large() => Code::ResourceExhausted,
            Self::Invalid(Invalid::Pprof(DecodeError::Gzip(_)) | Invalid::Type { .. }) => Code::Unknown,
            Self::Invalid(_) | Self::Agent(..) => Code::InvalidArgument,
            #[cfg(feature = "apis")]
            Self::Otlp(_) => Code::InvalidArgument,
            #[cfg(feature = "apis")]
            Self::Pushed(error) => Code::from(error.code.number()),
            Self::Refused(error) => of_refused(error),
            Self::GivenUp => Code::Internal,
        }
    }
}

fn of_refused(error: &Refused) -> Code {
    match error {
        Refused::Key(_) => Code::InvalidArgument,
        Refused::TooLarge { .. } => Code::OutOfRange,
        Refused::QueueFull { .. } | Refused::DiskFull(_) | Refused::SealFailed(_) => Code::ResourceExhausted,
        _ => Code::Unavailable,
    }
}

/// The store as those see it who write to it.
#[derive(Clone)]
pub(crate) struct Writes {
    pub(crate) store: Store,
    pub(crate) metrics: Metrics,
    /// Requests that are checked at once, of all tenants.
    checks: Arc<Semaphore>,
}

/// How many requests are checked at once, if there are as many processors: what is made of one takes up to ten times
/// the memory of what it expands to.
const MOST_CHECKS: usize = 8;

impl Writes {
    pub(crate) fn new(store: Store, metrics: Metrics) -> Self {
        let processors = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
        Self { store, metrics, checks: Arc::new(Semaphore::new(processors.clamp(2, MOST_CHECKS))) }
    }

    /// The way into another store, with the same metrics and turns.
    pub(crate) fn over(&self, store: Store) -> Self {
        Self { store, ..self.clone() }
    }

    /// Stores what `check` makes of a request when it is its turn, and waits for the disk without a thread.
    pub(crate) async fn take(
        &self,
        method: &'static str,
        check: impl FnOnce() -> Result<NewWrite, NotStored> + Send + 'static,
    ) -> Result<Written, NotStored> {
        let turn = self.turn().await;
        let checked = move || {
            let checked = check();
            drop(turn);
            checked
        };
        self.take_at_once(method, checked).await
    }

    /// Stores what `check` makes of a request that had its turn.
    pub(crate) async fn take_at_once(
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

    /// The turn of a request to be checked, until it is dropped.
    pub(crate) async fn turn(&self) -> Option<OwnedSemaphorePermit> {
        // It is never closed.
        Arc::clone(&self.checks).acquire_owned().await.ok()
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
