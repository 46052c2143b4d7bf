//! The sampling thread and who waits for it.

use std::rc::Rc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant, SystemTime};

use pprof::{ProfilerGuardBuilder, Report};
use profile_model::Profile;
use tokio::sync::oneshot;

use crate::fold::fold;

const SLICE: Duration = Duration::from_secs(1);

/// Where the unwinder must not be interrupted: it may hold a lock there that it then waits for.
const NEVER_INTERRUPTED: &[&str] = &["libc", "libgcc", "pthread", "vdso"];

/// Why there is no profile.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The profiling timer or its signal handler could not be set up.
    #[error("cannot sample this process: {0}")]
    Sampling(String),
    /// The sampling thread is gone, or the process is about to be.
    #[error("the sampling thread has ended")]
    Ended,
}

type Request = (Duration, oneshot::Sender<Result<Profile, Error>>);

struct Wanted {
    until: Instant,
    slices: Vec<Rc<Report>>,
    started: SystemTime,
    answer: oneshot::Sender<Result<Profile, Error>>,
}

/// Takes CPU profiles of its own process. Cheap to clone; ends its thread with the last clone.
#[derive(Clone, Debug)]
pub struct Profiler {
    requests: Sender<Request>,
}

impl Profiler {
    /// Starts the thread, which sleeps until a profile is wanted. `frequency` is in samples per
    /// second of CPU time, 1 to 1000.
    pub fn start(frequency: u32) -> Self {
        let (requests, wanted) = channel();
        let frequency = frequency.clamp(1, 1000);
        let thread = std::thread::Builder::new().name("self-profile".into());
        if let Err(error) = thread.spawn(move || run(frequency, &wanted)) {
            // Callers then get `Error::Ended`, since the receiver is dropped.
            tracing::warn!(%error, "cannot start the sampling thread");
        }
        Self { requests }
    }

    /// Samples for about `duration` (whole slices of a second) and gives what was seen, with the
    /// sample types `samples/count` and `cpu/nanoseconds`. A process that did not run gives a
    /// profile without samples.
    ///
    /// # Errors
    /// [`Error`]. Dropping the future gives up the profile.
    pub async fn take(&self, duration: Duration) -> Result<Profile, Error> {
        let (answer, taken) = oneshot::channel();
        self.requests.send((duration, answer)).map_err(|_| Error::Ended)?;
        taken.await.map_err(|_| Error::Ended)?
    }
}

fn run(frequency: u32, requests: &Receiver<Request>) {
    let mut waiting: Vec<Wanted> = Vec::new();
    loop {
        if waiting.is_empty() {
            let Ok(request) = requests.recv() else { return };
            waiting.push(wanted(request));
        }
        waiting.extend(requests.try_iter().map(wanted));
        waiting.retain(|wanted| !wanted.answer.is_closed());
        match slice(frequency) {
            Ok(slice) => deliver(&mut waiting, &Rc::new(slice), frequency),
            Err(words) => {
                for wanted in waiting.drain(..) {
                    let _gone = wanted.answer.send(Err(Error::Sampling(words.clone())));
                }
            }
        }
    }
}

fn wanted((duration, answer): Request) -> Wanted {
    Wanted { until: Instant::now() + duration, slices: Vec::new(), started: SystemTime::now(), answer }
}

/// What the process did in one slice of time.
fn slice(frequency: u32) -> Result<Report, String> {
    let frequency = i32::try_from(frequency).map_err(|error| error.to_string())?;
    let guard = ProfilerGuardBuilder::default()
        .frequency(frequency)
        .blocklist(NEVER_INTERRUPTED)
        .build()
        .map_err(|error| error.to_string())?;
    std::thread::sleep(SLICE);
    guard.report().build().map_err(|error| error.to_string())
}

fn deliver(waiting: &mut Vec<Wanted>, slice: &Rc<Report>, frequency: u32) {
    let now = Instant::now();
    for wanted in waiting.iter_mut() {
        wanted.slices.push(Rc::clone(slice));
    }
    // Half a slice of tolerance: "ten seconds" are ten slices, not eleven.
    let done = waiting.extract_if(.., |wanted| wanted.until <= now + SLICE / 2);
    for wanted in done.collect::<Vec<_>>() {
        let reports = wanted.slices.iter().map(Rc::as_ref);
        let profile = fold(reports, wanted.started, frequency);
        let _gone = wanted.answer.send(Ok(profile));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn burn(until: &std::sync::atomic::AtomicBool) -> u64 {
        let mut sum = 0_u64;
        while !until.load(std::sync::atomic::Ordering::Relaxed) {
            sum = std::hint::black_box(sum.wrapping_mul(31).wrapping_add(7));
        }
        sum
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn two_callers_at_once_both_see_a_busy_process() {
        let stop = Arc::new(std::sync::atomic::AtomicBool::new(false));
        let worker = std::thread::spawn({
            let stop = Arc::clone(&stop);
            move || burn(&stop)
        });
        let profiler = Profiler::start(99);
        let (one, other) = (profiler.take(Duration::from_secs(1)), profiler.take(Duration::from_secs(2)));
        let (one, other) = tokio::join!(one, other);
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
        worker.join().expect("it only counts");
        for profile in [one, other] {
            let profile = profile.expect("this process can be sampled");
            assert!(profile.samples.total(0) > 0, "no sample of a busy process");
            assert_eq!(profile.samples.total(1), profile.samples.total(0) * i128::from(profile.period));
            let burned = profile.symbols.strings().any(|name| name.contains("burn"));
            assert!(burned, "the busy function has no name");
            let own = profile.symbols.strings().find(|name| name.starts_with("backtrace::"));
            assert_eq!(own, None, "the sampler shows itself");
        }
    }
}
