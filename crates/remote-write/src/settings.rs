//! The settings of one destination, with their defaults in one place.

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use http::HeaderValue;

use crate::batch::BatchLimits;
use crate::prepare::Rules;

/// One destination.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Settings {
    /// A name for logs; no URL, which may hold a secret.
    pub name: String,
    /// Which protocol to speak.
    pub protocol: Protocol,
    /// What happens to series before they are sent.
    pub rules: Rules,
    /// Limits of the queue, batches and retries.
    pub queue: QueueConfig,
    /// Where batches wait so that they outlive the process; default none, they wait in memory.
    pub spool: Option<SpoolSettings>,
    /// The deadline of one request; default 30 s.
    pub remote_timeout: Duration,
    /// `User-Agent`, `name/version` of the program; default this crate's.
    pub user_agent: HeaderValue,
    /// The clock; default the system's.
    pub now: fn() -> SystemTime,
}

/// Which protocol to speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Protocol {
    /// Remote write 1.0, which every receiver knows.
    #[default]
    V1,
    /// Remote write 2.0; what a receiver does not take is lost.
    V2,
    /// 2.0 until the receiver shows that it does not know it, from then on 1.0.
    Auto,
}

/// Prometheus' `queue_config` with defaults that fit few, large pushes.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct QueueConfig {
    /// Samples that may wait in each shard; the oldest batches beyond it are dropped. Default 1,000,000.
    pub capacity: usize,
    /// Bytes, compressed, that may wait in each shard. Default 64 MiB. Not one of Prometheus' keys.
    pub capacity_bytes: usize,
    /// How many requests may be under way at once. Series are spread over the shards by their labels,
    /// so each stays in order. Default 1. A spool has one shard, whatever this says.
    pub max_shards: usize,
    /// Samples in one request. Default 2000.
    pub max_samples_per_send: usize,
    /// Bytes in one request before compression. Default 1 MiB. Not one of Prometheus' keys.
    pub max_bytes_per_send: usize,
    /// How long a batch that is not full may wait for more. Default 0: sent at once. No effect on a
    /// spool, which sends what was spooled as it was spooled.
    pub batch_send_deadline: Duration,
    /// The first delay before a retry. Default 100 ms.
    pub min_backoff: Duration,
    /// The longest delay; a `Retry-After` may be longer. Default 30 s.
    pub max_backoff: Duration,
    /// Whether 429 is retried. Default true, and the age limit bounds it.
    pub retry_on_http_429: bool,
    /// Older samples are dropped, also while they are retried; 0 keeps them. Default 1 h, because
    /// receivers refuse older ones.
    pub sample_age_limit: Duration,
    /// Retries of one batch; 0 is no limit. Default 0. Not one of Prometheus' keys.
    pub max_retries: u32,
}

/// A folder for batches that wait.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SpoolSettings {
    /// The folder; made if it is not there. One process and one destination at a time.
    pub directory: PathBuf,
    /// Bytes on disk; the oldest batches beyond it are dropped. Default 512 MiB.
    pub max_bytes: u64,
    /// Whether each batch is on the disk itself before it counts as spooled. Without it a batch outlives
    /// the process, with it also a power cut. Default false.
    pub fsync: bool,
}

/// Settings that cannot work.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected `{key}` {expected}")]
pub struct SettingsError {
    /// The key, as Prometheus writes it.
    pub key: &'static str,
    /// What was expected of it.
    pub expected: &'static str,
}

impl Settings {
    /// The defaults, under this name.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            protocol: Protocol::default(),
            rules: Rules::default(),
            queue: QueueConfig::default(),
            spool: None,
            remote_timeout: Duration::from_secs(30),
            user_agent: HeaderValue::from_static(concat!("remote-write/", env!("CARGO_PKG_VERSION"))),
            now: SystemTime::now,
        }
    }

    /// Whether a destination with other settings behaves the same. The clock is not compared.
    pub fn is_same(&self, other: &Self) -> bool {
        let Self { name, protocol, rules, queue, spool, remote_timeout, user_agent, now: _ } = self;
        *name == other.name
            && *protocol == other.protocol
            && *rules == other.rules
            && *queue == other.queue
            && *spool == other.spool
            && *remote_timeout == other.remote_timeout
            && *user_agent == other.user_agent
    }

    pub(crate) fn shards(&self) -> usize {
        if self.spool.is_some() { 1 } else { self.queue.max_shards }
    }
}

impl Default for QueueConfig {
    fn default() -> Self {
        Self {
            capacity: 1_000_000,
            capacity_bytes: 64 << 20,
            max_shards: 1,
            max_samples_per_send: 2000,
            max_bytes_per_send: 1 << 20,
            batch_send_deadline: Duration::ZERO,
            min_backoff: Duration::from_millis(100),
            max_backoff: Duration::from_secs(30),
            retry_on_http_429: true,
            sample_age_limit: Duration::from_secs(3600),
            max_retries: 0,
        }
    }
}

impl QueueConfig {
    /// Says which key cannot work.
    pub fn check(&self) -> Result<(), SettingsError> {
        let positive = [
            ("capacity", self.capacity),
            ("capacity_bytes", self.capacity_bytes),
            ("max_shards", self.max_shards),
            ("max_samples_per_send", self.max_samples_per_send),
            ("max_bytes_per_send", self.max_bytes_per_send),
        ];
        if let Some((key, _)) = positive.into_iter().find(|(_, value)| *value == 0) {
            return Err(SettingsError { key, expected: "above 0" });
        }
        if self.max_shards > MAX_SHARDS {
            return Err(SettingsError { key: "max_shards", expected: "at most 1000" });
        }
        if self.min_backoff.is_zero() {
            return Err(SettingsError { key: "min_backoff", expected: "above 0" });
        }
        if self.max_backoff < self.min_backoff {
            return Err(SettingsError { key: "max_backoff", expected: "not below `min_backoff`" });
        }
        Ok(())
    }

    pub(crate) fn batch_limits(&self) -> BatchLimits {
        BatchLimits { samples: self.max_samples_per_send, bytes: self.max_bytes_per_send }
    }
}

const MAX_SHARDS: usize = 1000;

impl SpoolSettings {
    /// The defaults, in this folder.
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        Self { directory: directory.into(), max_bytes: 512 << 20, fsync: false }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_that_cannot_work_are_named() {
        let check = |change: fn(&mut QueueConfig), expect: &str| {
            let mut queue = QueueConfig::default();
            change(&mut queue);
            let found = queue.check().map_or_else(|error| error.to_string(), |()| "fine".into());
            assert_eq!(found, expect);
        };
        check(|_| {}, "fine");
        check(|queue| queue.capacity = 0, "expected `capacity` above 0");
        check(|queue| queue.max_shards = 0, "expected `max_shards` above 0");
        check(|queue| queue.max_samples_per_send = 0, "expected `max_samples_per_send` above 0");
        check(|queue| queue.min_backoff = Duration::ZERO, "expected `min_backoff` above 0");
        check(
            |queue| queue.max_backoff = Duration::from_millis(1),
            "expected `max_backoff` not below `min_backoff`",
        );
    }
}
