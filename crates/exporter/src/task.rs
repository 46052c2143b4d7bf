//! One query, window after window.

use std::hash::{BuildHasher, RandomState};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use load_engine::Backoff;
use ops::Latch;
use parca_client::Client;
use rand::SeedableRng;
use rand::rngs::SmallRng;
use remote_write::{Series, Staleness, is_stale};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::budget::Budget;
use crate::measure::{Failure, MeasureError, Measured, measure};
use crate::output::{Output, OutputError};
use crate::progress::{Left, Progress, ProgressError};
use crate::samples::{LabelCache, samples};
use crate::schedule::{Window, millis};
use crate::settings::QuerySettings;
use crate::stats::Stats;

/// What all queries of a process share.
#[derive(Clone, Debug)]
pub(crate) struct Shared {
    pub(crate) client: Client,
    pub(crate) output: Output,
    pub(crate) permits: Arc<Semaphore>,
    pub(crate) budget: Arc<Budget>,
    pub(crate) stats: Stats,
    pub(crate) stale_markers: bool,
    /// Where finished windows are remembered.
    pub(crate) progress_dir: Option<PathBuf>,
    pub(crate) now: fn() -> SystemTime,
}

/// A query with what it remembers.
#[derive(Debug)]
pub(crate) struct Task {
    pub(crate) query: Arc<QuerySettings>,
    shared: Shared,
    memory: Memory,
    labels: LabelCache,
    /// How often the window was too slow so far.
    slow: u32,
    /// Whether the last window had more series than may be.
    too_many: bool,
    /// Held until a window has been asked for, with whatever outcome.
    untried: Option<Latch>,
}

/// What outlives a reload.
#[derive(Debug)]
pub(crate) struct Memory {
    progress: Progress,
    staleness: Staleness,
    /// A window that was measured and not handed over yet: asking again could give other values.
    unsent: Option<(Window, Vec<Series>)>,
}

