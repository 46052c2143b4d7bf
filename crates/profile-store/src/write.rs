//! A request to store something, and why it may be refused.

use crate::{NewBatch, NewProfile};

/// What is stored together or not at all.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct NewWrite {
    /// The profiles.
    pub profiles: Vec<NewProfile>,
    /// Further profiles, which share their symbols.
    pub batch: Option<NewBatch>,
    /// What the sender calls this request: another one of the same name is the same request, sent again.
    pub key: Option<String>,
}

/// The longest key.
pub const MAX_KEY_BYTES: usize = 256;

impl NewWrite {
    /// A write of these profiles without a key.
    pub fn new(profiles: Vec<NewProfile>) -> Self {
        Self { profiles, ..Self::default() }
    }

    /// A write of profiles that share their symbols.
    pub fn of_batch(batch: NewBatch) -> Self {
        Self { batch: Some(batch), ..Self::default() }
    }

    /// Sets the sender's name for the request.
    ///
    /// # Errors
    /// A name of more than [`MAX_KEY_BYTES`].
    pub fn with_key(mut self, key: &str) -> Result<Self, Refused> {
        if key.len() > MAX_KEY_BYTES {
            return Err(Refused::Key(key.len()));
        }
        self.key = (!key.is_empty()).then(|| key.to_owned());
        Ok(self)
    }

    /// The digest of the key.
    pub(crate) fn key_digest(&self) -> Option<u64> {
        let key = self.key.as_ref()?;
        // Another seed than that of profiles: a key shall never look like one.
        Some(twox_hash::XxHash3_128::oneshot_with_seed(2, key.as_bytes()) as u64)
    }
}

/// What became of a write.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Written {
    /// Profiles that were stored.
    pub stored: usize,
    /// Profiles that had been stored before, and were not again.
    pub repeated: usize,
}

/// Why nothing of a write was stored. It may be sent again, except where said.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Refused {
    /// The key is too long; sending it again does not help.
    #[error("expected an idempotency-key of at most {MAX_KEY_BYTES} bytes, found {0}")]
    Key(usize),
    /// The request is larger than a record of the log may be; sending it again does not help.
    #[error("expected a request of at most {limit} bytes, found {bytes}")]
    TooLarge {
        /// What a record may have.
        limit: usize,
        /// What this one has.
        bytes: usize,
    },
    /// More waits for the disk than may wait.
    #[error("the log is behind: {bytes} bytes wait for the disk; try again later")]
    QueueFull {
        /// Bytes that wait.
        bytes: usize,
    },
    /// The disk has no room for more.
    #[error("the disk is full: {0}; writes are taken again when there is room")]
    DiskFull(String),
    /// Writing or syncing failed: nobody knows whether the profiles will be there.
    #[error("the log cannot be written: {0}; try again later")]
    DiskFailed(String),
    /// What is in memory cannot be moved to the disk.
    #[error("blocks cannot be written: {0}; try again later")]
    SealFailed(String),
    /// The store is being closed.
    #[error("the store is closing")]
    Closing,
}

impl Refused {
    /// One word for a metric.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Key(_) => "idempotency_key",
            Self::TooLarge { .. } => "too_large",
            Self::QueueFull { .. } => "queue_full",
            Self::DiskFull(_) => "disk_full",
            Self::DiskFailed(_) => "disk_failed",
            Self::SealFailed(_) => "seal_failed",
            Self::Closing => "closing",
        }
    }
}
