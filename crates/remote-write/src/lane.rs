//! One shard's sender: takes batches in order and brings each to an end.

use std::collections::VecDeque;
use std::error::Error;
use std::hash::BuildHasher;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http::header::{CONTENT_ENCODING, CONTENT_TYPE, USER_AGENT};
use http::{HeaderMap, HeaderName, HeaderValue};
use rand::SeedableRng;
use rand::rngs::SmallRng;
use tokio::time::{Instant, sleep, timeout_at};
use tokio_util::sync::CancellationToken;

use crate::answer::{self, Meaning};
use crate::backoff::Backoff;
use crate::batch::Batch;
use crate::counts::Counters;
use crate::negotiate::Negotiation;
use crate::settings::Settings;
use crate::transport::{Answer, Transport, TransportError};
use crate::waiting::Waiting;
use crate::wire::Message;

const VERSION: HeaderName = HeaderName::from_static("x-prometheus-remote-write-version");
const RETRY_ATTEMPT: HeaderName = HeaderName::from_static("retry-attempt");
const SNAPPY: HeaderValue = HeaderValue::from_static("snappy");

/// What a destination's shards have in common.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) settings: Settings,
    pub(crate) counters: Counters,
    pub(crate) negotiation: Negotiation,
    /// Send what waits, then end.
    pub(crate) drain: CancellationToken,
    /// End now.
    pub(crate) stop: CancellationToken,
}

pub(crate) struct Lane<T> {
    pub(crate) shared: Arc<Shared>,
    pub(crate) waiting: Arc<Waiting>,
    pub(crate) transport: Arc<T>,
}

/// How a try ended.
enum Step {
    Done,
    /// Again after the delay that the receiver wishes or the backoff gives.
    Wait(Option<Duration>),
    /// Again at once: something has changed.
    Now,
    Halves([Batch; 2]),
}

/// What is remembered between the tries of one batch.
struct Tries {
    batch: Batch,
    backoff: Backoff,
    retries: u32,
    refreshed: bool,
    /// Sent as 1.0 once, to see whether a 400 meant the protocol.
    on_trial: bool,
}

impl<T: Transport> Lane<T> {
    pub(crate) async fn run(self) {
        let (drain, stop) = (&self.shared.drain, &self.shared.stop);
        let mut backoff = self.backoff();
        loop {
            match self.waiting.next(drain, stop).await {
                Ok(None) => return,
                Ok(Some((number, batch))) => {
                    // A batch that is cut off here is still in the spool, or counted as pending.
                    let Some(()) = stop.run_until_cancelled(self.deliver(batch)).await else { return };
                    if let Err(error) = self.waiting.done(number).await {
                        self.note(&error);
                    }
                }
                Err(error) => {
                    self.note(&error);
                    let delay = backoff.delay(None, &mut random());
                    let _ = stop.run_until_cancelled(sleep(delay)).await;
                }
            }
        }
    }

    /// Brings a batch, and the halves that it may become, to an end, in order.
    async fn deliver(&self, batch: Batch) {
        let mut work = VecDeque::from([batch]);
        while let Some(batch) = work.pop_front() {
            if let Some(halves) = self.send(batch).await {
                halves.into_iter().rev().for_each(|half| work.push_front(half));
            }
        }
    }

    async fn send(&self, batch: Batch) -> Option<[Batch; 2]> {
        let mut tries =
            Tries { batch, backoff: self.backoff(), retries: 0, refreshed: false, on_trial: false };
        loop {
            self.forget_old(&mut tries)?;
            match self.attempt(&mut tries).await {
                Step::Done => return None,
                Step::Halves(halves) => return Some(halves),
                Step::Now => continue,
                Step::Wait(wish) => {
                    tries.retries += 1;
                    let limit = self.shared.settings.queue.max_retries;
                    if limit > 0 && tries.retries > limit {
                        self.fail(&tries.batch, 0);
                        return None;
                    }
                    sleep(tries.backoff.delay(wish, &mut random())).await;
                    self.shared.counters.lock().retried += tries.batch.samples;
                }
            }
        }
    }

    async fn attempt(&self, tries: &mut Tries) -> Step {
        let message = if tries.on_trial { Message::V1 } else { self.shared.negotiation.message() };
        match tries.batch.in_message(message) {
            Ok(batch) => tries.batch = batch,
            Err(error) => {
                self.note(&error);
                self.fail(&tries.batch, 0);
                return Step::Done;
            }
        }
        match self.post(&tries.batch, tries.retries).await {
            Ok(answer) => self.judge(answer, tries).await,
            Err(error) => {
                self.note(&error);
                Step::Wait(None)
            }
        }
    }