/// Why a single window was not sent.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WindowError {
    /// The window is not known.
    #[error(transparent)]
    Measure(#[from] MeasureError),
    /// Its series could not be handed over.
    #[error(transparent)]
    Output(#[from] OutputError),
    /// What was done could not be written down.
    #[error(transparent)]
    Progress(#[from] ProgressError),
}

/// How a window ended.
enum Ended {
    Sent,
    /// It will not be asked for again.
    Missed,
    Stopped,
}

/// How often a window is asked for that takes too long, each time with twice the time.
const SLOW_TRIES: u32 = 6;
/// What that ends at, unless the query's own deadline is longer.
pub(crate) const LONGEST_TIMEOUT: Duration = Duration::from_secs(30);
/// The system's clock may be set: it is looked at again this often.
const LONGEST_SLEEP: Duration = Duration::from_secs(30);

impl Memory {
    /// What an earlier process left, with a window that it may not have handed over.
    fn open(query: &QuerySettings, shared: &Shared) -> Result<(Self, Left), ProgressError> {
        let (progress, left) = match &shared.progress_dir {
            None => (Progress::in_memory(), Left::default()),
            Some(directory) => Progress::open(directory, &query.name)?,
        };
        Ok((Self { progress, staleness: Staleness::default(), unsent: None }, left))
    }

    /// Markers for all series that go on.
    fn end(&mut self) -> Vec<Series> {
        let at_ms = self.progress.finished_ms.unwrap_or_default();
        self.staleness.end(at_ms)
    }

    /// Series of an earlier process, so that those that are gone since are marked.
    fn recall(&mut self, series: &[Series], end_ms: i64) {
        let lives = |one: &&Series| one.samples.iter().all(|sample| !is_stale(sample.value));
        let living: Vec<Series> = series.iter().filter(lives).cloned().collect();
        self.staleness.follow(&living, end_ms);
    }
}

impl Task {
    pub(crate) async fn new(
        query: Arc<QuerySettings>,
        shared: Shared,
        memory: Option<Memory>,
        untried: Option<Latch>,
    ) -> Result<Self, WindowError> {
        let (memory, left) = match memory {
            Some(memory) => (memory, Left::default()),
            None => Memory::open(&query, &shared)?,
        };
        // Every series of the query is there from the start.
        shared.stats.query(&query.name, |_| {});
        let mut task =
            Self { query, shared, memory, labels: LabelCache::default(), slow: 0, too_many: false, untried };
        task.recover(left).await?;
        Ok(task)
    }

    async fn recover(&mut self, left: Left) -> Result<(), WindowError> {
        if let Some(done) = &left.done {
            self.memory.recall(&done.series, done.end_ms);
        }
        if let Some(pending) = &left.pending {
            tracing::info!(query_name = self.query.name, "sending the window that was under way once more");
            self.shared.output.send(&self.query, &pending.series).await?;
            self.memory.recall(&pending.series, pending.end_ms);
            self.memory.progress.finish(pending.end_ms)?;
        }
        // A clock that was wrong once must not stop the query until it is right again.
        let newest = self.query.schedule.newest_due((self.shared.now)());
        let ahead = newest.end_ms.saturating_add(millis(self.query.schedule.interval));
        if self.memory.progress.finished_ms.is_some_and(|end_ms| end_ms > ahead) {
            tracing::warn!(
                query_name = self.query.name,
                "the remembered window lies in the future: not used"
            );
            self.memory.progress.finished_ms = None;
        }
        Ok(())
    }

    /// Asks for window after window until told to stop; what it remembers goes to the one that follows.
    pub(crate) async fn run(mut self, stop: CancellationToken) -> Memory {
        while let Some(window) = self.next(&stop).await {
            match self.until_done(window, &stop).await {
                Ended::Sent => {}
                Ended::Missed => {
                    self.shared.stats.query(&self.query.name, |stats| stats.windows_missed += 1);
                    self.memory.progress.finished_ms = Some(window.end_ms);
                }
                Ended::Stopped => break,
            }
        }
        self.memory
    }

    /// Waits for the next window to be due; none when stopped.
    async fn next(&mut self, stop: &CancellationToken) -> Option<Window> {
        loop {
            let window = self.next_window();
            let wait = self.query.schedule.until_due(window, (self.shared.now)());
            tokio::select! {
                biased;
                () = stop.cancelled() => return None,
                () = tokio::time::sleep(wait.min(LONGEST_SLEEP)) => {}
            }
            if wait <= LONGEST_SLEEP {
                return Some(window);
            }
        }
    }

    /// The window after the last one, or the oldest that may still be caught up with. At first the
    /// newest that is due, so that nobody waits for the first values.
    fn next_window(&mut self) -> Window {
        let schedule = &self.query.schedule;
        let newest = schedule.newest_due((self.shared.now)());
        let Some(finished_ms) = self.memory.progress.finished_ms else { return newest };
        let next = schedule.after(finished_ms);
        let oldest_ms = self.oldest_wanted_ms(newest);
        if next.end_ms >= oldest_ms {
            return next;
        }
        let oldest = schedule.after(oldest_ms.saturating_sub(1));
        let missed = schedule.windows_between(next, oldest);
        let query_name = &self.query.name;
        tracing::warn!(query_name, missed, "windows are too old to be caught up with");
        self.shared.stats.query(query_name, |stats| stats.windows_missed += missed);
        oldest
    }

    async fn until_done(&mut self, window: Window, stop: &CancellationToken) -> Ended {
        let mut backoff = Backoff::within(Duration::MAX);
        (backoff.initial, backoff.factor) = (Duration::from_millis(500), 2.0);
        backoff.cap = self.query.schedule.interval.clamp(Duration::from_secs(1), Duration::from_secs(30));
        let mut rng = SmallRng::seed_from_u64(RandomState::new().hash_one(window));
        self.slow = 0;
        for attempt in 0.. {
            let failure = match self.attempt(window, stop).await {
                Some(Ok(())) => return Ended::Sent,
                None => return Ended::Stopped,
                Some(Err(error)) => self.failed(window, &error, attempt),
            };
            self.slow += u32::from(failure == Failure::Slow);
            if failure == Failure::Final || self.slow >= SLOW_TRIES || self.is_too_old(window) {
                self.memory.unsent = None;
                return Ended::Missed;
            }
            let wait = backoff.wait(attempt, Duration::ZERO, &mut rng).unwrap_or(backoff.cap);
            tokio::select! {
                biased;
                () = stop.cancelled() => return Ended::Stopped,
                () = tokio::time::sleep(wait) => {}
            }
        }
        Ended::Missed
    }

    /// The first failure of a window is news, those after it are not.
    fn failed(&self, window: Window, error: &WindowError, attempt: u32) -> Failure {
        let query_name = &self.query.name;
        let words = ops::describe(error);
        let error_words = words.lines().next().unwrap_or_default().trim_start_matches("error: ");
        let window_end = window.end_rfc3339();
        match attempt {
            0 => tracing::warn!(query_name, window_end, error = error_words, "cannot export a window"),
            _ => tracing::debug!(
                query_name,
                window_end,
                attempt,
                error = error_words,
                "cannot export a window"
            ),
        }
        match error {
            WindowError::Measure(error) => error.failure(),
            WindowError::Output(_) | WindowError::Progress(_) => Failure::Passing,
        }
    }

    fn is_too_old(&self, window: Window) -> bool {
        let newest = self.query.schedule.newest_due((self.shared.now)());
        window.end_ms < self.oldest_wanted_ms(newest)
    }

    /// The end of the oldest window that is still asked for.
    fn oldest_wanted_ms(&self, newest: Window) -> i64 {
        newest.end_ms.saturating_sub(millis(self.query.catch_up))
    }

    /// None when stopped. Only the question is given up then: what was measured is handed over.
    async fn attempt(&mut self, window: Window, stop: &CancellationToken) -> Option<Result<(), WindowError>> {
        let known = self.memory.unsent.as_ref().is_some_and(|(unsent, _)| *unsent == window);
        if !known {
            let measured = tokio::select! {
                biased;
                () = stop.cancelled() => return None,
                measured = self.measured(window) => measured,
            };
            self.untried.take();
            match measured {
                Ok(series) => self.remember(window, series),
                Err(error) => return Some(Err(error.into())),
            }
        }
        Some(self.hand_over().await.map(drop))
    }

    /// Adds the markers of series that ended.
    fn remember(&mut self, window: Window, mut series: Vec<Series>) {
        if self.shared.stale_markers {
            let ended = self.memory.staleness.follow(&series, window.end_ms);
            self.shared.stats.lock().stale_markers += ended.len() as u64;
            series.extend(ended);
        }
        self.memory.unsent = Some((window, series));
    }

    /// Returns how many series were handed over.
    async fn hand_over(&mut self) -> Result<usize, WindowError> {
        let memory = &mut self.memory;
        let Some((window, series)) = &memory.unsent else { return Ok(0) };
        memory.progress.begin(*window, series)?;
        self.shared.output.send(&self.query, series).await?;
        memory.progress.finish(window.end_ms)?;
        let (end_ms, sent) = (window.end_ms, series.len());
        memory.unsent = None;
        self.shared.stats.query(&self.query.name, |stats| {
            stats.last_success = Some((self.shared.now)());
            stats.last_window_end_ms = Some(end_ms);
        });
        Ok(sent)
    }

    /// One window, from the question to the receivers. Returns how many series it has.
    pub(crate) async fn window(&mut self, window: Window) -> Result<usize, WindowError> {
        let series = self.measured(window).await?;
        self.remember(window, series);
        self.hand_over().await
    }

    async fn measured(&mut self, window: Window) -> Result<Vec<Series>, MeasureError> {
        let query = Arc::clone(&self.query);
        let name = &query.name;
        let _permit = self.shared.permits.acquire().await.expect("the semaphore is never closed");
        let begun = Instant::now();
        let asked = self.ask(window).await;
        let took = begun.elapsed();
        let (measured, before) = match asked {
            Ok(answers) => answers,
            Err(error) => {
                self.shared.stats.failed(name, error.failure(), took);
                return Err(error);
            }
        };
        let limit = self.shared.budget.available(name);
        // With nothing to compare with, everything would look new.
        let before = before.as_ref().map(|before| &before.table).filter(|before| !before.is_empty());
        let made = samples(&query, window, &measured.table, before, limit, &mut self.labels);
        self.shared.budget.use_up(name, made.series.len());
        let too_many = made.over_limit > 0;
        if too_many && !self.too_many {
            let dropped = made.over_limit;
            tracing::warn!(
                query_name = name,
                dropped,
                "too many series: the smallest are left out from now on"
            );
        } else if self.too_many && !too_many {
            tracing::info!(query_name = name, "all series are sent again");
        }
        self.too_many = too_many;
        let outcome = if measured.table.is_empty() { "empty" } else { "ok" };
        self.shared.stats.lock().parca_up = Some(true);
        self.shared.stats.query(name, |stats| {
            stats.asked(outcome, took);
            stats.rows = measured.rows;
            stats.bytes = measured.bytes;
            stats.series = made.series.len();
            stats.over_limit += made.over_limit;
            stats.invalid += made.invalid;
        });
        Ok(made.series)
    }

    fn timeout(&self) -> Duration {
        let timeout = self.query.timeout;
        timeout.saturating_mul(1 << self.slow).min(LONGEST_TIMEOUT.max(timeout))
    }

    async fn ask(&self, window: Window) -> Result<(Measured, Option<Measured>), MeasureError> {
        let (client, query) = (&self.shared.client, &self.query);
        let timeout = self.timeout();
        let now = measure(client, query, window, timeout).await?;
        let before = match &query.compare {
            None => None,
            Some(compare) => Some(measure(client, query, window.earlier(compare.offset), timeout).await?),
        };
        Ok((now, before))
    }

    /// The newest window that is due, unless it is finished already.
    pub(crate) async fn newest(&mut self) -> Result<Option<usize>, WindowError> {
        let window = self.query.schedule.newest_due((self.shared.now)());
        if self.memory.progress.finished_ms.is_some_and(|end_ms| end_ms >= window.end_ms) {
            return Ok(None);
        }
        self.window(window).await.map(Some)
    }
}

/// Marks all series of a query as ended.
pub(crate) async fn end(query: &Arc<QuerySettings>, shared: &Shared, mut memory: Memory) {
    let ended = memory.end();
    shared.budget.use_up(&query.name, 0);
    if ended.is_empty() || !shared.stale_markers {
        return;
    }
    shared.stats.lock().stale_markers += ended.len() as u64;
    if let Err(error) = shared.output.send(query, &ended).await {
        tracing::warn!(query_name = query.name, %error, "ended series could not be marked");
    }
}
