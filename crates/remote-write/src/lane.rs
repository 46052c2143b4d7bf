//! One shard's sender: takes batches in order and brings each to an end.

use std::collections::VecDeque;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use backoff::{Backoff, Policy, rest};
use futures_util::FutureExt;
use tokio::time::{Instant, sleep};

use crate::batch::Batch;
use crate::shared::Shared;
use crate::transport::Transport;
use crate::waiting::Waiting;

pub(crate) struct Lane<T> {
    pub(crate) shared: Arc<Shared>,
    pub(crate) waiting: Arc<Waiting>,
    pub(crate) transport: Arc<T>,
}

/// How a try ended.
pub(crate) enum Step {
    Done,
    /// The batch is done, but the receiver wants no other one so soon.
    DoneThenWait(Duration),
    /// Again after the delay that the receiver wishes or the backoff gives.
    Wait(Option<Duration>),
    /// Again at once: something has changed.
    Now,
    Halves([Batch; 2]),
}

/// How a batch ended.
enum Sent {
    Done,
    Halves([Batch; 2]),
    /// No attempt can come any more before the end.
    GivenUp,
}

/// What is remembered between the tries of one batch.
pub(crate) struct Tries {
    pub(crate) batch: Batch,
    backoff: Backoff,
    pub(crate) retries: u32,
    pub(crate) refreshed: bool,
    /// Sent as 1.0 once, to see whether a 400 meant the protocol.
    pub(crate) on_trial: bool,
    /// Whether the end of a wait was not waited for, because the destination is told to stop.
    hurried: bool,
}

/// How often a batch may bring its sender down before it is given up.
const PANICS: u32 = 3;

impl<T: Transport> Lane<T> {
    /// Sends until all is sent after `drain`, or until `stop`. A panic costs an attempt, not the lane.
    pub(crate) async fn run(self) {
        let (drain, stop) = (&self.shared.drain, &self.shared.stop);
        let mut backoff = self.backoff();
        loop {
            match self.waiting.next(drain, stop).await {
                Ok(None) => return,
                Ok(Some((number, batch))) => {
                    // A batch that is cut off here is still in the spool, or counted as pending.
                    let Some(true) = stop.run_until_cancelled(self.deliver_safely(batch)).await else {
                        return;
                    };
                    if let Err(error) = self.waiting.done(number).await {
                        self.shared.note_spool(&error);
                    }
                    backoff = self.backoff();
                }
                Err(error) => {
                    self.shared.note_spool(&error);
                    let delay =
                        backoff.wait(Duration::ZERO).unwrap_or(self.shared.settings.queue.max_backoff);
                    let _ = stop.run_until_cancelled(sleep(delay)).await;
                }
            }
        }
    }

    /// False if the batch was given up for lack of time.
    async fn deliver_safely(&self, batch: Batch) -> bool {
        for _ in 0..PANICS {
            let delivery = AssertUnwindSafe(self.deliver(batch.clone()));
            match delivery.catch_unwind().await {
                Ok(done) => return done,
                Err(_) => {
                    self.shared.counters.lock().panics += 1;
                    tracing::error!(
                        destination = self.shared.settings.name,
                        "sending a batch ended in a panic"
                    );
                }
            }
        }
        self.shared.fail(&batch, 0);
        true
    }

    /// Brings a batch, and the halves that it may become, to an end, in order.
    async fn deliver(&self, batch: Batch) -> bool {
        let mut work = VecDeque::from([batch]);
        while let Some(batch) = work.pop_front() {
            match self.send(batch).await {
                Sent::Done => {}
                Sent::Halves(halves) => halves.into_iter().rev().for_each(|half| work.push_front(half)),
                Sent::GivenUp => return false,
            }
        }
        true
    }

    async fn send(&self, batch: Batch) -> Sent {
        if let Some(halves) = self.shared.size_limit.halves(&batch, Instant::now()) {
            return Sent::Halves(halves);
        }
        let mut tries = Tries {
            batch,
            backoff: self.backoff(),
            retries: 0,
            refreshed: false,
            on_trial: false,
            hurried: false,
        };
        loop {
            if self.forget_old(&mut tries).is_none() {
                return Sent::Done;
            }
            let step = self.attempt(&mut tries).await;
            let wish = match step {
                Step::Done => return Sent::Done,
                Step::DoneThenWait(wait) => {
                    let _stopping = rest(sleep(wait), self.shared.drain.cancelled()).await;
                    return Sent::Done;
                }
                Step::Halves(halves) => return Sent::Halves(halves),
                Step::Now => continue,
                Step::Wait(wish) => wish,
            };
            tries.retries += 1;
            let limit = self.shared.settings.queue.max_retries;
            if limit > 0 && tries.retries > limit {
                self.shared.fail(&tries.batch, 0);
                return Sent::Done;
            }
            if !self.wait(&mut tries, wish).await {
                return Sent::GivenUp;
            }
            self.shared.counters.lock().retried += tries.batch.samples;
        }
    }

    /// Waits for the next try; false if the end comes first. Whoever is told to stop while it waits tries
    /// once at once, and then only as far as the time reaches.
    async fn wait(&self, tries: &mut Tries, wish: Option<Duration>) -> bool {
        let longest = self.shared.settings.queue.max_backoff;
        let wait = match wish {
            Some(wish) => tries.backoff.wish(wish),
            None => tries.backoff.wait(Duration::ZERO).unwrap_or(longest),
        };
        let drain = &self.shared.drain;
        if !tries.hurried && (drain.is_cancelled() || !rest(sleep(wait), drain.cancelled()).await) {
            tries.hurried = true;
            return true;
        }
        if !tries.hurried {
            return true;
        }
        let deadline = self.shared.deadline.get();
        if deadline.is_some_and(|deadline| Instant::now() + wait >= *deadline) {
            return false;
        }
        sleep(wait).await;
        true
    }

    /// Drops what passed the age limit; nothing when that is all of it.
    fn forget_old(&self, tries: &mut Tries) -> Option<()> {
        let limit = self.shared.settings.queue.sample_age_limit;
        if limit.is_zero() {
            return Some(());
        }
        let oldest = millis((self.shared.settings.now)()).saturating_sub_unsigned(limit.as_millis() as u64);
        // A batch that cannot be read is given up by the attempt, with an error.
        let Ok(left) = tries.batch.since(oldest) else { return Some(()) };
        let kept = left.as_ref().map_or(0, |batch| batch.samples);
        self.shared.counters.lock().too_old += tries.batch.samples - kept;
        tries.batch = left?;
        Some(())
    }

    fn backoff(&self) -> Backoff {
        let queue = &self.shared.settings.queue;
        Backoff::unseeded(Policy::doubling(queue.min_backoff, queue.max_backoff))
    }
}

fn millis(time: SystemTime) -> i64 {
    time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as i64)
}
