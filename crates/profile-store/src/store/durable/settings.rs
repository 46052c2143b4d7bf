use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// How a store on disk is to be.
#[derive(Clone)]
#[non_exhaustive]
pub struct DiskSettings {
    /// The store's folder.
    pub folder: PathBuf,
    /// Bytes that what is not sealed yet and caches may take in memory (estimated). Default 512 MiB.
    pub memory_limit_bytes: usize,
    /// Bytes of log after which what is in memory is sealed. Default 64 MiB.
    pub seal_bytes: u64,
    /// How long a profile is in memory at most before it is sealed. Default one hour.
    pub seal_after: Duration,
    /// Blocks whose profiles are all older than this are removed. Default: none are.
    pub retention: Option<Duration>,
    /// The oldest blocks are removed while log and blocks take more. Default: no limit.
    pub retention_bytes: Option<u64>,
    /// Writes are refused while the disk has less room, so that sealing has some. Default 64 MiB.
    pub min_free_bytes: u64,
    /// Bytes of requests that may wait for the disk. Default 32 MiB.
    pub max_queue_bytes: usize,
    /// A block that compaction makes is not larger. Default 256 MiB.
    pub max_block_bytes: u64,
    /// Whether sealing, compaction and retention go on by themselves. Default true.
    pub background: bool,
    /// What time it is.
    pub clock: Arc<dyn Fn() -> SystemTime + Send + Sync>,
}

impl DiskSettings {
    /// The defaults, for this folder.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
            memory_limit_bytes: 512 << 20,
            seal_bytes: 64 << 20,
            seal_after: Duration::from_secs(3600),
            retention: None,
            retention_bytes: None,
            min_free_bytes: 64 << 20,
            max_queue_bytes: 32 << 20,
            max_block_bytes: 256 << 20,
            background: true,
            clock: Arc::new(SystemTime::now),
        }
    }

    /// Nanoseconds since 1970, by the clock.
    pub(crate) fn now_nanos(&self) -> i64 {
        profile_model::Timestamp::from((self.clock)()).saturating_nanos()
    }
}

impl fmt::Debug for DiskSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DiskSettings").field("folder", &self.folder).finish_non_exhaustive()
    }
}
