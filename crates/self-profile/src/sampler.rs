//! The sampling thread and who waits for it.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime};

use pprof::{ProfilerGuard, ProfilerGuardBuilder, Report};
use profile_model::Profile;
use tokio::sync::oneshot;

use crate::fold::fold;
use crate::load::Load;
use crate::temp_file;

const SLICE: Duration = Duration::from_secs(1);
/// How often a slice looks whether it is still wanted, or whether the process has become busy.
const LOOK: Duration = Duration::from_millis(50);
/// The share of a core from which on a process is busy.
const BUSY: f64 = 0.03;
/// So many slices below it, and it is idle again.
const IDLE_SLICES: u32 = 10;

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

/// Takes CPU profiles of its own process. Cheap to clone; the last clone ends its thread.
#[derive(Clone, Debug)]
pub struct Profiler {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    /// None: it is being dropped.
    requests: Option<Sender<Request>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Drop for Inner {
    /// Waits for the thread, which removes what the sampler left.
    fn drop(&mut self) {
        self.requests = None;
        let thread = self.thread.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(Err(_)) = thread.map(JoinHandle::join) {
            tracing::debug!("the sampling thread ended in a panic");
        }
    }
}

impl Profiler {
    /// Starts the thread, which sleeps until a profile is wanted. `frequency` is in samples per
    /// second of CPU time, 1 to 1000.
    pub fn start(frequency: u32) -> Self {
        Self::with_patience(frequency, false)
    }

    /// Starts the thread for a process that is idle most of the time and has its profile taken all the
    /// time: the sampler, whose table of stacks takes some 100 MiB for ever, is set up when the process first uses
    /// more than a few percent of a core. Until then its profiles have no samples.
    pub fn start_when_busy(frequency: u32) -> Self {
        Self::with_patience(frequency, true)
    }

    fn with_patience(frequency: u32, when_busy: bool) -> Self {
        let (requests, wanted) = channel();
        let frequency = frequency.clamp(1, 1000);
        let thread = std::thread::Builder::new().name("self-profile".into());
        let sampler = Sampler { frequency, when_busy, idle_slices: IDLE_SLICES, before: None };
        let spawned = thread.spawn(move || run(sampler, &wanted));
        if let Err(error) = &spawned {
            // Callers then get `Error::Ended`, since the receiver is dropped.
            tracing::warn!(%error, "cannot start the sampling thread");
        }
        let thread = Mutex::new(spawned.ok());
        Self { inner: Arc::new(Inner { requests: Some(requests), thread }) }
    }