    async fn post(&self, batch: &Batch, retries: u32) -> Result<Answer, TransportError> {
        let start = Instant::now();
        let deadline = start + self.shared.settings.remote_timeout;
        let post = self.transport.post(self.headers(batch.message, retries), batch.body.clone(), deadline);
        // A transport that overlooks its deadline must not hold up the queue.
        let answer = timeout_at(deadline, post).await.unwrap_or(Err(TransportError::Timeout));
        let mut counts = self.shared.counters.lock();
        counts.send_time += start.elapsed();
        counts.bytes += batch.body.len() as u64;
        counts.message = Some(batch.message);
        match &answer {
            Ok(answer) => *counts.answers.entry(answer.status.as_u16()).or_default() += 1,
            Err(_) => counts.unanswered += 1,
        }
        answer
    }

    async fn judge(&self, answer: Answer, tries: &mut Tries) -> Step {
        let (settings, negotiation) = (&self.shared.settings, &self.shared.negotiation);
        let batch = &tries.batch;
        let (sent, message, retry_429) = (batch.samples, batch.message, settings.queue.retry_on_http_429);
        let meaning = answer::meaning(&answer, message, sent, retry_429, (settings.now)());
        if answer::speaks_v2(&answer) && message == Message::V2 {
            negotiation.took(Message::V2);
        }
        match meaning {
            Meaning::Stored { samples } => {
                negotiation.took(message);
                self.stored(batch, samples, &answer);
                Step::Done
            }
            Meaning::Again { after } => {
                self.note_answer("remote write will be tried again", &answer);
                Step::Wait(after)
            }
            Meaning::Unsupported if negotiation.can_fall_back(message) => {
                tracing::info!(
                    destination = settings.name,
                    "receiver does not take 2.0, falling back to 1.0"
                );
                negotiation.took(Message::V1);
                Step::Now
            }
            Meaning::Refused { .. }
                if negotiation.is_open()
                    && negotiation.can_fall_back(message)
                    && answer.status == http::StatusCode::BAD_REQUEST =>
            {
                tries.on_trial = true;
                Step::Now
            }
            Meaning::Unauthorized if !tries.refreshed && self.transport.refresh().await => {
                tries.refreshed = true;
                Step::Now
            }
            Meaning::TooLarge => match batch.halves() {
                Ok(Some(halves)) => Step::Halves(halves),
                _ => self.refused(batch, 0, &answer),
            },
            Meaning::Refused { samples } => self.refused(batch, samples, &answer),
            Meaning::Unsupported | Meaning::Unauthorized => self.refused(batch, 0, &answer),
        }
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

    fn stored(&self, batch: &Batch, samples: u64, answer: &Answer) {
        if samples < batch.samples {
            self.note_answer("receiver stored a part of a batch", answer);
        }
        let mut counts = self.shared.counters.lock();
        counts.sent += samples;
        counts.failed += batch.samples - samples;
        counts.highest_sent_ms = counts.highest_sent_ms.max(Some(batch.newest_ms));
    }

    fn refused(&self, batch: &Batch, samples: u64, answer: &Answer) -> Step {
        self.note_answer("receiver refused a batch", answer);
        self.fail(batch, samples);
        Step::Done
    }

    fn fail(&self, batch: &Batch, written: u64) {
        let mut counts = self.shared.counters.lock();
        counts.sent += written;
        counts.failed += batch.samples - written;
    }

    fn note_answer(&self, event: &str, answer: &Answer) {
        let text = answer::words(answer);
        tracing::warn!(destination = self.shared.settings.name, answer = text, "{event}");
        self.shared.counters.lock().last_error = Some(text);
    }

    fn note(&self, error: &dyn Error) {
        let mut text = error.to_string();
        let mut cause = error.source();
        while let Some(error) = cause {
            text = format!("{text}: {error}");
            cause = error.source();
        }
        tracing::warn!(destination = self.shared.settings.name, error = text, "remote write failed");
        self.shared.counters.lock().last_error = Some(text);
    }

    fn headers(&self, message: Message, retries: u32) -> HeaderMap {
        let mut headers = HeaderMap::with_capacity(5);
        headers.insert(CONTENT_ENCODING, SNAPPY);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(message.content_type()));
        headers.insert(VERSION, HeaderValue::from_static(message.version()));
        headers.insert(USER_AGENT, self.shared.settings.user_agent.clone());
        if retries > 0 {
            headers.insert(RETRY_ATTEMPT, HeaderValue::from(retries));
        }
        headers
    }

    fn backoff(&self) -> Backoff {
        let queue = &self.shared.settings.queue;
        Backoff::new(queue.min_backoff, queue.max_backoff)
    }
}

fn millis(time: SystemTime) -> i64 {
    time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as i64)
}

fn random() -> SmallRng {
    // The standard library's hasher is seeded by the system.
    SmallRng::seed_from_u64(std::hash::RandomState::new().hash_one(()))
}
