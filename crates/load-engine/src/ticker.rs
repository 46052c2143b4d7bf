//! Waiting for an instant, as exactly as the system can.
//!
//! tokio rounds deadlines up to whole milliseconds, which would make every response under 3 ms
//! mostly our own timer; a timerfd in the reactor is 50 times finer and costs about as much
//! (measured on Linux 6 with two cores). Spinning would be finer still, and burn a core.

use std::time::Instant;

/// Waits for instants.
pub(crate) struct Ticker {
    #[cfg(target_os = "linux")]
    timer: Option<tokio::io::unix::AsyncFd<std::os::fd::OwnedFd>>,
}

impl Ticker {
    /// Must be called in a runtime.
    #[cfg(target_os = "linux")]
    pub(crate) fn new() -> Self {
        let timer = timerfd::create();
        if let Err(error) = &timer {
            tracing::warn!(%error, "no timerfd, using a millisecond timer");
        }
        Self { timer: timer.ok() }
    }

    /// Must be called in a runtime.
    #[cfg(not(target_os = "linux"))]
    pub(crate) fn new() -> Self {
        Self {}
    }

    /// Returns at `deadline` or soon after, never before. May be dropped and called again.
    pub(crate) async fn wait_until(&self, deadline: Instant) {
        #[cfg(target_os = "linux")]
        if let Some(timer) = &self.timer
            && timerfd::wait_until(timer, deadline).await.is_ok()
        {
            return;
        }
        tokio::time::sleep_until(deadline.into()).await;
    }
}

#[cfg(target_os = "linux")]
mod timerfd {
    use std::io;
    use std::os::fd::OwnedFd;
    use std::time::{Duration, Instant};

    use rustix::time::{
        Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
        timerfd_settime,
    };
    use tokio::io::Interest;
    use tokio::io::unix::AsyncFd;

    /// tokio 1.54 deprecates the safe constructor because a type might give away another
    /// descriptor than it owns. An `OwnedFd` cannot, and the replacement is an `unsafe fn`, which
    /// this workspace forbids.
    #[allow(deprecated)]
    pub(super) fn create() -> io::Result<AsyncFd<OwnedFd>> {
        let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
        let timer = timerfd_create(TimerfdClockId::Monotonic, flags)?;
        AsyncFd::with_interest(timer, Interest::READABLE)
    }

    /// Arming the timer also resets its expiry count, so it need not be read; an expiry left over
    /// from a wait that was dropped only costs another turn of the loop.
    pub(super) async fn wait_until(timer: &AsyncFd<OwnedFd>, deadline: Instant) -> io::Result<()> {
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(());
            }
            arm(timer, left)?;
            timer.readable().await?.clear_ready();
        }
    }

    fn arm(timer: &AsyncFd<OwnedFd>, after: Duration) -> io::Result<()> {
        let value = Timespec::try_from(after).map_err(|_| io::ErrorKind::InvalidInput)?;
        let once = Itimerspec { it_interval: Timespec { tv_sec: 0, tv_nsec: 0 }, it_value: value };
        timerfd_settime(timer.get_ref(), TimerfdTimerFlags::empty(), &once)?;
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn never_early_and_reusable_after_a_dropped_wait() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let ticker = Ticker::new();
            for micros in [0, 1, 50, 700, 3000] {
                let dropped = ticker.wait_until(Instant::now() + Duration::from_micros(300));
                let _ = tokio::time::timeout(Duration::from_millis(1), dropped).await;
                let deadline = Instant::now() + Duration::from_micros(micros);
                ticker.wait_until(deadline).await;
                assert!(Instant::now() >= deadline);
            }
        });
    }
}
