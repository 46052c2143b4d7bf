use std::time::Duration;

/// What a server bears of its clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ServeOptions {
    /// How long answers under way may take once the server is told to stop. Default 5 s.
    pub grace: Duration,
    /// How long a client may take for the head of a request (HTTP/1.1: and for the next one), be silent in the middle of
    /// a body, take nothing of an answer, or leave a ping of HTTP/2 without an answer. Default 30 s.
    pub patience: Duration,
    /// Bytes a second that a body needs to come at, stops of [`patience`](Self::patience) aside. Default 1024. A stream
    /// that the server has begun to answer may be as slow as it likes: a conversation has pauses.
    pub least_rate: u32,
    /// Bytes of bodies that all requests without an answer may hold together. Default 256 MiB.
    pub request_bytes: usize,
    /// How long a connection of HTTP/2 may be without a request. Default 5 min.
    pub idle: Duration,
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
            idle: Duration::from_secs(5 * 60),
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
