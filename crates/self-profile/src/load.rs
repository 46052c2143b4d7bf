//! How busy this process is, without the thread that asks.

use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

/// The CPU time of the process since some moment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Load {
    at: Instant,
    cpu: Duration,
}

impl Load {
    /// Measures from now on.
    pub(crate) fn start() -> Self {
        Self { at: Instant::now(), cpu: cpu_of_others() }
    }

    /// The share of one core that the other threads used so far.
    pub(crate) fn share(&self) -> f64 {
        let wall = self.at.elapsed().as_secs_f64();
        let cpu = cpu_of_others().saturating_sub(self.cpu).as_secs_f64();
        if wall > 0.0 { cpu / wall } else { 0.0 }
    }
}

/// Sampling itself costs some; it must not keep itself awake.
fn cpu_of_others() -> Duration {
    read(ClockId::ProcessCPUTime).saturating_sub(read(ClockId::ThreadCPUTime))
}

fn read(clock: ClockId) -> Duration {
    let time = clock_gettime(clock);
    Duration::new(time.tv_sec.try_into().unwrap_or_default(), time.tv_nsec.try_into().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_threads_work_counts_and_ones_own_does_not() {
        let burn = || {
            let until = Instant::now() + Duration::from_millis(100);
            while Instant::now() < until {
                std::hint::black_box(0_u64);
            }
        };
        let load = Load::start();
        burn();
        let own = load.share();
        std::thread::spawn(burn).join().expect("it only counts");
        assert!(load.share() > own || own > 0.0, "{own} and {}", load.share());
    }
}