    /// Samples for about `duration` (whole slices of a second) and gives what was seen, with the
    /// sample types `samples/count` and `cpu/nanoseconds`. A process that did not run gives a
    /// profile without samples.
    ///
    /// # Errors
    /// [`Error`]. Dropping the future gives up the profile.
    pub async fn take(&self, duration: Duration) -> Result<Profile, Error> {
        let (answer, taken) = oneshot::channel();
        let requests = self.inner.requests.as_ref().ok_or(Error::Ended)?;
        requests.send((duration, answer)).map_err(|_| Error::Ended)?;
        taken.await.map_err(|_| Error::Ended)?
    }
}

fn run(mut sampler: Sampler, requests: &Receiver<Request>) {
    let mut waiting: Vec<Wanted> = Vec::new();
    loop {
        if waiting.is_empty() {
            let Ok(request) = requests.recv() else { break };
            waiting.push(wanted(request));
        }
        let mut is_wanted = || loop {
            match requests.try_recv() {
                Ok(request) => waiting.push(wanted(request)),
                Err(TryRecvError::Empty) => return true,
                Err(TryRecvError::Disconnected) => return false,
            }
        };
        let slice = match sampler.slice(&mut is_wanted) {
            Ok(slice) => Ok(slice),
            Err(Stopped::Unwanted) => break,
            Err(Stopped::Failed(words)) => Err(words),
        };
        waiting.retain(|wanted| !wanted.answer.is_closed());
        match slice {
            Ok(slice) => deliver(&mut waiting, slice.map(Rc::new).as_ref(), sampler.frequency),
            Err(words) => {
                for wanted in waiting.drain(..) {
                    let _gone = wanted.answer.send(Err(Error::Sampling(words.clone())));
                }
            }
        }
    }
    sampler.tidy();
}

fn wanted((duration, answer): Request) -> Wanted {
    Wanted { until: Instant::now() + duration, slices: Vec::new(), started: SystemTime::now(), answer }
}

/// The timer and signal handler, which are there while a slice is sampled.
struct Sampler {
    frequency: u32,
    when_busy: bool,
    /// Slices in which the process was idle, one after the other.
    idle_slices: u32,
    /// The temporary files that were there before the sampler was set up.
    before: Option<BTreeSet<PathBuf>>,
}

/// Why there is no slice.
enum Stopped {
    Failed(String),
    Unwanted,
}

impl Sampler {
    /// What the process did in one slice of time; nothing if it was idle.
    fn slice(&mut self, is_wanted: &mut dyn FnMut() -> bool) -> Result<Option<Report>, Stopped> {
        let (begun, load) = (Instant::now(), Load::start());
        let mut guard = if self.waits() { None } else { Some(self.sample()?) };
        while begun.elapsed() < SLICE {
            std::thread::sleep(LOOK.min(SLICE.saturating_sub(begun.elapsed())));
            if !is_wanted() {
                return Err(Stopped::Unwanted);
            }
            // Measured over the whole slice: a moment's work is no load.
            if guard.is_none() && load.share() * begun.elapsed().as_secs_f64() >= BUSY * SLICE.as_secs_f64() {
                guard = Some(self.sample()?);
            }
        }
        self.idle_slices = if load.share() < BUSY { self.idle_slices.saturating_add(1) } else { 0 };
        let Some(guard) = guard else { return Ok(None) };
        let report = guard.report().build().map_err(|error| Stopped::Failed(error.to_string()))?;
        drop(guard);
        // The parsed files of the binary and its libraries are kept while there are names to resolve in every slice:
        // to parse them anew takes longer than a slice where they have debug information.
        if self.waits() || self.idle_slices == IDLE_SLICES {
            backtrace::clear_symbol_cache();
        }
        if self.waits() {
            self.tidy();
        }
        Ok(Some(report))
    }

    fn waits(&self) -> bool {
        self.when_busy && self.idle_slices >= IDLE_SLICES
    }

    fn sample(&mut self) -> Result<ProfilerGuard<'static>, Stopped> {
        let failed = |error: pprof::Error| Stopped::Failed(error.to_string());
        if self.before.is_none() {
            self.before = Some(temp_file::open_files());
            if self.when_busy {
                // A file that was removed is made anew by stopping.
                drop(self.build().map_err(failed)?);
            }
        }
        self.build().map_err(failed)
    }

    fn build(&self) -> Result<ProfilerGuard<'static>, pprof::Error> {
        let frequency = i32::try_from(self.frequency).unwrap_or(i32::MAX);
        ProfilerGuardBuilder::default().frequency(frequency).blocklist(NEVER_INTERRUPTED).build()
    }

    /// Removes what the library leaves behind.
    fn tidy(&mut self) {
        if let Some(before) = self.before.take() {
            temp_file::remove_since(&before);
        }
    }
}

fn deliver(waiting: &mut Vec<Wanted>, slice: Option<&Rc<Report>>, frequency: u32) {
    let now = Instant::now();
    for wanted in waiting.iter_mut() {
        wanted.slices.extend(slice.map(Rc::clone));
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
        // On a machine with much else to do, this process may not run in a slice.
        let both = loop {
            let (one, other) = (profiler.take(Duration::from_secs(1)), profiler.take(Duration::from_secs(2)));
            let (one, other) = tokio::join!(one, other);
            let both = [one, other].map(|profile| profile.expect("this process can be sampled"));
            if both.iter().all(|profile| profile.samples.total(0) > 0) {
                break both;
            }
        };
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
        worker.join().expect("it only counts");
        for profile in both {
            assert_eq!(profile.samples.total(1), profile.samples.total(0) * i128::from(profile.period));
            let burned = profile.symbols.strings().any(|name| name.contains("burn"));
            assert!(burned, "the busy function has no name");
            let own = profile.symbols.strings().find(|name| name.starts_with("backtrace::"));
            assert_eq!(own, None, "the sampler shows itself");
        }
    }
}
