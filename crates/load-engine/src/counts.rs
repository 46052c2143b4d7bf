use std::time::{Duration, Instant};

/// The code of calls that were still in flight when the grace was over.
pub const CANCELED: &str = "canceled";
/// The code of calls whose workload panicked.
pub const PANICKED: &str = "panicked";

/// Dispatches later than this are counted as late.
pub(crate) const LATE: Duration = Duration::from_millis(1);

/// What happened on a lane, as counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Ticks whose instant has come: always `started + missed`.
    pub planned: u64,
    /// Ticks that started a round, idle ones included.
    pub started: u64,
    /// Ticks that found the lane full, or had come but not started at shutdown.
    pub missed: u64,
    /// Rounds without calls.
    pub idle: u64,
    /// Calls recorded, retries and canceled ones included.
    pub calls: u64,
    /// Calls that were no success. Those that the end of the run cut off are not among them.
    pub failed: u64,
    /// Calls that were another attempt.
    pub retries: u64,
    /// Calls in flight when the grace was over, which nobody knows the end of.
    pub canceled: u64,
    /// Calls of started rounds that were not made: shutdown came, or what they depend on failed.
    pub unmade: u64,
    /// Dispatches more than 1 ms after their planned instant.
    pub late: u64,
    /// Rounds that ended in a panic of the workload.
    pub panicked: u64,
}

impl Counts {
    pub(crate) fn add(&mut self, other: &Self) {
        self.planned += other.planned;
        self.started += other.started;
        self.missed += other.missed;
        self.idle += other.idle;
        self.calls += other.calls;
        self.failed += other.failed;
        self.retries += other.retries;
        self.canceled += other.canceled;
        self.unmade += other.unmade;
        self.late += other.late;
        self.panicked += other.panicked;
    }
}

/// A call as the recorder takes it.
pub(crate) struct Sample {
    pub(crate) code: &'static str,
    pub(crate) failed: bool,
    pub(crate) retry: bool,
    /// The tick's planned instant, where this call is its first dispatch.
    pub(crate) tick: Option<Instant>,
    pub(crate) planned: Instant,
    pub(crate) dispatched: Instant,
    pub(crate) sent: Option<Instant>,
    pub(crate) first_byte: Option<Instant>,
    pub(crate) done: Instant,
    pub(crate) bytes_in: u64,
    pub(crate) bytes_out: u64,
}

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// With an answer, even if an empty one.
    Answered,
    /// Without one, or with an answer that is none.
    Failed,
    /// By the end of the run.
    Cut,
}

impl Sample {
    pub(crate) fn end(&self) -> End {
        match self.failed {
            _ if self.code == CANCELED && self.sent.is_none() => End::Cut,
            true => End::Failed,
            false => End::Answered,
        }
    }

    pub(crate) fn response(&self) -> Duration {
        self.done.saturating_duration_since(self.planned)
    }

    pub(crate) fn service(&self) -> Duration {
        self.done.saturating_duration_since(self.sent.unwrap_or(self.dispatched))
    }
}
