use std::time::Duration;

use crate::open_files::open_files;

/// More connections than that are not kept for a long time in any case: each takes some memory.
const MOST_IDLE: usize = 4096;

/// What a server bears of its clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ServeOptions {
    /// How long answers under way may take once the server is told to stop. Default 5 s.
    pub grace: Duration,
    /// How long a client may take for its first request, for the head of any, be silent in the middle of a body, take
    /// nothing of an answer, or leave a ping of HTTP/2 without an answer. Default 30 s.
    pub patience: Duration,
    /// Bytes a second that a body needs to come at, stops of [`patience`](Self::patience) aside. Default 1024. A stream
    /// that the server has begun to answer may be as slow as it likes: a conversation has pauses.
    pub least_rate: u32,
    /// Bytes of bodies that all requests without an answer may hold together, as they came and as they were expanded
    /// (see [`Room`](super::Room)). Default 256 MiB.
    pub request_bytes: usize,
    /// How long a connection may be without a request once it had one. Default 10 min, which is longer than clients
    /// keep one (Prometheus five minutes, Go, hyper and .NET less): a request of HTTP/1.1 that is sent while the server
    /// closes is lost, so that the client should be the one who closes.
    pub idle: Duration,
    /// Connections beyond which they may be without a request for [`patience`](Self::patience) only. Default: half of the
    /// files that the process may have open, at most 4096.
    pub crowd: usize,
    /// How long a connection of HTTP/2 may be silent before it is asked whether somebody is there. Default 20 s.
    pub ping_after: Duration,
    /// Requests at a time in one connection of HTTP/2. Default 250.
    pub streams: u32,
}

impl Default for ServeOptions {
    fn default() -> Self {
        Self {
            grace: Duration::from_secs(5),
            patience: Duration::from_secs(30),
            least_rate: 1024,
            request_bytes: 256 << 20,
            idle: Duration::from_secs(10 * 60),
            crowd: usize::try_from(open_files() / 2).unwrap_or(MOST_IDLE).min(MOST_IDLE),
            ping_after: Duration::from_secs(20),
            streams: 250,
        }
    }
}

impl ServeOptions {
    /// The defaults, with this time for answers under way.
    pub fn with_grace(grace: Duration) -> Self {
        Self { grace, ..Self::default() }
    }
}
