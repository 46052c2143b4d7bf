//! The CPU time of the calling thread.

use std::time::Duration;

/// CPU time this thread has used; `None` where the system does not tell.
#[cfg(target_os = "linux")]
pub(crate) fn thread_cpu() -> Option<Duration> {
    use rustix::time::{ClockId, clock_gettime};
    Duration::try_from(clock_gettime(ClockId::ThreadCPUTime)).ok()
}

/// CPU time this thread has used; `None` where the system does not tell.
#[cfg(not(target_os = "linux"))]
pub(crate) fn thread_cpu() -> Option<Duration> {
    None
}
