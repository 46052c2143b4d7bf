//! One query, window after window.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use backoff::{Backoff, Policy, rest};
use futures_util::FutureExt;
use ops::{Latch, Readiness};
use parca_client::Client;
use remote_write::{Series, Staleness, is_stale};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use super::budget::Budget;
use super::output::{Output, OutputError};
use super::progress::{Left, Progress, ProgressError, ProgressPlace};
use super::watch::Watch;
use crate::measure::{Coverage, Failure, MeasureError, Measured, coverage, has_newer, measure};
use crate::schedule::{Window, millis, unix_millis};
use crate::series::{LabelCache, series_of};
use crate::settings::{EmptyWindows, QuerySettings};
use crate::stats::Stats;

/// What all queries of a process share.
#[derive(Clone, Debug)]
pub(crate) struct Shared {
    pub(crate) client: Client,
    pub(crate) output: Output,
    pub(crate) permits: Arc<Semaphore>,
    pub(crate) budget: Arc<Budget>,
    pub(crate) stats: Stats,
    pub(crate) readiness: Readiness,
    pub(crate) stale_markers: bool,
    /// Where finished windows are remembered.
    pub(crate) progress: Option<ProgressPlace>,
    pub(crate) now: fn() -> SystemTime,
}

/// A query with what it remembers.
#[derive(Debug)]
pub(crate) struct QueryLoop {
    pub(crate) query: Arc<QuerySettings>,
    shared: Shared,
    memory: Memory,
    labels: LabelCache,
    /// How often the window was too slow so far.
    slow: u32,
    /// For so many windows the Parca must have something from after them first: one came too early, and
    /// those that follow could be taken half done.
    suspicious: u32,
    /// When the Parca last did not answer as usual.
    trouble_ms: Option<i64>,
    watch: Watch,
    /// Keeps /ready at 503 until one window was asked for.
    first_attempt: Option<Latch>,
    /// Keeps it there after a panic, until a window is done.
    down: Option<Latch>,
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
    /// The window's series could not be handed over.
    #[error(transparent)]
    Output(#[from] OutputError),
    /// What was done could not be written down.
    #[error(transparent)]
    Progress(#[from] ProgressError),
}

/// What became of a window that was asked for once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tried {
    /// So many series were handed over.
    Sent { series: usize, empty: bool },
    /// Nothing can be said of it, and no value is sent.
    Gap { is_missed: bool },
    /// The window cannot be judged yet.
    Early,
}

/// What the Parca has for a window.
enum Known {
    Series {
        series: Vec<Series>,
        empty: bool,
    },
    /// Nothing, which is not a zero.
    Gap {
        /// Whether somebody would expect a value: a gauge that has no snapshots has none.
        is_missed: bool,
    },
}

/// How a window ended.
enum Ended {
    Sent,
    /// Nothing is sent for it, now or later.
    Gap {
        is_missed: bool,
    },
    /// The window will not be asked for again.
    Missed,
    /// The clock was set back: it is not the next one any more.
    NotNow,
    Stopped,
}

/// How often a window is asked for that takes too long, each time with twice the time.
const SLOW_TRIES: u32 = 6;
/// What that ends at, unless the query's own deadline is longer.
pub(crate) const LONGEST_TIMEOUT: Duration = Duration::from_secs(30);
/// The system's clock may be set: it is looked at again this often.
const LONGEST_SLEEP: Duration = Duration::from_secs(30);
/// An answer that there is nothing does not take longer, unless the server hangs.
const SLOW_ANSWER: Duration = Duration::from_secs(1);
/// How often one window may end in a panic before it is given up.
const PANICS: u32 = 3;
/// How many windows are looked at twice after one that came too early.
const SUSPICIOUS: u32 = 20;
/// A clock that is ahead by more may be ahead of the newest profiles.
const CLOCK_TOLERANCE_SECONDS: f64 = 2.0;

impl Memory {
    /// What an earlier process left, with a window that it may not have handed over.
    fn open(query: &QuerySettings, shared: &Shared) -> Result<(Self, Left), ProgressError> {
        let (progress, left) = match &shared.progress {
            None => (Progress::in_memory(), Left::default()),
            Some(place) => Progress::open(place, &query.name)?,
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

impl QueryLoop {
    pub(crate) async fn new(
        query: Arc<QuerySettings>,
        shared: Shared,
        memory: Option<Memory>,
        first_attempt: Option<Latch>,
    ) -> Result<Self, WindowError> {
        let (memory, left) = match memory {
            Some(memory) => (memory, Left::default()),
            None => Memory::open(&query, &shared)?,
        };
        // Every series of the query is there from the start.
        shared.stats.query(&query.name, |_| {});
        let mut queries = Self {
            watch: Watch::new(Arc::clone(&query)),
            query,
            shared,
            memory,
            labels: LabelCache::default(),
            slow: 0,
            suspicious: 0,
            trouble_ms: None,
            first_attempt,
            down: None,
        };
        queries.recover(left).await?;
        Ok(queries)
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
        self.forget_the_future();
        Ok(())
    }

    /// A clock that was wrong once must not stop the query until it is right again.
    fn forget_the_future(&mut self) {
        let newest = self.query.schedule.newest_due((self.shared.now)());
        let ahead = newest.end_ms.saturating_add(millis(self.query.schedule.interval));
        if self.memory.progress.finished_ms.is_some_and(|end_ms| end_ms > ahead) {
            tracing::warn!(
                query_name = self.query.name,
                "the remembered window lies in the future: not used"
            );
            self.memory.progress.finished_ms = None;
        }
    }

    /// Asks for window after window until told to stop; what it remembers goes to the one that follows.
    /// A panic is a mistake of ours, which costs a window at most.
    pub(crate) async fn run(mut self, stop: CancellationToken) -> Memory {
        let mut panics = 0;
        loop {
            match AssertUnwindSafe(self.one_window(&stop)).catch_unwind().await {
                Ok(true) => {
                    panics = 0;
                    self.down = None;
                }
                Ok(false) => return self.memory,
                Err(_) => {
                    panics += 1;
                    if !self.survive_panic(panics, &stop).await {
                        return self.memory;
                    }
                }
            }
        }
    }

    /// Says that the query is down, and waits before it goes on. False if stopped.
    async fn survive_panic(&mut self, panics: u32, stop: &CancellationToken) -> bool {
        let query_name = &self.query.name;
        tracing::error!(query_name, panics, "the query ended in a panic and is started again");
        self.shared.stats.query(query_name, |stats| stats.panics += 1);
        let words = format!("the query `{query_name}` ended in a panic");
        self.down = Some(self.shared.readiness.latch_for(words));
        if panics.is_multiple_of(PANICS) {
            self.give_up_one_window();
        }
        let wait = Duration::from_secs(1 << panics.min(5));
        rest(tokio::time::sleep(wait), stop.cancelled()).await
    }

    fn give_up_one_window(&mut self) {
        let window = self.next_window();
        self.memory.unsent = None;
        self.memory.progress.finished_ms = Some(window.end_ms);
        self.shared.stats.query(&self.query.name, |stats| stats.windows_missed += 1);
    }

    /// Brings the next window to an end; false if stopped.
    async fn one_window(&mut self, stop: &CancellationToken) -> bool {
        let Some(window) = self.next(stop).await else { return false };
        let is_missed = match self.until_done(window, stop).await {
            Ended::Sent => {
                self.suspicious = self.suspicious.saturating_sub(1);
                return true;
            }
            Ended::Stopped => return false,
            Ended::NotNow => {
                self.forget_the_future();
                return true;
            }
            Ended::Gap { is_missed } => is_missed,
            Ended::Missed => true,
        };
        self.shared.stats.query(&self.query.name, |stats| stats.windows_missed += u64::from(is_missed));
        self.memory.progress.finished_ms = Some(window.end_ms);
        true
    }

    /// Waits for the next window to be due; none when stopped.
    async fn next(&mut self, stop: &CancellationToken) -> Option<Window> {
        loop {
            let window = self.next_window();
            let wait = self.query.schedule.until_due(window, (self.shared.now)());
            if !rest(tokio::time::sleep(wait.min(LONGEST_SLEEP)), stop.cancelled()).await {
                return None;
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
        let longest = self.query.schedule.interval.clamp(Duration::from_secs(1), Duration::from_secs(30));
        let mut backoff = Backoff::unseeded(Policy::doubling(Duration::from_millis(500), longest));
        self.slow = 0;
        let mut attempt = 0;
        loop {
            let failure = match self.attempt(window, stop).await {
                Some(Ok(Tried::Sent { .. })) => return Ended::Sent,
                Some(Ok(Tried::Gap { is_missed })) => return Ended::Gap { is_missed },
                Some(Ok(Tried::Early)) => Failure::Early,
                None => return Ended::Stopped,
                Some(Err(error)) => self.failed(window, &error, attempt),
            };
            attempt += 1;
            self.slow += u32::from(failure == Failure::Slow);
            if self.is_not_next(window) {
                return Ended::NotNow;
            }
            if failure == Failure::Final || self.slow >= SLOW_TRIES || self.is_too_old(window) {
                self.memory.unsent = None;
                return Ended::Missed;
            }
            let wait = backoff.wait(Duration::ZERO).unwrap_or(longest);
            // A clock that was set back makes the window one of the future again.
            let due = self.query.schedule.until_due(window, (self.shared.now)());
            let wait = wait.max(due.min(LONGEST_SLEEP));
            if !rest(tokio::time::sleep(wait), stop.cancelled()).await {
                return Ended::Stopped;
            }
        }
    }

    /// Whether the clock was set back so far that other windows come first.
    fn is_not_next(&self, window: Window) -> bool {
        let newest = self.query.schedule.newest_due((self.shared.now)());
        window.end_ms > newest.end_ms.saturating_add(millis(self.query.schedule.interval))
            && self.memory.unsent.is_none()
    }

    /// The first failure of a window is news, those after it are not.
    fn failed(&self, window: Window, error: &WindowError, attempt: u32) -> Failure {
        let query_name = &self.query.name;
        let words = ops::describe(error);
        let error_words = words.lines().next().unwrap_or_default().trim_start_matches("error: ");
        let window_end = window.end_rfc3339();
        let hint = match error {
            WindowError::Measure(error) => error.hint(),
            _ => None,
        };
        match (attempt, hint) {
            (0, Some(hint)) => {
                tracing::warn!(query_name, window_end, error = error_words, hint, "cannot export a window");
            }
            (0, None) => {
                tracing::warn!(query_name, window_end, error = error_words, "cannot export a window")
            }
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
    async fn attempt(
        &mut self,
        window: Window,
        stop: &CancellationToken,
    ) -> Option<Result<Tried, WindowError>> {
        let is_measured = self.memory.unsent.as_ref().is_some_and(|(unsent, _)| *unsent == window);
        if is_measured {
            let handed = self.hand_over().await;
            return Some(handed.map(|series| Tried::Sent { series, empty: false }));
        }
        let known = tokio::select! {
            biased;
            () = stop.cancelled() => return None,
            known = self.known(window) => known,
        };
        self.first_attempt.take();
        Some(self.sent(window, known).await)
    }

    /// One window, from the question to the receivers.
    pub(crate) async fn window(&mut self, window: Window) -> Result<Tried, WindowError> {
        let known = self.known(window).await;
        self.sent(window, known).await
    }

    /// The newest window that is due, unless it is finished already.
    pub(crate) async fn newest(&mut self) -> Option<Result<Tried, WindowError>> {
        let window = self.query.schedule.newest_due((self.shared.now)());
        if self.memory.progress.finished_ms.is_some_and(|end_ms| end_ms >= window.end_ms) {
            return None;
        }
        Some(self.window(window).await)
    }

    /// Whether there were stacks, and the matchers took none of their functions.
    pub(crate) fn no_function_matches(&self) -> bool {
        self.watch.no_function_matches()
    }

    async fn sent(
        &mut self,
        window: Window,
        known: Result<Known, MeasureError>,
    ) -> Result<Tried, WindowError> {
        match known {
            Ok(Known::Series { series, empty }) => {
                self.remember(window, series);
                let series = self.hand_over().await?;
                Ok(Tried::Sent { series, empty })
            }
            Ok(Known::Gap { is_missed }) => {
                self.mark_ended(window).await?;
                Ok(Tried::Gap { is_missed })
            }
            Err(error) if error.failure() == Failure::Early => {
                self.suspicious = SUSPICIOUS;
                self.shared.stats.query(&self.query.name, |stats| stats.early += 1);
                Ok(Tried::Early)
            }
            Err(error) => Err(error.into()),
        }
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

    /// In a gap every series ends: without markers its last value would linger for five minutes.
    async fn mark_ended(&mut self, window: Window) -> Result<(), WindowError> {
        if !self.shared.stale_markers {
            return Ok(());
        }
        let ended = self.memory.staleness.follow(&[], window.end_ms);
        if !ended.is_empty() {
            self.shared.stats.lock().stale_markers += ended.len() as u64;
            self.shared.output.send(&self.query, &ended).await?;
        }
        Ok(())
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

    async fn known(&mut self, window: Window) -> Result<Known, MeasureError> {
        let query = Arc::clone(&self.query);
        let name = &query.name;
        let permits = Arc::clone(&self.shared.permits);
        let _permit = permits.acquire_owned().await.expect("the semaphore is never closed");
        // What came once too early, or by a clock that is ahead, must not be taken half done.
        let ahead = self.shared.output.clock_ahead_seconds() > CLOCK_TOLERANCE_SECONDS;
        if (self.suspicious > 0 || ahead) && !has_newer(&self.shared.client, window).await? {
            return Err(MeasureError::Early { url: self.shared.client.url().to_owned() });
        }
        let begun = Instant::now();
        let asked = self.ask(window).await;
        let took = begun.elapsed();
        let (measured, before) = match asked {
            Ok(answers) => answers,
            Err(error) => {
                self.shared.stats.failed(name, error.failure(), took);
                self.trouble();
                return Err(error);
            }
        };
        self.shared.stats.lock().parca_up = Some(true);
        if took > SLOW_ANSWER {
            self.trouble();
        }
        let empty = measured.table.is_empty();
        if empty && let Some(gap) = self.gap(window).await? {
            self.shared.stats.query(name, |stats| stats.asked("empty", took));
            // Windows of an outage say nothing about the query.
            if !matches!(gap, Known::Gap { is_missed: true }) {
                self.watch.empty(&self.shared.client).await;
            }
            return Ok(gap);
        }
        let series = self.series(window, &measured, before.as_ref());
        let outcome = if empty { "empty" } else { "ok" };
        self.shared.stats.query(name, |stats| {
            stats.asked(outcome, took);
            stats.rows = measured.rows;
            stats.bytes = measured.bytes;
            stats.series = series.len();
        });
        if empty {
            self.watch.empty(&self.shared.client).await;
        }
        Ok(Known::Series { series, empty })
    }

    fn series(&mut self, window: Window, measured: &Measured, before: Option<&Measured>) -> Vec<Series> {
        let name = &self.query.name;
        let limit = self.shared.budget.available(name);
        // With nothing to compare with, everything would look new.
        let before = before.map(|before| &before.table).filter(|before| !before.is_empty());
        let made = series_of(&self.query, window, &measured.table, before, limit, &mut self.labels);
        self.shared.budget.use_up(name, made.series.len());
        self.watch.made(&made, measured.table.is_empty());
        self.shared.stats.query(name, |stats| {
            stats.over_limit += made.over_limit;
            stats.invalid += made.invalid;
        });
        made.series
    }

    /// What is said of a window for which the Parca has nothing; `None`: that nothing happened.
    async fn gap(&self, window: Window) -> Result<Option<Known>, MeasureError> {
        // Nobody has measured memory in use where there is no snapshot.
        if !self.query.query.profile_type.delta {
            return Ok(Some(Known::Gap { is_missed: false }));
        }
        let newest = self.query.schedule.newest_due((self.shared.now)());
        let late = newest.end_ms.saturating_sub(window.end_ms) > millis(self.query.schedule.interval)
            || self.trouble_ms.is_some_and(|trouble_ms| trouble_ms >= window.start_ms);
        if late || self.query.empty_windows == EmptyWindows::Gap {
            return Ok(Some(Known::Gap { is_missed: late }));
        }
        match coverage(&self.shared.client, window).await? {
            Coverage::Both => Ok(None),
            Coverage::Forgotten => Ok(Some(Known::Gap { is_missed: true })),
            Coverage::Early => Err(MeasureError::Early { url: self.shared.client.url().to_owned() }),
        }
    }

    /// The Parca does not answer, or not as usual: nobody knows whether others could write to it now.
    fn trouble(&mut self) {
        self.trouble_ms = Some(unix_millis((self.shared.now)()));
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
